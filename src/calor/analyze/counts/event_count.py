"""Participants with an event among participants observed: the two numbers every method for proportions starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from calor.errors import AnalysisError


@dataclass(frozen=True)
class EventCount:
    """Count the participants with an event in one arm.

    Attributes:
        events: Participants with at least one event.
        participants: Participants observed.

    Raises:
        AnalysisError: A count is not a whole number, is negative, or there are more events than participants.

    >>> EventCount(4, 32).proportion
    0.125
    """

    events: int
    participants: int

    def __post_init__(self) -> None:
        for name, value in (("events", self.events), ("participants", self.participants)):
            if isinstance(value, bool) or not math.isfinite(value) or value != int(value):
                raise AnalysisError.must(name, "be a whole number", value, fix="Count participants, not percentages.")
        if self.participants < 1:
            raise AnalysisError.must(
                "participants", "be at least 1", self.participants, fix="Leave out an arm without participants."
            )
        if not 0 <= self.events <= self.participants:
            raise AnalysisError.must(
                "events",
                f"lie between 0 and the {self.participants} participants",
                self.events,
                fix="Count a participant once, however many events there were.",
            )

    @property
    def proportion(self) -> float:
        """Return the observed proportion."""
        return self.events / self.participants

    def __str__(self) -> str:
        return f"{self.events}/{self.participants}"
