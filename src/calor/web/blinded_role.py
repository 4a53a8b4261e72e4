"""The rights of a PostgreSQL role for the process that serves blinded people: it cannot read a sealed arm."""

from __future__ import annotations

from typing import Any

from calor.errors import ConductError
from calor.web.append_only import APPEND_ONLY, CAPTURED, HEADS

SEALED = {"calor_web_slot": "sealed_arm", "calor_web_kit": "sealed_arm"}
# Whole tables that could reveal an arm.
WITHHELD = frozenset({"withheldvalue", "withheldalert", "withheldacknowledgement"})


def grant_blinded(connection: Any, role: str) -> None:
    """Let a role read every table of a trial but sealed arms and what is withheld, and write nothing.

    Raises:
        ConductError: The database has no such rights (SQLite), or the role's name is no plain name.
    """
    if connection.vendor != "postgresql":
        fix = "Use PostgreSQL where blinded and unblinded people share a server."
        raise ConductError.must("database", "be PostgreSQL", connection.vendor, fix=fix)
    if not role.isidentifier():
        raise ConductError.must("role", "be a plain name", role, fix="Take letters, digits and underscores.")
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f'REVOKE ALL ON {table} FROM PUBLIC, "{role}"')
            if table.removeprefix("calor_capture_") in WITHHELD:
                continue
            columns = ", ".join(f'"{name}"' for name in _columns(cursor, table) if name != SEALED.get(table))
            cursor.execute(f'GRANT SELECT ({columns}) ON {table} TO "{role}"')


def _tables() -> list[str]:
    return [f"calor_web_{name}" for name in (*APPEND_ONLY, *HEADS)] + [f"calor_capture_{name}" for name in CAPTURED]


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
        [table],
    )
    return [row[0] for row in cursor.fetchall()]
