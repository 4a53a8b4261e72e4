"""What the last screen found about candidates, and the same criteria judged again on the records as they are now."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from django.utils import timezone

from calor.protocol.protocol import Protocol
from calor.records.marks import marks_of
from calor.records.open import open_records
from calor.records.records import Records
from calor.records.tables import CLINICAL
from calor.screen.one_person import Vocabulary, judge_person, vocabulary_of
from calor.screen.rules import Rules, rules_of
from calor.screen.screened import MET, NOT_MET, UNDETERMINED
from calor.screen.words import in_words
from calor.trial.screening import FOLDER, WORKLIST
from calor.web import served


@dataclass(frozen=True)
class Answer:
    """One criterion about one candidate.

    Attributes:
        criterion: Its id in the protocol.
        answer: met, not met or undetermined.
        value: The number that decided, where there is one.
        day: Its date.
        changes: First day on which time alone changes the answer.
        measured: Whether the value was measured; others, as the age, move with the day.
    """

    criterion: str
    answer: str
    value: float | None
    day: str | None
    changes: str | None
    measured: bool

    @property
    def number(self) -> str:
        """The value as it is printed; empty where there is none."""
        return "" if self.value is None else f"{self.value:g}"

    @property
    def told(self) -> tuple[str, float | None, str | None]:
        """What must be as it was seen when somebody is randomized; engines may differ in a value's ninth decimal."""
        measured = None if self.value is None or not self.measured else round(self.value, 6)
        return self.answer, measured, self.day


@dataclass(frozen=True)
class Judged:
    """A candidate judged.

    Attributes:
        status: eligible, ineligible or undetermined.
        answers: One per criterion, in the protocol's order.
    """

    status: str
    answers: tuple[Answer, ...]

    def differences(self, before: Judged) -> list[tuple[Answer, Answer | None]]:
        """Return the answers that are not as they were, each with what it was."""
        was = {answer.criterion: answer for answer in before.answers}
        pairs = [(now, was.get(now.criterion)) for now in self.answers]
        return [(now, old) for now, old in pairs if old is None or now.told != old.told]


def worklist() -> pd.DataFrame | None:
    """Return the worklist of the last screen, with `days_left` as of today; None where nobody has screened."""
    path = _results() / WORKLIST
    if not path.exists():
        return None
    table = _table(path, path.stat().st_mtime_ns).copy()
    left = [(day - timezone.now().date()).days if day else None for day in table["window_closes"]]
    table = table.assign(days_left=pd.array(left, dtype="Int64")).astype(object)
    return table.where(table.notna(), None)


def candidate(person: int) -> dict[str, Any] | None:
    """Return a candidate's row of the worklist; None where the person is not on it."""
    table = worklist()
    rows = [] if table is None else rows_of(table[table["person_id"] == person])
    return rows[0] if rows else None


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows by column name."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def as_screened(person: int) -> Judged | None:
    """Return what the last screen answered about a candidate; None where it saw no such person."""
    path = _results() / "reasons.parquet"
    if not path.exists():
        return None
    answers = _answers(pd.read_parquet(path, filters=[("person_id", "==", person)]), _rules(served.protocol()))
    return Judged(_status(answers), answers) if answers else None


def judge(person: int) -> Judged | None:
    """Judge a person's criteria on the records as they are now; None where the records hold no such candidate.

    Raises:
        RecordsError: The records cannot be read.
        ScreenError: The protocol has no [screening].
    """
    protocol = served.protocol()
    rules = _rules(protocol)
    with closing(_records(rules)) as records:
        verdict = judge_person(records, rules, person, _vocabulary(records, rules))
    if verdict is None:
        return None
    words = {True: MET, False: NOT_MET, None: UNDETERMINED}
    answers = tuple(
        Answer(i, words[a.met], _number(a.value), _day(a.day), _day(a.changes), i in _measured(rules))
        for i, a in verdict.answers.items()
    )
    return Judged(verdict.status, answers)


def words_of(protocol: Protocol) -> dict[str, str]:
    """Return each machine-judged criterion's id with its words."""
    rules = _rules(protocol)
    return {rule.id: in_words(rule, rules.gate, rules.gate_unit) for rule in rules.screening.criteria}


def screened_on() -> date | None:
    """Return the day on which the last screen was run."""
    path = _results() / WORKLIST
    return date.fromtimestamp(path.stat().st_mtime) if path.exists() else None  # noqa: DTZ012  (the machine's day)


def _rules(protocol: Protocol) -> Rules:
    return rules_of(protocol, timezone.now().date())


def _records(rules: Rules) -> Records:
    place = rules.screening.records
    return open_records(place if "://" in place else served.folder() / place, time_zone=rules.screening.time_zone)


def _vocabulary(records: Records, rules: Rules) -> Vocabulary:
    """Return what the rules' words mean; kept while the protocol and the files of the vocabulary stay as they are."""
    files = {name: paths for name, paths in records.files.items() if name not in CLINICAL}
    if not records.files:
        return vocabulary_of(records, rules)
    return _kept_vocabulary(f"{marks_of(files)} {rules.sets} {rules.screening.model_dump_json()}")


@lru_cache(maxsize=2)
def _kept_vocabulary(_unchanged: str) -> Vocabulary:
    rules = _rules(served.protocol())
    with closing(_records(rules)) as records:
        return vocabulary_of(records, rules)


def _measured(rules: Rules) -> set[str]:
    return {rule.id for rule in rules.screening.criteria if rule.kind in ("latest_lab", "biomarker_gate")}


def _answers(table: pd.DataFrame, rules: Rules) -> tuple[Answer, ...]:
    rows = {row["criterion"]: row for row in table.to_dict("records")}
    measured = _measured(rules)
    return tuple(
        Answer(i, row["answer"], _number(row["value"]), _day(row["day"]), _day(row["changes"]), i in measured)
        for i in rules.ids
        if (row := rows.get(i)) is not None
    )


def _status(answers: tuple[Answer, ...]) -> str:
    """Combine as the screen does: any criterion not met decides, then any undetermined."""
    found = {answer.answer for answer in answers}
    return "ineligible" if NOT_MET in found else "undetermined" if UNDETERMINED in found else "eligible"


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _day(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else str(value)


def _results() -> Path:
    return served.folder() / "results" / FOLDER


@lru_cache(maxsize=2)
def _table(path: Path, _changed: int) -> pd.DataFrame:
    return pd.read_parquet(path)
