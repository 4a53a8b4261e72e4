"""Health records, opened: the tables in their declared types, on the engine where they lie."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
from ibis import BaseBackend
from ibis.expr import types as ir

from calor.errors import CalorError, RecordsError
from calor.records.tables import CLINICAL, TABLES, Kind

_TYPES: dict[Kind, str] = {"id": "int64", "integer": "int64", "number": "float64", "text": "string", "day": "date"}
_EPOCH = ibis.date(1970, 1, 1)
_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
"""Whole numbers stay whole where some are null: ids do not fit into floating point."""
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Records:
    """Tables of health records on one engine.

    Attributes:
        engine: The connection through which ibis runs every expression.
        tables: By OMOP name, with the declared columns in the declared types.
        notes: What the records lack or could not be mapped, in sentences.
        files: The files that each table lies in, where the records are files; `database` for a DuckDB file.
    """

    engine: BaseBackend
    tables: Mapping[str, ir.Table]
    notes: tuple[str, ...] = ()
    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> ir.Table:
        if name not in self.tables:
            raise RecordsError.must("records", f"hold the table {name}", "none", fix="Export it, or link it in.")
        return self.tables[name]

    def close(self) -> None:
        """Close the connection; staged tables go with it.

        >>> Records(ibis.duckdb.connect(), {}).close()
        """
        with on_engine():
            self.engine.disconnect()

    def __contains__(self, name: str) -> bool:
        return name in self.tables


def declared(engine: BaseBackend, found: Mapping[str, ir.Table], notes: tuple[str, ...] = ()) -> Records:
    """Check that the tables are there and give them their declared columns and types.

    Raises:
        RecordsError: A clinical table or a needed column is missing, or a column has a type that cannot serve.

    >>> declared(ibis.duckdb.connect(), {})
    Traceback (most recent call last):
    calor.errors.RecordsError: `records` must hold the tables person, ..., got no person, ... Export them; ...
    """
    missing = [name for name in CLINICAL if name not in found]
    if missing:
        fix = "Export them; a table without rows is fine."
        raise RecordsError.must(
            "records", f"hold the tables {', '.join(CLINICAL)}", f"no {', '.join(missing)}", fix=fix
        )
    return Records(engine, {name: declared_table(name, found[name]) for name in TABLES if name in found}, notes)


def declared_table(name: str, table: ir.Table) -> ir.Table:
    """Give one table its declared columns and types.

    Raises:
        RecordsError: A needed column is missing or has a type that cannot serve.

    >>> exported = ibis.memtable(pa.table({"PERSON_ID": [7], "DEATH_DATE": ["2026-06-30"], "CAUSE": [""]}))
    >>> [(name, str(kind)) for name, kind in declared_table("death", exported).schema().items()]
    [('person_id', 'int64'), ('death_date', 'date')]
    """
    table = table.rename(str.lower) if any(c != c.lower() for c in table.columns) else table
    lacking = [column for column in TABLES[name].needed if column not in table.columns]
    if lacking:
        raise RecordsError.must(
            name, "have its OMOP CDM 5.4 columns", f"no {', '.join(lacking)}", fix="Export the whole table."
        )
    columns = TABLES[name].needed | TABLES[name].optional
    return table.select(**{column: _typed(name, table, column, kind) for column, kind in columns.items()})


def _typed(name: str, table: ir.Table, column: str, kind: Kind) -> ir.Value:
    if column not in table.columns:
        return ibis.null(_TYPES[kind])
    value = table[column]
    kept = value.type().is_date() if kind == "day" else value.type().is_integer() and kind in {"id", "integer"}
    if kept or (kind == "text" and value.type().is_string()) or (kind == "number" and value.type().is_float64()):
        return value
    # Person 4.5 would become another person.
    halves = kind == "id" and value.type().is_floating() and column in TABLES[name].needed
    if halves or value.type().is_nested() or value.type().is_binary() or (kind == "day" and value.type().is_numeric()):
        raise RecordsError.must(
            column, f"be of kind {kind}", str(value.type()), fix="Export it in its OMOP type.", where=name
        )
    return value.cast(_TYPES[kind])


def day_number(column: ir.Value) -> ir.IntegerColumn:
    """Turn a date into days since 1970-01-01: whole numbers compare and subtract alike on every engine.

    >>> table = ibis.memtable(pa.table({"day": ["1970-01-31"]}))
    >>> rows(table.select(n=day_number(table.day.cast("date"))))["n"].to_list()
    [30]
    """
    return column.delta(_EPOCH, unit="day").cast("int64")


def staged(engine: BaseBackend, expression: ir.Table) -> ir.Table:
    """Run an expression once and keep its rows on the engine for the rest of the session.

    DuckDB and PostgreSQL take a temporary table, Spark a cached view. (`cache()` of ibis 12 prints an error at exit on
    DuckDB 2, whose parser refuses the statement that drops the table.)

    >>> engine = ibis.duckdb.connect()
    >>> kept = staged(engine, ibis.range(3).unnest().name("n").as_table())
    >>> rows(kept)["n"].to_list()
    [0, 1, 2]
    """
    name = f"calor_staged_{next(_NUMBERS)}"
    with on_engine():
        if engine.name == "pyspark":
            engine.create_view(name, expression)
            engine.raw_sql(f"CACHE TABLE {name}")
            return engine.table(name)
        return engine.create_table(name, expression, temp=True)


def rows(expression: ir.Table) -> pd.DataFrame:
    """Run an expression and return its rows.

    Raises:
        RecordsError: The engine failed; its own message is withheld since it may quote a record.

    >>> rows(ibis.memtable(pa.table({"person_id": [1, 2]})))["person_id"].to_list()
    [1, 2]
    """
    with on_engine():
        frame: pd.DataFrame = expression.to_pyarrow().to_pandas(types_mapper=_NULLABLE.get)
        return frame


def plain_rows(expression: ir.Table) -> list[dict[str, Any]]:
    """Run an expression and return its few rows as Python's own values.

    Raises:
        RecordsError: The engine failed.

    >>> plain_rows(ibis.memtable(pa.table({"person_id": [1, None]})))
    [{'person_id': 1}, {'person_id': None}]
    """
    with on_engine():
        found: list[dict[str, Any]] = expression.to_pyarrow().to_pylist()
        return found


def in_query(frame: pd.DataFrame, schema: Mapping[str, pa.DataType]) -> ir.Table:
    """Return a small table as part of a query (by Arrow: the way of ibis 12 through pandas 3 warns).

    >>> rows(in_query(pd.DataFrame({"n": [1, None]}), {"n": pa.int64()}))["n"].isna().to_list()
    [False, True]
    """
    return ibis.memtable(pa.Table.from_pandas(frame, schema=pa.schema(list(schema.items())), preserve_index=False))


@contextmanager
def on_engine() -> Iterator[None]:
    """Turn an engine's error into one that quotes no record: engines print the value that they choke on.

    Deprecations between ibis and its engines are theirs to settle and are kept from the user.

    >>> with on_engine():
    ...     raise OSError("person 987654321: disk full")
    Traceback (most recent call last):
    calor.errors.RecordsError: `records` must stay readable while they are queried, got builtins's OSError. Check ...
    """
    try:
        with warnings.catch_warnings():
            for noise in (DeprecationWarning, FutureWarning):
                warnings.filterwarnings("ignore", category=noise)
            yield
    except CalorError:
        raise
    except Exception as error:
        kind = type(error)
        if not (kind.__module__.split(".")[0] in _ENGINES or isinstance(error, OSError)):
            raise
        raise RecordsError.must(
            "records",
            "stay readable while they are queried",
            f"{kind.__module__.split('.')[0].lstrip('_')}'s {kind.__name__}",
            fix="Check that every file is whole, every date a date and the database up; nothing was written.",
        ) from None


_ENGINES = {"duckdb", "_duckdb", "psycopg", "pyspark", "py4j", "pyarrow", "ibis"}
