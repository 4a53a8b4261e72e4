"""How recruitment stands against the protocol's plan: a sentence and a drawing; without arms."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone

from calor.report.figures.recruitment import recruitment as drawn
from calor.web.models import Allocation
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.recruitment import plan


@page(Action.ENTER)
def recruitment(request: Any) -> Any:
    """Draw the participants randomized against the plan."""
    trial = request.visitor.trial
    found = plan(trial)
    if found is None:
        raise Http404
    days = [at.date() for at in Allocation.objects.filter(trial=trial).values_list("at", flat=True)]
    figure = drawn(
        days,
        planned=(found.first, found.last, found.size),
        today=timezone.now().date(),
        name="recruitment",
        title=f"{len(days)} of {found.size} participants are randomized.",
        caption="Dashed: the even pace that the protocol plans.",
    )
    return HttpResponse(figure.to_svg(), content_type="image/svg+xml; charset=utf-8")
