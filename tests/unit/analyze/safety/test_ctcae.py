"""CTCAE grading: every boundary from both sides, both baseline branches, and what cannot be graded."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from calor.analyze.safety.ctcae import GRADES, GradingRule, Measurement, grade, grading_rules
from calor.errors import AnalysisError

_LIMITS = {"lln": 0.1, "uln": 40.0}


def _grade(analyte: str, term: str, **numbers: float | None) -> int | None:
    unit = str(numbers.pop("unit", None) or _unit(term))
    (found,) = [g for g in grade(analyte, Measurement(unit=unit, **numbers)) if g.term == term]  # type: ignore[arg-type]
    return found.grade


def _unit(term: str) -> str:
    (rule,) = [rule for rule in grading_rules() if rule.term == term]
    return next(iter(rule.units), "U/L")


# Published boundaries, written out once more: term, limits, baseline, and for each grade its first value and whether
# that value itself is inside.
_BOUNDARIES = [
    ("ALT", "Alanine aminotransferase increased", 40, 25, [(40, 1), (120, 2), (200, 3), (800, 4)], ">"),
    ("AST", "Aspartate aminotransferase increased", 40, 25, [(40, 1), (120, 2), (200, 3), (800, 4)], ">"),
    ("ALP", "Alkaline phosphatase increased", 100, 80, [(100, 1), (250, 2), (500, 3), (2000, 4)], ">"),
    ("GGT", "GGT increased", 60, 50, [(60, 1), (150, 2), (300, 3), (1200, 4)], ">"),
    ("BILI", "Blood bilirubin increased", 20, 10, [(20, 1), (30, 2), (60, 3), (200, 4)], ">"),
    ("ALT", "Alanine aminotransferase increased", 40, 60, [(180, 2), (300, 3), (1200, 4)], ">"),
    ("BILI", "Blood bilirubin increased", 20, 30, [(30, 1), (45, 2), (90, 3), (300, 4)], ">"),
    ("CREAT", "Creatinine increased", 100, 100, [(100, 1), (150, 2), (300, 3), (600, 4)], ">"),
    ("CK", "CPK increased", 200, 100, [(200, 1), (500, 2), (1000, 3), (2000, 4)], ">"),
    ("EOS", "Eosinophilia", 0.5, 0.2, [(0.5, 1)], ">"),
    ("LYM", "Lymphocyte count increased", 4, 2, [(4, 2), (20, 3)], ">"),
    ("WBC", "Leukocytosis", 10, 7, [(100, 3)], ">"),
    ("HGB", "Hemoglobin increased", 170, 150, [(170, 1), (190, 2), (210, 3)], ">"),
    ("K", "Hyperkalemia", 5, 4, [(5, 1), (5.5, 2), (6, 3), (7, 4)], ">"),
    ("SODIUM", "Hypernatremia", 145, 140, [(145, 1), (150, 2), (155, 3), (160, 4)], ">"),
    ("CHOL", "Cholesterol high", 5.2, 5, [(5.2, 1), (7.75, 2), (10.34, 3), (12.92, 4)], ">"),
    ("TRIG", "Hypertriglyceridemia", 1.7, 1, [(3.42, 2), (5.7, 3), (11.4, 4)], ">"),
    ("NEUT", "Neutrophil count decreased", 2, 3, [(2, 1), (1.5, 2), (1, 3), (0.5, 4)], "<"),
    ("LYM", "Lymphocyte count decreased", 1, 2, [(1, 1), (0.8, 2), (0.5, 3), (0.2, 4)], "<"),
    ("WBC", "White blood cell decreased", 4, 7, [(4, 1), (3, 2), (2, 3), (1, 4)], "<"),
    ("PLAT", "Platelet count decreased", 150, 250, [(150, 1), (75, 2), (50, 3), (25, 4)], "<"),
    ("HGB", "Anemia", 120, 150, [(120, 1), (100, 2), (80, 3)], "<"),
    ("ALB", "Hypoalbuminemia", 35, 40, [(35, 1), (30, 2), (20, 3)], "<"),
    ("K", "Hypokalemia", 3.5, 4, [(3.5, 1), (3, 3), (2.5, 4)], "<"),
    ("GLUC", "Hypoglycemia", 3.9, 5, [(3.9, 1), (3, 2), (2.2, 3), (1.7, 4)], "<"),
]


@pytest.mark.parametrize(
    ("analyte", "term", "limit", "baseline", "boundaries", "sign"),
    _BOUNDARIES,
    ids=[f"{row[1]}, baseline {row[3]}" for row in _BOUNDARIES],
)
def test_the_value_on_a_boundary_keeps_the_milder_grade_and_one_ulp_beyond_takes_the_worse(
    analyte: str, term: str, limit: float, baseline: float, boundaries: list[tuple[float, int]], sign: str
) -> None:
    limits = {"uln": float(limit)} if sign == ">" else {"lln": float(limit)}
    for boundary, worse in boundaries:
        beyond = math.nextafter(boundary, math.inf if sign == ">" else -math.inf)
        milder = max([g for _, g in boundaries if g < worse], default=0)
        on_it = _grade(analyte, term, value=float(boundary), baseline=float(baseline), **limits)
        if term == "Alanine aminotransferase increased" and baseline > limit and worse == 2:
            milder = 1  # 1.5 to 3 times an abnormal baseline
        if term == "Hypertriglyceridemia" and worse == 2:
            milder = 1  # from 1.71 mmol/L
        assert on_it == milder, (boundary, on_it)
        assert _grade(analyte, term, value=beyond, baseline=float(baseline), **limits) == worse


def test_every_term_of_the_table_has_its_boundaries_written_out() -> None:
    assert {rule.term for rule in grading_rules()} == {row[1] for row in _BOUNDARIES}


@pytest.mark.parametrize(("analyte", "factor"), [("ALT", 1.5), ("AST", 1.5), ("ALP", 2.0), ("GGT", 2.0)])
def test_an_abnormal_baseline_is_graded_from_its_own_multiple_on(analyte: str, factor: float) -> None:
    (rule,) = [rule for rule in grading_rules() if rule.analyte == analyte]
    first = factor * 100
    numbers = {"uln": 40.0, "baseline": 100.0}
    assert _grade(analyte, rule.term, value=first, **numbers) == 1
    assert _grade(analyte, rule.term, value=math.nextafter(first, 0), **numbers) == 0


def test_triglycerides_are_graded_from_their_first_boundary_on() -> None:
    assert _grade("TRIG", "Hypertriglyceridemia", value=1.71) == 1
    assert _grade("TRIG", "Hypertriglyceridemia", value=math.nextafter(1.71, 0)) == 0


def test_a_decimal_multiple_is_exact() -> None:
    assert 3 * 0.7 < 2.1  # binary floating point would call this grade 2
    assert _grade("ALT", "Alanine aminotransferase increased", value=2.1, uln=0.7, baseline=0.5) == 1


def test_the_baseline_flag_of_the_data_decides_the_branch() -> None:
    value = Measurement(130, "U/L", uln=40, baseline=100, baseline_abnormal=False)
    assert grade("ALT", value)[0].grade == 2
    assert grade("ALT", Measurement(130, "U/L", uln=40, baseline=100))[0].grade == 0


@pytest.mark.parametrize(
    ("analyte", "measurement", "reason"),
    [
        ("ALT", Measurement(130, "U/L", baseline=25), "no ULN"),
        ("ALT", Measurement(130, "U/L", uln=40), "above ULN but no baseline"),
        ("PLAT", Measurement(160, "10^9/L"), "no LLN"),
        ("CREAT", Measurement(400, "umol/L", baseline=80), "no ULN; at least grade 3"),
        ("EOS", Measurement(0.9, "10^9/L", uln=0.5), "no baseline"),
    ],
)
def test_a_missing_limit_is_not_gradable_and_never_grade_zero(
    analyte: str, measurement: Measurement, reason: str
) -> None:
    found = grade(analyte, measurement)[0]
    assert (found.grade, found.reason) == (None, reason)
    assert "not gradable" in str(found)


def test_a_value_that_no_missing_limit_could_change_is_graded() -> None:
    assert grade("PLAT", Measurement(20, "10^9/L"))[0].grade == 4
    assert grade("ALT", Measurement(30, "U/L", uln=40))[0].grade == 0
    assert grade("EOS", Measurement(0.4, "10^9/L", uln=0.5))[0].grade == 0


def test_units_are_converted_or_refused() -> None:
    assert _grade("HGB", "Anemia", value=7.9, unit="g/dL", lln=12.0) == 3  # type: ignore[arg-type]
    assert _grade("NEUT", "Neutrophil count decreased", value=1499, unit="/mm3", lln=2000) == 2  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match=r"`unit` must be one of .* got 'mg/dL' at Anemia"):
        grade("HGB", Measurement(100, "mg/dL"))


@pytest.mark.parametrize(
    "numbers",
    [{"value": math.nan}, {"value": -1.0}, {"value": 1.0, "uln": math.inf}, {"value": 1.0, **_LIMITS, "lln": 50}],
)
def test_numbers_that_measure_nothing_are_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(AnalysisError, match="must be"):
        Measurement(unit="U/L", **numbers)  # type: ignore[arg-type]


def test_unknown_analytes_and_versions_are_named() -> None:
    with pytest.raises(AnalysisError, match=r"`analyte` must be one of .*'ALT'.* got 'CRP'"):
        grade("CRP", Measurement(3, "mg/L"))
    with pytest.raises(AnalysisError, match=r"`version` must be one of \['5.0'\], got '4.03'"):
        grade("ALT", Measurement(3, "U/L"), version="4.03")


@pytest.mark.parametrize("rule", grading_rules(), ids=lambda rule: rule.term)
def test_every_rule_of_the_table_is_complete_and_gets_worse_with_the_grade(rule: GradingRule) -> None:
    assert set(rule.branches) in ({"any"}, {"normal", "abnormal"})
    for grades in rule.branches.values():
        assert len(grades) == len(GRADES)
        directions = {part.sign[0] for alternatives in grades for one in alternatives for part in one}
        assert len(directions) == 1
        for limit in (None, "ULN", "LLN", "baseline"):
            numbers: list[Decimal] = [
                part.number
                for alternatives in grades
                for one in alternatives
                for part in one
                if part.limit == limit and not part.above
            ]
            assert numbers == sorted(numbers, reverse=directions == {"<"})
