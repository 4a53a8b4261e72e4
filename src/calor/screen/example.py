"""Six made-up persons and the rules to screen them by: what the examples of this package run on."""

from __future__ import annotations

from datetime import date
from functools import cache

import pandas as pd

from calor.protocol.biomarkers import Gate
from calor.protocol.screening import Screening
from calor.records.open import in_memory
from calor.records.records import Records
from calor.screen.facts import Facts, stage
from calor.screen.rules import Rules
from calor.screen.screened import Screened, screen

AS_OF = date(2026, 6, 30)
HSCRP = {1: (3.1, 2.4), 2: (3.1, 1.2), 3: (2.5,), 4: (4.0, 5.5)}
"""hs-CRP of each person [mg/L], from May on, a month apart."""


def example_records() -> Records:
    """Return the health records of six persons, five of whom had an infarction on 1 March 2026.

    >>> sorted(example_records().tables)
    ['condition_occurrence', 'death', 'drug_exposure', 'measurement', 'person']
    """
    day = pd.Timestamp("2026-03-01")
    tests = [(person, value, n) for person, values in HSCRP.items() for n, value in enumerate(values)]
    people = range(1, 7)
    return in_memory(
        {
            "person": pd.DataFrame({"person_id": people, "year_of_birth": 1960}),
            "condition_occurrence": pd.DataFrame(
                {
                    "condition_occurrence_id": people[:5],
                    "person_id": people[:5],
                    "condition_concept_id": 4329847,
                    "condition_start_date": day,
                }
            ),
            "drug_exposure": pd.DataFrame(
                {
                    "drug_exposure_id": people[:4],
                    "person_id": people[:4],
                    "drug_concept_id": 1545958,
                    "drug_exposure_start_date": day,
                    "days_supply": [180, 180, 180, 30],
                }
            ),
            "measurement": pd.DataFrame(
                {
                    "measurement_id": range(1, len(tests) + 1),
                    "person_id": [person for person, _, _ in tests],
                    "measurement_concept_id": 3010156,
                    "measurement_date": [pd.Timestamp(2026, 5 + n, 1) for _, _, n in tests],
                    "value_as_number": [value for _, value, _ in tests],
                    "unit_concept_id": 8751,
                }
            ),
            "death": pd.DataFrame({"person_id": [5], "death_date": [pd.Timestamp("2026-04-01")]}),
        }
    )


def example_rules() -> Rules:
    """Return rules: infarction within a year, alive, statin now, hs-CRP at or above 2 mg/L twice, 28 days apart.

    >>> example_rules().ids
    ('recent', 'alive', 'statin', 'inflamed')
    """
    criteria = [
        {"kind": "recent_infarction", "id": "recent"},
        {"kind": "alive", "id": "alive"},
        {"kind": "drug_covered", "id": "statin", "drug": "statin"},
        {"kind": "biomarker_gate", "id": "inflamed"},
    ]
    gate = Gate(
        biomarker="hs_crp",
        cutoff=2,
        comparator=">=",
        tests=2,
        least_interval_days=28,
        window=(0, 365),
        window_from="infarction",
    )
    return Rules(AS_OF, Screening.model_validate({"vocabulary": "listed", "criteria": criteria}), gate, "mg/L")


@cache
def example_facts() -> Facts:
    """Return the six persons' facts, staged once for all examples.

    >>> example_facts().persons
    6
    """
    return stage(example_records(), example_rules())


@cache
def example_screen() -> Screened:
    """Return the answers about the six persons.

    >>> example_screen().count("eligible")
    1
    """
    return screen(example_facts(), example_rules())
