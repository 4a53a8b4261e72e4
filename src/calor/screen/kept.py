"""Staged tables kept on disk between screens, so that a later one reads only files that are new.

Kept are the narrow tables, which hold identifiers, with marks of the files that they were staged from and a key over
everything else that staging depends on. Where the key or a mark differs, everything is staged from scratch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from calor.errors import RecordsError
from calor.protocol.biomarkers import Gate
from calor.protocol.screening import Screening
from calor.records.marks import Marks, marks_of, new_files
from calor.records.records import Records, on_engine, rows, staged
from calor.records.vocabulary import Members
from calor.screen.facts import TABLES, Facts, facts_of, stage
from calor.screen.lab_units import units_wanted
from calor.screen.new_rows import of_changed_people, with_new_rows
from calor.screen.record_checks import count_persons
from calor.screen.refresh import same_criteria
from calor.screen.rules import Rules
from calor.screen.screened import Screened

FILE = "kept.json"
PEOPLE = ("person", "death")
"""Small tables that are read whole whenever one of their files changed."""

CONCEPT = {
    "condition_occurrence": "condition_concept_id",
    "drug_exposure": "drug_concept_id",
    "measurement": "measurement_concept_id",
    "observation": "observation_concept_id",
}
"""Large tables, of which only new files are read, and the column that says what a row is about."""


@dataclass(frozen=True)
class Staged:
    """Facts as the records are now.

    Attributes:
        facts: The staged tables.
        marks: Marks of the files that they were staged from.
        reread: Persons with a row that was added or changed; None where everyone's rows were read.
        before: The answers of the screen that kept its facts, if its criteria were the same.
    """

    facts: Facts
    marks: Marks
    reread: int | None
    before: Screened | None

    def __str__(self) -> str:
        return "everyone's rows read" if self.reread is None else f"new rows of {self.reread:,} persons read"


def bring_up_to_date(records: Records, rules: Rules, folder: Path, salt: str = "") -> Staged:
    """Return the facts of the records as they are now, from what an earlier screen kept where that serves.

    Args:
        records: Opened records.
        rules: What is asked.
        folder: Where facts were kept, if they were.
        salt: What else makes kept facts stale, such as a hash of the code that staged them.

    Raises:
        RecordsError: The records cannot be read, or break a rule.

    >>> from calor.screen.example import example_records, example_rules
    >>> print(bring_up_to_date(example_records(), example_rules(), Path("nothing was kept here")))
    everyone's rows read
    """
    marks = marks_of(records.files)
    state = _state(folder)
    before = _before(records, folder, state, rules)
    old = _old(records, rules, folder, marks, state, salt) if state else None
    if old is None:
        return Staged(stage(records, rules), marks, None, before)
    kept: Marks = state["marks"]
    new = {name: files for name in CONCEPT if (files := new_files(kept, marks, name))}
    moved = any(marks.get(name) != kept.get(name) for name in PEOPLE)
    changed = of_changed_people(records, old, rules.screening.infarction) if moved else set()
    if new or changed:
        facts, touched = with_new_rows(old, records, rules, new, changed)
        return Staged(facts, marks, touched, before)
    tables = {name: staged(records.engine, getattr(old, name)) for name in TABLES}  # the files are soon replaced
    return Staged(facts_of(records, rules, tables, old.members, old.persons), marks, 0, before)


def keep(part: Staged, screened: Screened, folder: Path, salt: str = "") -> None:
    """Write the facts and the answers of a screen for the next one; nothing where the records are no files.

    Args:
        part: Facts with their marks.
        screened: Their answers.
        folder: Where to; made if it is not there.
        salt: As for `bring_up_to_date`.

    >>> import tempfile
    >>> from calor.screen.example import example_facts, example_screen
    >>> part = Staged(example_facts(), {"measurement": {"2026-06.parquet": "a mark"}}, None, None)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keep(part, example_screen(), Path(folder))
    ...     sorted(path.stem for path in Path(folder).iterdir())
    ['answers', 'drugs', 'events', 'kept', 'labs', 'members', 'people']
    """
    if not part.marks:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        with on_engine():
            getattr(part.facts, name).to_parquet(folder / f"{name}.parquet")
    part.facts.members.frame.to_parquet(folder / "members.parquet", index=False)
    met = [f"{i}__met" for i in screened.rules.ids]
    screened.answers[["person_id", "status", *met]].to_parquet(folder / "answers.parquet", index=False)
    state = {
        "key": _key(screened.rules, salt),
        "marks": part.marks,
        "persons": part.facts.persons,
        "notes": part.facts.members.notes,
        "rules": _plain(screened.rules),
    }
    (folder / FILE).write_text(json.dumps(state), encoding="utf-8")


def _state(folder: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state


def _key(rules: Rules, salt: str) -> str:
    """Hash what staging depends on beside the records: the concept sets and how they resolve, units, time zone."""
    asked = rules.screening
    parts = (
        salt,
        asked.infarction,
        sorted(rules.sets),
        asked.vocabulary,
        sorted(asked.concepts.items()),
        sorted(asked.absent),
        sorted(units_wanted(rules).items()),
        asked.time_zone,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _plain(rules: Rules) -> dict[str, Any]:
    return {
        "as_of": rules.as_of.isoformat(),
        "screening": rules.screening.model_dump(mode="json"),
        "gate": rules.gate.model_dump(mode="json") if rules.gate else None,
        "gate_unit": rules.gate_unit,
    }


def _before(records: Records, folder: Path, state: Mapping[str, Any], rules: Rules) -> Screened | None:
    """Return the answers that were kept, if they were given by the same criteria."""
    if not state:
        return None
    told = state["rules"]
    gate = Gate.model_validate(told["gate"]) if told["gate"] else None
    asked = Screening.model_validate(told["screening"])
    then = Rules(date.fromisoformat(told["as_of"]), asked, gate, told["gate_unit"])
    if not same_criteria(then, rules):
        return None
    try:
        answers = _kept(records, folder, "answers").sort_values("person_id", ignore_index=True)
    except RecordsError:
        return None  # damaged
    return Screened(then, state["persons"], answers, ())


def _kept(records: Records, folder: Path, name: str) -> pd.DataFrame:
    """Read a kept table through the engine, which is there already: pandas' own reader takes a tenth of a second."""
    with on_engine():
        return rows(records.engine.read_parquet(folder / f"{name}.parquet"))


def _old(
    records: Records, rules: Rules, folder: Path, marks: Marks, state: Mapping[str, Any], salt: str
) -> Facts | None:
    """Return what was kept; None where it does not serve."""
    if not marks or state["key"] != _key(rules, salt):
        return None
    old: Marks = state["marks"]
    for name in {*old, *marks} - set(PEOPLE):
        new = new_files(old, marks, name)
        if new is None or (new and name not in CONCEPT):
            return None
    try:
        members = Members(_kept(records, folder, "members"), tuple(state["notes"]))
        with on_engine():
            tables = {name: records.engine.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    except (OSError, ValueError, RecordsError):
        return None  # damaged: it can be made again
    recount = marks.get("person") != old.get("person")
    persons = count_persons(records) if recount else int(state["persons"])
    nothing = pd.DataFrame(columns=["role", "unit_concept_id", "unit_text", "factor"])  # found once brought up to date
    return Facts(
        records.engine,
        **tables,
        factors=nothing,
        members=members,
        persons=persons,
        absent=frozenset(),
        notes=(),
    )
