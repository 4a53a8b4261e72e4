"""Does the biomarker explain the effect? Product of coefficients, with the sensitivity of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import norm

from calor.analyze.continuous.batched_least_squares import batched_least_squares
from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import LeastSquares, least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.whole_number import whole_number


@dataclass(frozen=True)
class Mediation(Drawable):
    """The effect split into what goes through the mediator and what does not.

    The arm was randomized, the mediator was not: a common cause of mediator and endpoint makes an indirect effect
    where there is none. `rho_at_zero` says how strong it would have to be.

    Attributes:
        a: Effect of treatment on the mediator.
        b: Slope of the endpoint on the mediator, arm held fixed.
        indirect: a b, with bootstrap percentile limits; its se is Sobel's.
        direct: Effect of treatment with the mediator held fixed.
        total: Effect of treatment, mediator left out of the model.
        rho_at_zero: Correlation of the two models' errors that would bring the indirect effect to zero.
        sensitivity: Columns rho and indirect, from models on the endpoint's covariates.
    """

    a: Estimate
    b: Estimate
    indirect: Estimate
    direct: Estimate
    total: Estimate
    rho_at_zero: float
    sensitivity: pd.DataFrame

    @property
    def share(self) -> float | None:
        """Indirect effect over total; None where they differ in sign."""
        share = self.indirect.estimate / (self.indirect.estimate + self.direct.estimate)
        return share if 0 <= share <= 1 else None

    def __str__(self) -> str:
        share = "no share of the effect" if self.share is None else f"{self.share * 100:.0f} % of the effect"
        return (
            f"{self.indirect}. That is {share}; the mediator is not randomized, and errors correlated at "
            f"{self.rho_at_zero:.2f} would explain it away."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a, b, indirect, direct and total, one row each."""
        parts = (self.a, self.b, self.indirect, self.direct, self.total)
        table = pd.concat([e.to_frame() for e in parts], ignore_index=True)
        table.insert(0, "quantity", ["a", "b", "indirect", "direct", "total"])
        return table


def mediation(
    table: pd.DataFrame,
    comparison: Comparison,
    *,
    mediator: str,
    rng: np.random.Generator,
    mediator_covariates: Sequence[str] | None = None,
    bootstraps: int = 2000,
    level: float = 0.95,
) -> Mediation:
    """Split a treatment effect into the part through a mediator and the rest, with linear models.

    Args:
        table: One row per participant.
        comparison: Two arms, the endpoint and the covariates of its model.
        mediator: Numeric column measured after allocation and before the endpoint.
        rng: Source of the bootstrap samples, drawn within arms.
        mediator_covariates: Covariates of the mediator's model; those of the endpoint's if None.
        bootstraps: Number of bootstrap samples.
        level: Confidence level.

    Raises:
        AnalysisError: What `ancova` refuses, for either model.

    Example:
        >>> rng = np.random.default_rng(3)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 50})
        >>> table["il6"] = -1.0 * (table.arm == "active") + rng.normal(0, 1, 100)
        >>> table["tbr"] = 2 + 0.2 * table.il6 + rng.normal(0, 0.2, 100)
        >>> found = mediation(table, Comparison("tbr", "arm", ("placebo", "active")), mediator="il6", rng=rng)
        >>> found.indirect.upper < 0
        True

    Reference:
        Sobel, Sociological Methodology 1982; MacKinnon et al., Psychological Methods 2002; Imai, Keele and Yamamoto,
        Statistical Science 2010 (sensitivity to correlated errors).
    """
    check_level(level)
    comparison.require_two_arms()
    bootstraps = whole_number("bootstraps", bootstraps, least=100, fix="Use 2000.")
    own = comparison.covariates if mediator_covariates is None else tuple(mediator_covariates)
    cases = complete_cases(table, comparison, extra=list(dict.fromkeys([mediator, *own])))
    m = cases.extra[mediator]
    designs = _designs(cases, m, own)
    names = ["(intercept)", *cases.arm_names]
    fit_a = least_squares(designs["a"], m, [*names, *own])
    fit_b = least_squares(designs["b"], cases.response, [*names, mediator, *cases.adjustment_names])
    fit_total = least_squares(designs["total"], cases.response, [*names, *cases.adjustment_names])
    limits = _bootstrap(cases, m, designs, rng, bootstraps, level)
    indirect = replace(_sobel(cases, fit_a, fit_b, level), lower=limits[0], upper=limits[1])
    same = least_squares(designs["total"], m, fit_total.names)
    rho, curve = _sensitivity(same, fit_total)
    label, arm = comparison.labels[0], cases.arm_names[0]

    def part(what: str, fit: LeastSquares, name: str) -> Estimate:
        return cases.estimate(f"{label}, {what}", fit.coefficient(name), level=level, method="linear mediation")

    return Mediation(
        a=part(f"on {mediator}", fit_a, arm),
        b=part(f"per unit of {mediator}", fit_b, mediator),
        indirect=indirect,
        direct=part(f"not through {mediator}", fit_b, arm),
        total=part("total", fit_total, arm),
        rho_at_zero=rho,
        sensitivity=curve,
    )


