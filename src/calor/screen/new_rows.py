"""Facts with the rows of new files: those of the candidates, and all of those who are candidates only now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import ibis
import pandas as pd
from ibis.expr import types as ir

from calor.records.open import added
from calor.records.records import Records, rows, staged
from calor.screen.facts import TABLES, Facts, facts_of, narrow, people, staged_members, with_event
from calor.screen.refresh import staged_persons
from calor.screen.rules import Rules


def with_new_rows(
    old: Facts, records: Records, rules: Rules, new: Mapping[str, tuple[str, ...]], changed: set[int]
) -> tuple[Facts, int]:
    """Add the new files' rows of the candidates and all rows of those who are candidates only now.

    Args:
        old: What was kept.
        records: The records as they are now.
        rules: What is asked.
        new: New files by table.
        changed: Candidates whose birth or death reads otherwise than it did.

    Returns:
        The facts as they are now, and how many persons have a row that was added or changed.

    >>> from calor.screen.example import example_records, example_rules
    >>> from calor.screen.facts import stage
    >>> records, rules = example_records(), example_rules()
    >>> facts, touched = with_new_rows(stage(records, rules), records, rules, {}, {1})  # a birth or death corrected
    >>> facts.persons, touched
    (6, 1)
    """
    engine, infarction = records.engine, rules.screening.infarction
    concepts = staged_members(engine, old.members)
    today = replace(records, tables={name: _new_rows(records, name, new) for name in records.tables})
    known = staged(engine, _candidates(old, infarction))
    joining = staged(engine, with_event(today, concepts, infarction).anti_join(known, "person_id"))
    other = staged_persons(records, changed)
    added_rows, whole = narrow(today, concepts, known), narrow(records, concepts, joining)
    merged = {"people": old.people.anti_join(other, "person_id").union(people(records, other.union(joining)))}
    for name in ("events", "drugs", "labs"):
        merged[name] = getattr(old, name).union(added_rows[name]).union(whole[name])
    tables = {name: staged(engine, merged[name]) for name in TABLES}
    touched = ibis.union(other, joining, *(added_rows[name][["person_id"]] for name in ("events", "drugs", "labs")))
    return facts_of(records, rules, tables, old.members, old.persons), len(rows(touched.distinct()))


def _new_rows(records: Records, name: str, new: Mapping[str, tuple[str, ...]]) -> ir.Table:
    """Return the rows of a table's new files; none where it has no new file."""
    if name not in new:
        return records[name].limit(0)
    return added(records, name, tuple(path for path in records.files[name] if path.name in new[name]))


def _candidates(facts: Facts, infarction: str) -> ir.Table:
    return facts.events.filter(facts.events.role == infarction)[["person_id"]].distinct()


def of_changed_people(records: Records, facts: Facts, infarction: str) -> set[int]:
    """Return the candidates whose birth or death reads otherwise than it did.

    >>> from calor.screen.example import example_records, example_rules
    >>> from calor.screen.facts import stage
    >>> records = example_records()
    >>> of_changed_people(records, stage(records, example_rules()), "mi")
    set()
    """
    now, before = rows(people(records, _candidates(facts, infarction))), rows(facts.people)
    both = pd.concat([now, before[now.columns]])
    return {int(i) for i in both.drop_duplicates(keep=False)["person_id"]}
