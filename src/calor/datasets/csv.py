"""CSV, where quotes tell text from numbers.

A CSV file says nothing about types, so Calor writes every text in quotes (a missing one as "") and numbers and dates
without, as R's write.csv does. In a file from elsewhere a column with any quoted value is text; of the others, ADaM's
names for identifiers, codes, flags and groups are text whatever they look like ("0701" stays "0701"), and the rest is
numbers, ISO 8601 dates, or text by what it holds. A column without any value is text where its name is in quotes, dates
where the name ends in DT or DTM, and numbers otherwise. A CSV file carries no labels.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from calor.datasets.contents import Contents, is_date, is_datetime, is_text
from calor.errors import DatasetError

_FIELD = re.compile(r'("(?:[^"]|"")*"|[^,"\r\n]*)(,|\r\n|\n|\r|\Z)')
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?")
_TEXT_NAME = re.compile(r".*(ID|FL|CD|DTC|GR\d?|AVALC|TERM|DECOD)|PARAM|A?VISIT|ARM|TRT\w*[PA]|SEX|RACE")
_MISSING = {"", "NA", "."}


def read_csv(path: Path) -> Contents:
    r"""Read a CSV file with a header, in UTF-8.

    Raises:
        DatasetError: The file has no header, uneven rows, a stray quote, or another encoding.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "adsl.csv"
    >>> _ = path.write_text("USUBJID,AGE,TRTSDT\n007,61,2021-03-01\n")
    >>> read_csv(path).frame.dtypes.astype(str).to_dict()
    {'USUBJID': 'str', 'AGE': 'float64', 'TRTSDT': 'datetime64[s]'}
    """
    try:
        rows = _split(path.read_bytes().decode("utf-8-sig"), path)
    except UnicodeDecodeError:
        raise DatasetError.must(
            "file", "hold UTF-8 text", "another encoding", fix="Export it again as UTF-8.", where=path.name
        ) from None
    if not rows:
        raise DatasetError.must("file", "have a header", "nothing", fix="Export it again.", where=path.name)
    header, *body = rows
    if uneven := [number for number, row in enumerate(body, 2) if len(row) != len(header)]:
        raise DatasetError.must(
            "rows", f"have {len(header)} fields", "another number", fix="Correct the file.", where=f"row {uneven[0]}"
        )
    names = [_unquote(name) for name in header]
    columns = [_column(name, [row[i] for row in body]) for i, name in enumerate(header)]
    frame = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(len(body)))
    frame.columns = pd.Index(names, dtype=object)
    return Contents(path.stem.upper(), frame)


def _split(text: str, path: Path) -> list[list[str]]:
    """Split a CSV text into rows of fields, quotes kept."""
    rows: list[list[str]] = []
    row: list[str] = []
    position = 0
    while position < len(text):
        found = _FIELD.match(text, position)
        if found is None:
            line = text.count("\n", 0, position) + 1
            raise DatasetError.must(
                "quotes", "enclose a whole field", "a stray one", fix='Double it: "".', where=f"{path.name} line {line}"
            )
        row.append(found[1])
        position = found.end()
        if found[2] != ",":
            rows.append(row)
            row = []
    if row:  # the text ends in a comma
        rows.append([*row, ""])
    alone = len(rows[0]) == 1 if rows else False  # a blank line of a single column is a row without its value
    return [row for row in rows if alone or row != [""]]


def _unquote(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field


def _column(header: str, fields: list[str]) -> pd.Series:
    """Tell a column's kind by its quotes, its name, and what it holds, in this order."""
    name = _unquote(header)
    if any(field.startswith('"') for field in fields):
        return pd.Series([_unquote(field) for field in fields], dtype="str")
    values = [None if field in _MISSING else field for field in fields]
    present = [value for value in values if value is not None]
    if not present and not header.startswith('"'):
        return pd.Series(values, dtype="datetime64[s]" if name.endswith(("DT", "DTM")) else "float64")
    if present and not _TEXT_NAME.fullmatch(name):
        if all(_NUMBER.fullmatch(value) for value in present):
            return pd.Series(values, dtype="float64")
        if all(_ISO.fullmatch(value) for value in present):
            return pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601").astype("datetime64[s]")
    return pd.Series(values, dtype="str")


def encode_csv(contents: Contents) -> bytes:
    r"""Return the bytes that `write_csv` writes; equal contents give equal bytes.

    >>> encode_csv(Contents("ADSL", pd.DataFrame({"USUBJID": ["007"], "AGE": [61.0]}))).decode()
    '"USUBJID",AGE\n"007",61\n'
    """
    frame = contents.frame
    columns = [_fields(frame[name]) for name in frame.columns]
    header = ",".join(_quote(name) if is_text(frame[name]) else _plain(name) for name in frame.columns)
    return "".join(f"{line}\n" for line in [header, *map(",".join, zip(*columns, strict=True))]).encode()


def write_csv(contents: Contents, path: Path) -> None:
    """Write a CSV file: text in quotes, numbers and ISO 8601 dates without.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "adsl.csv"
    >>> write_csv(Contents("ADSL", pd.DataFrame({"USUBJID": ["007"], "AGE": [61.0]})), path)
    >>> read_csv(path).frame["USUBJID"].tolist()
    ['007']
    """
    path.write_bytes(encode_csv(contents))


def _fields(column: pd.Series) -> list[str]:
    if is_text(column):
        return [_quote(value) for value in column.fillna("")]
    if is_date(column):
        return list(column.dt.strftime("%Y-%m-%d").fillna(""))
    if is_datetime(column):
        return list(column.dt.strftime("%Y-%m-%dT%H:%M:%S").fillna(""))
    return ["" if pd.isna(value) else repr(value).removesuffix(".0") for value in column.tolist()]


def _quote(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _plain(name: str) -> str:
    return _quote(name) if set(name) & set('",\r\n') else name
