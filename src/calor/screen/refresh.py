"""Screen again after a day's rows: only the persons they touch are read from the records and, on one day, judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import ibis
import pandas as pd
import pyarrow as pa
from ibis.expr import types as ir

from calor.errors import ScreenError
from calor.records.records import Records, in_query, staged
from calor.screen.facts import TABLES, Facts, count_persons, factors, narrow, refuse_future, staged_members, with_event
from calor.screen.rules import Rules
from calor.screen.screened import Screened, screen


def refresh(
    facts: Facts, before: Screened, records: Records, rules: Rules, touched: Iterable[int]
) -> tuple[Facts, Screened, pd.DataFrame]:
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
        Facts and answers as they are now, and what changed: `person_id`, `was`, `now` (status, or `not in base`) and
        `criteria` (ids of those whose answer changed).

    Raises:
        ScreenError: The criteria are not those of `before`.
        RecordsError: The records cannot be read.
    """
    asked, answered = rules.screening, before.rules.screening
    if (asked, rules.gate, rules.gate_unit) != (answered, before.rules.gate, before.rules.gate_unit):
        raise ScreenError.must("rules", "be those of the screen to refresh", "others", fix="Screen from scratch.")
    engine = records.engine
    ids = pd.DataFrame({"person_id": pd.Series(sorted(set(touched)), dtype="int64")})
    persons = staged(engine, in_query(ids, {"person_id": pa.int64()}).filter(ibis._.person_id != 0))
    concepts = staged_members(engine, facts.members)
    candidates = staged(engine, with_event(records, concepts, asked.infarction).semi_join(persons, "person_id"))
    fresh = {n: staged(engine, e) for n, e in narrow(records, concepts, candidates).items()}
    refuse_future(fresh, rules.as_of)
    merged = {n: staged(engine, _without(getattr(facts, n), persons).union(fresh[n])) for n in TABLES}
    now = replace(facts, **merged, factors=factors(records, merged["labs"], rules), persons=count_persons(records))
    if rules.as_of == before.rules.as_of:
        part = screen(replace(now, **fresh), rules).answers
        kept = before.answers[~before.answers["person_id"].isin(ids["person_id"])]
        answers = pd.concat([kept, part], ignore_index=True) if len(part) else kept
        after = replace(before, persons=now.persons, answers=answers.sort_values("person_id", ignore_index=True))
    else:
        after = screen(now, rules)
    return now, after, changed(before, after)


def changed(before: Screened, after: Screened) -> pd.DataFrame:
    """Return the candidates whose status or any answer changed between two screens by the same criteria."""
    columns = ["status", *(f"{i}__met" for i in after.rules.ids)]
    old, new = (s.answers.set_index("person_id")[columns] for s in (before, after))
    everyone = old.index.union(new.index)
    old, new = old.reindex(everyone), new.reindex(everyone)
    differs = pd.DataFrame(
        {c: ~((old[c] == new[c]).fillna(value=False) | (old[c].isna() & new[c].isna())) for c in columns}
    )
    rows = differs.any(axis=1).to_numpy()
    names = [", ".join(c.removesuffix("__met") for c in columns[1:] if row[c]) for _, row in differs[rows].iterrows()]
    outside = "not in base"
    table = {"was": old.loc[rows, "status"].fillna(outside), "now": new.loc[rows, "status"].fillna(outside)}
    return pd.DataFrame({**table, "criteria": names}).rename_axis("person_id").reset_index()


def _without(table: ir.Table, persons: ir.Table) -> ir.Table:
    return table.anti_join(persons, "person_id")
