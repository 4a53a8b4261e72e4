"""What a baseline imbalance does to each of three estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.unadjusted import unadjusted
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("placebo", "active"))


def trials(imbalance: float, seed: int, n: int = 31) -> pd.DataFrame:
    """A trial whose baselines differ by exactly `imbalance`."""
    rng = np.random.default_rng(seed)
    base = rng.normal(0, 0.275, (2, n))
    base = base - base.mean(1, keepdims=True) + np.array([[2.39], [2.39 + imbalance]])
    tbr = 1.1 + 0.5 * base + rng.normal(0, 0.258, (2, n)) - np.array([[0.0], [0.171]])
    return pd.DataFrame({"arm": np.repeat(["placebo", "active"], n), "base": base.ravel(), "tbr": tbr.ravel()})


def test_the_three_differences_obey_their_identity() -> None:
    found = unadjusted(trials(-0.13, 1), TWO, baseline="base")
    b, d = found.baseline_slope, found.imbalance.estimate
    assert found.followup.estimate == pytest.approx(found.ancova.estimate + b * d, rel=1e-10)
    assert found.change.estimate == pytest.approx(found.ancova.estimate + (b - 1) * d, rel=1e-10)


def test_an_imbalance_like_ivorys_moves_the_unadjusted_estimates_and_not_the_ancova() -> None:
    found = [unadjusted(trials(-0.13, seed), TWO, baseline="base") for seed in range(200)]
    means = [np.mean([getattr(f, k).estimate for f in found]) for k in ("ancova", "followup", "change")]
    error = 3 * 0.27 * np.sqrt(2 / 31 / 200)
    assert means == pytest.approx([-0.171, -0.236, -0.106], abs=error), means


def test_a_disagreement_is_said_in_a_sentence_and_a_balance_is_not() -> None:
    assert "The baseline differed by -0.130, which moves" in str(unadjusted(trials(-0.13, 4), TWO, baseline="base"))
    assert "differed" not in str(unadjusted(trials(0.0, 4), TWO, baseline="base"))


def test_the_endpoint_is_no_baseline_of_itself() -> None:
    with pytest.raises(AnalysisError, match="another column than the endpoint"):
        unadjusted(trials(0, 1), TWO, baseline="tbr")
