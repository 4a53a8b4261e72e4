"""Choose an export and download it; the page keeps the SHA-256 of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header

from calor.web.capture.models import UnblindedExport
from calor.web.models import AuditRow
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services import exports as service

_OFFERED = (
    (service.ADAM, "ADaM datasets", "For analysis: subjects, laboratory values, events, medication; Dataset-JSON."),
    (service.ODM, "CDISC ODM-XML", "A complete copy for machines: every version, query, signature and audit row."),
    (service.CSV, "CSV tables", "The same for people, to open in a spreadsheet."),
)
_WORDS: dict[str, str] = {kind: word for kind, word, _ in _OFFERED}


@page(Action.EXPORT, "GET", "POST")
def exports(request: Any) -> Any:
    """Export without arms."""
    rows = AuditRow.objects.filter(chain=request.visitor.trial.code, actor=request.user.username, action=Action.EXPORT)
    told = [(row.at[:16].replace("T", " "), row.reason.partition(", SHA-256 ")) for row in rows.order_by("-n")[:10]]
    mine = [(at, _WORDS[kind], digest) for at, (kind, _, digest) in told]
    return _answer(request, service.export, Action.EXPORT, mine)


@page(Action.EXPORT_UNBLINDED, "GET", "POST")
def unblinded_exports(request: Any) -> Any:
    """Export with arms."""
    rows = UnblindedExport.objects.filter(trial=request.visitor.trial, by=request.user).order_by("-pk")[:10]
    mine = [(f"{row.at:%Y-%m-%d %H:%M}", _WORDS[row.kind], row.sha256) for row in rows]
    return _answer(request, service.export_unblinded, Action.EXPORT_UNBLINDED, mine)


def _answer(request: Any, make: Any, action: Action, mine: Sequence[tuple[str, ...]]) -> Any:
    if request.method == "POST":
        return _download(make(request.user, request.visitor.trial, kind_of(request.POST.get("kind", ""))))
    context = {
        "offered": _OFFERED,
        "unblinded": action is Action.EXPORT_UNBLINDED,
        "sites": [site.code for site in request.visitor.sites_for(action)],
        "mine": mine,
    }
    return render(request, "exports.html", context)


def kind_of(told: str) -> service.Kind:
    """Return the kind of export of a name.

    Raises:
        Http404: There is none.
    """
    try:
        return service.Kind(told)
    except ValueError as error:
        raise Http404 from error


def _download(made: service.Exported) -> HttpResponse:
    answer = HttpResponse(made.content, content_type=made.media)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=made.name)
    return answer
