"""What a safety board reads first: deaths, stopped treatment, serious events one by one; one rule for time at risk."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from tests.unit.analyze.declared.declared_trial import IVORY, datasets, find, section, with_frame

RULE = "after_last_dose_days = 30"


def _held(**changed: object) -> dict[str, object]:
    return dict(with_frame("adae", datasets()["adae"].frame.assign(**changed)))


def test_serious_events_are_listed_one_by_one() -> None:
    found = find("adverse_events")
    adae = datasets()["adae"].frame
    serious = adae[(adae["AESER"] == "Y") & (adae["TRTEMFL"] == "Y")]
    assert sorted(found.tables["grave"]["participant"]) == sorted(serious["USUBJID"])
    assert set(found.tables["grave"]["why"]) == {"serious"}
    listing = next(t for t in section(found).tables if t.name == "adverse-events-grave")
    assert "nan" not in listing.to_html()
    assert "Outcome" in [column.label for column in listing.columns]


def test_fatal_event_that_nobody_flagged_as_serious_is_listed_and_said() -> None:
    adae = datasets()["adae"].frame
    at = adae.index[(adae["TRTEMFL"] == "Y") & (adae["AESER"] == "N")][0]
    found = find("adverse_events", IVORY, _held(AEOUT=adae["AEOUT"].where(adae.index != at, "FATAL")))  # type: ignore[arg-type]
    row = found.tables["grave"].set_index("why").loc["fatal, not flagged serious"]
    assert row["participant"] == adae.loc[at, "USUBJID"]
    assert "Fatal: Placebo" in found.sentences[1]
    assert sum(found.tables["consequences"].query("what == 'fatal'")["participants"]) == 1
    assert "Fatal" in section(found).tables[0].to_html()


def test_outcome_that_the_data_do_not_hold_is_no_zero() -> None:
    frame = datasets()["adae"].frame.drop(columns=["AEOUT", "AEACN"])
    held = {**datasets(), "adae": replace(datasets()["adae"], frame=frame, labels={})}
    found = find("adverse_events", IVORY, held)
    assert found.tables["consequences"].empty
    assert found.sentences[1].startswith("The data hold no outcome")
    assert section(found).tables


def test_both_tables_rest_on_the_one_declared_time_at_risk() -> None:
    """A term's years at risk in the table of all events are those of a group of that one term."""
    group = IVORY.replace('terms = ["Rash", "Allergic skin reaction"]', 'terms = ["Rash"]')
    for days in ("0", "30"):
        text = group.replace(RULE, RULE.replace("30", days))
        every = find("adverse_events", text).tables["incidence"]
        own = find("events_of_interest", text).tables["incidence"]
        every = every[(every["level"] == "term") & (every["term"] == "Rash") & (every["by"] == "all")]
        own = own[(own["group"] == "Skin reaction") & (own["by"] == "all")]
        pd.testing.assert_series_equal(
            every.set_index("arm")["years_at_risk"], own.set_index("arm")["years_at_risk"], check_names=False
        )
        assert any(
            note.startswith("Time at risk: from the first dose to ") for note in find("adverse_events", text).notes
        )


def test_longer_time_at_risk_lowers_the_rate() -> None:
    def rate(days: str) -> float:
        rows = find("adverse_events", IVORY.replace(RULE, RULE.replace("30", days))).tables["incidence"]
        return float(rows.query("level == 'term' and term == 'Rash' and by == 'all'")["rate"].sum())

    assert rate("7") < rate("0")
