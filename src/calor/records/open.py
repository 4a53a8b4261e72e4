"""Open health records wherever they lie: a folder, a DuckDB file, PostgreSQL or Spark."""

from __future__ import annotations

import os
import zoneinfo
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import ibis
import pandas as pd
import pyarrow as pa
from ibis import BaseBackend
from ibis.expr import types as ir

from calor.errors import RecordsError
from calor.records.fhir import is_fhir, read_fhir
from calor.records.records import Records, declared, declared_table, on_engine
from calor.records.tables import TABLES, VOCABULARY
from calor.records.vocabulary import standard_ids

SUFFIXES = (".parquet", ".csv")
SERVERS = ("postgresql://", "postgres://", "spark://")
KINDS = "a folder of OMOP tables (.parquet, .csv) or FHIR .ndjson, a .duckdb file, postgresql://... or spark://..."


def open_records(place: Path | str, *, time_zone: str = "UTC") -> Records:
    """Open health records; nothing but names and types is read.

    Args:
        place: A folder of OMOP tables as Parquet or CSV (one file per table, or a folder of Parquet parts), a folder of
            FHIR R4 bulk NDJSON (the site's vocabulary tables beside it, where it has them), a DuckDB file,
            `postgresql://user@host/database`, or `spark://FOLDER` for the session that Spark's own configuration names.
        time_zone: Zone in which time-stamped columns are turned into days.

    Raises:
        RecordsError: There is no such place, or it lacks a table or column.

    >>> open_records("records of nobody")
    Traceback (most recent call last):
    calor.errors.RecordsError: `records` must be a folder of OMOP tables ..., got records of nobody. Name one ...
    """
    text = str(place)
    with on_engine():
        if text.startswith(("postgresql://", "postgres://")):
            return _postgres(text, time_zone)
        if text.startswith("spark://"):
            return on_spark(text.removeprefix("spark://"), time_zone=time_zone)
        files = files_of(place)
        path = Path(place)
        if is_fhir(path):
            return replace(_fhir(path, files, time_zone), files=files)
        engine = ibis.duckdb.connect(path, read_only=True) if path.is_file() else ibis.duckdb.connect()
        engine.raw_sql(f"SET TimeZone = '{_zone(time_zone)}'")
        engine.raw_sql("SET preserve_insertion_order = false")  # no rule asks for it; keeping it costs a scan a quarter
        tables = _existing(engine) if path.is_file() else _read(engine, files)
        return replace(declared(engine, tables), files=files)


def files_of(place: Path | str) -> dict[str, tuple[Path, ...]]:
    """Return the files that records lie in, by table; `database` or `fhir` for those; none for a server.

    Raises:
        RecordsError: There is no such place.

    >>> files_of("postgresql://user@host/database")
    {}
    """
    path = Path(place)
    if str(place).startswith(SERVERS):
        return {}
    if path.is_file() and path.suffix in {".duckdb", ".db"}:
        return {"database": (path,)}
    if not path.is_dir():
        raise RecordsError.must("records", f"be {KINDS}", str(place), fix="Name one in [screening] records.")
    found = _files(path)
    if not is_fhir(path):
        return found
    vocabulary = {name: paths for name, paths in found.items() if name in VOCABULARY}
    return {"fhir": tuple(sorted(path.glob("*.ndjson"))), **vocabulary}


def _fhir(folder: Path, files: Mapping[str, tuple[Path, ...]], time_zone: str) -> Records:
    """Open FHIR, with the site's vocabulary where it lies beside it."""
    engine = ibis.duckdb.connect()
    vocabulary = _read(engine, {name: paths for name, paths in files.items() if name in VOCABULARY})
    tables = {name: declared_table(name, table) for name, table in vocabulary.items()}
    lookup = partial(standard_ids, tables) if "concept" in tables else None
    frames, notes = read_fhir(folder, lookup, zoneinfo.ZoneInfo(_zone(time_zone)))
    return declared(engine, {**_memtables(frames), **vocabulary}, notes)


def in_memory(frames: Mapping[str, pd.DataFrame], notes: tuple[str, ...] = ()) -> Records:
    """Open tables that are already in memory, on DuckDB.

    Args:
        frames: OMOP tables by name.
        notes: What could not be brought into them.

    >>> from calor.records.tables import CLINICAL
    >>> empty = {name: pd.DataFrame(columns=[*TABLES[name].needed], dtype="int64") for name in CLINICAL}
    >>> days = ("condition_occurrence", "drug_exposure", "measurement", "death")
    >>> for name in days:
    ...     empty[name][TABLES[name].start] = pd.to_datetime([])
    >>> "person" in in_memory(empty)
    True
    """
    return declared(ibis.duckdb.connect(), _memtables(frames), notes)


def _memtables(frames: Mapping[str, pd.DataFrame]) -> dict[str, ir.Table]:
    return {n: ibis.memtable(pa.Table.from_pandas(frame, preserve_index=False)) for n, frame in frames.items()}


