"""The protocol's limits for the whole trial, applied while it runs; only unblinded people are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from calor.monitor.declared_harm import declared_limits, harm_rules
from calor.protocol.analyses import EventsOfInterestAnalysis
from calor.protocol.protocol import Protocol
from calor.protocol.safety_limits import HarmRule
from calor.web import served
from calor.web.allocator import with_arms
from calor.web.calendar import latest
from calor.web.capture.models import AdverseEvent, WithheldAlert
from calor.web.encryption import open_slot
from calor.web.models import Allocation
from calor.web.safety_rules import Found
from calor.web.services.alerts import save_withheld


@with_arms(asked=True)
def judge_harm(trial: Any) -> None:
    """Store a withheld alert for each of the protocol's limits for harm that is reached; nobody is told an arm."""
    for finding in harm_reached(trial, served.protocol()):
        if not WithheldAlert.objects.filter(trial=trial, key=finding.key).exists():
            save_withheld(trial, None, finding, finding.key)


def harm_reached(trial: Any, protocol: Protocol) -> Iterator[Found]:
    """Count participants of the rule's arm with an event of its group at each look, in the order of randomization."""
    for limit, rule in harm_rules(protocol):
        terms = _terms(protocol, rule)
        rows = AdverseEvent.objects.filter(participant__trial=trial)
        events: dict[int, list[Any]] = {}
        for row in rows:
            events.setdefault(row.participant_id, []).append(row)
        had = {who for who, own in events.items() if any(e.term.casefold() in terms for e in latest(own).values())}
        if not had:
            continue
        arm = [who in had for who in _of_arm(trial, protocol.arm(rule.arm).label)]
        limits = declared_limits(rule)
        for look in rule.looks:
            if len(arm) >= look and limits.stops(look, sum(arm[:look])):
                text = f"{limit.text}: {sum(arm[:look])} of the first {look} participants of the arm."
                yield Found(limit.id, f"harm {limit.id}/{look}", text, f"{limit.action}.", secret=True)


def _terms(protocol: Protocol, rule: HarmRule) -> set[str]:
    analysis = protocol.analysis(rule.analysis)
    groups = analysis.groups if isinstance(analysis, EventsOfInterestAnalysis) else ()
    return {term.casefold() for group in groups if group.label == rule.group for term in group.terms}


def _of_arm(trial: Any, arm: str) -> list[int]:
    """Return the participants of an arm in the order of randomization."""
    return [
        allocation.participant_id
        for allocation in Allocation.objects.filter(trial=trial).select_related("slot").order_by("at")
        if trial.arms[open_slot(allocation.slot, trial.code)] == arm
    ]
