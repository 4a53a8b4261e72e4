"""What a person with all rights on the database could do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from calor.web.append_only import guards, statements


@contextmanager
def without_triggers() -> Iterator[None]:
    """Take all triggers away, as a superuser could, and put them back as they were."""
    with connection.cursor() as cursor:
        for name, table in guards(connection.vendor).items():
            cursor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else ""))
    yield
    with connection.cursor() as cursor:
        for statement in statements(connection.vendor, guards(connection.vendor)):
            cursor.execute(statement)
