"""What a part of a report may be called, and how its file is written: whole or not at all."""

from __future__ import annotations

import os
import re
from pathlib import Path

from calor.errors import ReportError


def require_name(name: str) -> None:
    """Refuse a name that would not do as file stem and HTML id.

    Raises:
        ReportError: The name holds anything but lower-case letters, digits and single hyphens.

    >>> require_name("primary-forest")
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ReportError.must(
            "name", "be lower-case words joined by hyphens", repr(name), fix='Call it like "primary-forest".'
        )


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file aside and rename it, so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path
