"""Analyses of adverse events and laboratory safety."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from calor.protocol.analyses.analysis import DeclaredAnalysis
from calor.protocol.event_group import EventGroup
from calor.protocol.value import Value


class BorrowingAcrossTerms(Value):
    """Berry and Berry's hierarchical model: terms of a system organ class inform each other.

    Attributes:
        seed: Seed of the chains.
        least_participants: Terms that fewer participants of both arms together reported are left out.
        draws: Draws kept in each of four chains.
    """

    seed: int = Field(ge=0)
    least_participants: int = Field(default=4, ge=1)
    draws: int = Field(default=10_000, ge=200)


class AdverseEventsAnalysis(DeclaredAnalysis):
    """Incidence of adverse events by arm, system organ class and term.

    Attributes:
        borrowing: The hierarchical model shown beside the plain comparison of terms; None leaves it out.
    """

    method: Literal["adverse_events"]
    borrowing: BorrowingAcrossTerms | None = None


class LaboratorySafetyAnalysis(DeclaredAnalysis):
    """CTCAE grades of laboratory values as shifts from baseline, and the liver rule.

    Attributes:
        criteria: Version of CTCAE.
        baseline_day: Last study day that counts as baseline.
        aminotransferase: Multiple of the upper limit of normal (ULN) that ALT or AST reaches in the liver rule.
        bilirubin: Multiple of ULN that total bilirubin reaches.
        window_days: Days after the aminotransferase within which bilirubin counts.
    """

    method: Literal["laboratory_safety"]
    criteria: Literal["5.0"] = "5.0"
    baseline_day: int = 1
    aminotransferase: float = Field(default=3, gt=0)
    bilirubin: float = Field(default=2, gt=0)
    window_days: int = Field(default=30, ge=0)


class EventsOfInterestAnalysis(DeclaredAnalysis):
    """Adverse events of special interest: groups of terms, their incidence and the time to the first event.

    Attributes:
        groups: Terms that count together.
    """

    method: Literal["events_of_interest"]
    groups: tuple[EventGroup, ...] = Field(min_length=1)
