"""Synthetic health records of a year after infarction, with serial tests of a marker as repeatable as stated."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.errors import SimulationError
from calor.records.concept_set import concept_set
from calor.simulate.marker import Marker

FIRST_DAY = 30
"""Day after infarction from which the marker is drawn at its long-term level; before, it is acute phase."""

_ACUTE_FOLD, _ACUTE_LOG_SD = 6.4, 0.9
_SPACING_DAYS = (14, 7, 30, 60)
_TESTED = (0.9, 0.8, 0.6, 0.5)
_CONDITIONS = {"infection": 0.05, "cancer": 0.03, "autoimmune": 0.04}
_DRUGS = {"statin": 0.95, "antiplatelet": 0.97, "immunosuppressant": 0.02}
_ONCE = {
    "egfr": (78.0, 0.2, "mL/min/{1.73_m2}"),
    "alt": (28.0, 0.4, "U/L"),
    "ldl": (1.5, 0.25, "mmol/L"),
}
Days = Float[np.ndarray, " row"]


def post_infarction_records(
    rng: np.random.Generator, today: date, *, persons: int = 3000, marker: Marker, within_days: int = 365
) -> dict[str, pd.DataFrame]:
    """Draw OMOP tables of people who had an infarction within a year.

    Every person has hs-CRP measured in the acute phase, and from a month on up to four times about an own long-term
    level, as `marker` says. Nobody is real, and nothing but the marker imitates a population.

    Args:
        rng: Random generator.
        today: The records' last day.
        persons: How many people.
        marker: hs-CRP a month after infarction and later.
        within_days: Infarctions are spread evenly over as many days.

    Returns:
        `person`, `condition_occurrence`, `drug_exposure`, `measurement` and `death`.

    Raises:
        SimulationError: Nobody, or no days.

    >>> hs_crp = Marker(median=1.43, log_sd=1.134, icc=0.62)
    >>> tables = post_infarction_records(np.random.default_rng(1), date(2026, 6, 30), persons=5, marker=hs_crp)
    >>> len(tables["person"]), sorted(tables)
    (5, ['condition_occurrence', 'death', 'drug_exposure', 'measurement', 'person'])
    """
    if persons < 1 or within_days < 1:
        raise SimulationError.must(
            "persons, within_days", "be at least 1", (persons, within_days), fix="Give 3000 persons in 365 days."
        )
    ids = np.arange(20_001, 20_001 + persons)
    ago = rng.integers(0, within_days, persons)
    return {
        "person": pd.DataFrame(
            {
                "person_id": ids,
                "year_of_birth": rng.integers(1940, 1985, persons),
                "month_of_birth": rng.integers(1, 13, persons),
                "day_of_birth": rng.integers(1, 29, persons),
            }
        ),
        "condition_occurrence": _conditions(rng, ids, ago, today),
        "drug_exposure": _drugs(rng, ids, ago, today),
        "measurement": _measurements(rng, ids, ago, today, marker),
        "death": _deaths(rng, ids, ago, today),
    }


def _conditions(rng: np.random.Generator, ids: np.ndarray, ago: np.ndarray, today: date) -> pd.DataFrame:
    person, concept, day = [ids], [np.full(ids.size, concept_set("mi").listed[0])], [ago]
    for name, share in _CONDITIONS.items():
        has = rng.random(ids.size) < share
        person.append(ids[has])
        concept.append(np.full(has.sum(), concept_set(name).listed[0]))
        day.append(rng.integers(0, 365, has.sum()))
    table = pd.DataFrame({"person_id": np.concatenate(person), "condition_concept_id": np.concatenate(concept)})
    start = _dates(np.concatenate(day), today)
    return _numbered("condition_occurrence", table.assign(condition_start_date=start, condition_end_date=start))


def _drugs(rng: np.random.Generator, ids: np.ndarray, ago: np.ndarray, today: date) -> pd.DataFrame:
    parts = []
    for name, share in _DRUGS.items():
        takes = rng.random(ids.size) < share
        begun = _dates(ago[takes], today)
        parts.append(
            pd.DataFrame(
                {
                    "person_id": ids[takes],
                    "drug_concept_id": concept_set(name).listed[0],
                    "drug_exposure_start_date": begun,
                    "drug_exposure_end_date": _dates(np.full(takes.sum(), -30), today),
                    "days_supply": ago[takes] + 30,
                }
            )
        )
    return _numbered("drug_exposure", pd.concat(parts, ignore_index=True))


def _measurements(
    rng: np.random.Generator, ids: np.ndarray, ago: np.ndarray, today: date, marker: Marker
) -> pd.DataFrame:
    tests = marker.tests(ids.size, len(_TESTED), rng)
    acute = np.exp(np.log(marker.median * _ACUTE_FOLD) + _ACUTE_LOG_SD * rng.standard_normal(ids.size))
    rows = [_results("hscrp", ids, acute, ago, today, "mg/L")]
    after = FIRST_DAY + rng.integers(0, 10, ids.size)
    for number, (gap, share) in enumerate(zip(_SPACING_DAYS, _TESTED, strict=True)):
        after = after + (gap if number else 0)
        done = (after <= ago) & (rng.random(ids.size) < share)
        rows.append(_results("hscrp", ids[done], tests[done, number], ago[done] - after[done], today, "mg/L"))
    for name, (median, log_sd, unit) in _ONCE.items():
        value = median * np.exp(log_sd * rng.standard_normal(ids.size))
        done = rng.random(ids.size) < 0.97
        rows.append(_results(name, ids[done], value[done], np.maximum(ago[done] - 1, 0), today, unit))
    return _numbered("measurement", pd.concat(rows, ignore_index=True))


def _results(name: str, person: np.ndarray, value: Days, ago: np.ndarray, today: date, unit: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person_id": person,
            "measurement_concept_id": concept_set(name).listed[0],
            "measurement_date": _dates(ago, today),
            "value_as_number": np.round(value, 2),
            "unit_concept_id": 0,
            "operator_concept_id": 0,
            "value_source_value": [f"{v:.2f}" for v in value],
            "unit_source_value": unit,
        }
    )


def _deaths(rng: np.random.Generator, ids: np.ndarray, ago: np.ndarray, today: date) -> pd.DataFrame:
    died = rng.random(ids.size) < 0.03
    day = (ago[died] * rng.random(died.sum())).astype(int)
    return pd.DataFrame({"person_id": ids[died], "death_date": _dates(day, today)})


def _dates(ago: np.ndarray, today: date) -> pd.Series:
    days = np.datetime64(today) - np.asarray(ago).astype("timedelta64[D]")
    return pd.Series(days.astype("datetime64[D]").astype(str))


def _numbered(name: str, table: pd.DataFrame) -> pd.DataFrame:
    table.insert(0, f"{name}_id", np.arange(1, len(table) + 1))
    return table
