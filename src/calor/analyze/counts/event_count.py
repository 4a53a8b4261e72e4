"""Participants with an event among participants observed: the two numbers every method for proportions starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.analyze.whole_number import whole_number
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
        for name, value, least, fix in (
            ("events", self.events, 0, "Count participants, not percentages."),
            ("participants", self.participants, 1, "Leave out an arm without participants."),
        ):
            whole_number(name, value, least=least, fix=fix)
        if self.events > self.participants:
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


def counts_by_stratum(strata: Sequence[tuple[EventCount, EventCount]]) -> Float[np.ndarray, "4 strata"]:
    """Line up events and participants of the active arm, then of control, over the strata.

    Raises:
        AnalysisError: There is no stratum.

    >>> counts_by_stratum([(EventCount(0, 32), EventCount(4, 31))]).ravel()
    array([ 0., 32.,  4., 31.])
    """
    if not strata:
        raise AnalysisError.must("strata", "hold at least one stratum", "none", fix="Give each stratum's counts.")
    rows = [(active.events, active.participants, control.events, control.participants) for active, control in strata]
    return np.array(rows, dtype=float).T
