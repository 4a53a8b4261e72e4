"""Meta-analysis."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calor.analyze.multiplicity.meta_analysis import meta_analysis
from calor.errors import AnalysisError

# Thirteen trials of BCG vaccine: cases and others, vaccinated and not (Colditz GA, et al. JAMA 1994;271:698).
_BCG = np.array(
    [
        (4, 119, 11, 128),
        (6, 300, 29, 274),
        (3, 228, 11, 209),
        (62, 13536, 248, 12619),
        (33, 5036, 47, 5761),
        (180, 1361, 372, 1079),
        (8, 2537, 10, 619),
        (505, 87886, 499, 87892),
        (29, 7470, 45, 7232),
        (17, 1699, 65, 1600),
        (186, 50448, 141, 27197),
        (5, 2493, 3, 2338),
        (27, 16886, 29, 17825),
    ],
    dtype=float,
)
_A, _B, _C, _D = _BCG.T
_Y = list(np.log(_A / (_A + _B)) - np.log(_C / (_C + _D)))
_V = list(1 / _A - 1 / (_A + _B) + 1 / _C - 1 / (_C + _D))


@pytest.mark.parametrize(
    ("heterogeneity", "mean", "se", "tau_squared"),
    [("reml", -0.7145, 0.1798, 0.3132), ("dersimonian-laird", -0.7141, 0.1787, 0.3088), ("common", -0.4303, 0.0405, 0)],
)
def test_the_bcg_trials_give_the_published_pooled_effects(
    heterogeneity: str, mean: float, se: float, tau_squared: float
) -> None:
    # Viechtbauer W, J Stat Softw 2010;36(3), sections 3 and 4.
    result = meta_analysis(_Y, _V, heterogeneity=heterogeneity, knapp_hartung=False)  # type: ignore[arg-type]
    assert (result.pooled.estimate, result.pooled.se) == pytest.approx((mean, se), abs=6e-5)
    assert result.tau_squared == pytest.approx(tau_squared, abs=6e-5)
    assert result.q == pytest.approx(152.2330, abs=6e-5)


def test_reml_heterogeneity_share_is_the_published_one() -> None:
    assert 100 * meta_analysis(_Y, _V).i_squared == pytest.approx(92.22, abs=0.006)


def test_paule_mandel_makes_q_equal_its_degrees_of_freedom() -> None:
    tau_squared = meta_analysis(_Y, _V, heterogeneity="paule-mandel").tau_squared
    weight = 1 / (np.array(_V) + tau_squared)
    mean = weight @ _Y / weight.sum()
    assert weight @ (np.array(_Y) - mean) ** 2 == pytest.approx(12)


def test_knapp_hartung_uses_t_and_the_observed_spread() -> None:
    result = meta_analysis(_Y, _V).pooled
    assert result.df == 12
    assert result.se == pytest.approx(0.1808, abs=2e-4)


def test_shrinkage_pulls_toward_the_mean_and_is_complete_without_heterogeneity() -> None:
    result = meta_analysis(_Y, _V)
    mean = result.pooled.estimate
    assert all(abs(s - mean) < abs(y - mean) for s, y in zip(result.shrunken, _Y, strict=True))
    homogeneous = meta_analysis([-0.1, -0.12, -0.11], [0.04, 0.05, 0.06])
    assert homogeneous.tau_squared == 0
    assert homogeneous.shrunken == pytest.approx((homogeneous.pooled.estimate,) * 3)


@pytest.mark.parametrize(
    ("effects", "variances", "message"),
    [
        ([0.1], [0.1], "at least two, each with a variance"),
        ([0.1, 0.2], [0.1], "at least two, each with a variance"),
        ([0.1, math.nan], [0.1, 0.1], "got nan and 0.1 at study 2"),
        ([0.1, 0.2], [0.1, 0.0], "got 0.2 and 0.0 at study 2"),
        ([0.1, 0.1], [0.1, 0.1], "`effects` must differ"),
    ],
)
def test_studies_that_estimate_nothing_are_refused(effects: list[float], variances: list[float], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        meta_analysis(effects, variances)


def test_an_unknown_estimator_is_refused() -> None:
    with pytest.raises(AnalysisError, match="`heterogeneity` must be one of"):
        meta_analysis(_Y, _V, heterogeneity="hedges")  # type: ignore[arg-type]
