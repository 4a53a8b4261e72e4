"""Mixed model for repeated measures (MMRM): a continuous endpoint at several visits, some of them missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, Exclusion, check_level, format_p
from calor.analyze.missing.strategies import strategy_named
from calor.analyze.mixed.between_within import between_within, residual_df
from calor.analyze.mixed.covariance.derivatives import Covariance
from calor.analyze.mixed.covariance.structures import (
    SpatialStructure,
    Structure,
    VisitStructure,
    spatial_covariance,
    visit_covariance,
)
from calor.analyze.mixed.inference import FTest, Inference
from calor.analyze.mixed.kenward_roger import Form, kenward_roger
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.analyze.mixed.marginal_model import MarginalFit, fit_marginal_model
from calor.analyze.mixed.restricted_likelihood import Method
from calor.analyze.mixed.sandwich import sandwich
from calor.analyze.mixed.satterthwaite import satterthwaite
from calor.analyze.mixed.visit_design import VisitDesign, measurements, visit_design
from calor.analyze.mixed.visit_table import RepeatedMeasures, VisitTable, read_visits
from calor.errors import AnalysisError

DegreesOfFreedom = Literal[
    "kenward-roger", "kenward-roger-linear", "kenward-roger-sas", "satterthwaite", "between-within", "residual"
]
_FORMS: dict[str, Form] = {
    "kenward-roger": "second-order",
    "kenward-roger-linear": "linear",
    "kenward-roger-sas": "SAS",
}
Vcov = Literal["model", "empirical", "bias-reduced", "jackknife"]


@dataclass(frozen=True)
class Fitting:
    """How an MMRM is fitted and judged.

    Attributes:
        covariance: Structure of the covariance between a participant's visits.
        by_arm: Whether each arm has a covariance of its own.
        method: Restricted (REML) or full (ML) maximum likelihood.
        df: Degrees of freedom. The linear form of Kenward-Roger is exact where an exact test exists (one visit, or
            complete data) and is what SAS prints for an unstructured covariance; "kenward-roger-sas" is what it prints
            for any; "kenward-roger" adds second derivatives as R's mmrm does.
        vcov: Standard errors from the model, or a sandwich from the participants' residuals.
    """

    covariance: Structure = "unstructured"
    by_arm: bool = False
    method: Method = "REML"
    df: DegreesOfFreedom = "kenward-roger-linear"
    vcov: Vcov = "model"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("df", self.df, get_args(DegreesOfFreedom)),
            ("vcov", self.vcov, get_args(Vcov)),
            ("method", self.method, get_args(Method)),
        ):
            if value not in known:
                raise AnalysisError.must(name, "be one of " + ", ".join(known), value, fix="Choose one of them.")
        if self.vcov != "model" and self.df in _FORMS:
            raise AnalysisError.must(
                "df",
                f"be satterthwaite, between-within or residual with a {self.vcov} covariance",
                self.df,
                fix='Kenward-Roger adjusts the model-based covariance: give vcov="model" for it.',
            )


@dataclass(frozen=True)
class Mmrm(Drawable):
    """What an MMRM says.

    Attributes:
        contrasts: Difference of each arm from the reference at each visit.
        ls_means: Least-squares mean of each arm at each visit.
        coefficients: Fixed effects.
        joint: Test that no arm differs from the reference at any visit.
        covariance: Covariance between visits, one for all, one per arm, or one per participant (spatial).
        visits: Visits in order.
        log_likelihood: Log (restricted) likelihood.
        fitting: How it was fitted.
        n: Participants used.
        excluded: Participants left out, with reasons.
    """

    contrasts: tuple[Estimate, ...]
    ls_means: tuple[Estimate, ...]
    coefficients: tuple[Estimate, ...]
    joint: FTest
    covariance: Float[np.ndarray, "unit visit visit"]
    visits: tuple[str, ...]
    log_likelihood: float
    fitting: Fitting
    n: int
    excluded: tuple[Exclusion, ...]

    def __str__(self) -> str:
        joint = f"F({self.joint.numerator_df}, {self.joint.denominator_df:.1f}) = {self.joint.statistic:.2f}"
        head = f"MMRM, {self.fitting.covariance} covariance, {self.fitting.method}"
        rows = [*map(str, self.contrasts), f"All visits together: {joint}, {format_p(self.joint.p_value)}"]
        return "\n".join([head, *rows])

    @property
    def estimand(self) -> str:
        """What the contrasts estimate where responses are missing, in the words of ICH E9(R1)."""
        return strategy_named("missing at random").estimand

    def to_frame(self) -> pd.DataFrame:
        """Return LS means and differences as a table, one row each."""
        kinds = (("LS mean", self.ls_means), ("difference", self.contrasts))
        parts = [estimate.to_frame().assign(kind=kind) for kind, estimates in kinds for estimate in estimates]
        return pd.concat(parts, ignore_index=True)


def mmrm(
    table: pd.DataFrame,
    columns: RepeatedMeasures,
    *,
    arms: tuple[str, ...],
    fitting: Fitting | None = None,
    level: float = 0.95,
) -> Mmrm:
    """Estimate the difference between arms at each visit with a mixed model for repeated measures.

    The mean is free for each arm and visit; visits that are missing at random need no imputation.

    Args:
        table: One row per participant and visit.
        columns: Which column is what.
        arms: Arms to compare, the reference first.
        fitting: Covariance structure, likelihood, degrees of freedom and standard errors.
        level: Confidence level, 0 to 1.

    Raises:
        AnalysisError: The table is unfit, terms are not estimable, or the covariance has no interior maximum.

    >>> rng = np.random.default_rng(1)
    >>> who = np.repeat(np.arange(40), 3)
    >>> table = pd.DataFrame({"id": who, "visit": np.tile(["w04", "w12", "w26"], 40),
    ...                       "arm": np.where(who % 2, "active", "placebo"),
    ...                       "y": rng.normal(size=40)[who] + rng.normal(size=120) - (who % 2)})
    >>> result = mmrm(table, RepeatedMeasures("y", "id", "visit", "arm"), arms=("placebo", "active"))
    >>> print(result.contrasts[2])
    active v placebo at w26: -1.173 (95 % CI -2.029 to -0.317; p = 0.009; MMRM, Kenward-Roger (linear), n = 40)

    Reference: Mallinckrodt, Clark and David, Journal of Biopharmaceutical Statistics 2001; Kenward and Roger,
        Biometrics 1997.
    """
    check_level(level)
    chosen = fitting or Fitting()
    visits = read_visits(table, columns, arms)
    design = visit_design(visits)
    fit = _fit_visits(visits, design, chosen)
    return _summarize(visits, design, fit, chosen, level)


def _fit_visits(visits: VisitTable, design: VisitDesign, fitting: Fitting) -> MarginalFit:
    """Fit the model with the structure asked for."""
    data = measurements(visits, design, by_arm=fitting.by_arm)
    return fit_marginal_model(*_structured(visits, data, fitting), method=fitting.method)


def _structured(visits: VisitTable, data: Longitudinal, fitting: Fitting) -> tuple[Longitudinal, Covariance]:
    """Make the covariance structure, with one unit per participant where distances are measured."""
    if fitting.covariance not in get_args(SpatialStructure):
        return data, visit_covariance(cast(VisitStructure, fitting.covariance), data)
    names = visits.columns.coordinates
    if not names or fitting.by_arm:
        raise AnalysisError.must(
            "covariance",
            "have coordinates and be common to the arms when it is spatial",
            f"coordinates {names}, by_arm {fitting.by_arm}",
            fix='Name the columns, as in coordinates=("study_day",), and leave by_arm out.',
        )
    places = np.zeros((data.unit.size, data.occasions, len(names)))
    for axis, name in enumerate(names):
        places[data.participant, data.occasion, axis] = visits.covariates[name]
    spread = replace(data, unit=np.arange(data.unit.size))
    return spread, spatial_covariance(cast(SpatialStructure, fitting.covariance), spread, places)


def infer(fit: MarginalFit, fitting: Fitting) -> Inference:
    """Choose covariance of the coefficients and degrees of freedom."""
    if fitting.df in _FORMS:
        return kenward_roger(fit, form=_FORMS[fitting.df])
    robust = None if fitting.vcov == "model" else sandwich(fit, fitting.vcov)
    if fitting.df == "satterthwaite":
        return robust or satterthwaite(fit)
    count = between_within if fitting.df == "between-within" else residual_df
    return count(fit, fit.vcov if robust is None else robust.vcov)


def _summarize(visits: VisitTable, design: VisitDesign, fit: MarginalFit, fitting: Fitting, level: float) -> Mmrm:
    """Take LS means, their differences and the joint test from a fit."""
    inference = infer(fit, fitting)
    n = len(visits.identifiers)

    def estimate(weights: Float[np.ndarray, " coefficient"], label: str) -> Estimate:
        return inference.estimate(weights, label, level=level, n=n, excluded=visits.excluded)

    arms, labels = visits.arm.levels, visits.visit.levels
    differences = design.means[1:] - design.means[0]
    each = zip(np.eye(len(design.names)), design.names, strict=True)
    return Mmrm(
        contrasts=tuple(
            estimate(differences[a, v], f"{arm} v {arms[0]} at {visit}")
            for a, arm in enumerate(arms[1:])
            for v, visit in enumerate(labels)
        ),
        ls_means=tuple(
            replace(estimate(design.means[a, v], f"{arm} at {visit}"), p_value=None)
            for a, arm in enumerate(arms)
            for v, visit in enumerate(labels)
        ),
        coefficients=tuple(estimate(row, name) for row, name in each),
        joint=inference.joint(differences.reshape(-1, len(design.names))),
        covariance=fit.covariance,
        visits=tuple(map(str, labels)),
        log_likelihood=fit.log_likelihood,
        fitting=fitting,
        n=n,
        excluded=visits.excluded,
    )