def on_spark(folder: str, *, time_zone: str = "UTC", session: object = None) -> Records:
    """Open a folder of Parquet or CSV on Spark; the folder may be any address that Spark reads."""
    engine = ibis.pyspark.connect(_spark() if session is None else session)
    engine._session.conf.set("spark.sql.session.timeZone", _zone(time_zone))
    return declared(engine, _read(engine, _files(Path(folder))))


def _spark() -> object:
    """Return the session that runs already, or a quiet one as Spark's own configuration has it."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  (an optional part)

    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    quiet = SparkSession.builder.config("spark.ui.showConsoleProgress", "false").config("spark.log.level", "ERROR")
    with _unheard():
        session = quiet.getOrCreate()
    if str(session.sparkContext.master).startswith("local"):
        # Spark's default of 200 is for a cluster; on one machine each partition costs more than it holds.
        session.conf.set("spark.sql.shuffle.partitions", str(session.sparkContext.defaultParallelism))
    return session


@contextmanager
def _unheard() -> Iterator[None]:
    """Give whatever is started meanwhile no standard error: the Java machine warns there before any setting is read.

    What goes wrong in it is told as an exception, and its log goes where Spark's own configuration sends it.
    """
    kept = os.dup(2)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _postgres(address: str, time_zone: str) -> Records:
    engine = ibis.connect(address)
    engine.raw_sql(f"SET TIME ZONE '{_zone(time_zone)}'").close()
    return declared(engine, _existing(engine))


def _existing(engine: BaseBackend) -> dict[str, ir.Table]:
    """Find the tables in a database, whatever the case of their names (`list_tables` of ibis 12 fails on DuckDB 2)."""
    cursor = engine.raw_sql("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
    names = {name.lower(): name for (name,) in cursor.fetchall()}
    if engine.name == "postgres":
        cursor.close()  # DuckDB's cursor is the connection itself
    return {name: engine.table(names[name]) for name in TABLES if name in names}


def added(records: Records, name: str, paths: tuple[Path, ...]) -> ir.Table:
    """Return the rows of some of a table's files.

    Args:
        records: Opened from a folder.
        name: The table.
        paths: Files of it.

    >>> import tempfile
    >>> from calor.records.records import plain_rows
    >>> records = Records(ibis.duckdb.connect(), {})
    >>> deaths = pd.DataFrame({"person_id": [7], "death_date": ["2026-06-30"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     part = Path(folder) / "2026-06.parquet"
    ...     deaths.to_parquet(part)
    ...     plain_rows(added(records, "death", (part,)))
    [{'person_id': 7, 'death_date': datetime.date(2026, 6, 30)}]
    """
    with on_engine():
        return declared_table(name, _file(records.engine, paths))


def _files(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Find each table's files: one of its own, or the Parquet parts in a folder of its own."""
    found: dict[str, tuple[Path, ...]] = {}
    for path in sorted(folder.iterdir()):
        name = path.stem.lower()
        if name not in TABLES or path.suffix.lower() not in (*SUFFIXES, ""):
            continue
        if name in found:
            raise RecordsError.must("records", "hold each table once", name, fix="Remove the file that is stale.")
        found[name] = tuple(sorted(path.glob("*.parquet"))) if path.is_dir() else (path,)
    return {name: paths for name, paths in found.items() if paths}


def _read(engine: BaseBackend, files: Mapping[str, tuple[Path, ...]]) -> dict[str, ir.Table]:
    return {name: _file(engine, paths) for name, paths in files.items()}


def _file(engine: BaseBackend, paths: tuple[Path, ...]) -> ir.Table:
    """Read one table; a damaged file is named, its content is not."""
    try:
        if paths[0].suffix.lower() == ".csv":
            # ISO days only: 03/04/2026 would be guessed to be the one or the other
            duckdb, spark = {"dateformat": "%Y-%m-%d"}, {"inferSchema": True}
            return engine.read_csv(paths[0], header=True, **(duckdb if engine.name == "duckdb" else spark))
        if engine.name == "duckdb":
            return engine.read_parquet([str(path) for path in paths])
        return engine.read_parquet(paths[0] if len(paths) == 1 else paths[0].parent)
    except Exception:  # noqa: BLE001 (engines raise many kinds; each means: this file cannot be read)
        fix = "It may be cut short: export it again."
        raise RecordsError.must("records", "be whole Parquet or CSV files", _whole_name(paths), fix=fix) from None


def _whole_name(paths: tuple[Path, ...]) -> str:
    return paths[0].name if len(paths) == 1 else f"{paths[0].parent.name}/*.parquet"


def _zone(name: str) -> str:
    """Return the zone's name if it is one; it stands in a statement."""
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):  # not a key, a folder of them, none
        fix = 'Write "Europe/London".'
        raise RecordsError.must("time_zone", "be an IANA time zone", repr(name), fix=fix) from None
    return name
