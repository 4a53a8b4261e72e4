"""Choose an export and download it; the page keeps the SHA-256 of one's own."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header

from calor.web.models import AuditRow
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services import exports as service
from calor.web.services.alerts import withheld_chain

_OFFERED = (
    (service.ADAM, "ADaM datasets", "For analysis: subjects, laboratory values, events, medication; Dataset-JSON."),
    (service.ODM, "CDISC ODM-XML", "A complete copy for machines: every version, query, signature and audit row."),
    (service.CSV, "CSV tables", "The same for people, to open in a spreadsheet."),
)


@page(Action.EXPORT, "GET", "POST")
def exports(request: Any) -> Any:
    """Export without arms."""
    return _answer(request, service.export, Action.EXPORT, request.visitor.trial.code)


@page(Action.EXPORT_UNBLINDED, "GET", "POST")
def unblinded_exports(request: Any) -> Any:
    """Export with arms."""
    chain = withheld_chain(request.visitor.trial)
    return _answer(request, service.export_unblinded, Action.EXPORT_UNBLINDED, chain)


def _answer(request: Any, make: Any, action: Action, chain: str) -> Any:
    if request.method == "POST":
        return _download(make(request.user, request.visitor.trial, _kind(request.POST.get("kind", ""))))
    rows = AuditRow.objects.filter(chain=chain, actor=request.user.username, action=action).order_by("-n")[:10]
    context = {
        "offered": _OFFERED,
        "unblinded": action is Action.EXPORT_UNBLINDED,
        "sites": [site.code for site in request.visitor.sites_for(action)],
        "mine": [(row.at[:16].replace("T", " "), *row.reason.partition(", SHA-256 ")[::2]) for row in rows],
    }
    return render(request, "exports.html", context)


def _kind(told: str) -> service.Kind:
    try:
        return service.Kind(told)
    except ValueError as error:
        raise Http404 from error


def _download(made: service.Exported) -> HttpResponse:
    answer = HttpResponse(made.content, content_type=made.media)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=made.name)
    return answer
