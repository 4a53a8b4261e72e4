"""A trial dataset, read from and written to any format by its suffix."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from calor.datasets.aside import aside
from calor.datasets.contents import Contents
from calor.datasets.csv import encode_csv, read_csv, write_csv
from calor.datasets.dataset_json import read_dataset_json, write_dataset_json
from calor.datasets.parquet import read_parquet, write_parquet
from calor.datasets.xport import read_xport, write_xport
from calor.errors import DatasetError


@dataclass(frozen=True)
class Dataset(Contents):
    """Contents with where they came from.

    Attributes:
        source: The file it was read from; None when it was made in memory.
        sha256: Of that file's bytes; of the CSV it would be written as, when made in memory.

    >>> import pandas as pd
    >>> print(Dataset("ADSL", pd.DataFrame({"AGE": [61.0]}), {"AGE": "Age"}))
    ADSL: 1 row, 1 column
    """

    source: Path | None = None
    sha256: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sha256:
            object.__setattr__(self, "sha256", hashlib.sha256(encode_csv(self)).hexdigest())

    def __str__(self) -> str:
        rows, columns = self.frame.shape
        origin = f" from {self.source.name}" if self.source else ""
        return f"{self.name}: {rows} row{'s' * (rows != 1)}, {columns} column{'s' * (columns != 1)}{origin}"


class _Format(NamedTuple):
    read: Callable[[Path], Contents]
    write: Callable[[Contents, Path], None]


_FORMATS = {
    ".xpt": _Format(read_xport, write_xport),
    ".json": _Format(read_dataset_json, write_dataset_json),
    ".ndjson": _Format(read_dataset_json, write_dataset_json),
    ".parquet": _Format(read_parquet, write_parquet),
    ".csv": _Format(read_csv, write_csv),
}
SUFFIXES = tuple(_FORMATS)


def read(path: Path) -> Dataset:
    """Read a dataset in the format that its suffix names.

    Raises:
        DatasetError: There is no such file, its suffix is none of ours, or it does not hold what its suffix says.

    >>> read(Path("adsl.sas7bdat"))
    Traceback (most recent call last):
        ...
    calor.errors.DatasetError: `path` must end in .xpt, .json, .ndjson, .parquet or .csv, got adsl.sas7bdat. Convert it.
    """
    format_ = _format(path)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DatasetError.must("path", "name a readable file", path, fix=f"{error.strerror}.") from None
    contents = format_.read(path)
    return Dataset(contents.name, contents.frame, contents.labels, contents.label, path, digest)


def write(dataset: Contents, path: Path) -> None:
    """Write a dataset in the format that the path's suffix names; the file appears whole or not at all.

    Raises:
        DatasetError: The suffix is none of ours, or the format cannot hold the dataset.

    >>> import tempfile
    >>> import pandas as pd
    >>> path = Path(tempfile.mkdtemp()) / "adsl.json"
    >>> write(Dataset("ADSL", pd.DataFrame({"AGE": [61.0]})), path)
    >>> print(read(path))
    ADSL: 1 row, 1 column from adsl.json
    """
    format_ = _format(path)
    with aside(path) as part:
        format_.write(dataset, part)


def _format(path: Path) -> _Format:
    try:
        return _FORMATS[path.suffix.lower()]
    except KeyError:
        *others, last = SUFFIXES
        rule = f"end in {', '.join(others)} or {last}"
        raise DatasetError.must("path", rule, path.name, fix="Convert it.") from None
