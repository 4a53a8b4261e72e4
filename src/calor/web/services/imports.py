"""Import a laboratory's file: judged row by row, shown before it is written, and written whole or not at all.

A site's file may hold values that could reveal an arm. The site does not write them and is not shown them: they wait
for the unblinded, who import them the same way.
"""

from __future__ import annotations

import hashlib
import json
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import CalorError, ConductError
from calor.web import laboratory_file
from calor.web.audit import append, save_audited
from calor.web.capture.models import WithheldFile, WithheldFileDone
from calor.web.models import Site
from calor.web.permissions import Action, Role, check, sites_for
from calor.web.services import laboratory
from calor.web.services.accounts import check_reason
from calor.web.services.hold import hold
from calor.web.services.import_rows import UNCHANGED, Judge, Line, Plan, Refused
from calor.web.services.laboratory import Typed
from calor.web.services.notices import notify

IMPORT = "import laboratory file"


def plan_values(actor: Any, trial: Any, content: bytes) -> Plan:
    """Say what a file would change, for a site; of values that could reveal an arm only how many wait for others.

    Raises:
        ConductError: The actor may not record values anywhere, or the file is no such file.
    """
    return _plan(actor, trial, content, Action.RECORD_VALUE)


def plan_withheld(actor: Any, trial: Any, content: bytes) -> Plan:
    """Say what a file would change in the values that blinded people never see; the rest is left to the site.

    Raises:
        ConductError: As `plan_values`.
    """
    return _plan(actor, trial, content, Action.RECORD_WITHHELD)


def import_values(actor: Any, trial: Any, content: bytes, *, seen: str, reason: str = "") -> Plan:
    """Write what was previewed, and hand on what could reveal an arm; all or nothing.

    Args:
        actor: A coordinator or investigator.
        trial: The trial.
        content: The file.
        seen: Digest of the preview.
        reason: Why values that stand are changed.

    Raises:
        ConductError: The actor may not, a row is refused, or something was written since the preview.
    """
    with transaction.atomic():
        plan = _again(actor, trial, content, Action.RECORD_VALUE, seen)
        _write(actor, plan, reason, laboratory.record_values)
        for site, lines in groupby(sorted(plan.elsewhere, key=_site), key=_site):
            rows = [line.row for line in lines]
            where = Site.objects.get(pk=site)
            file = WithheldFile(
                trial=trial, site=where, content=laboratory_file.written(rows).decode(), by=actor, at=timezone.now()
            )
            save_audited(file, chain=trial.code, actor=actor.username, action="hand on withheld values")
            text = f"Values of a laboratory file of site {where.code} wait for you: {len(rows)}."
            notify(actor, trial, (Role.UNBLINDED_MONITOR,), text)
        handed = f", {len(plan.elsewhere)} handed on" if plan.elsewhere else ""
        append(trial.code, actor=actor.username, action=IMPORT, reason=f"{plan}{handed}, SHA-256 {plan.sha256}")
    return plan


def import_withheld(
    actor: Any, trial: Any, content: bytes, *, seen: str, reason: str = "", waiting: Any = None
) -> Plan:
    """Write what was previewed of the values that blinded people never see; all or nothing.

    Args:
        actor: An unblinded monitor or pharmacist.
        trial: The trial.
        content: The file.
        seen: Digest of the preview.
        reason: Why values that stand are changed.
        waiting: The site's file that this is, where a site handed it on.

    Raises:
        ConductError: As `import_values`.
    """
    with transaction.atomic():
        plan = _again(actor, trial, content, Action.RECORD_WITHHELD, seen)
        _write(actor, plan, reason, laboratory.record_withheld)
        if waiting is not None:
            _done(actor, waiting, "imported")
        # How many were new or changed is not for the trail that blinded people read.
        append(trial.code, actor=actor.username, action=IMPORT, reason=f"withheld values, SHA-256 {plan.sha256}")
    return plan


def set_file_aside(actor: Any, waiting: Any, *, reason: str) -> None:
    """Set a site's file aside that cannot be imported.

    Raises:
        ConductError: The actor may not, says nothing, or it was dealt with.
    """
    check(actor, Action.RECORD_WITHHELD, waiting.trial, waiting.site)
    check_reason(reason)
    with transaction.atomic():
        _done(actor, waiting, f"set aside: {reason.strip()}")


def files_waiting(actor: Any, trial: Any) -> list[Any]:
    """Return the files that wait for an unblinded person, the oldest first.

    Raises:
        ConductError: The actor may not record such values anywhere.
    """
    sites = sites_for(actor, Action.RECORD_WITHHELD, trial)
    return list(WithheldFile.objects.filter(site__in=sites, done=None).select_related("site", "by").order_by("pk"))


def _plan(actor: Any, trial: Any, content: bytes, action: Action) -> Plan:
    judge = Judge(trial, sites_for(actor, action, trial), secret=action is Action.RECORD_WITHHELD)
    lines: list[Line] = []
    refused: list[Refused] = []
    for row in laboratory_file.read(content):
        try:
            lines.append(judge.line(row))
        except CalorError as error:
            words = str(error).replace("`", "")
            refused.append(Refused(row.number, words[:1].upper() + words[1:]))
    told = [line.told for line in lines], [(each.number, each.why) for each in refused]
    sha256 = hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256(json.dumps([sha256, *told]).encode()).hexdigest()
    return Plan(tuple(lines), tuple(refused), sha256, digest)


def _again(actor: Any, trial: Any, content: bytes, action: Action, seen: str) -> Plan:
    """Hold the participants of a file, and judge it again: nobody writes of them from here on."""
    first = _plan(actor, trial, content, action)
    held = {line.participant.pk for line in first.lines}
    hold(pk__in=held)
    plan = _plan(actor, trial, content, action)
    if plan.digest != seen:
        fix = "Nothing was written. Look at what it would change now, and import it again."
        raise ConductError.must("file", "change what its preview showed", "other data than then", fix=fix)
    if plan.refused:
        got = f"{len(plan.refused)} refused"
        raise ConductError.must("rows", "all be accepted", got, fix="Nothing was written. Mend them first.")
    return plan


def _write(actor: Any, plan: Plan, reason: str, record: Any) -> None:
    """Record the lines of each visit together; each version says of which file it is."""
    source = f"laboratory file {plan.sha256}"
    changes = [line for line in plan.here if line.state != UNCHANGED]
    if any(line.seen for line in changes):
        check_reason(reason)
    for _, group in groupby(sorted(changes, key=_visit), key=_visit):
        lines = list(group)
        typed = {line.biomarker.id: Typed(line.row.value, line.upper, line.seen) for line in lines}
        why = f"{reason.strip()} ({source})" if lines[0].seen else source
        record(actor, lines[0].participant, lines[0].visit.id, typed, reason=why)


def _visit(line: Line) -> tuple[int, str, bool]:
    return line.participant.pk, line.visit.id, line.seen > 0


def _site(line: Line) -> int:
    return int(line.participant.site_id)


def _done(actor: Any, waiting: Any, what: str) -> None:
    WithheldFile.objects.select_for_update(no_key=True).get(pk=waiting.pk)
    if WithheldFileDone.objects.filter(file=waiting).exists():
        raise ConductError.must("file", "wait", "one that was dealt with", fix="Reload.")
    record = WithheldFileDone(file=waiting, what=what, by=actor, at=timezone.now())
    save_audited(record, chain=waiting.trial.code, actor=actor.username, action=IMPORT)
