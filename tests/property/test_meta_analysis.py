"""Laws of meta-analysis: shifting effects shifts the mean, and shrunken effects lie between effect and mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calor.analyze.multiplicity.meta_analysis import Heterogeneity, meta_analysis

_studies = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=2, max_size=8)
_methods = st.sampled_from(["common", "dersimonian-laird", "reml", "paule-mandel"])


@given(_studies, _methods, st.floats(-3, 3))
def test_shifting_every_effect_shifts_the_mean_and_nothing_else(
    studies: list[tuple[float, float]], method: Heterogeneity, shift: float
) -> None:
    y, v = [s[0] for s in studies], [s[1] for s in studies]
    here = meta_analysis(y, v, heterogeneity=method, knapp_hartung=False)
    there = meta_analysis([value + shift for value in y], v, heterogeneity=method, knapp_hartung=False)
    assert there.pooled.estimate == pytest.approx(here.pooled.estimate + shift, abs=1e-5)
    assert there.tau_squared == pytest.approx(here.tau_squared, abs=1e-5)


@given(_studies, _methods)
def test_shrunken_effects_lie_between_the_effect_and_the_mean(
    studies: list[tuple[float, float]], method: Heterogeneity
) -> None:
    y, v = [s[0] for s in studies], [s[1] for s in studies]
    result = meta_analysis(y, v, heterogeneity=method, knapp_hartung=False)
    mean = result.pooled.estimate
    for effect, drawn in zip(y, result.shrunken, strict=True):
        assert min(effect, mean) - 1e-9 <= drawn <= max(effect, mean) + 1e-9
    assert 0 <= result.i_squared < 1
    assert min(y) - 1e-9 <= mean <= max(y) + 1e-9
