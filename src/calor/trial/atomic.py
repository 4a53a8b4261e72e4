"""Whole folders or nothing: a reader sees the old results or the new ones, never half of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = ".writing-"


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it takes the place of `path` only when the block ends without an error.

    >>> target = Path(tempfile.mkdtemp()) / "figures"
    >>> with whole_folder(target) as aside:
    ...     _ = (aside / "primary.svg").write_text("<svg/>")
    >>> [file.name for file in target.iterdir()]
    ['primary.svg']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=PREFIX, dir=path.parent))
    try:
        aside.chmod(0o755)
        yield aside
        old = aside.with_name(f"{aside.name}-old")
        if path.exists():
            path.rename(old)
        aside.rename(path)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def sweep(folder: Path) -> None:
    """Remove what a killed run left aside."""
    for pattern in (f"{PREFIX}*", ".part-*"):
        for left in folder.rglob(pattern):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