def _designs(cases: CompleteCases, m: Float[np.ndarray, " n"], own: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the columns of the mediator's model (a), of the endpoint's with the mediator (b) and without (total)."""
    fixed = np.hstack([np.ones((cases.n, 1)), cases.indicators])
    covariates = np.hstack([np.empty((cases.n, 0)), *(cases.extra[c][:, None] for c in own)])
    return {
        "a": np.hstack([fixed, covariates]),
        "b": np.hstack([fixed, m[:, None], cases.adjustment]),
        "total": np.hstack([fixed, cases.adjustment]),
    }


def _sobel(cases: CompleteCases, fit_a: LeastSquares, fit_b: LeastSquares, level: float) -> Estimate:
    """Product of a and b with the first-order standard error; Sobel 1982."""
    a, b = fit_a.contrast(np.eye(len(fit_a.names))[1]), fit_b.contrast(np.eye(len(fit_b.names))[2])
    product = a.estimate * b.estimate
    se = float(np.sqrt(a.estimate**2 * b.se**2 + b.estimate**2 * a.se**2))
    half = float(norm.ppf(0.5 + level / 2)) * se
    return Estimate(
        label=f"{cases.comparison.labels[0]}, through {fit_b.names[2]}",
        estimate=product,
        lower=product - half,
        upper=product + half,
        level=level,
        scale="difference",
        method="product of coefficients, bootstrap",
        n=cases.n,
        se=se,
        excluded=cases.excluded,
    )


def _bootstrap(
    cases: CompleteCases,
    m: Float[np.ndarray, " n"],
    designs: dict[str, Float[np.ndarray, "n p"]],
    rng: np.random.Generator,
    bootstraps: int,
    level: float,
) -> tuple[float, float]:
    weights = np.zeros((bootstraps, cases.n))
    for arm in (0, 1):
        rows = np.flatnonzero(cases.arm == arm)
        weights[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=bootstraps)
    a = batched_least_squares(weights, designs["a"], m)
    b = batched_least_squares(weights, designs["b"], cases.response)
    usable = a.usable & b.usable
    products = (a.coefficients[:, 1] * b.coefficients[:, 2])[usable]
    lower, upper = np.quantile(products, [0.5 - level / 2, 0.5 + level / 2])
    return float(lower), float(upper)


def _sensitivity(fit_mediator: LeastSquares, fit_total: LeastSquares) -> tuple[float, pd.DataFrame]:
    """Indirect effect if the errors of mediator and endpoint had correlation rho; Imai, Keele and Yamamoto 2010.

    With both models on the same covariates and r the correlation of their residuals, the indirect effect is
    proportional to r - rho sqrt((1 - r^2) / (1 - rho^2)), so it is zero at rho = r.
    """
    r = float(np.corrcoef(fit_mediator.residuals, fit_total.residuals)[0, 1])
    grid = np.linspace(-0.9, 0.9, 37)
    shape = r - grid * np.sqrt((1 - r**2) / (1 - grid**2))
    scale = fit_mediator.coefficients[1] * fit_total.sd / fit_mediator.sd
    return r, pd.DataFrame({"rho": grid, "indirect": scale * shape})
