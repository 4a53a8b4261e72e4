"""A laboratory's file of values: CSV in UTF-8, one value a row; its cells are text, nothing is computed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from calor.errors import ConductError

MOST_BYTES, MOST_ROWS = 500_000, 2_000
_OPTIONAL = ("upper_limit", "taken")


@dataclass(frozen=True)
class Row:
    """One value as the file tells it.

    Attributes:
        number: Row as a spreadsheet counts it; the header is row 1.
        participant: Study identifier.
        visit: Id or label of the visit.
        analyte: Id, label, PARAMCD or LOINC of the biomarker.
        value: A number, or `<0.2`.
        unit: Unit.
        upper_limit: The laboratory's upper limit of normal; empty where it gives none.
        taken: Day on which the sample was taken; empty where the file does not say.
    """

    number: int
    participant: str
    visit: str
    analyte: str
    value: str
    unit: str
    upper_limit: str = ""
    taken: str = ""


COLUMNS = tuple(field.name for field in fields(Row) if field.name != "number")
_NEEDED = tuple(name for name in COLUMNS if name not in _OPTIONAL)


def read(content: bytes) -> tuple[Row, ...]:
    r"""Return the rows of a file; further columns are not read.

    Raises:
        ConductError: It is too large, no CSV in UTF-8, lacks a column, or a row has another number of cells.

    >>> read(b"participant,visit,analyte,value,unit\n01-001,V8,ALT,31,U/L\n")[0].value
    '31'
    """
    if len(content) > MOST_BYTES:
        raise _unfit(f"have at most {MOST_BYTES // 1000} kB", f"{len(content) // 1000} kB", "Split it.")
    rows = _cells(_text(content))
    if not rows:
        raise _unfit("have a header", "nothing", f"Name the columns {', '.join(COLUMNS)}.")
    names = [cell.strip().casefold() for cell in rows[0]]
    if missing := [name for name in _NEEDED if names.count(name) != 1]:
        rule = f"name each of the columns {', '.join(_NEEDED)} once"
        raise _unfit(rule, f"not {', '.join(missing)}", "Mend the first row.")
    body = [(number, cells) for number, cells in enumerate(rows[1:], start=2) if any(cells)]
    if len(body) > MOST_ROWS:
        raise _unfit(f"have at most {MOST_ROWS} values", f"{len(body)}", "Split it.")
    for number, cells in body:
        if len(cells) != len(names):
            raise _unfit(
                f"have {len(names)} cells in each row", f"{len(cells)}", "Mend the row.", where=f"row {number}"
            )
    told = [(number, dict(zip(names, map(str.strip, cells), strict=True))) for number, cells in body]
    return tuple(Row(number, **{name: cells.get(name, "") for name in COLUMNS}) for number, cells in told)


def written(rows: Sequence[Row]) -> bytes:
    """Return rows as a file that `read` reads."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return out.getvalue().encode()


def _text(content: bytes) -> str:
    fix = 'Save it as "CSV UTF-8" and send it again.'
    if content.startswith((b"PK", b"\xd0\xcf")):
        raise _unfit("be a CSV file", "a spreadsheet", fix)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unfit("hold UTF-8 text", "another encoding", fix) from None
    if "\0" in text:
        raise _unfit("hold UTF-8 text", "a NUL character", fix)
    return text


def _cells(text: str) -> list[list[str]]:
    header = text.split("\n", 1)[0]
    delimiter = ";" if ";" in header and "," not in header else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(reader)
    except csv.Error:
        raise _unfit(
            "be CSV", "a stray quote or a very long cell", "Mend the line.", where=f"line {reader.line_num}"
        ) from None


def _unfit(rule: str, got: str, fix: str, *, where: str = "") -> ConductError:
    return ConductError.must("file", rule, got, fix=fix, where=where)
