"""Tell the holders of a role something, in the database and so that the audit trail shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from calor.web.audit import save_audited
from calor.web.models import Notice
from calor.web.permissions import Role


def notify(actor: Any, trial: Any, roles: Iterable[Role], text: str, *, action: str = "notify") -> None:
    """Leave a notice for each role."""
    for role in roles:
        notice = Notice(trial=trial, role=role, text=text, at=timezone.now())
        save_audited(notice, chain=trial.code, actor=actor.username, action=action)
