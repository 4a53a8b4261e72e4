"""MFPI: treatment by a fractional polynomial of the biomarker."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import chi2
from scipy.stats import f as f_distribution

from calor.analyze.benefit.fractional_polynomials import Powers, all_deviances, deviance, fp_terms, scaled
from calor.analyze.benefit.interaction import CURVE_POINTS, curve_table
from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import check_level, format_p
from calor.errors import AnalysisError

Flexibility = Literal[1, 2, 3, 4]


@dataclass(frozen=True)
class Mfpi(Drawable):
    """Interaction of treatment with a fractional polynomial.

    Attributes:
        main_powers: Powers of the model without interaction.
        control_powers: Powers in the control arm of the model with interaction.
        active_powers: Powers in the active arm; differ from control's for flexibility 4 only.
        f: F statistic of the interaction; an approximation where the models are not nested (flexibility 3 and 4).
        main_deviance: Deviance of the model without interaction.
        interaction_deviance: Deviance of the model with it.
        likelihood_ratio: Their difference.
        df: Degrees of freedom of the interaction, powers that were free to differ included.
        curve: Columns biomarker, effect, lower, upper; pointwise interval that takes the powers as given.
        n: Participants used.
    """

    main_powers: Powers
    control_powers: Powers
    active_powers: Powers
    f: float
    p_f: float
    main_deviance: float
    interaction_deviance: float
    likelihood_ratio: float
    p_likelihood_ratio: float
    df: int
    curve: pd.DataFrame
    biomarker: str
    n: int

    def __str__(self) -> str:
        shown = ", ".join(f"{p:g}" for p in self.active_powers)
        return (
            f"Treatment by {self.biomarker}, fractional polynomial with powers {shown}: interaction "
            f"{format_p(self.p_f)} (F), {format_p(self.p_likelihood_ratio)} (likelihood ratio, {self.df} df), "
            f"n = {self.n}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the curve of the effect."""
        return self.curve


def mfpi(
    table: pd.DataFrame,
    comparison: Comparison,
    *,
    biomarker: str,
    degree: Literal[1, 2] = 2,
    flexibility: Flexibility = 1,
    level: float = 0.95,
) -> Mfpi:
    """Test and estimate a treatment effect that follows a fractional polynomial of a biomarker.

    Flexibility 1 takes the powers from the model without interaction; 2 finds one set for both models that fits the
    interaction best; 3 finds each model's own; 4 finds each arm's own. The more flexible, the less the nominal
    p-values can be trusted.

    Args:
        table: One row per participant.
        comparison: Two arms, the endpoint and the covariates (without the biomarker).
        biomarker: Positive numeric baseline column.
        degree: Number of terms of the polynomial.
        flexibility: 1 to 4, as above.
        level: Confidence level.

    Raises:
        AnalysisError: A biomarker that is not positive, an unknown flexibility, or what `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(4)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 30, "crp": np.exp(rng.normal(2.2, 1.3, 60))})
        >>> table["tbr"] = 2.2 - 0.15 * (table.arm == "active") * np.log(table.crp) + rng.normal(0, 0.25, 60)
        >>> mfpi(table, Comparison("tbr", "arm", ("placebo", "active")), biomarker="crp").df
        2

    Reference:
        Royston and Sauerbrei, Statistics in Medicine 2004; Stata Journal 2009 (flexibility 1 to 4; degrees of freedom
        as Kipruto, Royston and Sauerbrei document them for the R package mfp2).
    """
    check_level(level)
    comparison.require_two_arms()
    if degree not in (1, 2) or flexibility not in (1, 2, 3, 4):
        got = f"degree {degree}, flexibility {flexibility}"
        raise AnalysisError.must("flexibility", "be 1 to 4, and degree 1 or 2", got, fix="Use degree 2, flexibility 1.")
    cases = complete_cases(table, comparison, extra=[biomarker])
    x = scaled(cases, biomarker)
    main, control, active = _powers(cases, x, degree, flexibility)
    n, df = cases.n, 2 * degree if flexibility == 4 else degree
    crossed_design = _crossed(cases, x, control, active)
    without = deviance(_main(cases, x, main), cases.response)
    with_interaction = deviance(crossed_design, cases.response)
    ratio = without - with_interaction
    fit = least_squares(crossed_design, cases.response, _names(cases, degree))
    f = np.expm1(ratio / n) * fit.df / df
    return Mfpi(
        main_powers=main,
        control_powers=control,
        active_powers=active,
        f=float(f),
        p_f=float(f_distribution.sf(f, df, fit.df)),
        main_deviance=without,
        interaction_deviance=with_interaction,
        likelihood_ratio=ratio,
        p_likelihood_ratio=float(chi2.sf(ratio, df)),
        df=df,
        curve=_curve(cases, x, control, active, biomarker, level),
        biomarker=biomarker,
        n=n,
    )


def _powers(
    cases: CompleteCases, x: Float[np.ndarray, " n"], degree: int, flexibility: Flexibility
) -> tuple[Powers, Powers, Powers]:
    """Choose powers of the main model, and of each arm in the model with interaction, by least deviance."""
    main = all_deviances(degree, lambda powers: deviance(_main(cases, x, powers), cases.response))
    best_main = min(main, key=main.__getitem__)
    if flexibility == 1:
        return best_main, best_main, best_main
    if flexibility == 4:
        pairs = {pair: deviance(_crossed(cases, x, *pair), cases.response) for pair in product(main, repeat=2)}
        control, active = min(pairs, key=pairs.__getitem__)
        return best_main, control, active
    both = all_deviances(degree, lambda powers: deviance(_crossed(cases, x, powers, powers), cases.response))
    best_both = min(both, key=both.__getitem__)
    return best_both if flexibility == 2 else best_main, best_both, best_both


def _main(cases: CompleteCases, x: Float[np.ndarray, " n"], powers: Powers) -> Float[np.ndarray, "n p"]:
    return np.hstack([np.ones((cases.n, 1)), cases.indicators, cases.adjustment, fp_terms(x, powers)])


def _crossed(
    cases: CompleteCases, x: Float[np.ndarray, " n"], control: Powers, active: Powers
) -> Float[np.ndarray, "n p"]:
    on = cases.indicators
    terms = [fp_terms(x, control) * (1 - on), fp_terms(x, active) * on]
    return np.hstack([np.ones((cases.n, 1)), on, cases.adjustment, *terms])


def _names(cases: CompleteCases, degree: int) -> list[str]:
    terms = [f"{arm}:term {j + 1}" for arm in cases.comparison.arms for j in range(degree)]
    return ["(intercept)", *cases.arm_names, *cases.adjustment_names, *terms]


def _curve(
    cases: CompleteCases, x: Float[np.ndarray, " n"], control: Powers, active: Powers, biomarker: str, level: float
) -> pd.DataFrame:
    fit = least_squares(_crossed(cases, x, control, active), cases.response, _names(cases, len(control)))
    grid = np.geomspace(x.min(), x.max(), CURVE_POINTS)
    weights = np.zeros((CURVE_POINTS, len(fit.names)))
    weights[:, 1] = 1.0
    weights[:, -2 * len(control) : -len(control)] = -fp_terms(grid, control)
    weights[:, -len(control) :] = fp_terms(grid, active)
    unit = float(cases.extra[biomarker][0] / x[0])
    return curve_table(fit, [float(v) for v in grid * unit], weights, level=level)
