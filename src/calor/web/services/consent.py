"""Consent withdrawn."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.audit import save_audited
from calor.web.models import Withdrawal
from calor.web.permissions import Action, check
from calor.web.services.accounts import check_reason
from calor.web.services.hold import hold


def withdraw(actor: Any, participant: Any, *, reason: str) -> Any:
    """Record that consent was withdrawn; from here on the participant is not allocated.

    An allocation asked for in the same instant is either made before, and both stand, or refused.

    Raises:
        ConductError: The actor may not, the reason is blank, or consent was withdrawn before.
    """
    trial = participant.trial
    check(actor, Action.WITHDRAW, trial, participant.site)
    check_reason(reason)
    with transaction.atomic(durable=True):
        hold(pk=participant.pk)
        if Withdrawal.objects.filter(participant=participant).exists():
            fix = "It counts from the first time."
            raise ConductError.must("consent", "not be withdrawn yet", participant.identifier, fix=fix)
        withdrawal = Withdrawal(participant=participant, reason=reason, by=actor, at=timezone.now())
        save_audited(withdrawal, chain=trial.code, actor=actor.username, action=Action.WITHDRAW, reason=reason)
    return withdrawal
