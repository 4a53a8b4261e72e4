"""Analyses: each names its estimand and its method before the data are seen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.baseline import Column
from calor.protocol.event_group import EventGroup
from calor.protocol.events_beside import EventsBeside
from calor.protocol.value import Identifier, Probability, Text, Value

Role = Literal["primary", "secondary", "sensitivity", "exploratory", "safety"]


class _Analysis(Value):
    """What every analysis names."""

    id: Identifier
    label: Text
    role: Role
    estimand: Identifier
    set: Identifier
    level: Probability = 0.95


class AncovaAnalysis(_Analysis):
    """Analysis of covariance of one response at one visit.

    Attributes:
        response: `AVAL` (at the visit) or `CHG` (change); with `BASE` as covariate the difference is the same.
        covariates: Numeric columns of the endpoint's dataset.
        factors: Categorical columns of the endpoint's dataset.
        beside: What is shown beneath the primary model.
    """

    method: Literal["ancova"]
    response: Literal["AVAL", "CHG"] = "AVAL"
    covariates: tuple[Column, ...] = ("BASE",)
    factors: tuple[Column, ...] = ()
    beside: tuple[Literal["HC3", "log_ratio", "unadjusted", "change_score"], ...] = ()


class DoseTrendAnalysis(_Analysis):
    """Analysis of covariance with dose as a number: one slope over the arms."""

    method: Literal["dose_trend"]
    response: Literal["AVAL", "CHG"] = "AVAL"
    covariates: tuple[Column, ...] = ("BASE",)
    factors: tuple[Column, ...] = ()


class InteractionAnalysis(_Analysis):
    """Does the treatment effect change with a baseline biomarker?

    Attributes:
        modifier: Id of a biomarker, whose baseline value is taken, or `BASE` for the endpoint's own baseline.
        scale: Whether the modifier enters as it is or as its natural logarithm.
        percentiles: Where the effect is printed.
    """

    method: Literal["interaction"]
    modifier: Identifier
    scale: Literal["linear", "log"]
    covariates: tuple[Column, ...] = ("BASE",)
    percentiles: tuple[Annotated[float, Field(ge=0, le=100)], ...] = (10, 25, 50, 75, 90)


class EventsAnalysis(_Analysis):
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


class AdverseEventsAnalysis(_Analysis):
    """Incidence of adverse events by arm, system organ class and term.

    Attributes:
        borrowing: The hierarchical model shown beside the plain comparison of terms; None leaves it out.
    """

    method: Literal["adverse_events"]
    borrowing: BorrowingAcrossTerms | None = None


class LaboratorySafetyAnalysis(_Analysis):
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


class EventsOfInterestAnalysis(_Analysis):
    """Adverse events of special interest: groups of terms, their incidence and the time to the first event.

    Attributes:
        groups: Terms that count together.
        after_last_dose_days: Days after the last dose on which a participant is still at risk, unless gone earlier.
    """

    method: Literal["events_of_interest"]
    groups: tuple[EventGroup, ...] = Field(min_length=1)
    after_last_dose_days: int = Field(default=30, ge=0)


Analysis = Annotated[
    AncovaAnalysis
    | DoseTrendAnalysis
    | InteractionAnalysis
    | EventsAnalysis
    | AdverseEventsAnalysis
    | LaboratorySafetyAnalysis
    | EventsOfInterestAnalysis,
    Field(discriminator="method"),
]
