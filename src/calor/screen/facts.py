"""Stage the few rows that the criteria ask for as narrow tables: the only pass over the whole records.

Everything that depends on the day of screening comes later, so that a staged table serves every day and every what-if.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import pandas as pd
import pyarrow as pa
from ibis import BaseBackend
from ibis.expr import types as ir

from calor.records.records import Records, day_number, in_query, staged
from calor.records.vocabulary import Members, resolve
from calor.screen.lab_units import factors
from calor.screen.record_checks import check_days, count_persons
from calor.screen.rules import Rules

TABLES = ("people", "events", "drugs", "labs")
EVENTS = {"condition_occurrence": "condition_concept_id", "observation": "observation_concept_id"}
"""The tables in which an event can stand, and the column that says which."""


@dataclass(frozen=True)
class Facts:
    """What the criteria ask of everyone who ever had the index event.

    Attributes:
        engine: Where the tables lie.
        people: `person_id`, year, month and day of birth, whether a death is recorded, and its day.
        events: Conditions and observations: `person_id`, `role`, `row_id`, `start`, `stop`.
        drugs: Exposures: `person_id`, `role`, `row_id`, `certain`, `start`, `stop` (null where unknown).
        labs: Results: `person_id`, `role`, `row_id`, `day`, number, operator, unit and text as recorded.
        factors: `role`, `unit_concept_id`, `unit_text`, `factor`: to the unit in which the set is compared.
        members: The concepts of each set.
        persons: Persons in the records, with the index event or without.
        absent: Sets for which the site's vocabulary holds nothing.
        notes: What the records lack.
    """

    engine: BaseBackend
    people: ir.Table
    events: ir.Table
    drugs: ir.Table
    labs: ir.Table
    factors: pd.DataFrame
    members: Members
    persons: int
    absent: frozenset[str]
    notes: tuple[str, ...]


def stage(records: Records, rules: Rules) -> Facts:
    """Stage the rows that the rules ask for.

    Args:
        records: Opened health records.
        rules: What is asked.

    Raises:
        RecordsError: The records cannot be read, hold a person twice or a row dated in the future, or lack what a rule
            needs.

    >>> from calor.screen.example import example_records, example_rules
    >>> stage(example_records(), example_rules()).persons
    6
    """
    screening = rules.screening
    names = rules.sets
    members = resolve(
        records,
        names,
        vocabulary=screening.vocabulary,
        concepts=screening.concepts,
        absent=screening.absent,
    )
    persons = count_persons(records)
    concepts = staged_members(records.engine, members)
    candidates = staged(records.engine, with_event(records, concepts, screening.infarction))
    tables = {n: staged(records.engine, e) for n, e in narrow(records, concepts, candidates).items()}
    return facts_of(records, rules, tables, members, persons)


def facts_of(records: Records, rules: Rules, tables: Mapping[str, ir.Table], members: Members, persons: int) -> Facts:
    """Check staged tables, find the factors of their units and say what they lack.

    Raises:
        RecordsError: A row is dated in the future.

    >>> from calor.screen.example import example_facts, example_records, example_rules
    >>> facts = example_facts()
    >>> tables = {name: getattr(facts, name) for name in TABLES}
    >>> facts_of(example_records(), example_rules(), tables, facts.members, facts.persons).notes[-1]
    'No drug_strength table.'
    """
    undated = check_days(tables, rules.as_of)
    lacks = [f"No {name} table." for name in ("observation", "drug_strength") if name not in records]
    return Facts(
        records.engine,
        **tables,
        factors=factors(records, tables["labs"], rules),
        members=members,
        persons=persons,
        absent=frozenset(rules.sets) - set(members.frame["role"]),
        notes=(*records.notes, *members.notes, *lacks, *undated),
    )


def narrow(records: Records, concepts: ir.Table, candidates: ir.Table) -> dict[str, ir.Table]:
    """Return the expression of each narrow table, for the persons of `candidates`.

    >>> from calor.records.records import rows
    >>> from calor.screen.example import example_facts, example_records
    >>> records, members = example_records(), example_facts().members
    >>> concepts = staged_members(records.engine, members)
    >>> candidates = staged(records.engine, with_event(records, concepts, "mi"))
    >>> {name: len(rows(table)) for name, table in narrow(records, concepts, candidates).items()}
    {'people': 5, 'events': 5, 'drugs': 4, 'labs': 7}
    """
    return {
        "people": people(records, candidates),
        "events": _events(records, concepts, candidates),
        "drugs": _drugs(records, concepts, candidates),
        "labs": _labs(records, concepts, candidates),
    }


def staged_members(engine: BaseBackend, members: Members) -> ir.Table:
    """Stage the members of the sets: an engine that knows how few they are joins them first, at two thirds the cost.

    >>> from calor.screen.example import example_facts
    >>> facts = example_facts()
    >>> staged_members(facts.engine, facts.members).columns
    ('role', 'concept_id', 'certain')
    """
    schema = {"role": pa.string(), "concept_id": pa.int64(), "certain": pa.bool_()}
    return staged(engine, in_query(members.frame, schema).filter(ibis._.concept_id > 0))


def with_event(records: Records, concepts: ir.Table, infarction: str, among: ir.Table | None = None) -> ir.Table:
    """Return the persons who ever had the index event, each once; among some persons, where they are given.

    >>> from calor.records.records import rows
    >>> from calor.screen.example import example_facts, example_records
    >>> records, members = example_records(), example_facts().members
    >>> concepts = staged_members(records.engine, members)
    >>> sorted(rows(with_event(records, concepts, "mi"))["person_id"].to_list())
    [1, 2, 3, 4, 5]
    """
    index = concepts.filter(concepts.role == infarction)
    found = [_of_index(records[name], column, index, among) for name, column in EVENTS.items() if name in records]
    return ibis.union(*found, distinct=True) if len(found) > 1 else found[0].distinct()


def _of_index(table: ir.Table, column: str, index: ir.Table, among: ir.Table | None) -> ir.Table:
    here = table if among is None else table.inner_join(among, "person_id")
    return here.semi_join(index, here[column] == index.concept_id)[["person_id"]]


def people(records: Records, candidates: ir.Table) -> ir.Table:
    """Return birth and death of each candidate.

    >>> from calor.records.records import plain_rows
    >>> from calor.screen.example import example_records
    >>> records = example_records()
    >>> found = people(records, records["death"][["person_id"]])
    >>> plain_rows(found["person_id", "year_of_birth", "death_day"])
    [{'person_id': 5, 'year_of_birth': 1960, 'death_day': 20544}]
    """
    person = records["person"].semi_join(candidates, "person_id")
    death = records["death"].semi_join(candidates, "person_id")
    deaths = death.group_by("person_id").agg(
        death_day=day_number(death.death_date).min(), deaths_undated=death.count() - death.death_date.count()
    )
    joined = person.left_join(deaths, "person_id")
    return joined.select(
        "person_id",
        "year_of_birth",
        "month_of_birth",
        "day_of_birth",
        "death_day",
        deaths_undated=ibis.coalesce(joined.deaths_undated, 0).cast("int64"),
    )


def _events(records: Records, concepts: ir.Table, candidates: ir.Table) -> ir.Table:
    condition = records["condition_occurrence"]
    events = of_sets(condition, "condition_concept_id", concepts, candidates).select(
        "person_id",
        "role",
        row_id=ibis._.condition_occurrence_id,
        start=day_number(ibis._.condition_start_date),
        stop=day_number(ibis.coalesce(ibis._.condition_end_date, ibis._.condition_start_date)),
    )
    if "observation" not in records:
        return events
    observation = of_sets(records["observation"], "observation_concept_id", concepts, candidates).select(
        "person_id",
        "role",
        row_id=ibis._.observation_id,
        start=day_number(ibis._.observation_date),
        stop=day_number(ibis._.observation_date),
    )
    return events.union(observation)


def _drugs(records: Records, concepts: ir.Table, candidates: ir.Table) -> ir.Table:
    start = day_number(ibis._.drug_exposure_start_date)
    return of_sets(records["drug_exposure"], "drug_concept_id", concepts, candidates).select(
        "person_id",
        "role",
        "certain",
        row_id=ibis._.drug_exposure_id,
        start=start,
        stop=ibis.coalesce(day_number(ibis._.drug_exposure_end_date), start + ibis._.days_supply),
    )


def _labs(records: Records, concepts: ir.Table, candidates: ir.Table) -> ir.Table:
    return of_sets(records["measurement"], "measurement_concept_id", concepts, candidates).select(
        "person_id",
        "role",
        row_id=ibis._.measurement_id,
        day=day_number(ibis._.measurement_date),
        number=ibis._.value_as_number,
        operator_concept_id=ibis.coalesce(ibis._.operator_concept_id, 0).cast("int64"),
        unit_concept_id=ibis.coalesce(ibis._.unit_concept_id, 0).cast("int64"),
        unit_text=ibis.coalesce(ibis._.unit_source_value, ""),
        text=ibis.coalesce(ibis._.value_source_value, ""),
    )


def of_sets(table: ir.Table, column: str, concepts: ir.Table, candidates: ir.Table) -> ir.Table:
    """Keep a table's rows of the sets' concepts and of the candidates.

    Candidates stand there once each, so an inner join is a semi-join that DuckDB does at two thirds of the cost.

    >>> from calor.records.records import rows
    >>> from calor.screen.example import example_facts, example_records
    >>> records, members = example_records(), example_facts().members
    >>> concepts = staged_members(records.engine, members)
    >>> found = of_sets(records["drug_exposure"], "drug_concept_id", concepts, records["person"][["person_id"]])
    >>> sorted(rows(found)["role"].unique())
    ['statin']
    """
    kept = table.inner_join(candidates, "person_id")
    return kept.inner_join(concepts, kept[column] == concepts.concept_id)
