"""The normal distribution against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from calor.kernels.normal import density, lower_tail, upper_quantile, upper_tail


@pytest.mark.parametrize("z", [-30.0, -8.0, -1.0, 0.0, 0.5, 3.0, 6.5, 12.0, 30.0])
def test_tails_and_density_keep_relative_accuracy(z: float) -> None:
    assert upper_tail(z) == pytest.approx(norm.sf(z), rel=1e-13)
    assert lower_tail(z) == pytest.approx(norm.cdf(z), rel=1e-13)
    assert density(z) == pytest.approx(norm.pdf(z), rel=1e-13)


@pytest.mark.parametrize("p", [1e-300, 1e-60, 1e-9, 1e-3, 0.025, 0.3, 0.5, 0.7, 0.999])
def test_quantile_inverts_the_tail(p: float) -> None:
    assert upper_quantile(p) == pytest.approx(norm.isf(p), rel=1e-12, abs=1e-13)


def test_quantile_of_certainty_is_infinite() -> None:
    assert upper_quantile(0.0) == np.inf
    assert upper_quantile(1.0) == -np.inf
