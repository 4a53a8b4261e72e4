"""Minimization, Hu-Hu and Efron's coin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chisquare

from calor.enroll.efron import EfronCoin
from calor.enroll.hu_hu import HuHu
from calor.enroll.minimization import Minimization
from calor.errors import EnrollError
from calor.kernels import minimization as kernel

TRIALS, PARTICIPANTS = 2000, 100


def _differences(rule: Minimization | HuHu) -> tuple[np.ndarray, np.ndarray]:
    """Absolute difference of two arms at the end, overall and in level 1 of factor 1, over many trials."""
    rng = np.random.default_rng(2026)
    overall, first = np.empty(TRIALS), np.empty(TRIALS)
    for trial in range(TRIALS):
        levels = rng.integers(0, 2, (PARTICIPANTS, 2))
        sign = np.where(rule.allocate(levels, rng.random((PARTICIPANTS, 2))) == 0, 1, -1)
        overall[trial], first[trial] = abs(sign.sum()), abs(sign[levels[:, 0] == 0].sum())
    return overall, first


@pytest.mark.parametrize(
    ("rule", "mean", "se", "mean_first", "se_first"),
    [
        (HuHu((1, 1), (2, 2), 0.1, 0.3, (0.3, 0.3), 0.85), 0.753, 0.024, 0.867, 0.018),
        (Minimization((1, 1), (2, 2), (0.5, 0.5), 0.85), 0.771, 0.023, 0.849, 0.018),
    ],
)
def test_balance_agrees_with_carat(
    rule: Minimization | HuHu, mean: float, se: float, mean_first: float, se_first: float
) -> None:
    # carat 2.2.1 in R: 2,000 trials of 100, two binary covariates with probability 1/2.
    for ours, theirs, theirs_se in zip(_differences(rule), (mean, mean_first), (se, se_first), strict=True):
        ours_se = ours.std() / math.sqrt(TRIALS)
        allowed = 3.5 * math.hypot(ours_se, theirs_se)
        assert abs(ours.mean() - theirs) < allowed, f"{ours.mean():.3f} (SE {ours_se:.3f}), carat {theirs}"


@pytest.mark.parametrize(
    "rule",
    [
        Minimization((2, 2, 1), (2, 3), (1.0, 1.0), 0.9),
        Minimization((2, 1), (2, 3), (1.0, 2.0), 0.8, "sd"),
        Minimization((3, 1), (2, 3), (1.0, 1.0), 0.7, "variance"),
        HuHu((2, 1), (2, 3), 0.2, 0.2, (0.3, 0.3), 0.85),
        HuHu((1, 1, 1), (2, 3), 0.2, 0.2, (0.3, 0.3), 0.85),
    ],
)
def test_an_arms_probability_equals_its_share_at_every_position(rule: Minimization | HuHu) -> None:
    rng = np.random.default_rng(5)
    replicates, positions = 20_000, 8
    levels = np.column_stack((rng.integers(0, 2, positions), rng.integers(0, 3, positions)))
    arms = np.array([rule.allocate(levels, rng.random((positions, 2))) for _ in range(replicates)])
    expected = replicates * np.array(rule.ratio) / sum(rule.ratio)
    for position in range(positions):
        counts = np.bincount(arms[:, position], minlength=len(rule.ratio))
        p = chisquare(counts, expected).pvalue
        assert p > 0.001 / positions, f"position {position}: {counts}, expected {expected}, p = {p:.2g}"


@pytest.mark.parametrize(
    ("measure", "printed"),
    [
        (kernel.RANGE, (0.833333, 0.833333, 0.833333)),
        (kernel.STANDARD_DEVIATION, (0.429558, 0.429558, 0.481125)),
        (kernel.VARIANCE, (0.194444, 0.194444, 0.305556)),
    ],
)
def test_imbalance_scores_agree_with_minirand(measure: int, printed: tuple[float, float, float]) -> None:
    # Minirand 0.1.3 in R, 2:2:1, three factors weighted alike, seed 20260101: the scores of patient 60 for each arm.
    # Its counts at that patient's levels were not printed; up to multiples of 2:2:1, which change nothing, these
    # give all nine scores. Minirand divides counts by the ratio; Calor does not, and keeps the ratio.
    counts, ratio = np.array([[11.0, 11.0, 6.0], [13.0, 13.0, 6.0], [9.0, 9.0, 4.0]]), np.array([2.0, 2.0, 1.0])
    for arm, score in enumerate(printed):
        after = (counts + np.eye(3)[arm]) / ratio
        assert round(sum(kernel.spread(level, measure) for level in after) / 3, 6) == score


def test_certain_minimization_balances_a_margin_better_than_chance() -> None:
    rng = np.random.default_rng(6)
    levels = rng.integers(0, 2, (200, 3))
    arms = Minimization((2, 1), (2, 2, 2), (1.0, 1.0, 1.0), 1.0).allocate(levels, rng.random((200, 2)))
    for factor in range(3):
        for level in range(2):
            own = arms[levels[:, factor] == level]
            assert abs((own == 0).mean() - 2 / 3) < 4 / own.size


def test_the_coins_difference_agrees_with_its_exact_expectation() -> None:
    rng = np.random.default_rng(7)
    coin = EfronCoin(0.75)
    squared = np.array([np.where(coin.allocate(rng.random((100, 2))) == 0, 1, -1).sum() ** 2 for _ in range(4000)])
    expected, se = float(coin.expected(100).squared_difference), squared.std() / math.sqrt(4000)
    assert abs(squared.mean() - expected) < 4 * se, f"{squared.mean():.3f} (SE {se:.3f}), exact {expected:.3f}"


def test_rules_that_cannot_be_are_refused() -> None:
    with pytest.raises(EnrollError, match="probability"):
        Minimization((1, 1), (2,), (1.0,), 0.4)
    with pytest.raises(EnrollError, match="probability"):
        EfronCoin(math.nan)
    with pytest.raises(EnrollError, match="participants"):
        EfronCoin(0.75).expected(2.5)  # type: ignore[arg-type]
    with pytest.raises(EnrollError, match="levels"):
        Minimization((1, 1), (1,), (1.0,), 0.8)
    with pytest.raises(EnrollError, match="weights"):
        Minimization((1, 1), (2, 2), (1.0,), 0.8)
    with pytest.raises(EnrollError, match="weights"):
        HuHu((1, 1), (2,), 0.0, 0.0, (0.0,), 0.8)
    with pytest.raises(EnrollError, match="row 1"):
        Minimization((1, 1), (2,), (1.0,), 0.8).allocate(np.array([[0], [2]]), np.zeros((2, 2)))
