"""The rights of a PostgreSQL role for the process that serves blinded people: it cannot read a sealed arm."""

from __future__ import annotations

from typing import Any

from calor.errors import ConductError
from calor.web.append_only import APPEND_ONLY, HEADS

SEALED = {"slot": "sealed_arm", "kit": "sealed_arm"}


def grant_blinded(connection: Any, role: str) -> None:
    """Let a role read every table of a trial but the columns of sealed arms, and write nothing.

    Raises:
        ConductError: The database has no such rights (SQLite), or the role's name is no plain name.
    """
    if connection.vendor != "postgresql":
        fix = "Use PostgreSQL where blinded and unblinded people share a server."
        raise ConductError.must("database", "be PostgreSQL", connection.vendor, fix=fix)
    if not role.isidentifier():
        raise ConductError.must("role", "be a plain name", role, fix="Take letters, digits and underscores.")
    with connection.cursor() as cursor:
        for table in (*APPEND_ONLY, *HEADS):
            cursor.execute(f'REVOKE ALL ON calor_web_{table} FROM PUBLIC, "{role}"')
            columns = ", ".join(f'"{name}"' for name in _columns(cursor, table) if name != SEALED.get(table))
            cursor.execute(f'GRANT SELECT ({columns}) ON calor_web_{table} TO "{role}"')


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
        [f"calor_web_{table}"],
    )
    return [row[0] for row in cursor.fetchall()]
