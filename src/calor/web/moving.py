"""Move a trial to another database, whole: the same rows, the same digests, the same next allocation."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connections, transaction

from calor.errors import ConductError
from calor.web.audit import digest_of
from calor.web.database import database
from calor.web.models import AuditRow

# Made anew by Django in each database, or of no account elsewhere.
_LEFT = {"contenttypes", "sessions"}
_BATCH = 500


def move(source: str, target: str) -> int:
    """Copy every row to an empty database and compare the digests; return how many rows there are.

    Args:
        source: Address of the database that holds the trial; nobody should be writing to it.
        target: Address of an empty database; its tables and triggers are made here.

    Raises:
        ConductError: The target holds a trial already, or a copy differs.
    """
    for alias, url in (("source", source), ("target", target)):
        connections.settings[alias] = connections.configure_settings({"default": database(url)})["default"]
    try:
        call_command("migrate", database="target", verbosity=0)
        if AuditRow.objects.using("target").exists():
            raise ConductError.must("target", "be empty", "one with an audit trail", fix="Name a new database.")
        # References are checked when the transaction ends, so the order of tables does not matter.
        with transaction.atomic(using="target"):
            rows = sum(_copy(model) for model in _moved())
            _continue_numbering()
        return rows
    finally:
        for alias in ("source", "target"):
            connections[alias].close()
            del connections[alias], connections.settings[alias]


def _copy(model: Any) -> int:
    here, there = (model._base_manager.using(alias).order_by("pk") for alias in ("source", "target"))
    there.bulk_create(here.iterator(chunk_size=_BATCH), batch_size=_BATCH)
    if [digest_of(row) for row in here.iterator()] != [digest_of(row) for row in there.iterator()]:
        fix = "Keep the old database and report this."
        raise ConductError.must("target", "hold what the source holds", f"other rows of {model.__name__}", fix=fix)
    return int(there.count())


def _moved() -> list[Any]:
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in _LEFT and model.__name__ != "Permission"
    ]


def _continue_numbering() -> None:
    connection = connections["target"]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), _moved()):
            cursor.execute(statement)
