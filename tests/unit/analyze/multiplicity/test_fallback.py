"""The fallback procedure."""

from __future__ import annotations

import pytest

from calor.analyze.multiplicity.fallback import fallback
from calor.errors import AnalysisError


def _sequential(p: list[float], weights: list[float], alpha: float) -> set[int]:
    """Run Wiens's procedure step by step: a rejected hypothesis hands its level to the next."""
    rejected, carried = set(), 0.0
    for at, (value, weight) in enumerate(zip(p, weights, strict=True)):
        level = carried + weight * alpha
        if value <= level:
            rejected.add(at)
            carried = level
        else:
            carried = 0.0
    return rejected


@pytest.mark.parametrize("p", [[0.03, 0.004, 0.02], [0.01, 0.03, 0.04], [0.2, 0.012, 0.03], [0.024, 0.3, 0.012]])
@pytest.mark.parametrize("alpha", [0.01, 0.025, 0.05, 0.1])
def test_it_rejects_what_the_stepwise_procedure_rejects(p: list[float], alpha: float) -> None:
    weights = [0.5, 0.3, 0.2]
    closed = fallback(["H1", "H2", "H3"], p, weights).rejected(alpha)
    assert {int(name[1:]) - 1 for name in closed} == _sequential(p, weights, alpha)


def test_all_weight_on_the_first_is_the_fixed_sequence_test() -> None:
    assert fallback(["H1", "H2", "H3"], [0.02, 0.01, 0.04], [1, 0, 0]).adjusted == pytest.approx((0.02, 0.02, 0.04))


@pytest.mark.parametrize("weights", [[0.5, 0.6], [1.5, -0.5], [1.0], [0.5, float("nan")]])
def test_weights_that_share_out_no_alpha_are_refused(weights: list[float]) -> None:
    with pytest.raises(AnalysisError, match="`weights` must be 2 shares from 0 that sum to 1"):
        fallback(["H1", "H2"], [0.1, 0.2], weights)


def test_more_hypotheses_than_can_be_closed_are_refused() -> None:
    names = [f"H{at}" for at in range(16)]
    with pytest.raises(AnalysisError, match="number at most 15, got 16"):
        fallback(names, [0.1] * 16, [1 / 16] * 16)
