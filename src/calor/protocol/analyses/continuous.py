"""Analyses of a continuous endpoint: at one visit, over visits, under other assumptions on what is missing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from calor.protocol.analyses.analysis import DeclaredAnalysis
from calor.protocol.baseline import Column
from calor.protocol.value import Identifier, Text

Beside = Literal[
    "HC3",
    "heterogeneous_slopes",
    "g_computation",
    "log_ratio",
    "unadjusted",
    "change_score",
    "rank_sum",
    "quade",
]
"""What may be shown beneath an ANCOVA: the same comparison by other methods."""


class AncovaAnalysis(DeclaredAnalysis):
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
    beside: tuple[Beside, ...] = ()


class DoseTrendAnalysis(DeclaredAnalysis):
    """Analysis of covariance with dose as a number: one slope over the arms."""

    method: Literal["dose_trend"]
    response: Literal["AVAL", "CHG"] = "AVAL"
    covariates: tuple[Column, ...] = ("BASE",)
    factors: tuple[Column, ...] = ()


class RepeatedAnalysis(DeclaredAnalysis):
    """What every analysis of a continuous endpoint over several visits names.

    Attributes:
        visits: Ids of the visits, in order; the endpoint's own is among them.
        scale: Whether the values enter as they are or as natural logarithms, which turns differences into ratios.
        covariates: Numeric columns of the endpoint's dataset that do not change with the visit; `BASE` takes the scale.
        factors: Categorical columns of it that do not change with the visit.
        below_limit: What becomes of values below a limit of detection: an error, or half the limit.
    """

    visits: tuple[Identifier, ...] = Field(min_length=1)
    scale: Literal["linear", "log"] = "linear"
    covariates: tuple[Column, ...] = ("BASE",)
    factors: tuple[Column, ...] = ()
    below_limit: Literal["refuse", "half"] = "refuse"


Covariance = Literal[
    "unstructured",
    "compound_symmetry",
    "heterogeneous_compound_symmetry",
    "toeplitz",
    "heterogeneous_toeplitz",
    "autoregressive",
    "heterogeneous_autoregressive",
    "ante_dependence",
    "heterogeneous_ante_dependence",
]


class MmrmAnalysis(RepeatedAnalysis):
    """Mixed model for repeated measures: the difference at the endpoint's visit, using what the others tell.

    Attributes:
        covariance: Structure of the covariance between a participant's visits; never changed silently.
        df: Degrees of freedom.
        by_visit: Those covariates and factors whose effect may differ from visit to visit.
    """

    method: Literal["mmrm"]
    covariance: Covariance = "unstructured"
    df: Literal["kenward_roger_linear", "kenward_roger", "satterthwaite", "between_within"] = "kenward_roger_linear"
    by_visit: tuple[Column, ...] = ("BASE",)


ImputationStrategy = Literal[
    "missing_at_random",
    "jump_to_reference",
    "copy_reference",
    "copy_increments_in_reference",
    "last_mean_carried_forward",
]


class MissingDataAnalysis(RepeatedAnalysis):
    """What the difference would be under other assumptions on those who dropped out.

    Attributes:
        event: The estimand's intercurrent event after which values are missing, in its own words.
        strategies: How values go on after it; the first serves the event's strategy, the others show what hangs on it.
        deltas: Added to the active arm's imputed values, on the scale of the analysis; 0 is the analysis itself.
        control_deltas: Added to the control arm's.
        imputation: By conditional means with the jackknife, or multiple, pooled by Rubin's rules.
        imputations: Number of imputed data sets, where it is multiple.
        seed: Seed of the imputations, where it is multiple.
    """

    method: Literal["missing_data"]
    event: Text
    strategies: tuple[ImputationStrategy, ...] = Field(min_length=1)
    deltas: tuple[float, ...] = ()
    control_deltas: tuple[float, ...] = (0.0,)
    imputation: Literal["conditional_means", "multiple"] = "conditional_means"
    imputations: int = Field(default=50, ge=2)
    seed: int | None = Field(default=None, ge=0)


class TobitAnalysis(DeclaredAnalysis):
    """Comparison at one visit of an endpoint with values below a limit of detection.

    Attributes:
        limit: Limit of detection [unit of the endpoint]; what lies below it counts as that and no more.
        scale: Whether the values enter as they are or as natural logarithms, which turns differences into ratios.
        covariates: Numeric columns of the endpoint's dataset; `BASE` takes the scale.
        factors: Categorical columns of it.
    """

    method: Literal["tobit"]
    limit: float
    scale: Literal["linear", "log"] = "log"
    covariates: tuple[Column, ...] = ("BASE",)
    factors: tuple[Column, ...] = ()
