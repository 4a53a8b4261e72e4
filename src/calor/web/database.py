"""Which database, and how it must be opened so that no allocation is lost."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from calor.errors import ConductError

# A writer takes the write lock when it begins, waits for its turn, and is on the disk when it returns: with Django's
# own defaults four writers at once fail with "database is locked".
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}


def database(url: str) -> dict[str, Any]:
    """Translate a database's address into Django's settings.

    Raises:
        ConductError: The address names neither SQLite nor PostgreSQL.

    Example:
        >>> database("sqlite:///trial.sqlite3")["NAME"]
        'trial.sqlite3'
        >>> database("postgresql://calor@localhost:5432/trial")["ENGINE"]
        'django.db.backends.postgresql'
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and parts.path.strip("/"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url[len("sqlite:///") :], "OPTIONS": _SQLITE_OPTIONS}
    if parts.scheme == "postgresql" and parts.path.strip("/"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.strip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
        }
    fix = "Give sqlite:///path or postgresql://user@host:port/name."
    raise ConductError.must("CALOR_DATABASE", "name a SQLite file or a PostgreSQL database", parts.scheme, fix=fix)


@contextmanager
def in_turn(line: str) -> Iterator[None]:
    """Open a transaction that is committed when it ends, its writers served in the order of asking.

    Neither database keeps a fair line of its own: SQLite lets whoever asks at the right instant write next, and on
    PostgreSQL a newcomer finds a row's latest version before those who wait for the one before. The line decides
    nothing else: without it all is right, only slow for the unlucky.

    Args:
        line: Which line to wait in.
    """
    from django.db import connection, transaction  # noqa: PLC0415  (settings import this module)

    with _file_lock(connection), transaction.atomic(durable=True):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [line])
        yield


@contextmanager
def _file_lock(connection: Any) -> Iterator[None]:
    name = connection.settings_dict["NAME"]
    if connection.vendor != "sqlite" or not Path(name).is_file():
        yield
        return
    with Path(f"{name}-turn").open("w") as line:
        fcntl.flock(line, fcntl.LOCK_EX)
        yield
