"""Alerts: what the safety rules find becomes a row, goes to those who must know, and somebody takes it up."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from calor.errors import ConductError
from calor.web import served
from calor.web.audit import save_audited
from calor.web.calendar import latest
from calor.web.capture.models import (
    Acknowledgement,
    AdverseEvent,
    Alert,
    LabValue,
    VisitRecord,
    WithheldAcknowledgement,
    WithheldAlert,
    WithheldValue,
)
from calor.web.models import Allocation
from calor.web.permissions import Action, Role, check
from calor.web.safety_rules import Found, Taken, event_findings, laboratory_findings, taken
from calor.web.services.accounts import check_reason

SYSTEM_ACTOR = "safety rules"
OPEN_TO = (Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR, Role.UNBLINDED_MONITOR)
WITHHELD_TO = (Role.UNBLINDED_MONITOR, Role.PHARMACIST, Role.SAFETY_BOARD)
# One text for every analyte and direction, so that it tells nothing.
NEUTRAL = "The unblinded monitor reviews a laboratory result that blinded staff are not shown."
NEUTRAL_ACTION = "Go on by the protocol; record symptoms as adverse events. The monitor calls you if anything changes."


def raise_alerts(participant: Any, *, secret: bool = False) -> None:
    """Apply the rules to a participant's data as they now stand, and store what was not found before.

    Args:
        participant: The participant.
        secret: Whether a withheld value was written: then what rests on such values is judged, else only what blinded
            people may know, since the process that serves them cannot read the rest.
    """
    trial, protocol = participant.trial, served.protocol()
    found = list(laboratory_findings(protocol, values_of(participant, withheld=secret)))
    if not secret:
        events = latest(AdverseEvent.objects.filter(participant=participant)).values()
        found += [finding for event in events for finding in event_findings(event)]
    model = WithheldAlert if secret else Alert
    told = set(model.objects.filter(trial=trial, participant=participant).values_list("key", flat=True))
    for finding in found:
        key = f"{participant.pk}/{finding.key}"[:120]
        if finding.secret == secret and key not in told:
            _store(trial, participant, finding, key)


def values_of(participant: Any, *, withheld: bool = True) -> list[Taken]:
    """Return a participant's latest values with their days; without the withheld ones for the blinded."""
    allocation = Allocation.objects.filter(participant=participant).first()
    if allocation is None:
        return []
    days = {visit: row.on for visit, row in latest(VisitRecord.objects.filter(participant=participant)).items()}
    rows = [(row, False) for row in latest(LabValue.objects.filter(participant=participant)).values()]
    if withheld:
        rows += [(row, True) for row in latest(WithheldValue.objects.filter(participant=participant)).values()]
    return taken(served.protocol(), allocation.at, days, rows)


def acknowledge(actor: Any, alert: Any, *, done: str) -> Any:
    """Take an alert up.

    Raises:
        ConductError: The actor may not, says nothing, or it has been taken up.
    """
    check(actor, Action.ACKNOWLEDGE, alert.trial, alert.participant.site)
    return _taken_up(actor, alert, Acknowledgement, done, alert.trial.code)


def acknowledge_withheld(actor: Any, alert: Any, *, done: str) -> Any:
    """Take a withheld alert up; what was done is withheld too.

    Raises:
        ConductError: As `acknowledge`.
    """
    check(actor, Action.ACKNOWLEDGE_WITHHELD, alert.trial)
    return _taken_up(actor, alert, WithheldAcknowledgement, done, withheld_chain(alert.trial))


def withheld_chain(trial: Any) -> str:
    """Return the audit chain of alerts that could reveal an arm; the trial's own chain is read by the blinded."""
    return f"withheld of {trial.pk}"


def _taken_up(actor: Any, alert: Any, model: Any, done: str, chain: str) -> Any:
    check_reason(done)
    if model.objects.filter(alert=alert).exists():
        raise ConductError.must("alert", "be open", "one taken up", fix="Reload: somebody took it up.")
    record = model(alert=alert, done=done.strip(), by=actor, at=timezone.now())
    save_audited(record, chain=chain, actor=actor.username, action=Action.ACKNOWLEDGE)
    return record


def _store(trial: Any, participant: Any, finding: Found, key: str) -> None:
    if not finding.secret:
        _save(Alert, trial, participant, finding, key, OPEN_TO)
        return
    save_withheld(trial, participant, finding, key)
    number = WithheldAlert.objects.filter(participant=participant).count()
    neutral = Found("review", "", NEUTRAL, NEUTRAL_ACTION, secret=False)
    _save(Alert, trial, participant, neutral, f"{participant.pk}/review/{number}", OPEN_TO)


def save_withheld(trial: Any, participant: Any, finding: Found, key: str) -> None:
    """Store a finding that could reveal an arm."""
    _save(WithheldAlert, trial, participant, finding, key, WITHHELD_TO)


def _save(model: Any, trial: Any, participant: Any, finding: Found, key: str, roles: tuple[Role, ...]) -> None:
    alert = model(
        trial=trial, participant=participant, rule=finding.rule, key=key, text=finding.text, action=finding.action,
        roles=list(roles), at=timezone.now(),
    )  # fmt: skip
    chain = withheld_chain(trial) if model is WithheldAlert else trial.code
    save_audited(alert, chain=chain, actor=SYSTEM_ACTOR, action="raise alert")
