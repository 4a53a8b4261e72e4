"""What is particular to one figure."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from tests.unit.report.frames import (
    ARMS,
    AT_RISK,
    AXES,
    CURVE,
    DIFFERENCES,
    FLOW,
    INCIDENCE,
    PEOPLE,
    STEPS,
    VISITS,
    WORDS,
)

from calor.errors import ReportError
from calor.report.figure import Figure
from calor.report.figures.adverse_events import adverse_events
from calor.report.figures.consort import consort
from calor.report.figures.course import course
from calor.report.figures.forest import forest
from calor.report.figures.interaction import interaction
from calor.report.figures.kaplan_meier import kaplan_meier
from calor.report.figures.paired import paired


def effects(rows: list[tuple[object, ...]], **options: object) -> Figure:
    table = pd.DataFrame(rows, columns=["label", "estimate", "lower", "upper"])
    return forest(table, axis="Axis", **WORDS, **options)  # type: ignore[arg-type]


def flow(*rows: tuple[str, str, float, str]) -> Figure:
    changed = FLOW.copy()
    for row in rows:
        same = (changed[["stage", "arm", "reason"]] == [row[0], row[1], row[3]]).all(axis=1)
        changed = pd.concat([changed[~same], pd.DataFrame([row], columns=FLOW.columns)], ignore_index=True)
    return consort(changed, arms=ARMS, **WORDS)


def test_forest_prints_estimate_and_interval() -> None:
    assert "−0.171 (−0.308 to −0.034)" in effects([("All", -0.1708, -0.3079, -0.0341)]).to_svg()


def test_forest_says_not_estimable_where_there_is_no_number() -> None:
    svg = effects([("All", -0.1, -0.2, 0.0), ("Women", None, None, None)]).to_svg()
    assert "not estimable" in svg
    assert "nan" not in svg.lower()


def test_forest_draws_even_when_nothing_is_estimable() -> None:
    assert "not estimable" in effects([("All", None, None, None)]).to_svg()


@pytest.mark.parametrize("scale", ["difference", "ratio", "value"])
def test_forest_draws_an_infinite_limit_as_an_arrow_and_a_word(scale: str) -> None:
    figure = effects([("All", 0.4, 0.1, float("inf"))], scale=scale)
    assert "∞" in figure.to_svg()
    assert "triangle-right" in json.dumps(figure.spec)
    assert "triangle-left" not in json.dumps(figure.spec)


def test_forest_never_rounds_a_ratio_to_zero() -> None:
    svg = effects([("Firth", 0.13, 0.0004, 1.2)], scale="ratio").to_svg()
    assert "0.13 (&lt;0.001 to 1.20)" in svg


@pytest.mark.parametrize(
    "row", [("All", 0.1, None, 0.2), ("All", None, 0.1, 0.2), ("All", float("inf"), 0.1, float("inf"))]
)
def test_forest_refuses_an_estimate_without_its_limits(row: tuple[object, ...]) -> None:
    with pytest.raises(ReportError, match="be there, or all three missing"):
        effects([row])


def test_forest_refuses_a_negative_ratio() -> None:
    with pytest.raises(ReportError, match=r"positive on a logarithmic axis, got -0\.1 at All"):
        effects([("All", -0.1, -0.2, 0.0)], scale="ratio")


def test_forest_prints_the_p_for_interaction_once_per_group() -> None:
    table = pd.DataFrame(
        {"label": ["a", "b"], "estimate": [0.1, 0.2], "lower": [0.0, 0.1], "upper": [0.2, 0.3], "group": "Sex"}
    ).assign(p_interaction="0.621")
    svg = forest(table, axis="Axis", **WORDS).to_svg()
    assert svg.count("0.621") == 1
    assert svg.count(">Sex<") == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("allocated", "Placebo", 30, "")], "`allocated` must equal randomized"),
        ([("screened", "", 400, ""), ("excluded", "", 300, "")], "`screened - excluded` must equal randomized"),
        ([("excluded", "", 300, "")], "none for 'screened'"),
        ([("lost", "Placebo", 1, "")], "none for 'lost', 'Aldesleukin'"),
        ([("lost", "Placebo", 1, "Moved away")], "none for 'lost', 'Aldesleukin'"),
        ([("vanished", "Placebo", 1, "")], "got 'vanished', 'Placebo'"),
        ([("randomized", "Placebo", 1, "")], "got 'randomized', 'Placebo'"),
        ([("analyzed", "Placebo", 28.5, "")], "`count` must be whole"),
        ([("analyzed", "Placebo", -1, "")], "`count` must be whole"),
    ],
)
def test_consort_refuses_counts_that_contradict_each_other(
    rows: list[tuple[str, str, float, str]], message: str
) -> None:
    with pytest.raises(ReportError, match=message):
        flow(*rows)


@pytest.mark.parametrize("arms", [2, 3, 4])
def test_consort_takes_two_to_four_arms(arms: int) -> None:
    names = [f"Arm {index}" for index in range(arms)]
    rows = [("randomized", "", 10 * arms, "")]
    rows += [(stage, name, 10, "") for name in names for stage in ("allocated", "analyzed")]
    svg = consort(pd.DataFrame(rows, columns=FLOW.columns), arms=names, **WORDS).to_svg()
    assert svg.count("Allocated to") == arms


def test_kaplan_meier_refuses_a_curve_that_does_not_begin_at_zero() -> None:
    with pytest.raises(ReportError, match="begin at 0 in every arm"):
        kaplan_meier(STEPS[STEPS["time"] > 0], AT_RISK, arms=ARMS, axes=AXES, **WORDS)


def test_kaplan_meier_refuses_percentages() -> None:
    percent = STEPS.assign(estimate=STEPS["estimate"] * 100, upper=30.0)
    with pytest.raises(ReportError, match=r"lie between 0 and `top`"):
        kaplan_meier(percent, AT_RISK, arms=ARMS, axes=AXES, **WORDS)


def test_kaplan_meier_prints_every_number_at_risk() -> None:
    svg = kaplan_meier(STEPS, AT_RISK, arms=ARMS, axes=AXES, **WORDS).to_svg()
    assert svg.count(">27<") == 2
    assert svg.count(">15<") == 2


def test_kaplan_meier_draws_a_tick_per_censored_participant() -> None:
    ticks = STEPS.assign(censored=STEPS["time"] > 0)
    drawn = json.dumps(kaplan_meier(ticks, AT_RISK, arms=ARMS, axes=AXES, **WORDS).spec)
    assert drawn.count('"shape": "stroke"') == 2
    assert '"shape": "stroke"' not in json.dumps(kaplan_meier(STEPS, AT_RISK, arms=ARMS, axes=AXES, **WORDS).spec)


def test_paired_says_how_many_are_not_gradable() -> None:
    people = pd.concat([PEOPLE, PEOPLE.assign(followup=None).iloc[:1]])
    svg = paired(people, PEOPLE, arms=ARMS, axis="TBR", **WORDS).to_svg()
    assert "1 participants; 1 more not gradable (open)" not in svg
    assert "1 participant; 1 more not gradable (open)" in svg


def test_paired_draws_the_means_it_is_given() -> None:
    means = pd.DataFrame({"arm": ARMS, "baseline": [2.39, 2.26], "followup": [2.31, 2.05]})
    svg = paired(PEOPLE, means, arms=ARMS, axis="TBR", **WORDS).to_svg()
    assert all(f">{value}<" in svg for value in ("2.39", "2.26", "2.31", "2.05"))


def test_interaction_marks_the_percentiles_it_is_given() -> None:
    curve = CURVE.assign(percentile=["10th", ""])
    svg = interaction(curve, PEOPLE, arms=ARMS, axes=AXES, **WORDS).to_svg()
    assert ">10th<" in svg
    assert ">Percentile<" in svg
    assert ">Percentile<" not in interaction(CURVE, PEOPLE, arms=ARMS, axes=AXES, **WORDS).to_svg()


def test_interaction_refuses_zero_on_a_logarithmic_axis() -> None:
    with pytest.raises(ReportError, match="`baseline` must be positive on a logarithmic axis"):
        interaction(CURVE.assign(baseline=[0.0, 9.0]), PEOPLE, arms=ARMS, axes=AXES, log=True, **WORDS)


def test_course_refuses_zero_on_a_logarithmic_axis() -> None:
    with pytest.raises(ReportError, match="`lower` must be positive on a logarithmic axis"):
        course(VISITS.assign(lower=0.0), arms=ARMS, axes=AXES, log=True, **WORDS)


def test_course_prints_how_many_were_measured() -> None:
    assert course(VISITS, arms=ARMS, axes=AXES, **WORDS).to_svg().count(">30<") == 4


def test_adverse_events_print_differences_in_percentage_points() -> None:
    assert "3.0 (−10.0 to 20.0)" in adverse_events(INCIDENCE, DIFFERENCES, arms=ARMS, **WORDS).to_svg()


def test_adverse_events_refuse_percentages() -> None:
    with pytest.raises(ReportError, match="`incidence` must lie between 0 and 1, got 9"):
        adverse_events(INCIDENCE.assign(incidence=[6.0, 9.0]), DIFFERENCES, arms=ARMS, **WORDS)


def test_adverse_events_refuse_a_term_without_a_row_in_every_arm() -> None:
    more = pd.concat([INCIDENCE, pd.DataFrame({"term": ["Fever"], "arm": ["Placebo"], "incidence": [0.1]})])
    with pytest.raises(ReportError, match="`incidence` must have one row per term and arm"):
        adverse_events(more, DIFFERENCES, arms=ARMS, **WORDS)


def test_interaction_is_thick_where_an_effect_is_shown_and_nowhere_else() -> None:
    part = interaction(CURVE.assign(shown=[False, True]), PEOPLE, arms=ARMS, axes=AXES, **WORDS)
    thick = [layer for layer in part.spec["vconcat"][0]["layer"] if layer["mark"].get("strokeWidth") == 5]
    drawn = part.spec["datasets"][thick[0]["data"]["name"]]
    assert [row["baseline"] for row in drawn] == [CURVE["baseline"].iloc[1]]
    alone = interaction(CURVE, axes=AXES, **WORDS)
    assert 'strokeWidth": 5' not in json.dumps(alone.spec)
    assert "vconcat" not in alone.spec
