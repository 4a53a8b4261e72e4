"""Analyses: each names its estimand and its method before the data are seen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.baseline import Column
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
    """

    method: Literal["events"]
    primary_method: Literal["fisher_exact", "logrank", "firth_cox", "cox"]
    seed: int = Field(default=1, ge=0)


class AdverseEventsAnalysis(_Analysis):
    """Incidence of adverse events by arm, system organ class and term."""

    method: Literal["adverse_events"]


Analysis = Annotated[
    AncovaAnalysis | DoseTrendAnalysis | InteractionAnalysis | EventsAnalysis | AdverseEventsAnalysis,
    Field(discriminator="method"),
]
