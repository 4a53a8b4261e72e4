"""The declared landmark analysis of events: not randomized, no p-value, the clock starts at the landmark."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.analyze.declared.event_trial import PRIMARY, adtte, analyze, declared, section, with_status

from calor.errors import AnalysisError

BESIDE = 'beside = [{ method = "bayesian_rate", prior_events = 0.5, prior_years = 0 }]\n'
LANDMARK = """method = "landmark"
biomarker = "hs_crp"
visit = "V15"
comparator = "<"
cutoff = 2
"""
ROLE = 'label = "recurrent myocardial infarction"\nrole = "secondary"'


def _protocol() -> str:
    text = declared(f'method = "events"\n{PRIMARY}', LANDMARK)
    return declared(BESIDE, "", declared(ROLE, ROLE.replace("secondary", "exploratory"), text))


def _held() -> dict[str, object]:
    rng = np.random.default_rng(8)
    days = np.ceil(rng.exponential(500, 55))
    return with_status((days > 730).astype(int), np.minimum(days, 730))


def test_finding_is_labelled_not_randomized_and_tests_nothing() -> None:
    found = analyze(_protocol(), _held())
    assert found.sentences[0].startswith("NOT RANDOMIZED. hs-CRP < 2 mg/L at Day 61 v others")
    assert found.p_values == ()
    assert "p =" not in str(found)
    shown = section(found)
    assert "not randomized" in shown.title
    assert shown.figures[0].title.startswith("Not randomized")
    assert "p_value" not in [column.key for table in shown.tables for column in table.columns]


def test_clock_starts_at_the_end_of_the_visit_and_who_is_gone_is_left_out() -> None:
    found = analyze(_protocol(), _held())
    days = _held()["adtte"].frame["AVAL"]  # type: ignore[attr-defined]
    assert found.tables["counts"]["participants"].sum() <= (days > 68).sum()
    assert found.tables["curve"]["time"].max() <= 730 - 68
    early = int((days <= 68).sum())
    told = sum(int(note.split()[0]) for note in found.notes if "by the landmark" in note)
    assert early - 3 <= told <= early


def test_group_without_events_is_refused() -> None:
    with pytest.raises(AnalysisError):
        analyze(_protocol(), with_status(adtte()["CNSR"].to_numpy()))
