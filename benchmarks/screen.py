# ruff: noqa: PLC0415 (each job imports what it measures)
"""Screen generated OMOP records: funnel, worklist and near misses, beside the cost of only reading the columns.

    python benchmarks/screen.py                                       # 1,000,000 persons, DuckDB, then a day's new rows
    python benchmarks/screen.py --persons 100000 300000 1000000       # does the cost grow with the rows?
    python benchmarks/screen.py --persons 50000 --engine spark        # Java 17 and `pip install calor[spark]`
    python benchmarks/screen.py --persons 50000 --engine postgresql://user@host/database --load

The records are made once per size and seed, in the folder of temporary files or where told, never in the repository.
Every timing is a fresh process on two threads; CPU seconds are the figure to trust on a busy machine, and are those of
this side alone where a server does the work.
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
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from screen_records import AS_OF, TABLES, in_parts, make


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


def keep_day(place: str) -> dict[str, Any]:
    """Screen and keep what was staged, as on the day before."""
    from calor.records.open import open_records
    from calor.screen.kept import bring_up_to_date, keep
    from calor.screen.screened import screen

    records = open_records(f"{place}/records")
    records.engine.raw_sql("SET threads = 2")
    part = bring_up_to_date(records, rules(), Path(place) / "kept")
    found = screen(part.facts, rules())
    began = time.perf_counter()
    keep(part, found, Path(place) / "kept")
    records.close()
    return {"answer": f"{part}, kept", "keep": time.perf_counter() - began}


def refresh_day(place: str) -> dict[str, Any]:
    """Read the new day's files, judge, list, and say what changed; the libraries are loaded before the clock starts."""
    from dataclasses import replace

    import ibis.backends.duckdb  # noqa: F401  (else loaded by the first connection)

    from calor.records.open import open_records
    from calor.screen.funnel import funnel
    from calor.screen.kept import bring_up_to_date
    from calor.screen.near_misses import near_misses
    from calor.screen.refresh import changed
    from calor.screen.screened import screen
    from calor.screen.worklist import worklist

    asked = replace(rules(), as_of=AS_OF + timedelta(1))
    began, cpu = time.perf_counter(), time.process_time()
    records = open_records(f"{place}/records")
    records.engine.raw_sql("SET threads = 2")
    part = bring_up_to_date(records, asked, Path(place) / "kept")
    staged = time.perf_counter()
    found = screen(part.facts, asked)
    funnel(found), worklist(found), near_misses(found)
    if part.before is None:
        raise SystemExit("the day before was screened by other criteria")
    told = str(changed(part.before, found))
    took = {"stage": staged - began, "refresh": time.perf_counter() - began, "refresh_cpu": time.process_time() - cpu}
    return {"answer": f"{part}; {found}; {told}", **took}


def load(folder: Path, address: str) -> None:
    """Load the records into PostgreSQL, without an index."""
    import psycopg

    types = {"int64": "bigint", "date32[day]": "date", "double": "double precision"}
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        for name in TABLES:
            file = pq.ParquetFile(folder / f"{name}.parquet")
            columns = ", ".join(f"{field.name} {types[str(field.type)]}" for field in file.schema_arrow)
            cursor.execute(f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({columns})")
            with cursor.copy(f"COPY {name} FROM STDIN WITH (FORMAT csv)") as copy:
                for batch in file.iter_batches():
                    copy.write(batch.to_pandas(integer_object_nulls=True).to_csv(index=False, header=False))
            cursor.execute(f"ANALYZE {name}")


JOBS = {
    "columns": lambda place: columns_only(Path(place)),
    "screen": screen_all,
    "keep": keep_day,
    "refresh": refresh_day,
}


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


def show(found: dict[str, Any]) -> None:
    """Print one line."""
    print({key: round(v, 2) if isinstance(v, float) else v for key, v in found.items()}, flush=True)


def measure(folder: Path, engine: str, seed: int) -> dict[str, float]:
    """Run the jobs on one set of records and return what the whole screen took."""
    size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    machine = f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} CPUs"
    print(
        f"{folder.name}, {size:.0f} MB, {engine.partition(':')[0]}; {machine}, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    if engine != "duckdb":
        found = timed("screen", f"spark://{folder}" if engine == "spark" else engine)
        show(found)
        return {"wall": found["wall"], "cpu": found["cpu"]}
    show(timed("columns", str(folder)))
    found = timed("screen", str(folder))
    show(found)
    place, new = in_parts(folder, seed)
    show(timed("keep", str(place)))
    for name, frame in new.items():
        frame.to_parquet(place / "records" / name / "second.parquet", index=False)
    show(timed("refresh", str(place)))
    return {"wall": found["wall"], "cpu": found["cpu"]}


def growth(took: dict[int, dict[str, float]]) -> None:
    """Print what each further row costs between one size and the next: where that stays, the cost is linear."""
    sizes = sorted(took)
    for small, large in pairwise(sizes):
        rows = 60 * (large - small) / 1e6
        cpu, wall = ((took[large][key] - took[small][key]) / rows for key in ("cpu", "wall"))
        print(f"{small:,} to {large:,} persons: {cpu:.3f} CPU-s and {wall:.3f} s for each further million measurements")


def main() -> None:
    """Make the records where they are missing, run the jobs, print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "calor-benchmark")
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--load", action="store_true", help="load the records into PostgreSQL first")
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--place", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        found = JOBS[given.job](given.place)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**found, "peak_mb": round(peak)}))
        return
    took = {}
    for persons in given.persons:
        folder = given.folder / f"omop-{persons}-{given.seed}"
        if not folder.exists():
            whole = folder.with_name(f"{folder.name}.part-{os.getpid()}")
            make(whole, persons, given.seed)
            whole.rename(folder)
        if given.load:
            load(folder, given.engine)
        took[persons] = measure(folder, given.engine, given.seed)
    growth(took)


if __name__ == "__main__":
    main()
