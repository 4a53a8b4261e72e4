"""The participants that a person may see."""

from __future__ import annotations

from typing import Any

from django.shortcuts import render

from calor.web import blinded
from calor.web.pages.page import page
from calor.web.permissions import Action


@page(Action.VIEW)
def participants(request: Any) -> Any:
    """List the participants of the person's sites."""
    rows = blinded.participants(request.user, request.visitor.trial)
    wanted = request.GET.get("find", "").strip()
    found = [row for row in rows if wanted.lower() in row["participant"].lower()]
    context = {"rows": found, "wanted": wanted, "total": len(rows)}
    return render(request, "participants_rows.html" if request.htmx else "participants.html", context)
