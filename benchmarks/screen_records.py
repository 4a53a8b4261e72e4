"""Generated OMOP records for the screening benchmark: a million persons, and one more day of rows."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

AS_OF = date(2026, 6, 30)
CHUNK = 25_000
LABS = {3010156: 0.02, 3020460: 0.03, 3009966: 0.08}
ELSE = 40
TABLES = ("person", "condition_occurrence", "drug_exposure", "measurement", "death")


def make(folder: Path, persons: int, seed: int) -> None:
    """Write the tables as Parquet, persons in order, a chunk at a time."""
    folder.mkdir(parents=True)
    writers: dict[str, pq.ParquetWriter] = {}
    rng = np.random.default_rng(seed)
    made = dict.fromkeys(TABLES, 0)
    for first in range(1, persons + 1, CHUNK):
        for name, frame in chunk(rng, first, min(CHUNK, persons + 1 - first), made).items():
            table = pa.Table.from_pandas(frame, preserve_index=False)
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd")
            writers[name].write_table(table)
    for writer in writers.values():
        writer.close()


def chunk(rng: np.random.Generator, first: int, n: int, made: dict[str, int]) -> dict[str, pd.DataFrame]:
    """Draw the rows of `n` persons."""
    ids = np.arange(first, first + n)
    heart = ids[rng.random(n) < 0.03]
    index = rng.integers(1, 1100, len(heart))
    treated = rng.random(len(heart)) < 0.8
    dead = rng.random(n) < 0.03
    tables = {
        "person": pd.DataFrame(
            {
                "person_id": ids,
                "year_of_birth": rng.integers(1930, 2008, n),
                "month_of_birth": rng.integers(1, 13, n),
                "day_of_birth": rng.integers(1, 29, n),
            }
        ),
        "condition_occurrence": _conditions(rng, ids, heart, index),
        "drug_exposure": _drugs(rng, ids, heart[treated], index[treated]),
        "measurement": _measurements(rng, ids, heart, index),
        "death": pd.DataFrame({"person_id": ids[dead], "death_date": _dates(rng.integers(1, 3650, dead.sum()))}),
    }
    for name, frame in tables.items():
        key = f"{name}_id"
        if key not in frame:
            frame.insert(0, key, np.arange(made[name] + 1, made[name] + 1 + len(frame)))
            made[name] += len(frame)
    return tables


def _conditions(rng: np.random.Generator, ids: np.ndarray, heart: np.ndarray, index: np.ndarray) -> pd.DataFrame:
    person = np.repeat(ids, rng.poisson(15, len(ids)))
    concept = rng.choice(
        np.r_[432250, 443392, 434621, np.arange(70_000, 70_300)], len(person), p=_shares([0.01, 0.003, 0.002], 300)
    )
    ago = rng.integers(0, 3650, len(person))
    person, concept, ago = np.r_[person, heart], np.r_[concept, np.full(len(heart), 4329847)], np.r_[ago, index]
    order = np.argsort(person, kind="stable")
    return pd.DataFrame(
        {
            "person_id": person[order],
            "condition_concept_id": concept[order],
            "condition_start_date": _dates(ago[order]),
            "condition_end_date": pd.Series([None] * len(person), dtype="date32[pyarrow]"),
        }
    )


def _drugs(rng: np.random.Generator, ids: np.ndarray, heart: np.ndarray, index: np.ndarray) -> pd.DataFrame:
    person = np.repeat(ids, rng.poisson(18, len(ids)))
    concept = rng.choice(
        np.r_[1545958, 1112807, 1551099, np.arange(80_000, 80_300)], len(person), p=_shares([0.04, 0.04, 0.01], 300)
    )
    ago, supply = rng.integers(0, 3650, len(person)), rng.choice([30, 90], len(person))
    start = np.clip(index - rng.integers(0, 7, len(index)), 0, None)
    for drug in (1545958, 1112807):
        stays = rng.random(len(heart)) < 0.85
        person, concept = np.r_[person, heart], np.r_[concept, np.full(len(heart), drug)]
        ago, supply = np.r_[ago, start], np.r_[supply, np.where(stays, start + 30, 60)]
    order = np.argsort(person, kind="stable")
    unknown = rng.random(len(person)) < 0.02
    return pd.DataFrame(
        {
            "person_id": person[order],
            "drug_concept_id": concept[order],
            "drug_exposure_start_date": _dates(ago[order]),
            "drug_exposure_end_date": pd.Series([None] * len(person), dtype="date32[pyarrow]"),
            "days_supply": pd.array(np.where(unknown, np.nan, supply[order]), dtype="Int64"),
        }
    )


def _measurements(rng: np.random.Generator, ids: np.ndarray, heart: np.ndarray, index: np.ndarray) -> pd.DataFrame:
    person = np.repeat(ids, rng.poisson(60, len(ids)))
    concepts = np.r_[list(LABS), np.arange(60_000, 60_000 + ELSE)]
    concept = rng.choice(concepts, len(person), p=_shares(list(LABS.values()), ELSE))
    ago = rng.integers(0, 3650, len(person))
    tests = rng.poisson(1.2, len(heart))
    ours, at = np.repeat(heart, tests), rng.integers(0, np.repeat(index, tests) + 1)
    person, concept, ago = (
        np.r_[person, ours, heart],
        np.r_[concept, np.full(len(ours), 3010156), np.full(len(heart), 3009966)],
        np.r_[ago, at, index // 3],
    )
    order = np.lexsort((-ago, person))
    person, concept, ago = person[order], concept[order], ago[order]
    ldl = concept == 3009966
    value = np.round(np.where(ldl, rng.lognormal(4.1, 0.3, len(person)), rng.lognormal(0.8, 0.8, len(person))), 1)
    unitless, unread = rng.random(len(person)) < 0.01, rng.random(len(person)) < 0.01
    return pd.DataFrame(
        {
            "person_id": person,
            "measurement_concept_id": concept,
            "measurement_date": _dates(ago),
            "operator_concept_id": np.full(len(person), 4172703),
            "value_as_number": np.where(unread, np.nan, value),
            "unit_concept_id": np.where(unitless, 0, np.where(ldl, 8840, 8751)),
        }
    ).pipe(lambda frame: frame.assign(value_as_number=pd.array(frame["value_as_number"], dtype="Float64")))


def _shares(known: list[float], others: int) -> np.ndarray:
    return np.r_[known, np.full(others, (1 - sum(known)) / others)]


def _dates(ago: np.ndarray) -> pd.Series:
    days = np.datetime64(AS_OF) - ago.astype("timedelta64[D]")
    return pd.Series(pa.array(days.astype("datetime64[D]"), type=pa.date32()), dtype="date32[pyarrow]")


def in_parts(folder: Path, seed: int) -> tuple[Path, dict[str, pd.DataFrame]]:
    """Lay the records out in parts, without copying them, and draw the rows of one more day."""
    place = folder.with_name(f"{folder.name}-days")
    shutil.rmtree(place, ignore_errors=True)
    for name in TABLES:
        (place / "records" / name).mkdir(parents=True)
        (place / "records" / name / "first.parquet").symlink_to(folder / f"{name}.parquet")
    rng = np.random.default_rng(seed)
    persons = pq.ParquetFile(folder / "person.parquet").metadata.num_rows
    rows = {name: pq.ParquetFile(folder / f"{name}.parquet").metadata.num_rows for name in TABLES}
    day = {name: n // 3650 for name, n in rows.items()}
    tomorrow = -np.ones(max(day.values()), dtype=int)
    drawn = {
        "condition_occurrence": {"condition_concept_id": [4329847, 432250, 70_000], "p": [0.01, 0.01, 0.98]},
        "drug_exposure": {"drug_concept_id": [1545958, 1112807, 80_000], "p": [0.05, 0.05, 0.9]},
        "measurement": {"measurement_concept_id": [3010156, 3020460, 3009966, 60_000], "p": [0.02, 0.03, 0.08, 0.87]},
    }
    new = {}
    for name, about in drawn.items():
        n, (column, concepts) = day[name], next(iter(about.items()))
        frame = pd.DataFrame(
            {f"{name}_id": rows[name] + 1 + np.arange(n), "person_id": rng.integers(1, persons + 1, n)}
        )
        frame[column] = rng.choice(concepts, n, p=about["p"])
        start = {"condition_occurrence": "condition_start_date", "drug_exposure": "drug_exposure_start_date"}
        frame[start.get(name, "measurement_date")] = _dates(tomorrow[:n])
        new[name] = frame
    new["condition_occurrence"]["condition_end_date"] = pd.Series(dtype="date32[pyarrow]")
    new["drug_exposure"]["drug_exposure_end_date"] = pd.Series(dtype="date32[pyarrow]")
    new["drug_exposure"]["days_supply"] = pd.array(np.full(day["drug_exposure"], 90), dtype="Int64")
    n = day["measurement"]
    new["measurement"] = new["measurement"].assign(
        operator_concept_id=4172703, value_as_number=np.round(rng.lognormal(0.8, 0.8, n), 1), unit_concept_id=8751
    )
    return place, new
