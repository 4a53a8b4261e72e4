"""What a screen found: every answer about every candidate, from which funnel, worklist and near misses all derive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from calor.records.records import rows
from calor.screen.decide import PARTS, decide
from calor.screen.facts import Facts
from calor.screen.rules import Rules

MET, NOT_MET, UNDETERMINED = "met", "not met", "undetermined"


@dataclass(frozen=True)
class Screened:
    """The answers of one screen.

    Attributes:
        rules: What was asked, on which day.
        persons: Persons in the records.
        answers: One row per candidate who ever had the index event: `person_id`, `status` (eligible, ineligible,
            undetermined), `index_day`, `flags` (what looks wrong in the record), and for each criterion `<id>__met`
            (true, false, null), `__value`, `__day`, `__row`, `__distance`, `__changes`.
        notes: What the records lack.
    """

    rules: Rules
    persons: int
    answers: pd.DataFrame
    notes: tuple[str, ...]

    @cached_property
    def met(self) -> np.ndarray:
        """Answers as a table, candidate by criterion: 1 met, 0 not met, -1 undetermined."""
        columns = [self.answers[f"{i}__met"].astype("boolean") for i in self.rules.ids]
        return np.column_stack([column.astype("Int8").fillna(-1).to_numpy(dtype=np.int8) for column in columns])

    def count(self, status: str) -> int:
        """Return how many candidates are eligible, ineligible or undetermined.

        >>> from calor.screen.example import example_screen
        >>> example_screen().count("ineligible")
        4
        """
        return int((self.answers["status"] == status).sum())

    @property
    def in_window(self) -> int:
        """Candidates whose infarction lies in the window; all who had one where no criterion asks."""
        rule = next((rule for rule in self.rules.screening.criteria if rule.kind == "recent_infarction"), None)
        return len(self.answers) if rule is None else int((self.met[:, self.rules.ids.index(rule.id)] == 1).sum())

    @property
    def one_short(self) -> int:
        """Candidates who fail exactly one criterion and meet all others."""
        return int((((self.met == 0).sum(axis=1) == 1) & ((self.met == -1).sum(axis=1) == 0)).sum())

    @property
    def lack_tests(self) -> int:
        """Candidates in the window whose gate is not met for want of tests rather than for low ones."""
        rule, gate = self.rules.gate_rule, self.rules.gate
        if rule is None or gate is None:
            return 0
        window = next((r.id for r in self.rules.screening.criteria if r.kind == "recent_infarction"), rule.id)
        inside = self.met[:, self.rules.ids.index(window)] == 1 if window != rule.id else True
        few = (self.answers["gate_tests"] + self.answers["gate_fell"]).to_numpy() < gate.tests
        return int((inside & few & (self.met[:, self.rules.ids.index(rule.id)] != 1)).sum())

    def __str__(self) -> str:
        parts = [
            f"{self.persons:,} persons",
            f"{self.in_window:,} with infarction in the window",
            f"{self.count('eligible'):,} eligible",
            f"{self.count('undetermined'):,} undetermined",
            f"{self.one_short:,} one criterion short",
        ]
        if self.rules.gate is not None and self.rules.gate.tests > 1 and self.rules.gate_rule is not None:
            parts.append(f"{self.lack_tests:,} lack {_ORDINAL.get(self.rules.gate.tests, 'another')} test of the gate")
        return " · ".join(parts)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per candidate and criterion: `answer`, `value`, `day`, `row`, `distance`, `changes`.

        >>> from calor.screen.example import example_screen
        >>> example_screen().to_frame()[["criterion", "answer"]].head(2).values.tolist()
        [['recent', 'met'], ['alive', 'met']]
        """
        tables = []
        for i in self.rules.ids:
            part = self.answers[["person_id", *(f"{i}__{name}" for name in PARTS)]]
            part = part.set_axis(["person_id", "answer", *PARTS[1:]], axis=1)
            words = part["answer"].astype("boolean").map({True: MET, False: NOT_MET}).fillna(UNDETERMINED)
            tables.append(part.assign(answer=words.astype(object), criterion=i))
        whole = pd.concat(tables, ignore_index=True)
        return whole[["person_id", "criterion", "answer", *PARTS[1:]]].sort_values("person_id", kind="stable")


_ORDINAL = {2: "a second", 3: "a third", 4: "a fourth"}


def screen(facts: Facts, rules: Rules) -> Screened:
    """Judge every candidate of the staged records.

    Raises:
        RecordsError: The engine failed.

    >>> from calor.screen.example import example_facts, example_rules
    >>> screen(example_facts(), example_rules()).count("eligible")
    1
    """
    answers = rows(decide(facts, rules).order_by("person_id"))
    return Screened(rules, facts.persons, _typed(answers, rules), facts.notes)


def _typed(answers: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Give the columns one type whatever the engine: booleans with null, dates, whole numbers with null."""
    columns: dict[str, pd.Series] = {"person_id": answers["person_id"].astype("int64")}
    columns["status"] = answers["status"].astype(object)
    columns["index_day"] = _dates(answers["index_day"])
    late = answers["death_day"].notna() & (answers["death_day"] < answers["index_day"])
    columns["flags"] = late.map({True: "death_before_index", False: ""}).astype(object)
    for i in rules.ids:
        columns[f"{i}__met"] = answers[f"{i}__met"].astype("boolean")
        for part in ("value", "distance"):
            columns[f"{i}__{part}"] = answers[f"{i}__{part}"].astype("float64")
        columns[f"{i}__row"] = answers[f"{i}__row"].astype("Int64")
        for part in ("day", "changes"):
            columns[f"{i}__{part}"] = _dates(answers[f"{i}__{part}"])
    for name in ("gate_tests", "gate_fell"):
        if name in answers:
            columns[name] = answers[name].astype("int64")
    return pd.DataFrame(columns)


def _dates(days: pd.Series) -> pd.Series:
    """Turn days from 1970-01-01 into dates, None where there is none."""
    known = days.notna().to_numpy()
    numbers = days.fillna(0).to_numpy(dtype="int64")[known]
    which, different = pd.factorize(numbers)  # far fewer than candidates: each date is made once
    made = np.full(len(days), None, dtype=object)
    made[known] = different.astype("datetime64[D]").astype(object)[which]
    return pd.Series(made, index=days.index, dtype=object)
