"""The rights of a PostgreSQL role for the process that serves blinded people: it cannot read or write an arm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calor.errors import ConductError
from calor.web.append_only import APPEND_ONLY, CAPTURED, HEADS

SEALED = {"slot": "sealed_arm", "kit": "sealed_arm", "sealeddraw": "sealed"}
# What blinded people write themselves. Places, kits, allocations and unblindings come from the process with the key;
# roles and passwords too, since who could set them could sign as anyone.
INSERTED = (
    "site", "participant", "persondigest", "withdrawal", "correction", "signature", "assessmentclosing", "notice",
    "auditrow", "audithead",
)  # fmt: skip
# Captured at the site and hidden there from then on: written; its number is read back (PostgreSQL's RETURNING asks for
# that), so that such rows can be counted, but not whose they are or what they say.
WITHHELD = frozenset(
    {
        "withheldvalue",
        "withheldalert",
        "withheldacknowledgement",
        "withheldfile",
        "withheldfiledone",
        "unblindedexport",
        "withheldcut",
    }
)
# PostgreSQL locks rows only for who may update a column of them; triggers refuse the update itself.
LOCKED = {"participant": "id", "impactassessment": "id", "audithead": "n, digest"}


def grant_blinded(connection: Any, role: str) -> None:
    """Let a role read all but sealed arms, write what blinded people write, and keep sessions.

    Raises:
        ConductError: The database has no such rights (SQLite), or the role's name is no plain name.
    """
    if connection.vendor != "postgresql":
        fix = "Use PostgreSQL where blinded and unblinded people share a server."
        raise ConductError.must("database", "be PostgreSQL", connection.vendor, fix=fix)
    if not role.isidentifier():
        raise ConductError.must("role", "be a plain name", role, fix="Take letters, digits and underscores.")
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in tables:
            cursor.execute(f'REVOKE ALL ON {table} FROM "{role}"')
        for right in (*_trial_rights(cursor), *_captured_rights(), *_django_rights(tables)):
            cursor.execute(f'GRANT {right} TO "{role}"')


def _trial_rights(cursor: Any) -> list[str]:
    rights = []
    for table in (*APPEND_ONLY, *HEADS):
        columns = ", ".join(f'"{name}"' for name in _columns(cursor, f"calor_web_{table}") if name != SEALED.get(table))
        rights.append(f"SELECT ({columns}) ON calor_web_{table}")
    rights += [f"INSERT ON calor_web_{table}" for table in INSERTED]
    rights += [f"UPDATE ({columns}) ON calor_web_{table}" for table, columns in LOCKED.items()]
    return rights


def _captured_rights() -> list[str]:
    rights = []
    for table in CAPTURED:
        columns = " (id)" if table in WITHHELD else ""
        rights += [f"SELECT{columns} ON calor_capture_{table}", f"INSERT ON calor_capture_{table}"]
    return rights


def _django_rights(tables: Sequence[str]) -> list[str]:
    """Return the rights on accounts, which are read, and on sessions, which are written."""
    rights = ["USAGE ON ALL SEQUENCES IN SCHEMA public", "UPDATE (last_login) ON auth_user"]
    for table in tables:
        if table.startswith(("auth_", "django_migrations", "django_content_type")):
            rights.append(f"SELECT ON {table}")
        elif not table.startswith("calor_"):
            rights.append(f"SELECT, INSERT, UPDATE, DELETE ON {table}")
    return rights


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
        [table],
    )
    return [row[0] for row in cursor.fetchall()]
