"""One participant: who, since when, with which kit, and what happened."""

from __future__ import annotations

from typing import Any

from django.shortcuts import render
from django.utils import timezone

from calor.web import served
from calor.web.models import Allocation
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services.corrections import effective
from calor.web.study_day import study_day


@page(Action.VIEW)
def participant(request: Any, identifier: str) -> Any:
    """Show a participant."""
    found = request.visitor.participant(identifier)
    allocation = Allocation.objects.filter(participant=found).select_related("kit", "by").first()
    today = study_day(timezone.now(), allocation.at) if allocation else None
    context = {
        "participant": found,
        "now": effective(found),
        "allocation": allocation,
        "today": today,
        "visits": served.protocol().visits,
    }
    return render(request, "participant.html", context)
