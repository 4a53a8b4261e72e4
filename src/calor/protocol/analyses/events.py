"""Analyses of the time to an event."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from calor.protocol.analyses.analysis import DeclaredAnalysis
from calor.protocol.events_beside import EventsBeside


class EventsAnalysis(DeclaredAnalysis):
    """Time to first event: the one method that is primary; with few events the others are shown beneath.

    Attributes:
        primary_method: Named before the data are seen, since defensible methods disagree when events are few.
        seed: Seed of the permutation test that is shown when events are few.
        beside: What else is shown beneath it.
    """

    method: Literal["events"]
    primary_method: Literal["fisher_exact", "logrank", "firth_cox", "cox"]
    seed: int = Field(default=1, ge=0)
    beside: tuple[EventsBeside, ...] = ()
