"""Laws of CTCAE grading: intervals are disjoint and cover, and a worse value never has a milder grade."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from calor.analyze.safety.ctcae import GradingRule, Measurement, grade, grading_rules

_value = st.floats(0, 5000, allow_nan=False).map(lambda x: round(x, 3))
_rules = st.sampled_from(grading_rules())


def _measurement(rule: GradingRule, value: float, lln: float, uln: float, baseline: float) -> Measurement:
    unit = next(iter(rule.units), "U/L")
    return Measurement(value, unit, lln=min(lln, uln), uln=max(lln, uln), baseline=baseline)


def _of(rule: GradingRule, measurement: Measurement) -> int | None:
    return next(g.grade for g in grade(rule.analyte, measurement) if g.term == rule.term)


@given(_rules, _value, _value, _value, _value)
def test_every_value_with_all_limits_has_exactly_one_grade(
    rule: GradingRule, value: float, lln: float, uln: float, baseline: float
) -> None:
    assert _of(rule, _measurement(rule, value, lln, uln, baseline)) in (0, 1, 2, 3, 4)


@given(_rules, _value, _value, _value, _value, _value)
def test_a_worse_value_never_has_a_milder_grade(
    rule: GradingRule, first: float, second: float, lln: float, uln: float, baseline: float
) -> None:
    signs = {p.sign[0] for grades in rule.branches.values() for alts in grades for alt in alts for p in alt}
    milder, worse = (
        (min(first, second), max(first, second)) if signs == {">"} else (max(first, second), min(first, second))
    )
    measurement = _measurement(rule, milder, lln, uln, baseline)
    low, high = _of(rule, measurement), _of(rule, replace(measurement, value=worse))
    assert low is not None
    assert high is not None
    assert low <= high


@given(_rules, _value, _value, _value, _value)
def test_leaving_out_a_limit_gives_the_same_grade_or_none(
    rule: GradingRule, value: float, lln: float, uln: float, baseline: float
) -> None:
    whole = _measurement(rule, value, lln, uln, baseline)
    graded = _of(rule, whole)
    for missing in (replace(whole, uln=None), replace(whole, lln=None), replace(whole, baseline=None)):
        assert _of(rule, missing) in (graded, None)
