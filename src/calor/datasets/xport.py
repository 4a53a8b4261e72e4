"""SAS XPORT version 5, the transport format that regulators take.

Reference: SAS Institute, TS-140, "The Record Layout of a Data Set in SAS Transport (XPORT) Format".
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pyreadstat

from calor.datasets.contents import Contents, is_date, is_datetime, is_text
from calor.errors import DatasetError

_EPOCH = pd.Timestamp("1960-01-01")  # day 0 of SAS
_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,7}")
_DATE = re.compile(r"(WEEKDAT[EX]|MMDDYY|DDMMYY|YYMMDD|DATE\d|DATE$|(IS|E|B)8601D[AN]|DTDATE)")
_DATETIME = re.compile(r"(DATETIME|DATEAMPM|MDYAMPM|(IS|E|B)8601(DT|DN))")
_SMALLEST, _LARGEST = 1e-75, 1e74  # IBM hexadecimal floats end near 5e-79 and 7e75
_CHARACTERS = 200


def read_xport(path: Path) -> Contents:
    """Read a SAS XPORT file; columns with a SAS date or datetime format become dates.

    Raises:
        DatasetError: The file is no XPORT file, is cut short, or holds text that is not UTF-8.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "adsl.xpt"
    >>> write_xport(Contents("ADSL", pd.DataFrame({"AGE": [61.0]}), {"AGE": "Age"}), path)
    >>> read_xport(path).labels
    {'AGE': 'Age'}
    """
    try:
        frame, meta = pyreadstat.read_xport(str(path), disable_datetime_conversion=True)
    except UnicodeDecodeError:
        raise DatasetError.must(
            "file", "hold ASCII or UTF-8 text", "another encoding", fix="Export it again as UTF-8.", where=path.name
        ) from None
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        raise DatasetError.must(
            "file", "be SAS XPORT, version 5 or 8", str(error), fix="Export it again.", where=path.name
        ) from None
    for column in frame.columns:
        if meta.readstat_variable_types[column] == "string":
            frame[column] = frame[column].astype("str")
        else:
            frame[column] = _dated(frame[column], meta.original_variable_types[column] or "")
    labels = {column: label or "" for column, label in meta.column_names_to_labels.items()}
    return Contents(meta.table_name or path.stem.upper(), frame, labels, meta.file_label or "")


def _dated(column: pd.Series, sas_format: str) -> pd.Series:
    """Turn SAS days or seconds since 1960 into datetimes where the format says so."""
    numbers = column.astype("float64")
    if _DATETIME.match(sas_format):
        seconds = numbers.round()
    elif _DATE.match(sas_format):
        seconds = numbers * 86_400
    else:
        return numbers
    since = pd.to_timedelta(seconds.astype("Int64"), unit="s").astype("timedelta64[s]")
    return (since + _EPOCH.as_unit("s")).astype("datetime64[s]")


def write_xport(contents: Contents, path: Path) -> None:
    """Write a SAS XPORT version 5 file, or refuse what the format cannot hold before writing a byte.

    Raises:
        DatasetError: A name is longer than 8 characters or not upper case, a label longer than 40, a text longer than
            200 bytes, a number outside the format's range, or the last row is blank in a dataset without numbers.

    >>> write_xport(Contents("ADSL", pd.DataFrame({"TREATMENT": ["Placebo"]})), Path("adsl.xpt"))
    Traceback (most recent call last):
        ...
    calor.errors.DatasetError: `names` must be 1 to 8 of A-Z, 0-9 and _, not starting with a digit, got ['TREAT...
    """
    _check(contents)
    frame = contents.frame.copy()
    formats = {}
    for column in frame.columns:
        if is_date(frame[column]):
            formats[column] = "DATE9."
            frame[column] = (frame[column] - _EPOCH).dt.total_seconds() / 86_400
        elif is_datetime(frame[column]):
            formats[column] = "DATETIME20."
            frame[column] = (frame[column] - _EPOCH).dt.total_seconds()
    pyreadstat.write_xport(
        frame,
        str(path),
        file_label=contents.label,
        column_labels=dict(contents.labels),
        table_name=contents.name,
        file_format_version=5,
        variable_format=formats,
    )


def _check(contents: Contents) -> None:
    """Refuse what XPORT version 5 cannot hold."""
    frame, where = contents.frame, contents.name
    other = "Shorten it, or write .json or .parquet."
    if bad := [name for name in [contents.name, *frame.columns] if not _NAME.fullmatch(name)]:
        rule = "be 1 to 8 of A-Z, 0-9 and _, not starting with a digit"
        raise DatasetError.must("names", rule, bad, fix=other, where=where)
    long = [name for name, label in {"dataset": contents.label, **contents.labels}.items() if len(label.encode()) > 40]
    if long:
        raise DatasetError.must(
            "labels", "have at most 40 characters", f"longer ones for {long}", fix=other, where=where
        )
    text = [name for name in frame.columns if is_text(frame[name])]
    if bad := [name for name in text if frame[name].dropna().map(lambda t: len(t.encode())).gt(_CHARACTERS).any()]:
        raise DatasetError.must(
            "text", f"have at most {_CHARACTERS} characters", f"longer ones in {bad}", fix=other, where=where
        )
    for name in frame.columns.difference(text):
        size = frame[name].abs() if frame[name].dtype == "float64" else pd.Series(dtype="float64")
        if ((size > _LARGEST) | ((size > 0) & (size < _SMALLEST))).any():
            rule = f"lie between {_SMALLEST:g} and {_LARGEST:g} in size"
            raise DatasetError.must("numbers", rule, "others", fix="Change the unit.", where=f"{where}.{name}")
    if len(text) == frame.shape[1] and len(frame) and frame.iloc[-1].isna().all():
        # the format pads its last record with blanks, so such a row cannot be told from padding
        raise DatasetError.must("last row", "hold a value", "blanks only", fix="Drop the row.", where=where)
