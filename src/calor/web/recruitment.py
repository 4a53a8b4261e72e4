"""What the protocol plans for recruitment: an even pace from the activation of the list on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from calor.web import served
from calor.web.models import ActiveMethod

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
