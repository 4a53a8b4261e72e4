"""Analyses of who benefits: effects that change with a baseline biomarker."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.analyses.analysis import DeclaredAnalysis
from calor.protocol.baseline import Column
from calor.protocol.value import Identifier, Text, Value


class ModifierAnalysis(DeclaredAnalysis):
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


class SubgroupsAnalysis(DeclaredAnalysis):
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


class ResponderAnalysis(DeclaredAnalysis):
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


class Modifier(Value):
    """One of several baseline biomarkers on which the effect may depend.

    Attributes:
        biomarker: Id of a biomarker, whose baseline value is taken, or `BASE` for the endpoint's own baseline.
        scale: Whether it enters as it is or as its natural logarithm.
    """

    biomarker: Identifier
    scale: Literal["linear", "log"]


class ModifiersAnalysis(DeclaredAnalysis):
    """What every analysis of an effect that changes with several baseline biomarkers names.

    Attributes:
        modifiers: The biomarkers.
        covariates: Numeric columns of the endpoint's dataset; a modifier among them is entered once.
    """

    modifiers: tuple[Modifier, ...] = Field(min_length=1)
    covariates: tuple[Column, ...] = ("BASE",)


class JointInteractionAnalysis(ModifiersAnalysis):
    """Does the effect change with each biomarker, imaging and blood, the others held fixed?"""

    method: Literal["joint_interaction"]
    modifiers: tuple[Modifier, ...] = Field(min_length=2)


class IndividualBenefitAnalysis(ModifiersAnalysis):
    """How much each participant may benefit, and how far such predictions can be trusted.

    Attributes:
        seed: Seed of posterior draws, folds and bootstrap samples.
        draws: Draws from the posterior of the shrinkage model.
        folds: Folds of the R-learner's predictions.
        groups: Groups by predicted effect in which it is set against the observed one.
        bootstraps: Bootstrap samples of the c-for-benefit.
    """

    method: Literal["individual_benefit"]
    seed: int = Field(ge=0)
    draws: int = Field(default=4_000, ge=100)
    folds: int = Field(default=5, ge=2)
    groups: int = Field(default=3, ge=2)
    bootstraps: int = Field(default=500, ge=100)


class MediationAnalysis(DeclaredAnalysis):
    """Does a biomarker after allocation explain the effect, and how easily is that answer upset?

    Attributes:
        mediator: Id of the biomarker.
        visit: Id of the visit at which it is taken, before the endpoint's.
        scale: Whether it enters as it is or as its natural logarithm.
        covariates: Numeric columns of the endpoint's dataset; the mediator's own baseline is added to them.
        seed: Seed of the bootstrap samples.
        bootstraps: Bootstrap samples of the effect through the mediator.
    """

    method: Literal["mediation"]
    mediator: Identifier
    visit: Identifier
    scale: Literal["linear", "log"]
    covariates: tuple[Column, ...] = ("BASE",)
    seed: int = Field(ge=0)
    bootstraps: int = Field(default=2_000, ge=100)


class TrialEffects(Value):
    """What one earlier trial showed.

    Attributes:
        trial: Its name.
        biomarker: Effect on the biomarker, on the scale of this trial's endpoint.
        endpoint: Effect on the outcome, where a normal distribution holds (a log hazard ratio, a difference).
        endpoint_se: Standard error of the latter.
    """

    trial: Text
    biomarker: float
    endpoint: float
    endpoint_se: float = Field(gt=0)


class SurrogacyAnalysis(DeclaredAnalysis):
    """What the effect on a biomarker foretells of the outcome, from trials that measured both.

    Attributes:
        outcome: What the trials' effects on the outcome are, such as "log hazard ratio of infarction".
        trials: The trials, four or more.
        covariates: Numeric columns of the endpoint's dataset, for this trial's own effect on the biomarker.
    """

    method: Literal["surrogacy"]
    outcome: Text
    trials: tuple[TrialEffects, ...] = Field(min_length=4)
    covariates: tuple[Column, ...] = ("BASE",)
