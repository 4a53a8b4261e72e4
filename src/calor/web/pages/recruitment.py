"""How recruitment stands against the protocol's plan: a sentence and a drawing; without arms."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone

from calor.report.figures.recruitment import recruitment as drawn
from calor.web.models import Allocation
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.recruitment import Plan, plan


@page(Action.ENTER)
def recruitment(request: Any) -> Any:
    """Draw the participants randomized against the plan."""
    trial = request.visitor.trial
    found = plan(trial)
    if found is None:
        raise Http404
    days = tuple(Allocation.objects.filter(trial=trial).order_by("at").values_list("at__date", flat=True))
    return HttpResponse(_svg(days, found, timezone.now().date()), content_type="image/svg+xml; charset=utf-8")


@lru_cache(maxsize=8)
def _svg(days: tuple[date, ...], plan: Plan, today: date) -> str:
    return drawn(
        days,
        planned=(plan.first, plan.last, plan.size),
        today=today,
        name="recruitment",
        title=f"{len(days)} of {plan.size} participants are randomized.",
        caption="Dashed: the even pace that the protocol plans.",
    ).to_svg()
