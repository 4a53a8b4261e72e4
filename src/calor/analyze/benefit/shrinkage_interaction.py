"""Bayesian shrinkage of treatment-by-biomarker interactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.benefit.effect_posterior import EffectPosterior
from calor.analyze.benefit.interaction import BiomarkerScale, transform
from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError


@dataclass(frozen=True)
class ShrinkageInteraction(Drawable):
    """Interactions drawn towards zero as far as the data ask for it.

    Attributes:
        average: Effect where every biomarker is at its mean.
        slopes: Change of the effect per standard deviation of each biomarker.
        heterogeneity: Posterior median of the standard deviation of the slopes, as a multiple of the residual's.
        posterior: The effect as a function of the biomarkers.
    """

    average: Estimate
    slopes: tuple[Estimate, ...]
    heterogeneity: float
    posterior: EffectPosterior

    def __str__(self) -> str:
        return "\n".join(str(e) for e in (self.average, *self.slopes))

    def to_frame(self) -> pd.DataFrame:
        """Return the average and the slopes, one row each."""
        return pd.concat([e.to_frame() for e in (self.average, *self.slopes)], ignore_index=True)


def shrinkage_interaction(
    table: pd.DataFrame,
    comparison: Comparison,
    *,
    biomarkers: Mapping[str, BiomarkerScale],
    rng: np.random.Generator,
    prior_scale: float = 0.5,
    draws: int = 4000,
    level: float = 0.95,
) -> ShrinkageInteraction:
    """Draw from the posterior of a treatment effect that is linear in several biomarkers.

    Biomarkers are standardized. Intercept, effect, covariates and prognostic slopes have flat priors; the
    interaction slopes are normal around zero with standard deviation lambda sigma; lambda is half-normal with scale
    `prior_scale`; the density of sigma is proportional to 1/sigma. lambda is integrated on a grid and the rest is
    drawn exactly: there is no chain.

    Args:
        table: One row per participant.
        comparison: Two arms, the endpoint and the covariates (without the biomarkers).
        biomarkers: Scale of each biomarker, by column.
        rng: Source of the draws.
        prior_scale: Prior scale of the slopes as a multiple of the residual standard deviation.
        draws: Number of posterior draws.
        level: Level of the credible intervals.

    Raises:
        AnalysisError: No biomarker, a scale that is not positive, or what `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(4)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 40, "crp": np.exp(rng.normal(2.2, 1.3, 80))})
        >>> table["tbr"] = 2.2 - 0.2 * (table.arm == "active") * np.log(table.crp) + rng.normal(0, 0.25, 80)
        >>> two = Comparison("tbr", "arm", ("placebo", "active"))
        >>> found = shrinkage_interaction(table, two, biomarkers={"crp": "log"}, rng=rng)
        >>> found.slopes[0].upper < 0
        True

    Reference:
        Dixon and Simon, Biometrics 1991; Gelman, Bayesian Analysis 2006 (half-normal scale). Marginal likelihood of
        the conjugate
        normal model: Gelman et al., Bayesian Data Analysis, 3rd edition 2013, section 14.8.
    """
    check_level(level)
    comparison.require_two_arms()
    draws = whole_number("draws", draws, least=100, fix="Use 4000.")
    if not biomarkers or not 0 < prior_scale < np.inf:
        got = f"{len(biomarkers)} biomarkers, prior_scale {prior_scale}"
        raise AnalysisError.must("biomarkers", "be named, with a positive prior_scale", got, fix="Use 0.5.")
    cases = complete_cases(table, comparison, extra=list(biomarkers))
    markers = np.column_stack([transform(cases.extra[b], b, scale) for b, scale in biomarkers.items()])
    centers, spreads = markers.mean(axis=0), markers.std(axis=0, ddof=1)
    if np.any(spreads == 0):
        flat = list(biomarkers)[int(np.argmin(spreads))]
        raise AnalysisError.must(flat, "vary", "one value", fix="Leave it out.")
    z = (markers - centers) / spreads
    free = np.hstack([np.ones((cases.n, 1)), cases.indicators, z, cases.adjustment])
    terms = ["(intercept)", *cases.arm_names, *biomarkers, *cases.adjustment_names]
    least_squares(free, cases.response, terms)  # refuses what flat priors cannot stand
    drawn, lam = _draw(cases, free, cases.indicators * z, rng, prior_scale, draws)
    posterior = EffectPosterior(dict(biomarkers), centers, spreads, drawn, cases.n)
    label = comparison.labels[0]
    average = _summary(cases, f"{label} at mean biomarkers", drawn[:, 0], level, "difference")
    slopes = tuple(
        _summary(cases, f"{label}, per SD of {'log ' if scale == 'log' else ''}{b}", drawn[:, 1 + j], level, "slope")
        for j, (b, scale) in enumerate(biomarkers.items())
    )
    return ShrinkageInteraction(average, slopes, float(np.median(lam)), posterior)


def _draw(
    cases: CompleteCases,
    free: Float[np.ndarray, "n p"],
    crossed: Float[np.ndarray, "n k"],
    rng: np.random.Generator,
    prior_scale: float,
    draws: int,
) -> tuple[Float[np.ndarray, "draws 1+k"], Float[np.ndarray, " draws"]]:
    """Draw lambda from its grid posterior, then sigma, then coefficients; keep the effect and the interactions."""
    # Centered, only the flat intercept changes, and digits are not lost to large means.
    free = np.hstack([free[:, :2], free[:, 2:] - free[:, 2:].mean(axis=0)])
    response = cases.response - cases.response.mean()
    design = np.hstack([free, crossed])
    n, p, k = cases.n, free.shape[1], crossed.shape[1]
    gram, cross = design.T @ design, design.T @ response
    grid = np.linspace(0.0, 4 * prior_scale, 201)[1:]
    log_posterior, choleskys, means, residual = np.empty(len(grid)), [], [], np.empty(len(grid))
    for i, lam in enumerate(grid):
        precision = gram + np.diag(np.r_[np.zeros(p), np.full(k, 1 / lam**2)])
        root = np.linalg.cholesky(precision)
        mean = np.linalg.solve(precision, cross)
        residual[i] = response @ response - mean @ cross
        log_det = 2 * np.sum(np.log(np.diag(root)))
        log_posterior[i] = (
            -k * np.log(lam) - log_det / 2 - (n - p) / 2 * np.log(residual[i]) - 0.5 * (lam / prior_scale) ** 2
        )
        choleskys.append(root)
        means.append(mean)
    probability = np.exp(log_posterior - log_posterior.max())
    chosen = rng.choice(len(grid), size=draws, p=probability / probability.sum())
    sigma = np.sqrt(residual[chosen] / rng.chisquare(n - p, draws))
    noise = rng.standard_normal((draws, p + k))
    out = np.empty((draws, 1 + k))
    kept = [1, *range(p, p + k)]
    for i in np.unique(chosen):
        rows = chosen == i
        shift = np.linalg.solve(choleskys[i].T, noise[rows].T).T
        out[rows] = (means[i] + sigma[rows, None] * shift)[:, kept]
    return out, grid[chosen]


def _summary(
    cases: CompleteCases, label: str, draws: Float[np.ndarray, " draws"], level: float, scale: str
) -> Estimate:
    lower, upper = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(
        label=label,
        estimate=float(draws.mean()),
        lower=float(lower),
        upper=float(upper),
        level=level,
        scale="slope" if scale == "slope" else "difference",
        method="Bayesian shrinkage, credible interval",
        n=cases.n,
        se=float(draws.std(ddof=1)),
        excluded=cases.excluded,
    )
