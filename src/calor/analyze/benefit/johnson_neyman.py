"""For which values of the biomarker is an effect shown? The Johnson-Neyman region."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

from calor.analyze.benefit.interaction import (
    CURVE_POINTS,
    BiomarkerScale,
    effect_weights,
    fit_interaction,
    restore,
    transform,
)
from calor.analyze.continuous.comparison import Comparison, complete_cases
from calor.analyze.continuous.least_squares import LeastSquares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import check_level


@dataclass(frozen=True)
class JohnsonNeyman(Drawable):
    """The ranges of the biomarker over which the interval of the effect excludes zero.

    Attributes:
        regions: Lower and upper end of each range, cut at the observed minimum and maximum.
        participants: Share of participants in any of them, 0 to 1.
        biomarker: Column of the biomarker.
        level: Confidence level.
        simultaneous: Whether the statement holds for all values of the biomarker at once.
        n: Participants used.
        curve: Columns biomarker, effect, lower, upper over the observed range; the band that the regions come from.
    """

    regions: tuple[tuple[float, float], ...]
    participants: float
    biomarker: str
    level: float
    simultaneous: bool
    n: int
    curve: pd.DataFrame = field(compare=False, repr=False)

    def __str__(self) -> str:
        kind = "simultaneous" if self.simultaneous else "pointwise"
        if not self.regions:
            return f"No value of {self.biomarker} shows an effect ({kind} {self.level * 100:.3g} %, n = {self.n})."
        ranges = " and ".join(f"{low:.3g} to {high:.3g}" for low, high in self.regions)
        return (
            f"An effect is shown for {self.biomarker} {ranges}: {self.participants * 100:.0f} % of participants "
            f"({kind} {self.level * 100:.3g} %, n = {self.n})."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per range."""
        return pd.DataFrame(self.regions, columns=["lower", "upper"])


def johnson_neyman(
    table: pd.DataFrame,
    comparison: Comparison,
    *,
    biomarker: str,
    scale: BiomarkerScale = "log",
    level: float = 0.95,
    simultaneous: bool = True,
) -> JohnsonNeyman:
    """Find the values of a biomarker at which the treatment effect differs from zero.

    Args:
        table: One row per participant.
        comparison: Two arms, the endpoint and the covariates (without the biomarker).
        biomarker: Numeric baseline column.
        scale: As for `interaction`.
        level: Confidence level.
        simultaneous: Potthoff's band over all values if true; each value on its own if false.

    Raises:
        AnalysisError: What `interaction` refuses.

    Example:
        >>> rng = np.random.default_rng(4)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 30, "crp": np.exp(rng.normal(2.2, 1.3, 60))})
        >>> table["tbr"] = 2.2 - 0.15 * (table.arm == "active") * np.log(table.crp) + rng.normal(0, 0.25, 60)
        >>> print(johnson_neyman(table, Comparison("tbr", "arm", ("placebo", "active")), biomarker="crp"))
        An effect is shown for crp 4.95 to 169: 63 % of participants (simultaneous 95 %, n = 60).

    Reference:
        Johnson and Neyman, Statistical Research Memoirs 1936; Potthoff, Psychometrika 1964 (simultaneous region).
    """
    check_level(level)
    comparison.require_two_arms()
    cases = complete_cases(table, comparison, extra=[biomarker])
    x = transform(cases.extra[biomarker], biomarker, scale)
    fit = fit_interaction(cases, x, biomarker)
    if simultaneous:
        critical = float(2 * f_distribution.ppf(level, 2, fit.df))
    else:
        critical = float(t_distribution.ppf(0.5 + level / 2, fit.df) ** 2)
    regions = _regions(fit, critical, float(x.min()), float(x.max()))
    inside = np.zeros(cases.n, dtype=bool)
    for low, high in regions:
        inside |= (x >= low) & (x <= high)
    raw = [(low, high) for low, high in (restore(np.array(r), scale) for r in regions)]
    curve = _band(fit, np.linspace(x.min(), x.max(), CURVE_POINTS), critical, scale)
    return JohnsonNeyman(tuple(raw), float(inside.mean()), biomarker, level, simultaneous, cases.n, curve)


def _band(fit: LeastSquares, at: Float[np.ndarray, " m"], critical: float, scale: BiomarkerScale) -> pd.DataFrame:
    """Return the effect along the biomarker with the band whose square of half width is critical Var(effect)."""
    contrasts = [fit.contrast(weights) for weights in effect_weights(fit, at)]
    effect = np.array([c.estimate for c in contrasts])
    half = np.sqrt(critical) * np.array([c.se for c in contrasts])
    return pd.DataFrame(
        {"biomarker": restore(at, scale), "effect": effect, "lower": effect - half, "upper": effect + half}
    )


def _regions(fit: LeastSquares, critical: float, low: float, high: float) -> list[tuple[float, float]]:
    """Cut the range at the roots of (d + s m)^2 - critical Var(d + s m) and keep the pieces where it is positive."""
    covariance = fit.covariance()
    d, s = fit.coefficients[1], fit.coefficients[-1]
    v_dd, v_ds, v_ss = covariance[1, 1], covariance[1, -1], covariance[-1, -1]
    quadratic = np.array([s**2 - critical * v_ss, 2 * (d * s - critical * v_ds), d**2 - critical * v_dd])
    roots = np.roots(quadratic)
    real = np.sort(roots[np.isreal(roots)].real)
    ends = np.concatenate([[low], real[(real > low) & (real < high)], [high]])
    return _positive_pieces(ends, quadratic)


def _positive_pieces(ends: Float[np.ndarray, " k"], quadratic: Float[np.ndarray, " 3"]) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in pairwise(ends) if np.polyval(quadratic, (a + b) / 2) > 0]
