"""Analyses of who benefits: effects that change with a baseline biomarker."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.analyses.analysis import DeclaredAnalysis
from calor.protocol.baseline import Column
from calor.protocol.value import Identifier, Text


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
