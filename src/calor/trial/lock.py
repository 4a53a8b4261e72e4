"""One writer per trial folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calor.errors import TrialError


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the operating system releases it even after `kill -9`.

    Raises:
        TrialError: Another process is writing results here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TrialError.must(
                "results folder", "have one writer", "another calor process", fix="Wait for it, or stop it."
            ) from error
        yield
    finally:
        os.close(handle)
