"""The declared hierarchical composite: every pair compared, in the order of the components."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from tests.unit.analyze.declared.declared_trial import IVORY, datasets, with_frame
from tests.unit.analyze.declared.event_trial import analyze, declared, section

COMPONENTS = 'components = [{ endpoint = "recurrent_mi" }, { endpoint = "tbr_index", response = "CHG" }]'
ID = "infarction_then_tbr"


def _people() -> pd.DataFrame:
    held = datasets()
    times = held["adtte"].frame
    pet = held["adpet"].frame
    pet = pet[(pet["PARAMCD"] == "TBRIDX") & (pet["AVISIT"] == "Day 61")][["USUBJID", "CHG"]]
    return times[times["PARAMCD"] == "TTMI"].merge(pet, on="USUBJID", how="left")


def _count_by_hand(people: pd.DataFrame) -> tuple[int, int]:
    """Compare every pair by the words of the rule."""
    wins = losses = 0
    active, control = (people[people["TRTP"] == arm].to_dict("records") for arm in ("Aldesleukin", "Placebo"))
    for a, c in product(active, control):
        a_first = a["CNSR"] == 0 and a["AVAL"] < c["AVAL"] + (c["CNSR"] != 0)
        c_first = c["CNSR"] == 0 and c["AVAL"] < a["AVAL"] + (a["CNSR"] != 0)
        if a_first == c_first:
            wins += a["CHG"] < c["CHG"]
            losses += a["CHG"] > c["CHG"]
        else:
            wins += c_first
            losses += a_first
    return wins, losses


def test_pairs_are_those_counted_by_hand() -> None:
    found = analyze(IVORY, id_=ID)
    levels = found.tables["levels"]
    assert (levels["wins"].sum(), levels["losses"].sum()) == _count_by_hand(_people())
    assert levels["level"].tolist() == ["recurrent myocardial infarction", "change in index-vessel TBRmax"]
    assert (levels["wins"].cumsum() + levels["losses"].cumsum() + levels["left"] == levels["pairs"]).all()
    assert any("without adjustment for baseline" in note for note in found.notes)


@pytest.mark.parametrize("primary", ["win_ratio", "win_odds", "net_benefit", "finkelstein_schoenfeld"])
def test_every_result_may_be_primary_and_all_are_shown(primary: str) -> None:
    found = analyze(declared('primary_method = "finkelstein_schoenfeld"', f'primary_method = "{primary}"'), id_=ID)
    rows = found.tables["methods"]
    assert rows.loc[rows["primary"], "method"].tolist() == [primary]
    assert len(rows) == 4
    assert found.p_values == (rows.loc[rows["primary"], "p_value"].iloc[0],)
    shown = section(found)
    assert shown.figures[0].title == "Of 756 pairs, Aldesleukin did better in 533 and Placebo in 223."
    assert "nan" not in "".join(table.to_html() for table in shown.tables)


def test_participant_without_a_scan_ties_and_is_counted() -> None:
    pet = datasets()["adpet"].frame
    who = _people()["USUBJID"].iloc[0]
    gone = pet[~((pet["USUBJID"] == who) & (pet["AVISIT"] == "Day 61"))]
    found = analyze(IVORY, dict(with_frame("adpet", gone)), id_=ID)
    assert found.tables["levels"]["left"].iloc[-1] > 0
    assert any(note.startswith("1 participant without change in index-vessel TBRmax") for note in found.notes)
    assert found.tables["methods"]["n"].iloc[0] == 55


def test_strata_compare_within_and_a_margin_ties() -> None:
    within = analyze(
        declared('primary_method = "finkelstein_schoenfeld"', 'primary_method = "win_ratio"\nstrata = ["SEX"]'), id_=ID
    )
    assert within.method == "Win ratio, within SEX"
    assert within.tables["levels"]["pairs"].iloc[0] < 756
    wide = declared(COMPONENTS, COMPONENTS.replace('response = "CHG"', 'response = "CHG", margin = 0.2'))
    assert analyze(wide, id_=ID).tables["levels"]["left"].iloc[-1] > 0
    assert np.isfinite(analyze(wide, id_=ID).p_values[0])
