"""Which database, and how it must be opened so that no allocation is lost."""

from __future__ import annotations

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
