"""Judge one person on the records as they are now, as at the click that randomizes.

The expression that judges a million candidates takes half a second to compile. For one person the few rows are
fetched and the obvious engine answers; a test holds the two to the same answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from calor.errors import RecordsError
from calor.records.records import Records, plain_rows
from calor.records.tables import TABLES
from calor.records.units import unit_codes
from calor.records.vocabulary import resolve
from calor.screen.lab_units import convert, units_wanted
from calor.screen.oracle import OracleVerdict, judge
from calor.screen.oracle_chart import Roles
from calor.screen.record_checks import latest_day, refuse_late
from calor.screen.rules import Rules

_CONCEPTS = {
    "condition_occurrence": "condition_concept_id",
    "observation": "observation_concept_id",
    "drug_exposure": "drug_concept_id",
    "measurement": "measurement_concept_id",
}


@dataclass(frozen=True)
class Vocabulary:
    """What the rules' words mean at a site; it changes with the vocabulary tables and the protocol only.

    Attributes:
        roles: The sets of each concept, each with whether it belongs for certain.
        unit_codes: The UCUM code of each unit concept.
    """

    roles: Roles
    unit_codes: Mapping[int, str]


def vocabulary_of(records: Records, rules: Rules) -> Vocabulary:
    """Resolve the rules' concept sets and the units of a site.

    Raises:
        RecordsError: A set resolves to nothing.

    >>> from calor.screen.example import example_records, example_rules
    >>> len(vocabulary_of(example_records(), example_rules()).roles) > 0
    True
    """
    screening = rules.screening
    members = resolve(
        records,
        rules.sets,
        vocabulary=screening.vocabulary,
        concepts=screening.concepts,
        absent=screening.absent,
    )
    roles: dict[int, list[tuple[str, bool]]] = {}
    for role, concept, certain in members.frame.itertuples(index=False):
        roles.setdefault(int(concept), []).append((role, bool(certain)))
    return Vocabulary(roles, unit_codes(records))


def judge_person(records: Records, rules: Rules, person: int, vocabulary: Vocabulary) -> OracleVerdict | None:
    """Judge one person.

    Args:
        records: Opened health records.
        rules: What is asked.
        person: The person's id.
        vocabulary: What the rules' words mean in these records.

    Returns:
        The status and every answer; None where the records hold no such person, or none with the index event.

    Raises:
        RecordsError: The records cannot be read, hold the person twice or a row of hers dated in the future.

    >>> from calor.screen.example import example_records, example_rules
    >>> records, rules = example_records(), example_rules()
    >>> judge_person(records, rules, 1, vocabulary_of(records, rules)).status
    'eligible'
    """
    tables = {
        name: plain_rows(_of(records, name, person)) for name in ("person", "death", *_CONCEPTS) if name in records
    }
    if len(tables["person"]) > 1:
        got = f"{len(tables['person'])} rows of one"
        raise RecordsError.must("person", "hold each person_id once", got, fix="Remove the duplicates.")
    asked = {name: list(_asked(name, rows, vocabulary)) for name, rows in tables.items()}
    limit = latest_day(rules.as_of)
    for name, rows in asked.items():
        start = TABLES[name].start
        refuse_late(name, sum(row[start] is not None and row[start] > limit for row in rows) if start else 0)
    refuse_late("person", sum((row["year_of_birth"] or 0) > limit.year for row in tables["person"]))
    codes, wanted, masses = vocabulary.unit_codes, units_wanted(rules), rules.screening.molar_mass_g_per_mol

    def unit_factor(role: str, concept: int, text: str) -> float | None:
        return convert(role, concept, text, codes, wanted, masses)

    verdict = judge(asked, rules, vocabulary.roles, unit_factor).get(person)
    return None if verdict is None or verdict.status == "not in base" else verdict


def _of(records: Records, name: str, person: int) -> Any:
    return records[name].filter(records[name].person_id == person)


def _asked(name: str, rows: list[dict[str, Any]], vocabulary: Vocabulary) -> Iterator[dict[str, Any]]:
    """Return the rows whose concept belongs to a set; of persons and deaths, all."""
    concept = _CONCEPTS.get(name)
    return (row for row in rows if concept is None or row[concept] in vocabulary.roles)
