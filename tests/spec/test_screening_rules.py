"""Eligibility at its boundaries, as a table: what stands in the record, what the criterion answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from calor.protocol.biomarkers import Gate, SetAside
from calor.protocol.screening import Screening
from calor.records.open import open_records
from calor.records.tables import TABLES as DECLARED
from calor.screen.facts import stage
from calor.screen.near_misses import near_misses
from calor.screen.rules import Rules
from calor.screen.screened import Screened, screen

AS_OF = date(2024, 6, 30)
INDEX = date(2024, 1, 1)
STATIN = date(2024, 1, 2)
FIRST = STATIN + timedelta(28)
SECOND = FIRST + timedelta(28)
Row = dict[str, Any]


def rules(gate: Row | None = None, rule: Row | None = None, age: Row | None = None) -> Rules:
    screening = Screening.model_validate(
        {
            "vocabulary": "listed",
            "criteria": [
                {"kind": "recent_infarction", "id": "window"},
                {"kind": "age", "id": "adult", **(age or {})},
                {"kind": "alive", "id": "alive"},
                {"kind": "drug_covered", "id": "statin", "drug": "statin"},
                {"kind": "biomarker_gate", "id": "gate", **(rule or {})},
            ],
        }
    )
    base: Row = {
        "biomarker": "hs_crp",
        "cutoff": 2,
        "comparator": ">=",
        "tests": 2,
        "least_interval_days": 28,
        "window": (0, 365),
        "window_from": "infarction",
        "set_aside": (SetAside(reason="Acute phase", above=10),),
    }
    return Rules(AS_OF, screening, Gate(**(base | (gate or {}))), "mg/L")


def lab(day: date, value: float | None = 3.0, **others: Any) -> Row:
    return {"measurement_date": day, "value_as_number": value, **others}


def screened(
    folder: Path,
    tests: list[Row],
    *,
    asked: Rules | None = None,
    person: Row | None = None,
    drug: Row | None = None,
    death: date | None = None,
    infection: date | None = None,
) -> Screened:
    """Screen one candidate who has everything but what the test is about."""
    born = {"person_id": 1, "year_of_birth": 1960, "month_of_birth": 1, "day_of_birth": 1}
    statin = {"drug_exposure_start_date": STATIN, "drug_exposure_end_date": AS_OF, "days_supply": None}
    tables = {
        "person": [born | (person or {})],
        "condition_occurrence": [
            {
                "condition_occurrence_id": n,
                "person_id": 1,
                "condition_concept_id": concept,
                "condition_start_date": day,
            }
            for n, (concept, day) in enumerate([(4329847, INDEX), (432250, infection)], 1)
            if day is not None
        ],
        "drug_exposure": [
            {"drug_exposure_id": 1, "person_id": 1, "drug_concept_id": 1545958, **statin, **(drug or {})}
        ],
        "measurement": [
            {
                "measurement_id": n,
                "person_id": 1,
                "measurement_concept_id": 3010156,
                "unit_concept_id": 8751,
                "value_source_value": None,
                **row,
            }
            for n, row in enumerate(tests, 1)
        ],
        "death": [{"person_id": 1, "death_date": death}] if death else [],
    }
    for name, rows in tables.items():
        columns = list(rows[0]) if rows else list(DECLARED[name].needed)
        pd.DataFrame(rows, columns=columns).to_parquet(folder / f"{name}.parquet")
    wanted = asked or rules()
    return screen(stage(open_records(folder), wanted), wanted)


def answer(found: Screened, name: str) -> bool | None:
    value = found.answers[f"{name}__met"].iloc[0]
    return None if pd.isna(value) else bool(value)


GATE: dict[str, tuple[list[Row], Row, bool | None]] = {
    "pair 28 days apart": ([lab(FIRST), lab(SECOND)], {}, True),
    "pair 27 days apart": ([lab(FIRST), lab(SECOND - timedelta(1))], {}, False),
    "first on day 27 of the run-in": ([lab(FIRST - timedelta(1)), lab(FIRST + timedelta(27))], {}, False),
    "exactly the cut-off at or above": ([lab(FIRST, 2.0), lab(SECOND, 2.0)], {}, True),
    "exactly the cut-off above": ([lab(FIRST, 2.0), lab(SECOND, 2.0)], {"comparator": ">"}, False),
    "mg/dL": ([lab(FIRST, 0.2, unit_concept_id=8840), lab(SECOND, 0.2, unit_concept_id=8840)], {}, True),
    "mg/dL below": ([lab(FIRST, 0.19, unit_concept_id=8840), lab(SECOND)], {}, False),
    "no unit": ([lab(FIRST), lab(SECOND, unit_concept_id=0)], {}, None),
    "a unit of substance": ([lab(FIRST), lab(SECOND, unit_concept_id=8753)], {}, None),
    "below the limit": ([lab(FIRST), lab(SECOND, None, value_source_value="<0.2")], {}, False),
    "below a limit above the cut-off": ([lab(FIRST), lab(SECOND, None, value_source_value="<5")], {}, None),
    "below a limit in words": ([lab(FIRST), lab(SECOND, 2.0, value_source_value="<2 mg/L")], {}, False),
    "below a limit at the cut-off": ([lab(FIRST), lab(SECOND, None, value_source_value="<2")], {}, False),
    "null": ([lab(FIRST), lab(SECOND, None)], {}, None),
    "negative": ([lab(FIRST), lab(SECOND, -1.0)], {}, None),
    "exactly ten": ([lab(FIRST), lab(SECOND, 10.0)], {}, True),
    "above ten": ([lab(FIRST), lab(SECOND, 10.1)], {}, None),
    "above ten beside a pair": ([lab(FIRST), lab(FIRST + timedelta(9), 50.0), lab(SECOND)], {}, True),
    "one test twice": ([lab(FIRST), lab(FIRST), lab(FIRST)], {}, False),
    "two results of one day": ([lab(FIRST), lab(SECOND), lab(SECOND, 1.0)], {}, False),
    "no test": ([], {}, False),
    "a test after today": ([lab(FIRST), lab(AS_OF + timedelta(1))], {}, False),
    "one test asked, one there": ([lab(FIRST)], {"tests": 1}, True),
    "window from infarction": ([lab(FIRST), lab(SECOND)], {"window": (30, 120)}, False),
}


@pytest.mark.parametrize("case", GATE)
def test_the_gate_answers_at_its_boundaries(case: str, tmp_path: Path) -> None:
    tests, gate, want = GATE[case]
    assert answer(screened(tmp_path, tests, asked=rules(gate)), "gate") is want


DIP = [lab(FIRST), lab(FIRST + timedelta(14), 1.0), lab(SECOND)]
PATTERNS = [
    ("any", DIP, True),
    ("last", DIP, False),
    ("all", DIP, False),
    ("last", [lab(FIRST, 1.0), lab(FIRST + timedelta(1)), lab(SECOND + timedelta(1))], True),
    ("all", [lab(FIRST), lab(SECOND)], True),
]


@pytest.mark.parametrize(("pattern", "tests", "want"), PATTERNS)
def test_a_dip_counts_as_the_pattern_says(pattern: str, tests: list[Row], want: bool, tmp_path: Path) -> None:
    assert answer(screened(tmp_path, tests, asked=rules(rule={"pattern": pattern})), "gate") is want


STANDARD = {"measurement_concept_id": 3020460}


def test_standard_crp_alone_is_undetermined_and_beside_the_real_test_unseen(tmp_path: Path) -> None:
    alone = [lab(FIRST, **STANDARD), lab(SECOND, **STANDARD)]
    assert answer(screened(tmp_path, alone), "gate") is None
    assert answer(screened(tmp_path, [lab(FIRST), lab(SECOND, **STANDARD)]), "gate") is False


def test_tests_around_an_infection_are_set_aside_by_person_and_day_not_by_their_row_id(tmp_path: Path) -> None:
    around = SetAside(reason="Infection", within_days_of="infection", days=7)
    tests = [lab(FIRST), lab(SECOND), lab(SECOND + timedelta(20), 50.0, measurement_id=1)]
    sick = SECOND + timedelta(20)
    assert answer(screened(tmp_path, tests, asked=rules({"set_aside": (around,)}), infection=sick), "gate") is True


AGES = [
    ({"year_of_birth": 2006, "month_of_birth": 6, "day_of_birth": 30}, "birthday", True),
    ({"year_of_birth": 2006, "month_of_birth": 7, "day_of_birth": 1}, "birthday", False),
    ({"year_of_birth": 2006, "month_of_birth": 7, "day_of_birth": 1}, "year", True),
    ({"year_of_birth": 2006, "month_of_birth": None, "day_of_birth": None}, "birthday", None),
    ({"year_of_birth": 2005, "month_of_birth": None, "day_of_birth": None}, "birthday", True),
    ({"year_of_birth": 2007, "month_of_birth": None, "day_of_birth": None}, "year", False),
    ({"year_of_birth": 2006, "month_of_birth": 13, "day_of_birth": 1}, "birthday", None),
]


@pytest.mark.parametrize(("person", "by", "want"), AGES)
def test_age_counts_birthdays_unless_told_years(person: Row, by: str, want: bool | None, tmp_path: Path) -> None:
    assert answer(screened(tmp_path, [], asked=rules(age={"by": by}), person=person), "adult") is want


def test_the_day_of_birth_alone_settles_the_age_on_new_years_day(tmp_path: Path) -> None:
    asked = replace(rules(), as_of=date(2025, 1, 1))
    person = {"year_of_birth": 2007, "month_of_birth": None, "day_of_birth": 2}
    assert answer(screened(tmp_path, [], asked=asked, person=person), "adult") is False


def test_a_leap_day_birthday_comes_on_the_first_of_march(tmp_path: Path) -> None:
    found = screened(tmp_path, [], person={"year_of_birth": 2008, "month_of_birth": 2, "day_of_birth": 29})
    assert found.answers["adult__changes"].iloc[0] == date(2026, 3, 1)


STATINS = [
    ({"drug_exposure_end_date": AS_OF - timedelta(30)}, True),
    ({"drug_exposure_end_date": AS_OF - timedelta(31)}, False),
    ({"drug_exposure_end_date": None}, None),
    ({"drug_exposure_end_date": None, "days_supply": 150}, True),
    ({"drug_exposure_end_date": None, "days_supply": 149}, False),
]


@pytest.mark.parametrize(("drug", "want"), STATINS)
def test_a_statin_is_covered_through_its_grace(drug: Row, want: bool | None, tmp_path: Path) -> None:
    assert answer(screened(tmp_path, [], drug=drug), "statin") is want


@pytest.mark.parametrize(("death", "want"), [(AS_OF, False), (AS_OF + timedelta(1), True), (date(2023, 1, 1), False)])
def test_who_died_by_today_is_not_alive(death: date, want: bool, tmp_path: Path) -> None:
    found = screened(tmp_path, [], death=death)
    assert answer(found, "alive") is want
    assert found.answers["flags"].iloc[0] == ("death_before_index" if death < INDEX else "")


def test_a_time_stamp_is_a_day_of_the_site(tmp_path: Path) -> None:
    late = [datetime.combine(day, datetime.min.time()) - timedelta(minutes=30) for day in (FIRST, SECOND)]
    tests = [lab(pd.Timestamp(moment, tz="UTC")) for moment in late]  # type: ignore[arg-type]
    screened(tmp_path, tests)
    wanted = rules()
    answers = {
        zone: answer(screen(stage(open_records(tmp_path, time_zone=zone), wanted), wanted), "gate")
        for zone in ("UTC", "Europe/Paris")
    }
    assert answers == {"UTC": False, "Europe/Paris": True}  # 23:30 in London is the next day in Paris


def test_a_near_miss_says_what_is_needed_from_when_and_by_when(tmp_path: Path) -> None:
    found = near_misses(screened(tmp_path, [lab(AS_OF - timedelta(5))]))
    assert found["needs"].to_list() == ["one hs-CRP ≥ 2 mg/L, on or after 2024-07-23"]
    assert found[["on", "by"]].iloc[0].to_list() == [date(2024, 7, 23), INDEX + timedelta(365)]


def test_a_near_miss_that_would_come_too_late_is_none(tmp_path: Path) -> None:
    asked = rules({"window": (0, 190)})
    assert near_misses(screened(tmp_path, [lab(AS_OF - timedelta(5))], asked=asked)).empty
