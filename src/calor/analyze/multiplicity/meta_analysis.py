"""Meta-analysis of studies or subgroups: common effect, or random effects with Knapp-Hartung intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2, norm, t

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, Scale, check_level, format_p
from calor.errors import AnalysisError

Heterogeneity = Literal["common", "dersimonian-laird", "reml", "paule-mandel"]
_Studies = Float[np.ndarray, " studies"]
_METHOD = {
    "common": "common-effect meta-analysis",
    "dersimonian-laird": "random-effects meta-analysis (DerSimonian-Laird)",
    "reml": "random-effects meta-analysis (REML)",
    "paule-mandel": "random-effects meta-analysis (Paule-Mandel)",
}


@dataclass(frozen=True)
class MetaAnalysis(Drawable):
    """Hold a meta-analysis.

    Attributes:
        pooled: The mean effect.
        tau_squared: Variance of the true effects between studies.
        q: Cochran's Q, k - 1 degrees of freedom.
        p_heterogeneity: p-value of Q.
        i_squared: Share of the total variance that lies between studies, 0 to 1.
        shrunken: Each study's effect drawn to the mean (best linear unbiased prediction), in the order given.
    """

    pooled: Estimate
    tau_squared: float
    q: float
    p_heterogeneity: float
    i_squared: float
    shrunken: tuple[float, ...]

    def __str__(self) -> str:
        return (
            f"{self.pooled}; heterogeneity I2 = {100 * self.i_squared:.0f} %, tau2 = {self.tau_squared:.4g}, "
            f"{format_p(self.p_heterogeneity)}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the pooled effect and the heterogeneity as a table with one row."""
        return self.pooled.to_frame().assign(
            tau_squared=self.tau_squared, q=self.q, p_heterogeneity=self.p_heterogeneity, i_squared=self.i_squared
        )


def meta_analysis(
    effects: Sequence[float],
    variances: Sequence[float],
    *,
    heterogeneity: Heterogeneity = "reml",
    knapp_hartung: bool = True,
    level: float = 0.95,
    label: str = "Mean effect",
    scale: Scale = "difference",
) -> MetaAnalysis:
    """Pool effects over studies or subgroups.

    The Knapp-Hartung standard error is not kept from falling below the ordinary one.

    Args:
        effects: Estimates; logarithms for ratios.
        variances: Their squared standard errors.
        heterogeneity: How the variance between studies is estimated; `"common"` takes it as 0.
        knapp_hartung: Use the Knapp-Hartung standard error with k - 1 degrees of freedom; not for `"common"`.
        level: Confidence level, 0 to 1.
        label: What is estimated, for print.
        scale: What kind of number the effects are.

    Raises:
        AnalysisError: There are fewer than two studies, effects and variances differ in number, a number is not finite
            or a variance not positive, `heterogeneity` is unknown, or Knapp-Hartung meets equal effects.

    Example:
        >>> print(meta_analysis([-0.25, -0.05, -0.18, -0.12], [0.0081, 0.01, 0.0064, 0.0121]))
        Mean effect: -0.160 (95 % CI -0.292 to -0.027; p = 0.031; random-effects meta-analysis (REML), Knapp-Hartung,
        n = 4); heterogeneity I2 = 0 %, tau2 = 0, p = 0.493

    Reference:
        DerSimonian R, Laird N. Control Clin Trials 1986;7:177-188. Paule RC, Mandel J. J Res Natl Bur Stand
        1982;87:377-385. Viechtbauer W. J Educ Behav Stat 2005;30:261-293 (REML). Knapp G, Hartung J. Stat Med
        2003;22:2693-2710. Higgins JPT, Thompson SG. Stat Med 2002;21:1539-1558 (I2).
    """
    check_level(level)
    y, v = _check(effects, variances, heterogeneity)
    k = y.size
    tau2 = 0.0 if heterogeneity == "common" else _ESTIMATORS[heterogeneity](y, v)
    weight = 1 / (v + tau2)
    mean = float(weight @ y / weight.sum())
    se = float(np.sqrt(1 / weight.sum()))
    method, df = _METHOD[heterogeneity], None
    quantile = float(norm.ppf((1 + level) / 2))
    if knapp_hartung and heterogeneity != "common":
        se *= float(np.sqrt(weight @ (y - mean) ** 2 / (k - 1)))
        method, df = f"{method}, Knapp-Hartung", float(k - 1)
        quantile = float(t.ppf((1 + level) / 2, k - 1))
    if se == 0:
        raise AnalysisError.must(
            "effects", "differ", list(effects), fix="With equal effects set `knapp_hartung` to False."
        )
    p_value = 2 * (norm.sf(abs(mean / se)) if df is None else t.sf(abs(mean / se), df))
    q = _q(y, v, 0.0)
    share = tau2 / (tau2 + _typical_variance(v)) if heterogeneity != "common" else max(0.0, 1 - (k - 1) / q) if q else 0
    drawn = (tau2 * y + v * mean) / (tau2 + v)
    pooled = Estimate(
        label, mean, mean - quantile * se, mean + quantile * se, level, scale, method, k, se, float(p_value), df
    )
    return MetaAnalysis(pooled, tau2, q, float(chi2.sf(q, k - 1)), float(share), tuple(map(float, drawn)))


