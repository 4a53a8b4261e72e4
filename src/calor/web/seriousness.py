"""Serious adverse events: what makes one serious, and by when it must be reported (ICH E2A)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

CRITERIA = {
    "death": "Death",
    "life_threatening": "Threat to life",
    "hospital": "Hospital stay, or a longer one",
    "disability": "Lasting or significant disability",
    "anomaly": "Congenital anomaly or birth defect",
    "important": "Otherwise medically important",
}
_AT_ONCE, _SEVEN, _FIFTEEN = "24 hours", "7 days", "15 days"
_URGENT = frozenset({"death", "life_threatening"})


@dataclass(frozen=True)
class Deadline:
    """One report that a serious event owes.

    Attributes:
        kind: 24 hours, 7 days or 15 days, counted from when the site learned of it.
        to: Who must have it.
        due: When at the latest.
        sent: When it was sent, or None.
    """

    kind: str
    to: str
    due: datetime
    sent: datetime | None

    def overdue(self, now: datetime) -> bool:
        """Say whether the report is late, sent or not."""
        return (self.sent or now) > self.due


def deadlines(event: Any, sent: dict[str, datetime]) -> tuple[Deadline, ...]:
    """Return the reports that an event owes; none where it is not serious.

    Args:
        event: The latest version of an adverse event.
        sent: When each kind was sent.

    Reference:
        ICH E2A, 1994, III.B: fatal or life-threatening unexpected reactions within 7 days, other serious unexpected
        reactions within 15 days.
    """
    if not event.criteria:
        return ()
    owed = [(_AT_ONCE, "sponsor", timedelta(hours=24))]
    if event.related and not event.expected:
        urgent = bool(_URGENT & set(event.criteria))
        kind, days = (_SEVEN, 7) if urgent else (_FIFTEEN, 15)
        owed.append((kind, "authority and ethics committee", timedelta(days=days)))
    return tuple(Deadline(kind, to, event.learned_at + after, sent.get(kind)) for kind, to, after in owed)
