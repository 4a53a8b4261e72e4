"""How recruitment stands against the protocol's plan: a sentence and a drawing; without arms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone

from calor.report.figures.recruitment import recruitment as drawn
from calor.web import served
from calor.web.models import ActiveMethod, Allocation
from calor.web.pages.page import page
from calor.web.permissions import Action

_MONTH_DAYS = 30.4375


@dataclass(frozen=True)
class Plan:
    """The even pace that the protocol plans from the day on which the list was activated.

    Attributes:
        first: That day.
        last: When the planned size is reached.
        size: Participants to be randomized.
    """

    first: date
    last: date
    size: int

    def by(self, day: date) -> int:
        """Return how many would be randomized by a day, rounded down.

        >>> Plan(date(2026, 1, 1), date(2026, 12, 27), 60).by(date(2026, 7, 1))
        30
        """
        share = (day - self.first).days / (self.last - self.first).days
        return int(self.size * min(max(share, 0.0), 1.0))


def plan(trial: Any) -> Plan | None:
    """Return the plan, or None where the protocol states no duration or nobody can be randomized yet."""
    head = served.protocol().trial
    active = ActiveMethod.objects.filter(trial=trial).first()
    if head.recruitment_months is None or active is None:
        return None
    first = active.at.date()
    days = max(round(head.recruitment_months * _MONTH_DAYS), 1)
    return Plan(first, first + timedelta(days=days), head.planned_size)


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
