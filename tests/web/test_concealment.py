"""Concealment: swap every arm, do the same things, and nothing that a blinded person can obtain differs."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.web.databases import sql, use
from tests.web.running_trial import ARMS, PASSWORD, Running, open_running_trial
from tests.web.superuser import without_triggers

from calor.errors import ConductError
from calor.web import blinded
from calor.web.blinded_role import grant_blinded
from calor.web.encryption import open_arm, seal_arm
from calor.web.models import Kit, Participant, Slot
from calor.web.permissions import Role
from calor.web.services import unblinding

BLINDED = (Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR, Role.STATISTICIAN, Role.ADMINISTRATOR)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00)?")


def _copy_database(database: str, tmp_path: Path, server: Callable[[], str]) -> str:
    """Copy a database as it is, and return the copy's address."""
    use("sqlite:///:memory:")
    if database.startswith("sqlite"):
        copy = tmp_path / "copy.sqlite3"
        shutil.copy(database.removeprefix("sqlite:///"), copy)
        return f"sqlite:///{copy}"
    original = database.rsplit("/", 1)[1]
    sql(server(), f"CREATE DATABASE {original}_copy TEMPLATE {original}")
    return f"{database}_copy"


def _swap_all_arms(trial: str) -> None:
    with without_triggers():
        for slot in Slot.objects.all():
            place = ("slot", slot.stratum, slot.position)
            arm = 1 - open_arm(slot.sealed_arm, trial, *place)
            Slot.objects.filter(pk=slot.pk).update(sealed_arm=seal_arm(arm, trial, *place))
        for kit in Kit.objects.all():
            arm = 1 - open_arm(kit.sealed_arm, trial, "kit", kit.number)
            Kit.objects.filter(pk=kit.pk).update(sealed_arm=seal_arm(arm, trial, "kit", kit.number))


def _live(running: Running, log: pytest.LogCaptureFixture) -> tuple[list[str], list[str]]:
    """Run a trial; return all that blinded people can obtain, times taken out, and the arms that are not theirs."""
    log.clear()
    seen: list[object] = []
    with CaptureQueriesContext(connection) as queries:
        for i in range(8):
            running.register(f"01-{i:03}", ("anterior", "other")[i % 2])
            seen.append(running.allocate(f"01-{i:03}"))
        for attempt in (lambda: running.allocate("01-999"), lambda: running.register("01-000")):
            try:
                attempt()
            except ConductError as error:
                seen.append(str(error))
        investigator = running.people[Role.INVESTIGATOR]
        unblinding.unblind(
            investigator,
            Participant.objects.get(identifier="01-000"),
            confirm="01-000",
            reason="capillary leak",
            username=investigator.username,
            password=PASSWORD,
        )
        for role in BLINDED:
            for look in (blinded.participants, blinded.export, blinded.audit_rows):
                try:
                    seen.append(json.dumps(look(running.people[role], running.trial)))
                except ConductError as error:
                    seen.append(str(error))
    seen += [len(queries), log.text, *_columns_in_the_clear()]
    arms = [unblinding.read_arm(running.people[Role.PHARMACIST], p) for p in Participant.objects.order_by("pk")]
    return [TIME.sub("TIME", str(part)) for part in seen], arms


def _columns_in_the_clear() -> list[str]:
    """Return every value of every table but sealed arms and the digests and chains over times."""
    hidden = {"sealed_arm", "digest", "record_digest", "contents"}
    values = []
    for model in apps.get_app_config("calor_web").get_models():
        names = [f.attname for f in model._meta.concrete_fields if f.attname not in hidden]
        values += [f"{model._meta.model_name} {row}" for row in model.objects.order_by("pk").values_list(*names)]
    return [re.sub(r"datetime\.datetime\([^)]*\)", "TIME", value) for value in values]


def test_two_worlds_with_arms_swapped_look_the_same_to_blinded_people(
    database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    caplog.set_level(logging.DEBUG)
    running = open_running_trial()
    copy = _copy_database(database, tmp_path, lambda: request.getfixturevalue("postgresql"))
    use(database)
    seen, arms = _live(running, caplog)
    use(copy)
    _swap_all_arms(running.trial.code)
    seen_swapped, arms_swapped = _live(running, caplog)
    use("sqlite:///:memory:")
    assert [ARMS[1 - ARMS.index(arm)] for arm in arms] == arms_swapped  # the worlds do differ
    assert seen == seen_swapped
    assert [len(part) for part in seen] == [len(part) for part in seen_swapped]
    obtained = " ".join(part for part in seen if not part.startswith("trial "))
    assert not any(arm in obtained for arm in ARMS)


def test_what_blinded_people_see_names_no_place_and_no_block(database: str) -> None:
    running = open_running_trial()
    running.register("01-001")
    told = running.allocate("01-001")
    assert set(vars(told)) == {"participant", "kit", "at"}
    (row,) = blinded.participants(running.people[Role.COORDINATOR], running.trial)
    assert set(row) == {"participant", "site", "stratum", "eligible", "kit", "allocated_at"}
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
    cells: list[Any] = [value for line in _columns_in_the_clear() if not line.startswith("trial ") for value in [line]]
    assert not any(arm in cell for arm in ARMS for cell in cells)
    sealed = [bytes(s) for model in (Slot, Kit) for s in model.objects.values_list("sealed_arm", flat=True)]
    assert len({len(content) for content in sealed}) == 1
    assert len(set(sealed)) == len(sealed)
