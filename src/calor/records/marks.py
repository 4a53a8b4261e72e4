"""Marks of the files that records lie in: equal marks mean that a file has not changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from calor.records.records import on_engine

ENDS_BYTES = 65_536
"""Read at either end of a file: a Parquet file keeps where its parts lie, and their extremes, in its last bytes."""

Marks = Mapping[str, Mapping[str, str]]
"""By table, the mark of each of its files by name."""


def marks_of(files: Mapping[str, tuple[Path, ...]]) -> Marks:
    """Mark every file of some records; empty for a database server, whose rows cannot be marked.

    Take them before anything is read: a file that is written meanwhile then differs the next time.

    >>> marks_of({})
    {}
    """
    with on_engine():
        return {name: {path.name: _mark(path) for path in paths} for name, paths in files.items()}


def new_files(before: Marks, now: Marks, name: str) -> tuple[str, ...] | None:
    """Return the names of a table's files that were not there before; None where an older one changed or went.

    >>> new_files({"measurement": {"a": "1"}}, {"measurement": {"a": "1", "b": "2"}}, "measurement")
    ('b',)
    >>> new_files({"measurement": {"a": "1"}}, {"measurement": {"a": "3"}}, "measurement") is None
    True
    """
    old, new = before.get(name, {}), now.get(name, {})
    if any(new.get(file) != mark for file, mark in old.items()):
        return None
    return tuple(file for file in new if file not in old)


def _mark(path: Path) -> str:
    """Return size, time of change and a hash of both ends."""
    stat = path.stat()
    content = hashlib.sha256()
    with path.open("rb") as file:
        content.update(file.read(ENDS_BYTES))
        file.seek(max(0, stat.st_size - ENDS_BYTES))
        content.update(file.read(ENDS_BYTES))
    return f"{stat.st_size}-{stat.st_mtime_ns}-{content.hexdigest()}"
