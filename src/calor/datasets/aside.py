"""Write beside the file, then rename: a reader never sees half a file, whenever the writer dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Give a path to write to; it takes the place of `path` when the block ends well, and goes when it does not.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "adsl.csv"
    >>> with aside(target) as part:
    ...     _ = part.write_text("USUBJID")
    >>> target.read_text(), [file.name for file in target.parent.iterdir()]
    ('USUBJID', ['adsl.csv'])
    """
    part = path.with_name(f".part-{os.getpid()}-{path.name}")  # keeps the suffix, which names the format
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
