"""One visit of one participant: its day, and the laboratory values taken at it."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone

from calor.errors import CalorError
from calor.protocol.visits import Visit
from calor.web import served
from calor.web.calendar import calendar, latest, withheld
from calor.web.capture.models import LabValue, VisitRecord, WithheldValue
from calor.web.models import Allocation
from calor.web.pages.page import page
from calor.web.pages.visit_forms import ValuesForm, VisitForm, told
from calor.web.permissions import Action
from calor.web.services import laboratory, visits
from calor.web.services.versions import newest


@page(Action.VIEW)
def visit(request: Any, identifier: str, visit: str) -> Any:
    """Show a visit."""
    return _show(request, *_found(request, identifier, visit, Action.VIEW))


@page(Action.RECORD_VISIT, "POST")
def record_visit(request: Any, identifier: str, visit: str) -> Any:
    """Record that the visit took place, or did not."""
    participant, planned, randomized = _found(request, identifier, visit, Action.RECORD_VISIT)
    form = VisitForm(request.POST, planned=planned, randomized=randomized)
    versions = VisitRecord.objects.filter(participant=participant, visit=visit).select_related("by").order_by("version")
    if form.is_valid() and form.meets(list(versions), told):
        try:
            visits.record_visit(request.user, participant, visit, **form.told())
        except CalorError as error:
            form.add_error(None, str(error))
        else:
            return redirect("visit", identifier, visit)
    return _show(request, participant, planned, randomized, visit_form=form)


@page(Action.RECORD_VALUE, "POST")
def record_values(request: Any, identifier: str, visit: str) -> Any:
    """Record values that blinded people may see."""
    return _record(request, identifier, visit, Action.RECORD_VALUE, secret=False)


@page(Action.RECORD_WITHHELD, "POST")
def record_withheld(request: Any, identifier: str, visit: str) -> Any:
    """Record values that could reveal the arm."""
    return _record(request, identifier, visit, Action.RECORD_WITHHELD, secret=True)


def _record(request: Any, identifier: str, visit: str, action: Action, *, secret: bool) -> Any:
    participant, planned, randomized = _found(request, identifier, visit, action)
    form = ValuesForm(request.POST, **_of(participant, planned, randomized, secret=secret, may_see=secret))
    if form.is_valid():
        service = laboratory.record_withheld if secret else laboratory.record_values
        try:
            service(request.user, participant, visit, form.typed(), reason=form.cleaned_data["reason"])
        except CalorError as error:
            form.add_error(None, str(error))
        else:
            return redirect("visit", identifier, visit)
    return _show(request, participant, planned, randomized, **{"secret_form" if secret else "open_form": form})


def _found(request: Any, identifier: str, visit: str, action: Action) -> tuple[Any, Visit, Any]:
    """Return the participant, the protocol's visit and when the participant was randomized."""
    participant = request.visitor.participant(identifier, action)
    planned = next((v for v in served.protocol().visits if v.id == visit), None)
    allocation = Allocation.objects.filter(participant=participant).first()
    if planned is None or allocation is None:
        raise Http404
    return participant, planned, allocation.at


def _of(participant: Any, planned: Visit, randomized: Any, *, secret: bool, may_see: bool) -> dict[str, Any]:
    """Return what a form of values needs: the analytes of the visit that are, or are not, withheld, and what stands."""
    taken = newest(VisitRecord, participant, visit=planned.id)
    on = None if taken is None else taken.on
    analytes = [
        b for b in served.protocol().biomarkers
        if b.id in planned.measures and withheld(b, planned, randomized, on) == secret
    ]  # fmt: skip
    if secret and not may_see:  # on PostgreSQL the process of blinded people has no right to ask
        return {"analytes": analytes, "rows": []}
    model = WithheldValue if secret else LabValue
    mine = model.objects.filter(participant=participant, visit=planned.id).select_related("by").order_by("version")
    return {"analytes": analytes, "rows": list(mine)}


def _show(request: Any, participant: Any, planned: Visit, randomized: Any, **forms: Any) -> Any:
    """Show the visit with the forms that are the person's; `forms` are those that were refused."""
    visitor, site, protocol = request.visitor, participant.site, served.protocol()
    records = VisitRecord.objects.filter(participant=participant).select_related("by")
    now = next(
        day
        for day in calendar(protocol, randomized, latest(records), timezone.now().date())
        if day.visit.id == planned.id
    )
    may_see = visitor.may(Action.VIEW_WITHHELD, site)
    open_, secret = (_of(participant, planned, randomized, secret=flag, may_see=may_see) for flag in (False, True))
    context = {
        "participant": participant,
        "now": now,
        "visit_form": forms.get("visit_form") or VisitForm.of(now, randomized),
        "open_form": forms.get("open_form") or ValuesForm(**open_),
        "withheld": secret["analytes"],
        "may_see": may_see,
        "secret_form": (forms.get("secret_form") or ValuesForm(**secret)) if may_see else None,
        "scans": [e.label for e in protocol.endpoints if e.id in planned.measures],
        "corrections": [
            *(_visit_in_words(row) for row in records if row.visit == planned.id and row.version > 1),
            *(_value_in_words(row) for row in open_["rows"] if row.version > 1),
            *((_value_in_words(row) for row in secret["rows"] if row.version > 1) if may_see else ()),
        ],
        "may_visit": visitor.may(Action.RECORD_VISIT, site),
        "may_value": visitor.may(Action.RECORD_VALUE, site),
        "may_secret": visitor.may(Action.RECORD_WITHHELD, site),
    }
    return render(request, "visit.html", context, status=422 if forms else 200)


def _visit_in_words(row: Any) -> tuple[str, Any]:
    return (f"The visit took place on {row.on}" if row.on else "The visit did not take place"), row


def _value_in_words(row: Any) -> tuple[str, Any]:
    biomarker = served.protocol().biomarker(row.biomarker)
    return f"{biomarker.label}: {row.told} {biomarker.unit}", row
