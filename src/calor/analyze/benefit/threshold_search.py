"""Search for a cut-off above which treatment works, with inference that pays for the search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import rankdata
from scipy.stats import t as t_distribution

from calor.analyze.continuous.batched_least_squares import batched_least_squares
from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import LeastSquares, least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import check_level, format_p
from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError


@dataclass(frozen=True)
class ThresholdSearch(Drawable):
    """The cut-off with the strongest interaction, and how much of that the search explains.

    Attributes:
        cuts: Cut-offs tried; a participant at the cut is above it.
        t: Interaction t statistic at each cut.
        best_cut: Cut with the largest absolute t.
        p_value: Permutation p-value of the largest absolute t over all cuts.
        unadjusted_p_value: p-value at the best cut had it been named in advance; for comparison only.
        lower: Lower limit of the bootstrap percentile interval of the cut.
        upper: Upper limit of the same.
        level: Level of that interval.
        effect_below: Estimated effect below the best cut; too far from the effect above by the search.
        effect_above: Estimated effect at or above it.
        permutations: How many permutations gave the p-value.
        n: Participants used.
    """

    cuts: Float[np.ndarray, " cuts"]
    t: Float[np.ndarray, " cuts"]
    best_cut: float
    p_value: float
    unadjusted_p_value: float
    lower: float
    upper: float
    level: float
    effect_below: float
    effect_above: float
    permutations: int
    biomarker: str
    n: int

    @property
    def max_abs_t(self) -> float:
        """Largest absolute interaction statistic."""
        return float(np.abs(self.t).max())

    def __str__(self) -> str:
        return (
            f"Post hoc threshold of {self.biomarker}: {self.best_cut:.3g} ({self.level * 100:.3g} % bootstrap interval "
            f"{self.lower:.3g} to {self.upper:.3g}), {len(self.cuts)} cuts searched, interaction "
            f"{format_p(self.p_value)} adjusted for the search ({format_p(self.unadjusted_p_value)} without), "
            f"n = {self.n}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return cut and statistic, one row per cut."""
        return pd.DataFrame({"cut": self.cuts, "t": self.t})


def threshold_search(
    table: pd.DataFrame,
    comparison: Comparison,
    *,
    biomarker: str,
    rng: np.random.Generator,
    between: tuple[float, float] = (20.0, 80.0),
    permutations: int = 10_000,
    bootstraps: int = 1_000,
    level: float = 0.95,
) -> ThresholdSearch:
    """Find the cut-off with the strongest treatment interaction and test it against the whole search.

    The null distribution permutes the residuals of the model without interaction (arm, covariates and the rank of the
    biomarker) and searches again. Bootstrap samples are drawn within arms.

    Args:
        table: One row per participant.
        comparison: Two arms, the endpoint and the covariates (without the biomarker).
        biomarker: Numeric baseline column.
        rng: Source of permutations and bootstrap samples.
        between: Percentiles of the biomarker between which its observed values are tried as cuts (R's type 7).
        permutations: Number of permutations.
        bootstraps: Number of bootstrap samples.
        level: Level of the bootstrap interval.

    Raises:
        AnalysisError: Fewer than two cuts leave two participants of each arm on both sides, or what `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(4)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 40, "crp": np.exp(rng.normal(2.2, 1.3, 80))})
        >>> table["tbr"] = 2.2 - 0.5 * (table.arm == "active") * (table.crp >= 9) + rng.normal(0, 0.25, 80)
        >>> found = threshold_search(table, Comparison("tbr", "arm", ("placebo", "active")), biomarker="crp", rng=rng)
        >>> found.lower <= 9 <= found.upper, found.p_value < 0.001
        (True, True)

    Reference:
        Freedman and Lane, Journal of Business and Economic Statistics 1983 (permuted residuals); Hothorn and Lausen,
        Computational Statistics and Data Analysis 2003 (maximally selected statistics).
    """
    check_level(level)
    comparison.require_two_arms()
    permutations = whole_number("permutations", permutations, least=1, fix="Use 10000.")
    bootstraps = whole_number("bootstraps", bootstraps, least=1, fix="Use 1000.")
    cases = complete_cases(table, comparison, extra=[biomarker])
    values = cases.extra[biomarker]
    cuts = candidate_cuts(cases, values, between)
    fits = [_fit_at(cases, values, cut) for cut in cuts]
    t = np.array([(c := fit.contrast(_last(fit))).estimate / c.se for fit in fits])
    best = int(np.argmax(np.abs(t)))
    null = _permuted_maxima(cases, values, fits, rng, permutations)
    exceeding = int(np.sum(null >= np.abs(t[best]) * (1 - 1e-9)))
    boot = cuts[_bootstrap_best(cases, values, cuts, rng, bootstraps)]
    lower, upper = np.quantile(boot, [0.5 - level / 2, 0.5 + level / 2], method="inverted_cdf")
    below = float(fits[best].coefficients[1])
    return ThresholdSearch(
        cuts=cuts,
        t=t,
        best_cut=float(cuts[best]),
        p_value=(1 + exceeding) / (1 + permutations),
        unadjusted_p_value=float(2 * t_distribution.sf(abs(t[best]), fits[best].df)),
        lower=float(lower),
        upper=float(upper),
        level=level,
        effect_below=below,
        effect_above=below + float(fits[best].coefficients[-1]),
        permutations=permutations,
        biomarker=biomarker,
        n=cases.n,
    )


