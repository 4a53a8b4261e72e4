"""Events of special interest as declared: groups, differences, curves that end with the time at risk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from calor.analyze import declared
from calor.analyze.declared.time_at_risk import time_at_risk
from calor.datasets.dataset import Dataset
from calor.protocol import Protocol, parse_protocol
from calor.report.sections import KINDS
from calor.simulate.ivory import reconstruct

IVORY = (Path(__file__).parents[4] / "examples/ivory/protocol.toml").read_text(encoding="utf-8")
SITE = '{ label = "Injection-site reaction", terms = ["Injection site reaction"] }'


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    return reconstruct()


def _protocol(old: str = "", new: str = "") -> Protocol:
    assert old in IVORY
    return parse_protocol(IVORY.replace(old, new) if old else IVORY)


def test_groups_of_the_reconstruction_count_what_was_assumed(datasets: dict[str, Dataset]) -> None:
    found = declared.run(_protocol(), "events_of_interest", datasets)
    rows = found.tables["incidence"].query("by == 'all'").set_index(["group", "arm"])["participants"]
    assert rows["Injection-site reaction"].to_dict() == {"Placebo": 5, "Aldesleukin": 26}
    assert found.sentences[0].startswith("Aldesleukin v placebo, Injection-site reaction: 26 of 32 v 5 of 31, ")
    assert len(found.sentences) == 3


def test_curve_reaches_no_more_than_the_share_with_an_event_when_nobody_leaves_early(
    datasets: dict[str, Dataset],
) -> None:
    """Who is still watched stays at risk, so an event after the last dose does not jump to 100 %."""
    found = declared.run(_protocol(), "events_of_interest", datasets)
    curves = found.tables["curves"]
    late = curves[(curves["group"] == "Immune activation") & (curves["arm"] == "Aldesleukin")]
    assert 1 - late["survival"].min() == pytest.approx(11 / 32, abs=0.03)


def test_first_events_after_the_time_at_risk_are_left_out_of_the_curve_and_said(datasets: dict[str, Dataset]) -> None:
    people = datasets["adsl"].frame.drop(columns="EOSDT")
    changed = {**datasets, "adsl": replace(datasets["adsl"], frame=people, labels={})}
    protocol = _protocol("after_last_dose_days = 30", "after_last_dose_days = 0")
    found = declared.run(protocol, "events_of_interest", changed)
    assert any("began after the time at risk; the curve leaves them out" in note for note in found.notes)
    curves = found.tables["curves"]
    assert curves["time"].max() <= people["TRTDURD"].max()
    rows = found.tables["incidence"].query("by == 'all'").set_index(["group", "arm"])["participants"]
    assert rows["Immune activation"].to_dict() == {"Placebo": 1, "Aldesleukin": 11}


def test_time_at_risk_ends_when_the_participant_left() -> None:
    start = pd.to_datetime(["2021-03-01"] * 3)
    people = pd.DataFrame({"TRTDURD": [10, 10, 10], "TRTSDT": start})
    ended = people.assign(EOSDT=[start[0] + pd.Timedelta(days=19), pd.NaT, start[0]])
    assert time_at_risk(people, 30).tolist() == [40, 40, 40]
    assert time_at_risk(ended, 30).tolist() == [20, 40, 10]


def test_group_that_nobody_had_is_a_row_of_zeros_without_a_curve(datasets: dict[str, Dataset]) -> None:
    protocol = _protocol(SITE, '{ label = "Capillary leak", terms = ["Capillary leak syndrome"] }')
    found = declared.run(protocol, "events_of_interest", datasets)
    rows = found.tables["incidence"].query("by == 'all' and group == 'Capillary leak'")
    assert rows["participants"].tolist() == [0, 0]
    assert "Capillary leak" not in set(found.tables["curves"]["group"])
    assert "Capillary leak: no participant with Capillary leak syndrome." in found.notes
    section = KINDS["events_of_interest"].section(found)
    assert len(section.figures) == 3


def test_report_tables_name_every_group_and_arm(datasets: dict[str, Dataset]) -> None:
    section = KINDS["events_of_interest"].section(declared.run(_protocol(), "events_of_interest", datasets))
    rates = next(table for table in section.tables if table.name.endswith("rates"))
    assert [row[0] for row in rates.rows[:3]] == ["Injection-site reaction", "Placebo", "Aldesleukin"]
    counts = next(table for table in section.tables if table.name.endswith("counts")).to_html()
    assert "26 (81.2 %), " in counts
    assert "nan" not in counts
