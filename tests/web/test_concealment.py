"""Concealment: what blinded people are told, and what the database shows to whoever reads it."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from tests.web.running_trial import ARMS, open_running_trial

from calor.errors import ConductError
from calor.web import blinded
from calor.web.blinded_role import grant_blinded
from calor.web.models import Kit, Slot
from calor.web.permissions import Role


def columns_in_the_clear() -> list[str]:
    """Return every value of every table but sealed arms and the digests and chains over times."""
    hidden = {"sealed_arm", "digest", "record_digest", "contents"}
    values = []
    for model in apps.get_app_config("calor_web").get_models():
        names = [f.attname for f in model._meta.concrete_fields if f.attname not in hidden]
        values += [f"{model._meta.model_name} {row}" for row in model.objects.order_by("pk").values_list(*names)]
    return [re.sub(r"datetime\.datetime\([^)]*\)", "TIME", value) for value in values]


def test_what_blinded_people_see_names_no_place_and_no_block(database: str) -> None:
    running = open_running_trial()
    running.register("01-001")
    told = running.allocate("01-001")
    assert set(vars(told)) == {"participant", "kit", "at"}
    (row,) = blinded.participants(running.people[Role.COORDINATOR], running.trial)
    assert set(row) == {"participant", "site", "stratum", "consent_version", "eligible", "kit", "allocated_at"}
    assert "block" not in str(blinded.audit_rows(running.people[Role.MONITOR], running.trial))


def test_an_export_holds_no_formulas(database: str) -> None:
    running = open_running_trial()
    running.register("=1+1")
    assert "\n'=1+1," in blinded.export(running.people[Role.MONITOR], running.trial).replace("\r", "")


def test_the_blinded_role_of_postgresql_cannot_read_an_arm_or_write(database: str) -> None:
    open_running_trial()
    if connection.vendor != "postgresql":
        with pytest.raises(ConductError, match="PostgreSQL"):
            grant_blinded(connection, "blinded")
        return
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS blinded")
        cursor.execute("CREATE ROLE blinded LOGIN")
    grant_blinded(connection, "blinded")
    with psycopg.connect(database.replace("calor@", "blinded@"), autocommit=True) as session:
        assert session.execute("SELECT count(position) FROM calor_web_slot").fetchone() == (16,)
        for statement in (
            "SELECT sealed_arm FROM calor_web_slot",
            "SELECT * FROM calor_web_kit",
            "SELECT password FROM auth_user",
            "UPDATE calor_web_stratumhead SET next_position = 1",
            "INSERT INTO calor_web_notice (text) VALUES ('x')",
            "DELETE FROM calor_web_auditrow",
            "TRUNCATE calor_web_auditrow",
            "ALTER TABLE calor_web_auditrow DISABLE TRIGGER ALL",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)
    with connection.cursor() as cursor:
        cursor.execute("DROP OWNED BY blinded")
        cursor.execute("DROP ROLE blinded")


def test_no_arm_is_in_the_database_file_or_dump(database: str) -> None:
    running = open_running_trial()
    running.register("01-001")
    running.allocate("01-001")
    cells: list[Any] = [value for line in columns_in_the_clear() if not line.startswith("trial ") for value in [line]]
    assert not any(arm in cell for arm in ARMS for cell in cells)
    sealed = [bytes(s) for model in (Slot, Kit) for s in model.objects.values_list("sealed_arm", flat=True)]
    assert len({len(content) for content in sealed}) == 1
    assert len(set(sealed)) == len(sealed)