def candidate_cuts(
    cases: CompleteCases, values: Float[np.ndarray, " n"], between: tuple[float, float]
) -> Float[np.ndarray, " cuts"]:
    """Return observed values between two percentiles that leave two participants of each arm on both sides."""
    if not 0 <= between[0] < between[1] <= 100:
        raise AnalysisError.must("between", "increase within 0 to 100", between, fix="Use (20, 80).")
    low, high = np.percentile(values, between)
    tried = np.unique(values[(values >= low) & (values <= high)])
    above = values[:, None] >= tried
    inhabited = np.ones(len(tried), dtype=bool)
    for arm in (0, 1):
        rows = above[cases.arm == arm]
        inhabited &= (rows.sum(axis=0) >= 2) & ((~rows).sum(axis=0) >= 2)
    cuts = tried[inhabited]
    if len(cuts) < 2:
        raise AnalysisError.must("between", "leave at least two cuts", len(cuts), fix="Widen it, or use `interaction`.")
    return np.asarray(cuts)


def _design(cases: CompleteCases, values: Float[np.ndarray, " n"], cut: float) -> Float[np.ndarray, "n p"]:
    above = (values >= cut).astype(float)[:, None]
    return np.hstack([np.ones((cases.n, 1)), cases.indicators, above, cases.adjustment, cases.indicators * above])


def _fit_at(cases: CompleteCases, values: Float[np.ndarray, " n"], cut: float) -> LeastSquares:
    names = ["(intercept)", *cases.arm_names, "above", *cases.adjustment_names, "arm:above"]
    return least_squares(_design(cases, values, cut), cases.response, names)


def _last(fit: LeastSquares) -> Float[np.ndarray, " p"]:
    return np.asarray(np.eye(len(fit.names))[-1])


def _permuted_maxima(
    cases: CompleteCases,
    values: Float[np.ndarray, " n"],
    fits: list[LeastSquares],
    rng: np.random.Generator,
    permutations: int,
) -> Float[np.ndarray, " b"]:
    """Largest |t| of each permutation, by projection: no model is fitted twice.

    The last column of Q is the interaction made orthogonal to the other terms, so t follows from its product with the
    response and from the length that Q leaves over. All cuts are one matrix product.
    """
    ranks = rankdata(values)[:, None]
    design = np.hstack([np.ones((cases.n, 1)), cases.indicators, cases.adjustment, ranks])
    null = least_squares(design, cases.response, ["(intercept)", *cases.arm_names, *cases.adjustment_names, "rank"])
    fitted = cases.response - null.residuals
    fitted = fitted - fitted.mean()  # which no t depends on, and a small residual under a large mean would drown in it
    bases = np.hstack([fit.basis for fit in fits])
    p, df = fits[0].basis.shape[1], fits[0].df
    maxima = np.empty(permutations)
    for start in range(0, permutations, 2000):
        stop = min(start + 2000, permutations)
        shuffled = rng.permuted(np.tile(null.residuals, (stop - start, 1)), axis=1) + fitted
        products = (shuffled @ bases).reshape(stop - start, len(fits), p)
        rss = np.einsum("ij,ij->i", shuffled, shuffled)[:, None] - np.einsum("bcp,bcp->bc", products, products)
        maxima[start:stop] = np.max(np.abs(products[:, :, -1]) / np.sqrt(rss / df), axis=1)
    return maxima


def _bootstrap_best(
    cases: CompleteCases,
    values: Float[np.ndarray, " n"],
    cuts: Float[np.ndarray, " cuts"],
    rng: np.random.Generator,
    bootstraps: int,
) -> np.ndarray:
    """Index of the best cut in each bootstrap sample; a cut that a sample cannot judge is passed over."""
    weights = np.zeros((bootstraps, cases.n))
    for arm in (0, 1):
        rows = np.flatnonzero(cases.arm == arm)
        weights[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=bootstraps)
    strength = np.empty((bootstraps, len(cuts)))
    for j, cut in enumerate(cuts):
        fits = batched_least_squares(weights, _design(cases, values, cut), cases.response)
        variance = fits.rss * fits.unscaled[:, -1, -1]
        strength[:, j] = np.where(
            fits.usable & (variance > 0), fits.coefficients[:, -1] ** 2 / np.maximum(variance, 1e-300), 0.0
        )
    return np.asarray(np.argmax(strength, axis=1))
