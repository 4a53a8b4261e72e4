"""Lock a trial's data: from then on nothing more is captured, and a signed digest says what was."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.access import authenticate_again
from calor.web.audit import save_audited
from calor.web.capture.models import DataLock, Query
from calor.web.frozen import data_digest
from calor.web.permissions import Action, check
from calor.web.services.corrections import store_signature
from calor.web.services.hold import hold
from calor.web.services.queries import CLOSE

MEANING = "I lock these data for analysis"


def lock_data(actor: Any, trial: Any, *, confirm: str, username: str, password: str) -> Any:
    """Lock the data and sign their digest.

    Args:
        actor: The statistician.
        trial: The trial.
        confirm: The trial's code, typed again.
        username: The actor's name again.
        password: The actor's password again.

    Raises:
        ConductError: The actor may not, the code, name or password differs, a query is open, or the data are locked.
    """
    check(actor, Action.LOCK_DATA, trial)
    if confirm != trial.code:
        raise ConductError.must("confirm", "repeat the trial's code", repr(confirm), fix="Type it as it stands above.")
    authenticate_again(actor, username, password)
    with transaction.atomic(durable=True):
        # Writers finish first.
        hold(trial=trial)
        if DataLock.objects.filter(trial=trial).exists():
            raise ConductError.must("data", "not be locked yet", trial.code, fix="Reload: they have been locked.")
        if waiting := Query.objects.filter(participant__trial=trial).exclude(steps__kind=CLOSE).count():
            raise ConductError.must("queries", "be closed", f"{waiting} open", fix="Have them answered and closed.")
        digest, records = data_digest(trial)
        record = DataLock(trial=trial, digest=digest, records=records, by=actor, at=timezone.now())
        save_audited(record, chain=trial.code, actor=actor.username, action=Action.LOCK_DATA)
        store_signature(actor, trial, record, MEANING)
    return record
