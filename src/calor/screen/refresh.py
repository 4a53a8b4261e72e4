"""Screen again after a day's rows: only the persons they touch are read from the records and, on one day, judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr import types as ir

from calor.errors import ScreenError
from calor.records.records import Records, in_query, staged
from calor.screen.facts import TABLES, Facts, facts_of, narrow, staged_members, with_event
from calor.screen.record_checks import count_persons
from calor.screen.rules import Rules
from calor.screen.screened import Screened, screen

OUTSIDE = "not in base"
"""Whoever never had the index event."""


@dataclass(frozen=True)
class Changes:
    """What is not as it was at an earlier screen by the same criteria.

    Attributes:
        since: Day of the earlier screen.
        table: `person_id`, `was`, `now` (status, or `not in base`) and `criteria` (ids of those whose answer changed).
    """

    since: date
    table: pd.DataFrame

    def __str__(self) -> str:
        was, now = self.table["was"], self.table["now"]
        parts = [
            (int(((was != "eligible") & (now == "eligible")).sum()), "newly eligible"),
            (int(((was == "eligible") & (now != "eligible")).sum()), "no longer eligible"),
            (int((was == OUTSIDE).sum()), "new in base"),
            (int((now == OUTSIDE).sum()), "no longer in base"),
            (int(((was == now) & (was != OUTSIDE)).sum()), "with other answers and the same status"),
        ]
        words = " · ".join(f"{n:,} {what}" for n, what in parts if n)
        return f"since {self.since}: {words or 'nothing changed'}"


def refresh(
    facts: Facts, before: Screened, records: Records, rules: Rules, touched: Iterable[int]
) -> tuple[Facts, Screened, Changes]:
    """Bring staged facts and answers up to date with the records.

    The rows of the persons touched are read anew, so that corrected and deleted rows count as well as new ones; the
    answer is the one that staging everything would give. On a later day everyone is judged again, since windows move,
    but nobody else's records are read.

    Args:
        facts: What was staged.
        before: Its answers.
        records: The records as they are now, on the same engine.
        rules: The same criteria, on the same day or a later one.
        touched: Persons with a row that is new, changed or gone.

    Returns:
        Facts and answers as they are now, and what changed.

    Raises:
        ScreenError: The criteria are not those of `before`.
        RecordsError: The records cannot be read.

    >>> from calor.screen.example import example_records, example_rules
    >>> from calor.screen.facts import stage
    >>> records, rules = example_records(), example_rules()
    >>> facts = stage(records, rules)
    >>> print(refresh(facts, screen(facts, rules), records, replace(rules, as_of=date(2027, 3, 2)), [])[2])
    since 2026-06-30: 1 no longer eligible · 4 with other answers and the same status
    """
    if not same_criteria(before.rules, rules):
        raise ScreenError.must("rules", "be those of the screen to refresh", "others", fix="Screen from scratch.")
    ids = sorted(set(touched))
    now = read_again(replace(facts, persons=count_persons(records)), records, rules, ids)
    if rules.as_of == before.rules.as_of:
        persons = staged_persons(records, ids)
        fresh = screen(
            replace(now, **{n: getattr(now, n).semi_join(persons, "person_id") for n in TABLES}), rules
        ).answers
        kept = before.answers[~before.answers["person_id"].isin(ids)]
        answers = pd.concat([kept, fresh], ignore_index=True) if len(fresh) else kept
        after = replace(before, persons=now.persons, answers=answers.sort_values("person_id", ignore_index=True))
    else:
        after = screen(now, rules)
    return now, after, changed(before, after)


def read_again(facts: Facts, records: Records, rules: Rules, touched: Iterable[int]) -> Facts:
    """Return everyone's facts as they are now, the rows of some persons read anew.

    Args:
        facts: What was staged.
        records: The records as they are now, on the same engine.
        rules: What is asked; its concept sets must be those of `facts`.
        touched: Persons to read.

    Raises:
        RecordsError: The records cannot be read.

    >>> from calor.screen.example import example_records, example_rules
    >>> from calor.screen.facts import stage
    >>> from calor.records.records import rows
    >>> records, rules = example_records(), example_rules()
    >>> now = read_again(stage(records, rules), records, rules, touched=[1, 2])
    >>> len(rows(now.labs))  # as before, since nothing changed
    7
    """
    engine, persons = records.engine, staged_persons(records, touched)
    concepts = staged_members(engine, facts.members)
    candidates = staged(engine, with_event(records, concepts, rules.screening.infarction, persons))
    fresh = narrow(records, concepts, candidates)
    merged = {n: staged(engine, _without(getattr(facts, n), persons).union(fresh[n])) for n in TABLES}
    return facts_of(records, rules, merged, facts.members, facts.persons)


def staged_persons(records: Records, persons: Iterable[int]) -> ir.Table:
    """Stage a list of persons.

    >>> from calor.records.records import rows
    >>> rows(staged_persons(Records(ibis.duckdb.connect(), {}), [1, 2]))["person_id"].to_list()
    [1, 2]
    """
    ids = pd.DataFrame({"person_id": pd.Series(list(persons), dtype="int64")})
    # A filter that keeps every row: ibis 12 cannot stage a bare table of its own.
    return staged(records.engine, in_query(ids, {"person_id": pa.int64()}).filter(ibis._.person_id == ibis._.person_id))


def same_criteria(before: Rules, after: Rules) -> bool:
    """Tell whether two screens ask the same, be it on another day.

    >>> from calor.screen.example import example_rules
    >>> same_criteria(example_rules(), replace(example_rules(), as_of=date(2026, 7, 1)))
    True
    """
    asked, ask = before.screening.model_copy(update={"as_of": None}), after.screening.model_copy(update={"as_of": None})
    return (asked, before.gate, before.gate_unit) == (ask, after.gate, after.gate_unit)


def changed(before: Screened, after: Screened) -> Changes:
    """Return the candidates whose status or any answer changed between two screens by the same criteria.

    >>> from calor.screen.example import example_screen
    >>> print(changed(example_screen(), example_screen()))
    since 2026-06-30: nothing changed
    """
    everyone = pd.Index(np.union1d(before.answers["person_id"], after.answers["person_id"]), name="person_id")
    (was, old), (now, new) = (_states(part, everyone) for part in (before, after))
    moved = old != new
    differs = moved.any(axis=1) | (was != now).to_numpy()
    names = np.array(after.rules.ids)
    words = [", ".join(names[row]) for row in moved[differs]]
    table = pd.DataFrame({"was": was[differs], "now": now[differs], "criteria": words})
    return Changes(before.rules.as_of, table.reset_index())


def _states(part: Screened, everyone: pd.Index) -> tuple[pd.Series, np.ndarray]:
    """Return everyone's status, and their answers by criterion; outside the base all are -2."""
    at = pd.Index(part.answers["person_id"]).get_indexer(everyone)
    status = part.answers["status"].to_numpy(dtype=object)
    met = (
        np.where((at >= 0)[:, None], part.met[at], -2)
        if len(part.answers)
        else np.full((len(at), len(part.rules.ids)), -2)
    )
    return pd.Series(np.where(at >= 0, status[at], OUTSIDE) if len(status) else OUTSIDE, index=everyone), met


def _without(table: ir.Table, persons: ir.Table) -> ir.Table:
    return table.anti_join(persons, "person_id")
