"""Score statistic of two proportions with the nuisance parameter estimated at the contrast under test.

The statistic of Miettinen and Nurminen and its relatives: at each value of the contrast the two proportions are
estimated under that value, and the observed contrast is compared with its variance there. It stays defined with no
events in an arm, which is why the intervals built on it do too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

Contrast = Literal["difference", "ratio", "odds ratio"]
Weights = Literal["mantel-haenszel", "inverse variance"]
_Strata = Float[np.ndarray, " strata"]


@dataclass(frozen=True)
class Tables:
    """Hold one two-by-two table per stratum.

    Attributes:
        x1: Events in the active arm.
        n1: Participants in the active arm.
        x0: Events in the control arm.
        n0: Participants in the control arm.
    """

    x1: _Strata
    n1: _Strata
    x0: _Strata
    n0: _Strata


def z_score(
    tables: Tables,
    value: float,
    contrast: Contrast,
    *,
    variance_correction: bool = True,
    skewness_correction: bool = False,
    weights: Weights = "mantel-haenszel",
) -> float:
    """Return the standardized score at one value of the contrast; it falls as the value rises.

    Args:
        tables: One table per stratum.
        value: Value of the contrast under test.
        contrast: Difference, ratio or odds ratio of the proportions.
        variance_correction: Multiply each stratum's variance by N/(N - 1).
        skewness_correction: Correct the normal approximation for the score's third moment.
        weights: How strata are combined; the odds ratio always takes the inverse of its variance.

    Example:
        >>> table = Tables(*(np.array([float(count)]) for count in (56, 70, 48, 80)))
        >>> round(z_score(table, 0.0, "difference"), 4)
        2.6413

    Reference:
        Miettinen O, Nurminen M. Stat Med 1985;4:213-226. Gart JJ, Nam J. Biometrics 1990;46:637-643 (skewness).
        Laud PJ. Pharm Stat 2017;16:334-348 and 2018;17:290-293 (common form, bias of the odds ratio).
    """
    p1, p0 = _constrained(tables, value, contrast)
    score, variance, third = _moments(tables, value, contrast, p1, p0)
    total = tables.n1 + tables.n0
    inflation = total / (total - 1) if variance_correction else np.ones_like(total)
    weight = _weights(tables, contrast, weights, variance, inflation)
    weight = weight / weight.sum()
    s = float(weight @ score)
    v = float((weight**2) @ (variance * inflation))
    if v <= 0:
        return 0.0 if abs(s) < 1e-12 else float(np.copysign(np.inf, s))
    z = s / np.sqrt(v)
    if skewness_correction:
        z = _correct_skewness(z, float((weight**3) @ third) / (6 * v**1.5))
    return float(z)


def _constrained(tables: Tables, value: float, contrast: Contrast) -> tuple[_Strata, _Strata]:
    """Return the maximum likelihood proportions given the value of the contrast, stratum by stratum."""
    if contrast == "difference":
        p0 = _constrained_difference(tables, value)
        p1 = p0 + value
    elif contrast == "ratio":
        p0 = _constrained_ratio(tables, value)
        p1 = p0 * value
    else:
        p0 = _constrained_odds_ratio(tables, value)
        p1 = p0 * value / (1 + p0 * (value - 1))
    return np.clip(p1, 0.0, 1.0), np.clip(p0, 0.0, 1.0)


def _constrained_difference(tables: Tables, value: float) -> _Strata:
    """Solve the cubic of Miettinen and Nurminen in closed form."""
    n, x = tables.n1 + tables.n0, tables.x1 + tables.x0
    l2 = (tables.n1 + 2 * tables.n0) * value - n - x
    l1 = (tables.n0 * value - n - 2 * tables.x0) * value + x
    l0 = tables.x0 * value * (1 - value)
    q = l2**3 / (3 * n) ** 3 - l1 * l2 / (6 * n**2) + l0 / (2 * n)
    p = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum(l2**2 / (3 * n) ** 2 - l1 / (3 * n), 0))
    cosine = np.divide(q, p**3, out=np.zeros_like(q), where=p != 0)
    angle = (np.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    lowest, highest = max(0.0, -value), min(1.0, 1 - value)
    return np.asarray(np.clip(2 * p * np.cos(angle) - l2 / (3 * n), lowest, highest))


def _constrained_ratio(tables: Tables, value: float) -> _Strata:
    a = (tables.n1 + tables.n0) * value
    b = -(tables.n1 * value + tables.x1 + tables.n0 + tables.x0 * value)
    c = tables.x1 + tables.x0
    # The form 2c / (-b + root) keeps its digits where the ratio under test is close to 0.
    return np.asarray(2 * c / (-b + np.sqrt(np.maximum(b**2 - 4 * a * c, 0))))


def _constrained_odds_ratio(tables: Tables, value: float) -> _Strata:
    x = tables.x1 + tables.x0
    a = tables.n0 * (value - 1)
    b = tables.n1 * value + tables.n0 - x * (value - 1)
    return np.asarray(2 * x / (b + np.sqrt(np.maximum(b**2 + 4 * a * x, 0))))


def _moments(
    tables: Tables, value: float, contrast: Contrast, p1: _Strata, p0: _Strata
) -> tuple[_Strata, _Strata, _Strata]:
    """Return each stratum's score, its variance and its third central moment."""
    first, second = tables.x1 / tables.n1, tables.x0 / tables.n0
    v1, v0 = p1 * (1 - p1), p0 * (1 - p0)
    if contrast != "odds ratio":
        scale = value if contrast == "ratio" else 1.0
        score = first - scale * second - (0.0 if contrast == "ratio" else value)
        third = v1 * (1 - 2 * p1) / tables.n1**2 - scale**3 * v0 * (1 - 2 * p0) / tables.n0**2
        return score, v1 / tables.n1 + scale**2 * v0 / tables.n0, third
    information1, information0 = tables.n1 * v1, tables.n0 * v0
    bias = (p1 - p0) / (information1 + information0)
    score = (first - p1) / v1 - (second - p0) / v0 - bias
    third = (1 - 2 * p1) / information1**2 - (1 - 2 * p0) / information0**2
    return score, 1 / information1 + 1 / information0, third


def _weights(tables: Tables, contrast: Contrast, weights: Weights, variance: _Strata, inflation: _Strata) -> _Strata:
    """Weigh the strata; one stratum has no say in it."""
    if contrast == "odds ratio":
        return np.asarray(1 / variance)  # without the variance correction this is the Mantel-Haenszel test at 1
    if weights == "mantel-haenszel" or tables.n1.size == 1:
        return np.asarray(tables.n1 * tables.n0 / (tables.n1 + tables.n0))
    return np.asarray(1 / (variance * inflation))


def _correct_skewness(z: float, skewness: float) -> float:
    """Solve skewness * z'^2 + z' = z + skewness for the corrected score z'."""
    if abs(skewness) < 1e-12:
        return z
    inside = 1 + 4 * skewness * (z + skewness)
    return float((-1 + np.sqrt(max(inside, 0.0))) / (2 * skewness))
