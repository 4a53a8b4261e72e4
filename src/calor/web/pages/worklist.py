"""The screening worklist: whom to call first, and why."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import render

from calor.web import screening, served
from calor.web.capture.models import Consent
from calor.web.pages.page import page
from calor.web.permissions import Action

_SHOWN = 50
VIEWS = {"all": "All", "week": "Window closes within 7 days", "eligible": "Eligible", "undetermined": "To settle"}


@page(Action.SCREEN)
def worklist(request: Any) -> Any:
    """Show the candidates, the most urgent first."""
    site = served.records_site(request.visitor.trial)
    if site is None or not request.visitor.may(Action.SCREEN, site):
        raise Http404
    table, protocol = screening.worklist(), served.protocol()
    view = request.GET.get("show", "all")
    view = view if view in VIEWS else "all"
    context: dict[str, Any] = {
        "views": [(key, word, key == view) for key, word in VIEWS.items()],
        "screened_on": screening.screened_on(),
        "folder": served.folder().name,
        "never": table is None,
        "gate": None if protocol.gate is None else protocol.biomarker(protocol.gate.biomarker),
    }
    if table is not None:
        rows = candidates(table, site, view)
        context |= {"rows": rows[:_SHOWN], "more": max(len(rows) - _SHOWN, 0), "total": len(rows)}
    return render(request, "worklist_rows.html" if request.htmx else "worklist.html", context)


def candidates(table: Any, site: Any, view: str = "all") -> list[dict[str, Any]]:
    """Return the rows of a worklist that are still open: no window has closed and nobody was randomized."""
    consents = {given.person: given for given in Consent.objects.filter(site=site).select_related("enrollment")}
    rows = []
    for row in screening.rows_of(table):
        given, left = consents.get(row["person_id"]), row["days_left"]
        if hasattr(given, "enrollment") or (left is not None and left < 0):
            continue
        if view == "week" and (left is None or left > 7):
            continue
        if view in ("eligible", "undetermined") and row["status"] != view:
            continue
        rows.append({**row, "consented": given, "parts": _parts(row)})
    return rows


def _parts(row: dict[str, Any]) -> list[tuple[str, float]]:
    names = {"benefit": "benefit_points", "urgency": "urgency_points", "known": "completeness_points"}
    return [(word, row[column]) for word, column in names.items() if word != "benefit" or row["benefit"] is not None]
