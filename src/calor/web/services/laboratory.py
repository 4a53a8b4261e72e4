"""Record laboratory values at a visit: the protocol's analytes, in its units, within what can be."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from calor.errors import ConductError
from calor.protocol.biomarkers import Biomarker
from calor.web import served
from calor.web.calendar import latest, withheld
from calor.web.capture.models import LabValue, VisitRecord, WithheldValue
from calor.web.permissions import Action, check
from calor.web.services.alerts import raise_alerts
from calor.web.services.hold import hold
from calor.web.services.versions import add_after, newest
from calor.web.services.visits import randomized_at

_NUMBER = re.compile(r"(<?)\s*(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Typed:
    """One value as somebody typed it.

    Attributes:
        told: The value: a number, or `<0.2` for one below the limit of detection.
        upper: The laboratory's upper limit of normal, where it gives one.
        seen: Version that the form was filled from; 0 where there was none.
    """

    told: str
    upper: float | None = None
    seen: int = 0


def record_values(actor: Any, participant: Any, visit: str, values: Mapping[str, Typed], *, reason: str = "") -> None:
    """Record values that blinded people may see; all or none.

    Args:
        actor: A coordinator or investigator of the participant's site.
        participant: The participant.
        visit: The visit's id in the protocol.
        values: By biomarker.
        reason: Why a value that was recorded before is corrected.

    Raises:
        ConductError: The actor may not, the visit was not recorded, a value cannot be, is one that could reveal the
            arm, or somebody else wrote in the meantime.
    """
    check(actor, Action.RECORD_VALUE, participant.trial, participant.site)
    _record(actor, participant, visit, values, reason, secret=False)


def record_withheld(actor: Any, participant: Any, visit: str, values: Mapping[str, Typed], *, reason: str = "") -> None:
    """Record values after baseline that could reveal the arm; blinded people never see them.

    Raises:
        ConductError: As `record_values`; or a value is one that blinded people record.
    """
    check(actor, Action.RECORD_WITHHELD, participant.trial, participant.site)
    _record(actor, participant, visit, values, reason, secret=True)


def parsed(biomarker: Biomarker, told: str) -> tuple[float, bool]:
    """Return a value's number, and whether it lies below that.

    Raises:
        ConductError: It is no number, is not plausible, or lies below the limit of detection without saying so.

    >>> from calor.protocol.biomarkers import Biomarker
    >>> crp = Biomarker(id="crp", analyte="CRP", label="hs-CRP", paramcd="CRP", unit="mg/L", limit_of_detection=0.2,
    ...     plausible=(0.01, 500), unblinding=True)
    >>> parsed(crp, "3.1"), parsed(crp, "<0.2")
    ((3.1, False), (0.2, True))
    """
    limit, unit = biomarker.limit_of_detection, biomarker.unit
    match = _NUMBER.fullmatch(told.strip())
    if match is None:
        raise ConductError.must(biomarker.label, "be a number such as 3.1, or <0.2", repr(told), fix="Use a point.")
    below, value = match[1] == "<", float(match[2])
    if below and limit is not None and value != limit:
        raise ConductError.must(
            biomarker.label, f"be below {limit:g} {unit} or a number", told, fix="Ask the laboratory."
        )
    if not below and limit is not None and value < limit:
        raise ConductError.must(
            biomarker.label, f"be told as <{limit:g} below {limit:g}", told, fix=f"Type <{limit:g}."
        )
    low, high = biomarker.plausible
    if not (low <= value <= high and math.isfinite(value)):
        rule = f"lie from {low:g} to {high:g} {unit}"
        raise ConductError.must(biomarker.label, rule, told, fix="Look at the unit and the point.")
    return value, below


def _record(
    actor: Any, participant: Any, visit: str, values: Mapping[str, Typed], reason: str, *, secret: bool
) -> None:
    protocol, randomized = served.protocol(), randomized_at(participant)
    planned = protocol.visit(visit)
    taken = newest(VisitRecord, participant, visit=visit)
    if taken is None or taken.on is None:
        raise ConductError.must("visit", "have been recorded", planned.label, fix="Record its day first.")
    model = WithheldValue if secret else LabValue
    with transaction.atomic():
        hold(pk=participant.pk)
        standing = latest(model.objects.filter(participant=participant, visit=visit))
        for name, typed in values.items():
            biomarker = protocol.biomarker(name)
            if withheld(biomarker, planned, randomized, taken.on) != secret:
                rule = "be recorded by people who may know arms" if not secret else "be recorded by the site"
                raise ConductError.must(biomarker.label, rule, planned.label, fix="See the protocol's biomarkers.")
            value, below = parsed(biomarker, typed.told)
            row = model(
                participant=participant, visit=visit, biomarker=name, told=typed.told.strip(), value=value, below=below,
                upper=None if typed.upper is None else float(typed.upper), reason=reason.strip(),
            )  # fmt: skip
            action = Action.RECORD_WITHHELD if secret else Action.RECORD_VALUE
            last = standing.get((visit, name))
            add_after(last, actor, row, seen=typed.seen, action=action, audited_reason=not secret)
        raise_alerts(participant, secret=secret)
