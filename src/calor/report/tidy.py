"""The door of every figure: the columns it needs are there, the arms are known, and values become plain JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from calor.errors import ReportError


def require(table: pd.DataFrame, columns: Sequence[str], *, where: str, wanted: Sequence[str] = ()) -> pd.DataFrame:
    """Return the columns a figure draws and no other, so that no identifier travels along in its specification.

    Args:
        table: What the figure was given.
        columns: Columns that must be there.
        where: The figure's name, for the message.
        wanted: Columns that are drawn where they are there.

    Raises:
        ReportError: A column is missing or there is no row.

    >>> require(pd.DataFrame({"arm": ["Placebo"], "USUBJID": ["01"]}), ["arm"], where="forest").columns.tolist()
    ['arm']
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ReportError.must(
            "table",
            f"have the columns {', '.join(columns)}",
            f"none called {', '.join(missing)}",
            where=where,
            fix="Rename or add them; the figure's docstring says what each holds.",
        )
    if table.empty:
        raise ReportError.must("table", "have at least one row", "none", where=where, fix="Leave the figure out.")
    return table[[*columns, *(column for column in wanted if column in table.columns)]].reset_index(drop=True)


def require_arms(table: pd.DataFrame, arms: Sequence[str], *, where: str) -> None:
    """Refuse a table whose `arm` column and the arms to draw are not the same names.

    Raises:
        ReportError: An arm of the table is not drawn, or an arm to draw has no row.

    >>> require_arms(pd.DataFrame({"arm": ["Placebo", "Active"]}), ["Placebo", "Active"], where="course")
    """
    found = set(table["arm"])
    if found != set(arms):
        raise ReportError.must(
            "arm",
            f"take exactly the values {', '.join(map(str, arms))}",
            ", ".join(sorted(map(str, found))),
            where=where,
            fix="Give every arm to draw in `arms`, control first, and at least one row to each.",
        )


def numbers(
    table: pd.DataFrame, columns: Sequence[str], *, where: str, gaps: bool = False, endless: bool = False
) -> pd.DataFrame:
    """Return the table with these columns as floats, refusing what cannot be drawn.

    Args:
        table: What the figure was given.
        columns: Columns that hold numbers.
        where: The figure's name, for the message.
        gaps: Whether a value may be missing.
        endless: Whether a value may be infinite.

    Raises:
        ReportError: A value is no number, or missing or infinite where it may not be.

    >>> numbers(pd.DataFrame({"time": [0, 1]}), ["time"], where="course")["time"].tolist()
    [0.0, 1.0]
    """
    floats = {column: pd.to_numeric(table[column], errors="coerce").astype(float) for column in columns}
    for column, found in floats.items():
        drawn = found.to_numpy()
        no_number = np.isnan(drawn) & (table[column].notna().to_numpy() | (not gaps))
        bad = no_number | (np.isinf(drawn) & (not endless))
        if bad.any():
            row = int(bad.argmax())
            raise ReportError.must(
                column, "hold numbers" if endless else "hold finite numbers", table[column].iloc[row],
                where=f"row {row + 1} of {where}", fix="Leave the row out and say so in words in the caption.",
            )  # fmt: skip
    return table.assign(**floats)


def require_once(table: pd.DataFrame, keys: Sequence[str], *, where: str) -> None:
    """Refuse a table that has two rows for what these columns name.

    Raises:
        ReportError: Two rows have the same values.

    >>> require_once(pd.DataFrame({"arm": ["Placebo", "Active"]}), ["arm"], where="course")
    """
    twice = table.duplicated(list(keys))
    if twice.any():
        raise ReportError.must(
            ", ".join(keys), "name one row each", ", ".join(str(table[key][twice].iloc[0]) for key in keys) + " twice",
            where=where, fix="Drop the row that does not belong.",
        )  # fmt: skip


def require_order(table: pd.DataFrame, columns: tuple[str, str, str], *, where: str) -> None:
    """Refuse an interval that does not enclose its estimate; missing limits pass.

    Args:
        table: What the figure was given, its numbers as floats.
        columns: Lower limit, estimate, upper limit.
        where: The figure's name, for the message.

    Raises:
        ReportError: A lower limit is above its estimate, or an upper one below.

    >>> require_order(pd.DataFrame({"l": [0.1], "m": [0.2], "u": [0.3]}), ("l", "m", "u"), where="course")
    """
    lower, estimate, upper = (table[column] for column in columns)
    bad = ((lower > estimate) | (upper < estimate)).to_numpy()
    if bad.any():
        row = int(bad.argmax())
        raise ReportError.must(
            ", ".join(columns), "be in this order", tuple(float(part.iloc[row]) for part in (lower, estimate, upper)),
            where=f"row {row + 1} of {where}", fix="Check which limit is which.",
        )  # fmt: skip


def values(rows: pd.DataFrame | Iterable[Mapping[str, Any]]) -> alt.InlineData:
    """Turn rows into inline data that Vega reads; missing and infinite numbers become null.

    >>> values(pd.DataFrame({"x": [1.0, float("nan")]})).to_dict()
    {'values': [{'x': 1.0}, {'x': None}]}
    """
    records = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows
    return alt.InlineData(values=[{str(key): _plain(value) for key, value in record.items()} for record in records])


def _plain(value: Any) -> Any:
    """Make one value JSON's."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not np.isfinite(value)):
        return None
    return value if isinstance(value, int | float | bool | str) else str(value)