def _check(effects: Sequence[float], variances: Sequence[float], heterogeneity: str) -> tuple[_Studies, _Studies]:
    if heterogeneity not in get_args(Heterogeneity):
        raise AnalysisError.must(
            "heterogeneity", f"be one of {get_args(Heterogeneity)}", repr(heterogeneity), fix='Take "reml" if unsure.'
        )
    y, v = np.asarray(effects, dtype=float), np.asarray(variances, dtype=float)
    if y.ndim != 1 or y.size < 2 or y.shape != v.shape:
        raise AnalysisError.must(
            "effects", "be at least two, each with a variance", f"{y.size} and {v.size}", fix="Give both per study."
        )
    wrong = ~(np.isfinite(y) & np.isfinite(v) & (v > 0))
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise AnalysisError.must(
            "effects and variances",
            "be finite, variances above 0",
            f"{y[at]} and {v[at]}",
            where=f"study {at + 1}",
            fix="Leave out a study that estimates nothing, and say so.",
        )
    return y, v


def _q(y: _Studies, v: _Studies, tau2: float) -> float:
    """Return the weighted sum of squares about the weighted mean."""
    weight = 1 / (v + tau2)
    return float(weight @ (y - weight @ y / weight.sum()) ** 2)


def _typical_variance(v: _Studies) -> float:
    """Return Higgins and Thompson's typical within-study variance."""
    weight = 1 / v
    return float((v.size - 1) * weight.sum() / (weight.sum() ** 2 - (weight**2).sum()))


def _dersimonian_laird(y: _Studies, v: _Studies) -> float:
    weight = 1 / v
    spread = weight.sum() - (weight**2).sum() / weight.sum()
    return max(0.0, float((_q(y, v, 0.0) - (y.size - 1)) / spread))


def _paule_mandel(y: _Studies, v: _Studies) -> float:
    """Solve Q(tau2) = k - 1; 0 where Q is below that already."""
    excess = y.size - 1
    if _q(y, v, 0.0) <= excess:
        return 0.0
    high = float(np.var(y, ddof=1)) + 1e-300
    while _q(y, v, high) > excess:
        high *= 2
    return float(brentq(lambda tau2: _q(y, v, tau2) - excess, 0.0, high, xtol=1e-15, rtol=1e-13))


def _reml(y: _Studies, v: _Studies) -> float:
    """Maximize the restricted likelihood over the square root of the variance, which keeps it from going below 0."""

    def negative(tau: float) -> float:
        variance = v + tau**2
        return 0.5 * float(np.log(variance).sum() + np.log((1 / variance).sum()) + _q(y, v, tau**2))

    reach = 10 * (float(np.std(y)) + float(np.sqrt(v.max())))
    # The likelihood may have two peaks: search from a grid.
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1, 200) * reach])
    best = int(np.argmin([negative(tau) for tau in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    found = minimize_scalar(negative, bounds=(low, high), method="bounded", options={"xatol": 1e-12 * reach})
    # Rounding makes the likelihood flat near 0; a peak that small is the one at 0.
    return 0.0 if negative(0.0) <= found.fun + 1e-10 else float(found.x**2)


_ESTIMATORS = {"dersimonian-laird": _dersimonian_laird, "reml": _reml, "paule-mandel": _paule_mandel}
