"""Analyses of events: the time to the first, several causes, several events, what matters most, a landmark."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.analyses.analysis import DeclaredAnalysis
from calor.protocol.baseline import Column
from calor.protocol.biomarkers import Comparator
from calor.protocol.events_beside import EventsBeside
from calor.protocol.value import Identifier

EventMethod = Literal[
    "fisher_exact",
    "exact_rate_ratio",
    "logrank",
    "permutation_logrank",
    "firth_cox",
    "cox",
    "weibull",
    "rmst",
]
Power = Annotated[float, Field(ge=0)]


class EventsAnalysis(DeclaredAnalysis):
    """Time to first event: the one method that is primary; with few events the others are shown beneath.

    Attributes:
        primary_method: Named before the data are seen, since defensible methods disagree when events are few.
        strata: Columns of ADSL within whose combinations the arms are compared (log-rank, permutation, Cox, Firth).
        covariates: Numeric columns of ADSL that the model adjusts for (Cox, Firth, Weibull, restricted mean).
        weight: Powers of survival and of its complement in the weight of the log-rank test (Fleming-Harrington).
        horizon_days: Where the restricted mean ends (restricted mean).
        seed: Seed of the permutation test.
        beside: What else is shown beneath it.
    """

    method: Literal["events"]
    primary_method: EventMethod
    strata: tuple[Column, ...] = ()
    covariates: tuple[Column, ...] = ()
    weight: tuple[Power, Power] = (0.0, 0.0)
    horizon_days: float | None = Field(default=None, gt=0)
    seed: int = Field(default=1, ge=0)
    beside: tuple[EventsBeside, ...] = ()


class CompetingRisksAnalysis(DeclaredAnalysis):
    """Time to an event that others may forestall: cumulative incidence of each, and a test or model of the first.

    Attributes:
        primary_method: Gray's test and Fine and Gray's model compare incidences, the cause-specific model hazards.
        covariates: Numeric columns of ADSL that the models adjust for.
    """

    method: Literal["competing_risks"]
    primary_method: Literal["gray", "fine_gray", "cause_specific_cox"]
    covariates: tuple[Column, ...] = ()


class RecurrentEventsAnalysis(DeclaredAnalysis):
    """Rate of events that recur, all of them counted.

    Attributes:
        primary_method: Lin-Wei-Yang-Ying, negative binomial, or Poisson with a robust variance.
        covariates: Numeric columns of ADSL that the model adjusts for.
    """

    method: Literal["recurrent_events"]
    primary_method: Literal["lwyy", "negative_binomial", "poisson"]
    covariates: tuple[Column, ...] = ()


class WinRatioAnalysis(DeclaredAnalysis):
    """Pairs of participants compared on a hierarchical composite.

    Attributes:
        primary_method: Which result is primary; all are shown.
        strata: Columns of ADSL within whose combinations pairs are formed.
    """

    method: Literal["win_ratio"]
    primary_method: Literal["win_ratio", "win_odds", "net_benefit", "finkelstein_schoenfeld"]
    strata: tuple[Column, ...] = ()


class LandmarkAnalysis(DeclaredAnalysis):
    """Events after a landmark by what had happened until then: not randomized, and said so wherever it is shown.

    Attributes:
        biomarker: Id of the biomarker whose value makes a responder.
        visit: Id of the visit at which response is judged; the landmark is the last day of its window.
        comparator: How the value is compared with the cut-off.
        cutoff: The cut-off [unit of the biomarker].
        covariates: Numeric columns of ADSL that the model adjusts for.
    """

    method: Literal["landmark"]
    biomarker: Identifier
    visit: Identifier
    comparator: Comparator
    cutoff: float
    covariates: tuple[Column, ...] = ()
