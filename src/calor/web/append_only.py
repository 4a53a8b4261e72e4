"""Triggers that refuse to change or delete what has been written, in both databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

APPEND_ONLY = (
    "trial", "site", "rolechange", "activemethod", "slot", "sealeddraw", "delivery", "kit", "participant",
    "persondigest", "withdrawal", "allocation", "correction", "signature", "unblinding", "impactassessment",
    "assessmentclosing", "notice", "auditrow",
)  # fmt: skip
# What is captured while the trial runs, in the application `calor.web.capture`; its migrations install these.
CAPTURED = (
    "consent", "eligibilitycheck", "enrollment", "visitrecord", "labvalue", "withheldvalue", "adverseevent",
    "safetyreport", "medication", "alert", "withheldalert", "acknowledgement", "withheldacknowledgement", "query",
    "querystep", "datalock", "withheldfile", "withheldfiledone", "unblindedexport", "datacut", "withheldcut",
)  # fmt: skip
# Counters: the column that goes up by one, and the columns that never change.
HEADS = {"stratumhead": ("next_position", ("id", "trial_id", "stratum")), "audithead": ("n", ("id", "chain"))}

_POSTGRESQL_FUNCTION = """
CREATE FUNCTION calor_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'calor: % is append-only', TG_TABLE_NAME; END $$;
"""


def guards(vendor: str) -> dict[str, str]:
    """Return the name of every trigger of a database and the table it guards."""
    return _first_guards(vendor) | _captured_guards(vendor, CAPTURED)


def _verbs(vendor: str) -> tuple[str, ...]:
    return ("delete", "truncate") if vendor == "postgresql" else ("delete",)


def _captured_guards(vendor: str, tables: Sequence[str]) -> dict[str, str]:
    verbs = ("update", *_verbs(vendor))
    return {f"calor_{table}_{verb}": f"calor_capture_{table}" for table in tables for verb in verbs}


def _first_guards(vendor: str) -> dict[str, str]:
    verbs = _verbs(vendor)
    named = {f"calor_{table}_{verb}": f"calor_web_{table}" for table in APPEND_ONLY for verb in ("update", *verbs)}
    named |= {f"calor_{table}_{verb}": f"calor_web_{table}" for table in HEADS for verb in ("step", *verbs)}
    # A user name once given is never given again.
    return named | {f"calor_auth_user_{verb}": "auth_user" for verb in verbs}


def install(apps: Any, schema_editor: Any) -> None:
    """Create the triggers of the first tables (a migration's step)."""
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(_POSTGRESQL_FUNCTION, params=None)
    _create(schema_editor, _first_guards(vendor))


def install_captured(*tables: str) -> Callable[[Any, Any], None]:
    """Return a migration's step that creates the triggers of tables of `calor.web.capture`."""

    def step(apps: Any, schema_editor: Any) -> None:
        _create(schema_editor, _captured_guards(schema_editor.connection.vendor, tables))

    return step


def _create(schema_editor: Any, named: Mapping[str, str]) -> None:
    for statement in statements(schema_editor.connection.vendor, named):
        schema_editor.execute(statement, params=None)


def statements(vendor: str, named: Mapping[str, str]) -> list[str]:
    """Return the SQL that creates triggers, given by name and table."""
    one = _postgresql if vendor == "postgresql" else _sqlite
    return [statement for name, table in named.items() for statement in one(name, table)]


def missing(connection: Any) -> list[str]:
    """Return the triggers that are not there, or switched off."""
    if connection.vendor == "postgresql":
        # 'A': fires always, in replica mode too, where ordinary triggers stay silent.
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled = 'A'"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    return sorted(set(guards(connection.vendor)) - present)


def _event_and_condition(name: str, table: str) -> tuple[str, str]:
    """Return what fires a trigger, and on which rows; a head may only step on by one."""
    verb = name.rsplit("_", 1)[1]
    if verb != "step":
        return verb.upper(), ""
    counter, fixed = HEADS[table.removeprefix("calor_web_")]
    changed = [f"NEW.{counter} <> OLD.{counter} + 1", *(f"NEW.{column} <> OLD.{column}" for column in fixed)]
    return "UPDATE", f"WHEN ({' OR '.join(changed)})"


def _sqlite(name: str, table: str) -> list[str]:
    event, condition = _event_and_condition(name, table)
    refuse = f"SELECT RAISE(ABORT, 'calor: {table} is append-only');"
    return [f"CREATE TRIGGER {name} BEFORE {event} ON {table} {condition} BEGIN {refuse} END"]


def _postgresql(name: str, table: str) -> list[str]:
    event, condition = _event_and_condition(name, table)
    each = "STATEMENT" if event == "TRUNCATE" else "ROW"
    return [
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each} {condition} EXECUTE FUNCTION calor_refuse()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    ]
