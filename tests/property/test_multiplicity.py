"""Laws of adjusted p-values: order of the procedures, closed procedures as their own slow definitions."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calor.analyze.multiplicity.fallback import fallback
from calor.analyze.multiplicity.gatekeeping import gatekeeping
from calor.analyze.multiplicity.multiplicity import adjust

_p_values = st.lists(st.floats(0, 1).map(lambda x: round(x, 4)), min_size=1, max_size=6)


def _names(p: list[float]) -> list[str]:
    return [f"H{at}" for at in range(len(p))]


@settings(max_examples=10)
@given(_p_values)
def test_procedures_that_assume_more_reject_more(p: list[float]) -> None:
    names = _names(p)
    order = ["bonferroni", "holm", "hochberg", "hommel", "benjamini-hochberg"]
    adjusted = [adjust(names, p, method).adjusted for method in order]  # type: ignore[arg-type]
    for worse, better in pairwise(adjusted):
        assert all(b <= w + 1e-12 for b, w in zip(better, worse, strict=True))
    assert all(a >= raw - 1e-12 for a, raw in zip(adjusted[-1], p, strict=True))


@given(_p_values)
def test_hommel_is_the_closed_test_with_simes_intersections(p: list[float]) -> None:
    closed = [0.0] * len(p)
    for size in range(1, len(p) + 1):
        for subset in combinations(range(len(p)), size):
            ordered = sorted(p[at] for at in subset)
            simes = min(size * value / rank for rank, value in enumerate(ordered, start=1))
            for at in subset:
                closed[at] = max(closed[at], min(simes, 1.0))
    assert adjust(_names(p), p, "hommel").adjusted == pytest.approx(closed)


@settings(max_examples=8)
@given(_p_values)
def test_gatekeeping_with_full_truncation_is_serial(p: list[float]) -> None:
    first, second = dict(zip(_names(p), p, strict=True)), {"last": 0.0001}
    result = gatekeeping([first, second], truncation=[1.0])
    holm = adjust(list(first), p, "holm").adjusted
    assert result.adjusted[:-1] == pytest.approx(holm, abs=1e-9)
    assert result.adjusted[-1] == pytest.approx(max(*holm, 0.0001), abs=1e-9)


@given(_p_values.filter(lambda p: len(p) > 1))
def test_fallback_never_rejects_less_than_its_weights_alone(p: list[float]) -> None:
    weights = [1 / len(p)] * len(p)
    adjusted = fallback(_names(p), p, weights).adjusted
    assert all(a <= min(1.0, value * len(p)) + 1e-9 for a, value in zip(adjusted, p, strict=True))
