"""Judged alone at the click, a person gets the answers that a screen of everyone gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_screen_oracle import DRAW, assert_agree, candidate, frames, rules, tables

from calor.errors import RecordsError
from calor.records.open import in_memory
from calor.screen.facts import stage
from calor.screen.one_person import judge_person, vocabulary_of
from calor.screen.oracle import OracleVerdict
from calor.screen.rules import Rules
from calor.screen.screened import screen


def without(asked: Rules, absent: str | None) -> Rules:
    """Let a site's vocabulary hold nothing for one set."""
    if absent is None:
        return asked
    concepts = {name: ids for name, ids in asked.screening.concepts.items() if name != absent}
    return replace(asked, screening=asked.screening.model_copy(update={"concepts": concepts, "absent": (absent,)}))


@settings(max_examples=5, phases=DRAW)
@given(
    people=st.lists(candidate(), min_size=8, max_size=12),
    wanted=rules(),
    absent=st.sampled_from([None, "infection", "statin"]),
)
def test_one_person_gets_the_answers_of_the_whole_screen(people: list[Any], wanted: Rules, absent: str | None) -> None:
    asked = without(wanted, absent)
    records = in_memory(frames(tables(people)))
    vocabulary = vocabulary_of(records, asked)
    verdicts = {
        person: judge_person(records, asked, person, vocabulary) or OracleVerdict("not in base", {})
        for person in range(1, len(people) + 1)
    }
    assert_agree(screen(stage(records, asked), asked).answers, verdicts, asked)


def _judged(found: dict[str, list[dict[str, Any]]], asked: Rules) -> OracleVerdict | None:
    records = in_memory(frames(found))
    return judge_person(records, asked, 1, vocabulary_of(records, asked))


@settings(max_examples=1, phases=DRAW)
@given(wanted=rules())
def test_what_a_screen_refuses_is_refused_for_one_person_too(wanted: Rules) -> None:
    today = datetime.now(UTC).date()
    asked = replace(wanted, as_of=today)
    row = {"condition_occurrence_id": 1, "person_id": 1, "condition_concept_id": 1, "condition_start_date": today}
    empty: dict[str, list[dict[str, Any]]] = {"drug_exposure": [], "measurement": [], "death": []}
    one = [{"person_id": 1, "year_of_birth": 1960}]
    assert _judged({"person": one, "condition_occurrence": [row], **empty}, asked) is not None
    assert _judged({"person": one, "condition_occurrence": [], **empty}, asked) is None
    late: dict[str, date | Any] = {**row, "condition_start_date": today + timedelta(2)}
    for people, conditions, said in ((one, [late], "future"), (one * 2, [row], "once")):
        with pytest.raises(RecordsError, match=said):
            _judged({"person": people, "condition_occurrence": conditions, **empty}, asked)
