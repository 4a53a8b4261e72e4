"""What stands around every page: the trial's name, the person, and the pages that are theirs."""

from __future__ import annotations

from typing import Any

from calor.errors import CalorError
from calor.web import served
from calor.web.permissions import Action

# Address's name, word, action that opens it.
PLACES = (
    ("dashboard", "Today", Action.ENTER),
    ("worklist", "Screening", Action.SCREEN),
    ("participants", "Participants", Action.VIEW),
    ("alerts", "Alerts", Action.ENTER),
    ("queries", "Queries", Action.VIEW),
    ("imports", "Laboratory files", Action.RECORD_VALUE),
    ("withheld-imports", "Laboratory files", Action.RECORD_WITHHELD),
    ("exports", "Exports", Action.EXPORT),
    ("unblinded-exports", "Exports", Action.EXPORT_UNBLINDED),
    ("board", "Safety board", Action.READ_OPEN),
    ("assessments", "Unblindings", Action.CLOSE_ASSESSMENT),
    ("people", "People", Action.GRANT_ROLE),
    ("allocation-list", "Allocation list", Action.ACTIVATE_LIST),
    ("lock", "Data lock", Action.LOCK_DATA),
)


def around(request: Any) -> dict[str, Any]:
    """Return what the base template needs (Django context processor)."""
    visitor = getattr(request, "visitor", None)
    try:
        head = served.protocol().trial
    except CalorError:
        return {"places": [], "visitor": None}
    here = request.resolver_match.url_name if request.resolver_match else ""
    places = [] if visitor is None else [(n, w, n == here) for n, w, action in PLACES if visitor.may(action)]
    return {"places": places, "visitor": visitor, "head": head, "synthetic": head.participants == "synthetic"}
