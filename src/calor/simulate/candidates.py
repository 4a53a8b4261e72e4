"""Synthetic health records of people with a recent infarction: what a hospital's OMOP tables would hold of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

# Standard concepts of the shipped sets, as `vocabulary = "listed"` takes them.
_INFARCTIONS = (312327, 4296653, 4270024)
_ATORVASTATIN, _ASPIRIN, _METHOTREXATE = 1545958, 1112807, 1305058
_HS_CRP, _EGFR, _ALT = 3010156, 3049187, 3006923
_CONDITIONS = {"infection": (255848, 0.06), "cancer": (443392, 0.04), "autoimmune": (80809, 0.05)}
_MG_L, _U_L, _EGFR_UNIT = "mg/L", "U/L", "mL/min/{1.73_m2}"


def candidate_records(rng: np.random.Generator, today: date, persons: int = 90) -> dict[str, pd.DataFrame]:
    """Draw the OMOP tables of people who had an infarction within the last three weeks.

    Args:
        rng: Source of chance.
        today: The records' last day.
        persons: How many people.

    Returns:
        `person`, `condition_occurrence`, `drug_exposure`, `measurement` and `death`.

    Example:
        >>> tables = candidate_records(np.random.default_rng(1), date(2026, 6, 30), persons=5)
        >>> len(tables["person"]), sorted(tables)
        (5, ['condition_occurrence', 'death', 'drug_exposure', 'measurement', 'person'])
    """
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}
    for person in range(10_001, 10_001 + persons):
        infarction = today - timedelta(days=int(rng.integers(0, 21)))
        rows["person"].append(
            (person, int(rng.integers(1938, 1984)), int(rng.integers(1, 13)), int(rng.integers(1, 29)))
        )
        _conditions(rng, rows, person, infarction, today)
        _drugs(rng, rows, person, infarction)
        _results(rng, rows, person, infarction, today)
        if rng.random() < 0.02:
            rows["death"].append((person, today))
    return {name: pd.DataFrame(rows[name], columns=columns) for name, columns in _COLUMNS.items()}


_COLUMNS = {
    "person": ["person_id", "year_of_birth", "month_of_birth", "day_of_birth"],
    "condition_occurrence": [
        "condition_occurrence_id", "person_id", "condition_concept_id", "condition_start_date", "condition_end_date",
    ],
    "drug_exposure": [
        "drug_exposure_id", "person_id", "drug_concept_id", "drug_exposure_start_date", "drug_exposure_end_date",
        "days_supply",
    ],
    "measurement": [
        "measurement_id", "person_id", "measurement_concept_id", "measurement_date", "value_as_number",
        "unit_concept_id", "operator_concept_id", "value_source_value", "unit_source_value",
    ],
    "death": ["person_id", "death_date"],
}  # fmt: skip


def _conditions(
    rng: np.random.Generator, rows: dict[str, list[tuple[Any, ...]]], person: int, infarction: date, today: date
) -> None:
    table = rows["condition_occurrence"]
    table.append((len(table) + 1, person, int(rng.choice(_INFARCTIONS)), infarction, infarction + timedelta(days=3)))
    for concept, share in _CONDITIONS.values():
        if rng.random() < share:
            start = today - timedelta(days=int(rng.integers(1, 25)))
            table.append((len(table) + 1, person, concept, start, start))


def _drugs(rng: np.random.Generator, rows: dict[str, list[tuple[Any, ...]]], person: int, infarction: date) -> None:
    table = rows["drug_exposure"]
    for concept, share in ((_ATORVASTATIN, 0.96), (_ASPIRIN, 0.98), (_METHOTREXATE, 0.03)):
        if rng.random() < share:
            stop = infarction + timedelta(days=90)
            table.append((len(table) + 1, person, concept, infarction, stop, 90))


def _results(
    rng: np.random.Generator, rows: dict[str, list[tuple[Any, ...]]], person: int, infarction: date, today: date
) -> None:
    """Results since the infarction: hs-CRP falls from its peak, kidney and liver once."""
    table = rows["measurement"]
    since = (today - infarction).days
    level = float(rng.lognormal(np.log(2.2), 0.9))  # where hs-CRP comes to rest
    tests = [
        (_EGFR, float(np.clip(rng.normal(76, 22), 14, 120)), _EGFR_UNIT, 0),
        (_ALT, float(rng.lognormal(3.4, 0.5)), _U_L, 0),
    ]
    for after in sorted({0, *rng.integers(0, since + 1, size=2).tolist()}):
        crp = level + 9 * np.exp(-after / 3.0) * float(rng.lognormal(0, 0.3))
        tests.append((_HS_CRP, float(crp), _MG_L, int(after)))
    missing = rng.random(3) < (0.06, 0.06, 0.10)
    for concept, value, unit, after in tests:
        if not missing[(_EGFR, _ALT, _HS_CRP).index(concept)]:
            day = infarction + timedelta(days=after)
            table.append((len(table) + 1, person, concept, day, round(value, 1), 0, 0, f"{value:.1f}", unit))
