"""Maximally selected rank statistics: a cut-off of the biomarker within one sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy.stats import norm, rankdata

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import format_p
from calor.errors import AnalysisError

Approximation = Literal["Lausen 1992", "Lausen 1994", "normal", "permutation"]


@dataclass(frozen=True)
class MaximallySelectedRank(Drawable):
    """The cut-off that best separates the endpoint, and its p-value given the search.

    Attributes:
        cuts: Cut-offs tried; a participant at the cut is below it.
        statistics: Standardized absolute rank statistic at each.
        cut: Cut with the largest statistic.
        p_value: Approximate p-value of the largest statistic.
        n: Participants used.
    """

    cuts: Float[np.ndarray, " cuts"]
    statistics: Float[np.ndarray, " cuts"]
    cut: float
    p_value: float
    method: str
    n: int

    @property
    def statistic(self) -> float:
        """Largest statistic."""
        return float(self.statistics.max())

    def __str__(self) -> str:
        return (
            f"Maximally selected rank statistic {self.statistic:.2f} at {self.cut:.3g}: {format_p(self.p_value)} "
            f"({self.method}, {len(self.cuts)} cuts), n = {self.n}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return cut and statistic, one row per cut."""
        return pd.DataFrame({"cut": self.cuts, "statistic": self.statistics})


def maximally_selected_rank(
    response: Float[np.ndarray, " n"],
    biomarker: Float[np.ndarray, " n"],
    *,
    between: tuple[float, float] = (0.1, 0.9),
    approximation: Approximation = "Lausen 1994",
    scores: Literal["ranks", "values"] = "ranks",
    rng: np.random.Generator | None = None,
    permutations: int = 10_000,
) -> MaximallySelectedRank:
    """Find the cut-off of a biomarker that best separates the endpoint in one group of participants.

    This is prognosis, not benefit: within one arm it says nothing of treatment. For benefit use `threshold_search`.

    Args:
        response: Endpoint, complete.
        biomarker: Biomarker, complete.
        between: Smallest and largest share of participants at or below the cut, 0 to 1.
        approximation: Where the p-value comes from: the improved Bonferroni inequality of 1994 over the cuts tried, the
            limit of 1992, the joint normal distribution of the statistics, or permutation of the endpoint.
        scores: Wilcoxon scores, or the endpoint itself.
        rng: Source of the permutations; needed for them only.
        permutations: Number of permutations.

    Raises:
        AnalysisError: Lengths differ, values are not finite or all tied, no cut lies in the range, or permutations are
            asked for without `rng`.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> crp = rng.lognormal(2, 1, 60)
        >>> print(maximally_selected_rank((crp > 8) + rng.normal(0, 0.5, 60), crp))
        Maximally selected rank statistic 5... at ...: p < 0.001 (Lausen 1994, ... cuts), n = 60

    Reference:
        Lausen and Schumacher, Biometrics 1992; Lausen, Sauerbrei and Schumacher, in Computational Statistics 1994.
    """
    _check(response, biomarker, between)
    n = len(response)
    a = rankdata(response) if scores == "ranks" else np.asarray(response, dtype=float)
    order = np.argsort(biomarker, kind="stable")
    sorted_biomarker, sums = biomarker[order], np.cumsum(a[order])
    below = np.flatnonzero(np.append(np.diff(sorted_biomarker) > 0, True)) + 1
    below = below[(below >= np.floor(n * between[0])) & (below <= np.floor(n * between[1])) & (below < n)]
    if len(below) == 0:
        raise AnalysisError.must("between", "hold at least one cut", between, fix="Widen it.")
    mean = below / n * a.sum()
    variance = below * (n - below) / (n**2 * (n - 1)) * (n * np.sum(a**2) - a.sum() ** 2)
    statistics = np.abs(sums[below - 1] - mean) / np.sqrt(variance)
    best = int(np.argmax(statistics))
    b = float(statistics[best])
    if approximation == "permutation":
        p = _permutation(b, a, below, np.sqrt(variance), rng, permutations)
    else:
        p = _approximate(approximation, b, n, below, between)
    cuts = sorted_biomarker[below - 1]
    return MaximallySelectedRank(cuts, statistics, float(cuts[best]), min(1.0, p), approximation, n)


