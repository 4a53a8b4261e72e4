"""The hand-written screening cases come out exactly, by the fast engine and by the obvious one."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pytest
from tests.spec.ehr_cases import TABLES, expected, rules, write_records

from calor.records.open import open_records
from calor.records.records import rows
from calor.records.units import unit_codes
from calor.screen.facts import stage
from calor.screen.lab_units import convert, units_wanted
from calor.screen.oracle import OracleVerdict, judge
from calor.screen.screened import Screened, screen

CASES = [pytest.param(case, id=f"{case.person_id} {case.case}") for case in expected().itertuples()]


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory) -> Screened:
    records = open_records(write_records(tmp_path_factory.mktemp("cases")))
    return screen(stage(records, rules()), rules())


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, OracleVerdict]:
    asked = rules()
    records = open_records(write_records(tmp_path_factory.mktemp("cases")))
    facts = stage(records, asked)
    roles: dict[int, list[tuple[str, bool]]] = {}
    for role, concept, certain in facts.members.frame.itertuples(index=False):
        roles.setdefault(int(concept), []).append((role, bool(certain)))
    tables = {name: plain(rows(records[name])) for name in TABLES}
    codes, wanted = unit_codes(records), units_wanted(asked)
    return judge(tables, asked, roles, lambda role, unit, text: convert(role, unit, text, codes, wanted))


def plain(frame: pd.DataFrame) -> list[dict[str, object]]:
    return [{k: None if pd.isna(v) else v for k, v in row.items()} for row in frame.astype(object).to_dict("records")]


def answers_of(answers: Mapping[str, bool | None]) -> tuple[str, str]:
    failed = "|".join(i for i, met in answers.items() if met is False)
    return failed, "|".join(i for i, met in answers.items() if met is None)


@pytest.mark.parametrize("case", CASES)
def test_the_engine_answers_a_case_as_written(screened: Screened, case: object) -> None:
    found = screened.answers.set_index("person_id")
    person = int(case.person_id)  # type: ignore[attr-defined]
    if person not in found.index:
        got = ("not_in_base", "mi_window", "")
    else:
        row = found.loc[person]
        mets = {i: None if pd.isna(row[f"{i}__met"]) else bool(row[f"{i}__met"]) for i in screened.rules.ids}
        got = (str(row["status"]), *answers_of(mets))
    assert normal(got) == normal((case.status, case.failed, case.unknown))  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", CASES)
def test_the_obvious_engine_answers_a_case_as_written(verdicts: Mapping[int, OracleVerdict], case: object) -> None:
    verdict = verdicts[int(case.person_id)]  # type: ignore[attr-defined]
    got = (verdict.status, *answers_of({i: a.met for i, a in verdict.answers.items()}))
    if verdict.status == "not in base":
        got = ("not_in_base", "mi_window", "")
    assert normal(got) == normal((case.status, case.failed, case.unknown))  # type: ignore[attr-defined]


def normal(answer: tuple[str, str, str]) -> tuple[str, frozenset[str], frozenset[str]]:
    """Read lists whatever their separator and order."""
    status, *lists = answer
    return (
        status,
        *(
            frozenset(part for part in text.replace(";", "|").replace(",", "|").replace(" ", "|").split("|") if part)
            for text in lists
        ),
    )  # type: ignore[return-value]


def test_a_death_before_the_infarction_is_flagged(screened: Screened) -> None:
    late = screened.answers[screened.answers["flags"] == "death_before_index"]
    told = {int(c.person_id) for c in expected().itertuples() if "death_before_index" in c.note}
    assert told <= set(late["person_id"])
