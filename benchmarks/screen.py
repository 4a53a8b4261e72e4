# ruff: noqa: PLC0415 (each job imports what it measures)
"""Screen generated OMOP records: funnel, worklist and near misses, beside the cost of only reading the columns.

    python benchmarks/screen.py [--persons 1000000] [--folder DIR] [--engine duckdb|spark|postgresql://...] [--refresh]

The records are made once per size and seed, in the folder of temporary files or where told, never in the repository.
Every timing is a fresh process on two threads; CPU seconds are the figure to trust on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

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


def rules() -> Any:
    """Return the rules of the hand-written cases."""
    from calor.protocol.biomarkers import Gate, SetAside
    from calor.protocol.screening import Screening
    from calor.screen.rules import Rules

    criteria = [
        {"kind": "recent_infarction", "id": "mi_window"},
        {"kind": "age", "id": "adult"},
        {"kind": "alive", "id": "alive"},
        {"kind": "drug_covered", "id": "statin_current", "drug": "statin"},
        {"kind": "drug_covered", "id": "antiplatelet_current", "drug": "antiplatelet"},
        {"kind": "latest_lab", "id": "ldl_goal", "lab": "ldl", "comparator": "<", "cutoff": 1.8, "unit": "mmol/L"},
        {"kind": "biomarker_gate", "id": "crp_persistent"},
        {"kind": "event_absent", "id": "no_infection", "event": "infection", "within_days": 30},
        {"kind": "event_absent", "id": "no_cancer", "event": "cancer", "within_days": 1825},
        {"kind": "event_absent", "id": "no_autoimmune", "event": "autoimmune"},
        {"kind": "drug_absent", "id": "no_immunosuppressant", "drug": "immunosuppressant"},
    ]
    gate = Gate(
        biomarker="hs_crp", cutoff=2, comparator=">=", tests=2, least_interval_days=28, window=(0, 365),
        window_from="infarction", set_aside=(SetAside(reason="Acute phase", above=10),),
    )  # fmt: skip
    screening = Screening.model_validate({"vocabulary": "listed", "criteria": criteria})
    return Rules(AS_OF, screening, gate, "mg/L")


def columns_only(folder: Path) -> dict[str, Any]:
    """Read the needed columns and add them up: no answer can cost less."""
    import duckdb

    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        for name, columns in {
            "measurement": "person_id, measurement_concept_id, measurement_date - DATE '1970-01-01', value_as_number, "
            "unit_concept_id",
            "drug_exposure": "person_id, drug_concept_id, drug_exposure_start_date - DATE '1970-01-01', days_supply",
            "condition_occurrence": "person_id, condition_concept_id, condition_start_date - DATE '1970-01-01'",
        }.items():
            sums = ", ".join(f"sum({column.strip()})" for column in columns.split(", "))
            con.execute(f"SELECT {sums} FROM '{folder}/{name}.parquet'").fetchall()
    return {}


def screen_all(place: str) -> dict[str, Any]:
    """Open, stage, judge; funnel, worklist and near misses."""
    from calor.records.open import open_records
    from calor.screen.facts import stage
    from calor.screen.funnel import funnel
    from calor.screen.near_misses import near_misses
    from calor.screen.screened import screen
    from calor.screen.worklist import worklist

    began = time.perf_counter()
    asked = rules()
    records = open_records(place)
    if records.engine.name == "duckdb":
        records.engine.raw_sql("SET threads = 2")
    facts = stage(records, asked)
    staged = time.perf_counter()
    found = screen(facts, asked)
    judged = time.perf_counter()
    funnel(found), worklist(found), near_misses(found)
    ended = time.perf_counter()
    return {"answer": str(found), "stage": staged - began, "judge": judged - staged, "lists": ended - judged}


def refresh_day(folder: str) -> dict[str, Any]:
    """Screen, then read again the 3,000 persons whom a day's rows touched."""
    from calor.records.open import open_records
    from calor.screen.facts import stage
    from calor.screen.refresh import refresh
    from calor.screen.screened import screen

    asked = rules()
    records = open_records(folder)
    records.engine.raw_sql("SET threads = 2")
    facts = stage(records, asked)
    before = screen(facts, asked)
    touched = np.random.default_rng(1).choice(np.arange(1, before.persons + 1), 3000, replace=False)
    began, cpu = time.perf_counter(), time.process_time()
    _, after, changed = refresh(facts, before, records, asked, touched.tolist())
    took = {"refresh": time.perf_counter() - began, "refresh_cpu": time.process_time() - cpu}
    same = before.answers.equals(after.answers)
    return {"answer": f"{len(changed)} changed, as before: {same}", **took}


JOBS = {"columns": lambda place: columns_only(Path(place)), "screen": screen_all, "refresh": refresh_day}


def timed(job: str, place: str) -> dict[str, Any]:
    """Run one job in a fresh process and say what it took."""
    began = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, __file__, "--job", job, "--place", place]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stderr)
    found = json.loads(done.stdout.splitlines()[-1])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"job": job, "wall": wall, "cpu": cpu, "stderr": len(done.stderr), **found}


def main() -> None:
    """Make the records where they are missing, run the jobs, print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "calor-benchmark")
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--job", choices=JOBS)
    parser.add_argument("--place")
    given = parser.parse_args()
    if given.job:
        found = JOBS[given.job](given.place)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**found, "peak_mb": round(peak)}))
        return
    folder = given.folder / f"omop-{given.persons}-{given.seed}"
    if not folder.exists():
        began = time.perf_counter()
        whole = folder.with_name(f"{folder.name}.part-{os.getpid()}")
        make(whole, given.persons, given.seed)
        whole.rename(folder)
        print(f"made {given.persons:,} persons in {time.perf_counter() - began:.0f} s")
    size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    machine = f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} CPUs"
    print(f"{given.persons:,} persons, {size:.0f} MB; {machine}, load {os.getloadavg()[0]:.1f}")
    place = {"duckdb": str(folder), "spark": f"spark://{folder}"}.get(given.engine, given.engine)
    jobs = [("columns", str(folder)), ("screen", place)]
    jobs += [("refresh", str(folder))] if given.engine == "duckdb" else []
    for job, where in jobs:
        print({key: round(v, 2) if isinstance(v, float) else v for key, v in timed(job, where).items()})


if __name__ == "__main__":
    main()