def _check(response: Float[np.ndarray, " n"], biomarker: Float[np.ndarray, " n"], between: tuple[float, float]) -> None:
    if len(response) != len(biomarker) or len(response) < 4:
        got = f"{len(response)} and {len(biomarker)}"
        raise AnalysisError.must("biomarker", "have one value for each of 4 or more responses", got, fix="Align them.")
    if not (np.isfinite(response).all() and np.isfinite(biomarker).all()):
        raise AnalysisError.must("response", "be finite, as must biomarker", "missing values", fix="Drop them first.")
    if np.ptp(response) == 0 or np.ptp(biomarker) == 0:
        raise AnalysisError.must("response", "vary, as must biomarker", "all values tied", fix="Check the columns.")
    if not 0 < between[0] < between[1] < 1:
        raise AnalysisError.must("between", "increase within 0 to 1", between, fix="Use (0.1, 0.9).")


def _approximate(
    approximation: Approximation, b: float, n: int, below: Int[np.ndarray, " cuts"], between: tuple[float, float]
) -> float:
    if approximation == "Lausen 1992":
        return _lausen_1992(b, between)
    return _lausen_1994(b, n, below) if approximation == "Lausen 1994" else _joint_normal(b, n, below)


def _lausen_1994(b: float, n: int, below: Int[np.ndarray, " cuts"]) -> float:
    """Improved Bonferroni inequality over the cuts tried; Lausen, Sauerbrei and Schumacher 1994."""
    before, after = below[:-1], below[1:]
    t = np.sqrt(1 - before * (n - after) / ((n - before) * after))
    steps = np.sum(np.exp(-(b**2) / 2) / np.pi * (t - (b**2 / 4 - 1) * t**3 / 6))
    return float(2 * norm.sf(b) + steps)


def _lausen_1992(b: float, between: tuple[float, float]) -> float:
    """Limit for a Brownian bridge over the range of cuts; Lausen and Schumacher 1992."""
    low, high = between
    span = np.log(high * (1 - low) / ((1 - high) * low))
    return float(4 * norm.pdf(b) / b + norm.pdf(b) * (b - 1 / b) * span)


def _joint_normal(b: float, n: int, below: Int[np.ndarray, " cuts"]) -> float:
    """1 - P(all |Z| < b) for the normal limit, whose statistics form a Markov chain from cut to cut.

    The density of the last statistic among paths that stayed inside is carried on by Gauss-Legendre quadrature.
    """
    before, after = below[:-1], below[1:]
    rho = np.sqrt(before * (n - after) / ((n - before) * after))
    width = np.sqrt(1 - rho**2)
    nodes, weights = np.polynomial.legendre.leggauss(max(65, int(np.ceil(12 * b / width.min(initial=1.0)))))
    z, w = b * nodes, b * weights
    density = norm.pdf(z)
    for r, s in zip(rho, width, strict=True):
        density = norm.pdf((z[:, None] - r * z) / s) / s @ (w * density)
    return float(1 - w @ density)


def _permutation(
    b: float,
    scores: Float[np.ndarray, " n"],
    below: Int[np.ndarray, " cuts"],
    sd: Float[np.ndarray, " cuts"],
    rng: np.random.Generator | None,
    permutations: int,
) -> float:
    if rng is None:
        raise AnalysisError.must("rng", "be given for permutations", None, fix="Pass numpy.random.default_rng(seed).")
    shuffled = rng.permuted(np.tile(scores - scores.mean(), (permutations, 1)), axis=1)
    maxima = np.max(np.abs(np.cumsum(shuffled, axis=1)[:, below - 1]) / sd, axis=1)
    return float((1 + np.sum(maxima >= b * (1 - 1e-9))) / (1 + permutations))
