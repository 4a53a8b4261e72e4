"""Concealment: what blinded people are told, and what the database shows to whoever reads it."""

from __future__ import annotations

import re
from typing import Any

from django.apps import apps
from tests.web.running_trial import ARMS, open_running_trial

from calor.web import blinded
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
    """A3"""
    running = open_running_trial()
    running.register("01-001")
    told = running.allocate("01-001")
    assert set(vars(told)) == {"participant", "kit", "at"}
    (row,) = blinded.participants(running.people[Role.COORDINATOR], running.trial)
    assert set(row) == {"participant", "site", "stratum", "consent_version", "eligible", "kit", "allocated_at"}
    assert "block" not in str(blinded.audit_rows(running.people[Role.MONITOR], running.trial))


def test_no_arm_is_in_the_database_file_or_dump(database: str) -> None:
    """A6"""
    running = open_running_trial()
    running.register("01-001")
    running.allocate("01-001")
    cells: list[Any] = [value for line in columns_in_the_clear() if not line.startswith("trial ") for value in [line]]
    assert not any(arm in cell for arm in ARMS for cell in cells)
    sealed = [bytes(s) for model in (Slot, Kit) for s in model.objects.values_list("sealed_arm", flat=True)]
    assert len({len(content) for content in sealed}) == 1
    assert len(set(sealed)) == len(sealed)
