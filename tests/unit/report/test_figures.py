"""What every figure has in common: its columns are checked, its arms are told apart, its identifiers stay home."""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest
from tests.unit.report.example import FIGURES, consort_example
from tests.unit.report.frames import (
    ARMS,
    AT_RISK,
    AXES,
    CURVE,
    DIFFERENCES,
    EFFECTS,
    FLOW,
    INCIDENCE,
    PEAKS,
    PEOPLE,
    STEPS,
    VISITS,
    WORDS,
)

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure
from calor.report.figures.adverse_events import adverse_events
from calor.report.figures.consort import consort
from calor.report.figures.course import course
from calor.report.figures.edish import edish
from calor.report.figures.forest import forest
from calor.report.figures.interaction import interaction
from calor.report.figures.kaplan_meier import kaplan_meier
from calor.report.figures.paired import paired

Draw = Callable[[pd.DataFrame], Figure]
# Every table that a figure takes: how to draw the figure with another in its place, and a good one.
TABLES: dict[str, tuple[Draw, pd.DataFrame]] = {
    "consort": (lambda t: consort(t, arms=ARMS, **WORDS), FLOW),
    "forest": (lambda t: forest(t, axis="Difference", **WORDS), EFFECTS),
    "interaction curve": (lambda t: interaction(t, PEOPLE, arms=ARMS, axes=AXES, **WORDS), CURVE),
    "interaction people": (lambda t: interaction(CURVE, t, arms=ARMS, axes=AXES, **WORDS), PEOPLE.iloc[:, :2]),
    "paired": (lambda t: paired(t, PEOPLE, arms=ARMS, axis="TBR", **WORDS), PEOPLE.iloc[:, :3]),
    "paired means": (lambda t: paired(PEOPLE, t, arms=ARMS, axis="TBR", **WORDS), PEOPLE.iloc[:, :3]),
    "kaplan-meier": (lambda t: kaplan_meier(t, AT_RISK, arms=ARMS, axes=AXES, **WORDS), STEPS),
    "at risk": (lambda t: kaplan_meier(STEPS, t, arms=ARMS, axes=AXES, **WORDS), AT_RISK),
    "incidence": (lambda t: adverse_events(t, DIFFERENCES, arms=ARMS, **WORDS), INCIDENCE),
    "differences": (lambda t: adverse_events(INCIDENCE, t, arms=ARMS, **WORDS), DIFFERENCES),
    "edish": (lambda t: edish(t, arms=ARMS, **WORDS), PEAKS),
    "course": (lambda t: course(t, arms=ARMS, axes=AXES, **WORDS), VISITS),
}
WITH_ARMS = [name for name, (_, table) in TABLES.items() if "arm" in table]
NUMERIC = {
    "baseline",
    "aminotransferase",
    "bilirubin",
    "effect",
    "estimate",
    "lower",
    "upper",
    "count",
    "time",
    "at_risk",
    "incidence",
    "difference",
    "n",
}
CELLS = [(name, column) for name, (_, table) in TABLES.items() for column in table if column in NUMERIC]


@pytest.mark.parametrize(("name", "column"), [(n, c) for n, (_, t) in TABLES.items() for c in t])
def test_a_missing_column_is_named(name: str, column: str) -> None:
    draw, table = TABLES[name]
    with pytest.raises(ReportError, match=rf"got none called {column} at a-figure"):
        draw(table.drop(columns=column))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_rows_is_refused(name: str) -> None:
    draw, table = TABLES[name]
    with pytest.raises(ReportError, match="must have at least one row"):
        draw(table.iloc[:0])


@pytest.mark.parametrize(("name", "column"), CELLS)
def test_text_in_place_of_a_number_is_refused(name: str, column: str) -> None:
    draw, table = TABLES[name]
    spoilt = table.astype({column: object})
    spoilt.loc[spoilt.index[0], column] = "<0.2"
    with pytest.raises(ReportError, match=rf"`{column}` must hold (finite )?numbers, got <0.2"):
        draw(spoilt)


@pytest.mark.parametrize(("name", "column"), [cell for cell in CELLS if cell[0] != "forest"])
def test_an_infinite_number_is_refused(name: str, column: str) -> None:
    draw, table = TABLES[name]
    spoilt = table.astype({column: float})
    spoilt.loc[spoilt.index[-1], column] = float("inf")
    with pytest.raises(ReportError, match=rf"`{column}` must hold finite numbers, got inf"):
        draw(spoilt)


@pytest.mark.parametrize("name", [name for name in WITH_ARMS if name != "consort"])
def test_an_arm_without_rows_is_refused(name: str) -> None:
    draw, table = TABLES[name]
    other = table.assign(arm=table["arm"].replace({"Aldesleukin": "Colchicine"}))
    with pytest.raises(ReportError, match="`arm` must take exactly the values"):
        draw(other)


@pytest.mark.parametrize("name", ["interaction curve", "kaplan-meier", "differences", "course", "forest"])
def test_limits_the_wrong_way_round_are_refused(name: str) -> None:
    draw, table = TABLES[name]
    with pytest.raises(ReportError, match="must be in this order"):
        draw(table.rename(columns={"lower": "upper", "upper": "lower"}))


@pytest.mark.parametrize("name", ["paired means", "at risk", "course", "incidence", "differences", "consort"])
def test_a_row_given_twice_is_refused(name: str) -> None:
    draw, table = TABLES[name]
    with pytest.raises(ReportError):
        draw(pd.concat([table, table.iloc[-1:]], ignore_index=True))


@pytest.mark.parametrize("name", [name for name in WITH_ARMS if name != "consort"])
def test_both_arms_are_drawn_in_their_colors(name: str) -> None:
    draw, table = TABLES[name]
    spec = json.dumps(draw(table).spec)
    for arm, look in style.arm_styles(ARMS).items():
        assert arm in spec
        assert look.color in spec


@pytest.mark.parametrize("name", ["paired", "kaplan-meier", "incidence", "course"])
def test_arms_differ_by_shape_or_dash_and_not_by_color_alone(name: str) -> None:
    draw, table = TABLES[name]
    spec = json.dumps(draw(table).spec)
    control, active = style.arm_styles(ARMS).values()
    shapes = all(f'"shape": "{look.shape}"' in spec for look in (control, active))
    dashes = all(f'"strokeDash": {list(look.dash)}' in spec for look in (control, active))
    assert shapes or dashes


@pytest.mark.parametrize("name", ["interaction people", "paired", "paired means"])
def test_identifiers_do_not_travel_into_the_specification(name: str) -> None:
    draw, table = TABLES[name]
    figure = draw(table.assign(USUBJID=PEOPLE["USUBJID"]))
    assert "IVORY-007" not in json.dumps(figure.spec)


@pytest.mark.parametrize("example", FIGURES)
def test_a_specification_is_plain_json(example: Callable[[], Figure]) -> None:
    json.dumps(example().spec, allow_nan=False)


def test_a_figure_does_not_change_its_table() -> None:
    before = FLOW.copy()
    consort(FLOW, arms=ARMS, **WORDS)
    pd.testing.assert_frame_equal(FLOW, before)


def test_the_flow_diagram_says_every_count() -> None:
    spec = json.dumps(consort_example().spec, ensure_ascii=False).replace("\u00a0", " ")
    for words in ("Assessed for eligibility (n = 412)", "Excluded (n = 349)", "Randomized (n = 63)",
                  "Allocated to Placebo (n = 31)", "Analyzed (n = 31)", "Lost to follow-up (n = 0)"):  # fmt: skip
        assert words in spec
