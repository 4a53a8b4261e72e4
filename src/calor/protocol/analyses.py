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


class ModifierAnalysis(_Analysis):
    """What every analysis of an effect that changes with a baseline biomarker names.

    Attributes:
        modifier: Id of a biomarker, whose baseline value is taken, or `BASE` for the endpoint's own baseline.
        covariates: Numeric columns of the endpoint's dataset.
    """

    modifier: Identifier
    covariates: tuple[Column, ...] = ("BASE",)


class InteractionAnalysis(ModifierAnalysis):
    """Does the treatment effect change with a baseline biomarker?

    Attributes:
        scale: Whether the modifier enters as it is or as its natural logarithm.
        percentiles: Where the effect is printed.
    """

    method: Literal["interaction"]
    scale: Literal["linear", "log"]
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


class RepeatedAnalysis(_Analysis):
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
    """

    method: Literal["missing_data"]
    event: Text
    strategies: tuple[ImputationStrategy, ...] = Field(min_length=1)
    deltas: tuple[float, ...] = ()
    control_deltas: tuple[float, ...] = (0.0,)


class SubgroupsAnalysis(_Analysis):
    """The effect in subgroups, the interaction test of each factor, and estimates drawn towards each other.

    Attributes:
        by: Categorical columns of ADSL.
        joined: For a column, the levels that are analyzed under another name, such as two that are too small alone.
        covariates: Numeric columns of the endpoint's dataset.
    """

    method: Literal["subgroups"]
    by: tuple[Column, ...] = Field(min_length=1)
    joined: dict[Column, dict[Text, Text]] = Field(default_factory=dict)
    covariates: tuple[Column, ...] = ("BASE",)


class EffectCurveAnalysis(ModifierAnalysis):
    """The effect as a curve over a baseline biomarker, where a line may not do.

    Attributes:
        form: Restricted cubic spline, fractional polynomial (MFPI), or sliding windows with a permutation test (STEPP).
        scale: Whether the modifier enters as it is or as its natural logarithm.
        knots: Knots of the spline.
        window: Participants in a window and participants shared by neighbors (STEPP).
        permutations: Permutations of the test (STEPP).
        seed: Seed of the permutations (STEPP).
    """

    method: Literal["effect_curve"]
    form: Literal["spline", "fractional_polynomial", "stepp"]
    scale: Literal["linear", "log"] = "log"
    knots: int = Field(default=3, ge=3, le=7)
    window: tuple[int, int] | None = None
    permutations: int = Field(default=2500, ge=1)
    seed: int | None = Field(default=None, ge=0)


class ThresholdSearchAnalysis(ModifierAnalysis):
    """A cut-off searched for in the data, with inference that pays for the search; exploratory by nature.

    Attributes:
        between: Percentiles of the modifier between which its observed values are tried.
        permutations: Permutations of the test over the whole search.
        bootstraps: Bootstrap samples of the interval of the cut-off.
        seed: Seed of both.
    """

    method: Literal["threshold_search"]
    between: tuple[Annotated[float, Field(ge=0, le=100)], Annotated[float, Field(ge=0, le=100)]] = (20, 80)
    permutations: int = Field(default=10_000, ge=1)
    bootstraps: int = Field(default=1_000, ge=1)
    seed: int = Field(ge=0)


class ResponderAnalysis(_Analysis):
    """Responders against others at a landmark: not randomized, and said so wherever it is shown.

    Attributes:
        biomarker: Id of the biomarker whose value makes a responder.
        visit: Id of the visit at which response is judged, before the endpoint's.
        comparator: How the value is compared with the cut-off.
        cutoff: The cut-off [unit of the biomarker].
    """

    method: Literal["responder"]
    biomarker: Identifier
    visit: Identifier
    comparator: Literal["<", "<=", ">=", ">"]
    cutoff: float


Analysis = Annotated[
    AncovaAnalysis
    | DoseTrendAnalysis
    | InteractionAnalysis
    | EventsAnalysis
    | AdverseEventsAnalysis
    | MmrmAnalysis
    | MissingDataAnalysis
    | SubgroupsAnalysis
    | EffectCurveAnalysis
    | ThresholdSearchAnalysis
    | ResponderAnalysis
    | LaboratorySafetyAnalysis
    | EventsOfInterestAnalysis,
    Field(discriminator="method"),
]
