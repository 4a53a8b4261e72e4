"""What a person who is blinded may see of a running trial; nothing here is computed from an arm."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from calor.web.audit import append, moment
from calor.web.models import Allocation, AuditRow, Participant
from calor.web.permissions import Action, can, check
from calor.web.services.corrections import effective

Row = dict[str, str]


def participants(actor: Any, trial: Any) -> list[Row]:
    """Return the participants of the sites where a person may look, with kit numbers and times.

    Neither place nor list length nor block size is shown: they help to guess.
    """
    return list(_visible(actor, trial, Action.VIEW))


def export(actor: Any, trial: Any) -> str:
    """Return the same as CSV; cells that a spreadsheet would take for formulas begin with an apostrophe.

    Raises:
        ConductError: The actor may not export anything here.
    """
    rows = list(_visible(actor, trial, Action.EXPORT))
    if not rows:
        check(actor, Action.EXPORT, trial)
    append(trial.code, actor=actor.username, action=Action.EXPORT)
    out = io.StringIO()
    writer = csv.DictWriter(out, ["participant", "site", "stratum", "eligible", "kit", "allocated_at"])
    writer.writeheader()
    writer.writerows({name: _plain_text(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def audit_rows(actor: Any, trial: Any) -> list[Row]:
    """Return the audit trail as a blinded person may read it, without digests, which cover sealed arms.

    Raises:
        ConductError: The actor may not.
    """
    check(actor, Action.VIEW_AUDIT, trial)
    rows = AuditRow.objects.filter(chain=trial.code).order_by("n")
    names = ("n", "at", "actor", "action", "record", "reason")
    return [{name: str(getattr(row, name)) for name in names} for row in rows]


def _visible(actor: Any, trial: Any, action: Action) -> Iterator[Row]:
    allocations = {
        allocation.participant_id: allocation
        for allocation in Allocation.objects.filter(trial=trial).select_related("kit")
    }
    may: dict[int, bool] = {}
    for participant in Participant.objects.filter(trial=trial).select_related("site").order_by("identifier"):
        site = participant.site
        if not may.setdefault(site.pk, can(actor, action, trial, site)):
            continue
        now, allocation = effective(participant), allocations.get(participant.pk)
        yield {
            "participant": participant.identifier,
            "site": site.code,
            "stratum": now["stratum"],
            "eligible": "yes" if now["eligible"] else "no",
            "kit": allocation.kit.number if allocation else "not allocated",
            "allocated_at": moment(allocation.at) if allocation else "not allocated",
        }


def _plain_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
