"""Winner's curse: how much a significant estimate exaggerates, and what is left when that is allowed for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_alpha
from calor.errors import AnalysisError


@dataclass(frozen=True)
class WinnersCurse(Drawable):
    """An estimate that was reported because it was significant.

    Attributes:
        observed: The estimate as reported.
        conditional: Estimate and interval given that it was significant.
        exaggeration: Mean size of a significant estimate over the true effect, if the truth were the observed value.
        power: Chance of significance in the same design, if the truth were the observed value.
    """

    observed: Estimate
    conditional: Estimate
    exaggeration: float
    power: float

    def __str__(self) -> str:
        return (
            f"{self.conditional}. Were the observed {self.observed.estimate:.3f} true, this design would reach "
            f"significance with power {self.power:.2f}, and its significant estimates would be {self.exaggeration:.2f} "
            f"times too large."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return observed and conditional estimate, one row each."""
        return pd.concat([self.observed.to_frame(), self.conditional.to_frame()], ignore_index=True)


def winners_curse(observed: Estimate, *, alpha: float = 0.05) -> WinnersCurse:
    """Correct a significant estimate for having been selected by its significance.

    The estimate is taken as normal with the reported standard error, and its likelihood is conditioned on `|z|`
    beyond the critical value.

    Args:
        observed: A significant estimate with a standard error, on a scale where it is normal (a difference, a
            slope, a log ratio).
        alpha: Two-sided level at which it was called significant.

    Raises:
        AnalysisError: The estimate is a ratio, has no standard error, or is not significant at `alpha`.

    Example:
        >>> ivory = Estimate("IVORY", -0.171, -0.308, -0.034, 0.95, "difference", "ANCOVA", 60, se=0.0684)
        >>> found = winners_curse(ivory)
        >>> round(found.power, 2), round(found.exaggeration, 2)
        (0.71, 1.2)

    Reference:
        Zhong and Prentice, Biostatistics 2008 (conditional likelihood); Gelman and Carlin, Perspectives on
        Psychological Science 2014 (exaggeration).
    """
    check_alpha(alpha)
    if observed.se is None or not observed.se > 0 or observed.scale == "ratio":
        got = f"a {observed.scale} with se {observed.se}"
        raise AnalysisError.must("observed", "have a standard error on its own scale", got, fix="Give the log ratio.")
    critical = float(ndtri(1 - alpha / 2))
    z = observed.estimate / observed.se
    if abs(z) <= critical:
        raise AnalysisError.must("observed", f"be significant at {alpha}", f"z = {z:.2f}", fix="Nothing was selected.")
    size = abs(z)
    middle = _conditional_quantile(size, critical, 0.5)
    tail = (1 - observed.level) / 2
    limits = [_conditional_quantile(size, critical, q) for q in (1 - tail, tail)]
    low, high = sorted(float(np.sign(z)) * limit * observed.se for limit in limits)
    conditional = Estimate(
        label=f"{observed.label}, given significance",
        estimate=float(np.sign(z)) * middle * observed.se,
        lower=low,
        upper=high,
        level=observed.level,
        scale=observed.scale,
        method="conditional on significance, median unbiased",
        n=observed.n,
        excluded=observed.excluded,
    )
    return WinnersCurse(observed, conditional, exaggeration(size, alpha), _power(size, critical))


def exaggeration(true_z: float, alpha: float = 0.05) -> float:
    """Return the mean of `|z|` among significant results over the true z.

    >>> round(exaggeration(2.8), 2)
    1.13

    Reference:
        Gelman and Carlin, Perspectives on Psychological Science 2014; truncated normal mean in closed form.
    """
    check_alpha(alpha)
    if not 0 < true_z < np.inf:
        raise AnalysisError.must("true_z", "be positive", true_z, fix="Give the size of effect over standard error.")
    c = float(ndtri(1 - alpha / 2))
    above = true_z * ndtr(true_z - c) + _density(c - true_z)
    below = -true_z * ndtr(-c - true_z) + _density(-c - true_z)
    return float((above + below) / _power(true_z, c) / true_z)


def _density(z: float) -> float:
    return float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


def chance_of_significance(true_z: Float[np.ndarray, "*true"], critical: float) -> Float[np.ndarray, "*true"]:
    """Return the chance that `|z|` exceeds the critical value, given the true z.

    >>> chance_of_significance(np.array([0.0, 2.5]), 1.96).round(3)
    array([0.05 , 0.705])
    """
    return np.asarray(ndtr(true_z - critical) + ndtr(-critical - true_z))


def _power(true_z: float, critical: float) -> float:
    return float(chance_of_significance(np.asarray(true_z), critical))


def _conditional_quantile(z: float, critical: float, probability: float) -> float:
    """True z at which a significant z is below the one seen with the given probability."""

    def below(true_z: float) -> float:
        seen = ndtr(z - true_z) - ndtr(critical - true_z) + ndtr(-critical - true_z)
        return float(seen / _power(true_z, critical) - probability)

    return float(brentq(below, -30.0, z + 10.0))
