"""What the server's log tells of an error: its kind and where it arose, and nothing that anybody typed.

A database quotes the row that it refuses in its message, and that can hold what is known of a participant.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any


class Reserved(logging.Formatter):
    """Print an error by its kind and places, without its message."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; what another printer made of the error is not taken over."""
        record.exc_text = None
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802  (logging calls it so)
        """Return the kinds of an error and of its causes, each with the places it passed."""
        return "\n".join(self._told(ei[1]))

    def _told(self, error: BaseException | None) -> Iterator[str]:
        while error is not None:
            yield f"{type(error).__module__}.{type(error).__qualname__}"
            for frame in traceback.extract_tb(error.__traceback__):
                yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
            error = error.__cause__ or error.__context__
