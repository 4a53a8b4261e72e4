"""Difference of two means, t-test or ANCOVA: sample size and power, fixed or group-sequential."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import nct
from scipy.stats import t as student

from calor.design.comparison import SUPERIORITY, Comparison
from calor.design.group_sequential import GroupSequential
from calor.design.size_table import SizeTable, crossings
from calor.errors import DesignError

Test = Literal["t", "z"]
Looks = Float[np.ndarray, " look"]


def sample_size(
    design: GroupSequential,
    *,
    difference: float,
    sd: float,
    power: float,
    baseline_correlation: float = 0.0,
    test: Test = "t",
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the participants needed to show a difference of means.

    Args:
        design: Looks and bounds.
        difference: Mean under treatment less mean under control, as assumed.
        sd: Standard deviation of the endpoint, the same in both arms.
        power: Probability of rejecting at any look.
        baseline_correlation: Correlation of endpoint and baseline in an ANCOVA, which leaves (1 - correlation**2) of
            the variance and costs a degree of freedom; 0 is no covariate.
        test: "t" for an unknown standard deviation, "z" for a known one.
        comparison: Allocation ratio, null difference (a margin), direction.

    Raises:
        DesignError: An effect not on the side of benefit, or a value out of range.

    Reference:
        Jennison C, Turnbull BW. Group Sequential Methods. Chapman & Hall 2000, ch. 3. Borm GF, Fransen J, Lemmens WA.
        A simple sample size formula for analysis of covariance. Journal of Clinical Epidemiology 2007.

    >>> from calor.design import GroupSequential, spending
    >>> fixed = GroupSequential([1.0], efficacy=spending.at_the_end(0.05), sides=2)
    >>> sample_size(fixed, difference=-0.171, sd=0.265, power=0.80).participants.round(1)
    array([[38.7, 38.7]])
    """
    residual = _Residual(sd, baseline_correlation, test)
    null = _null(difference, comparison)
    comparison.directed(difference - null)
    per_root_n = abs(difference - null) / residual.scale * sqrt(float(np.prod(comparison.shares)))
    z_drift = design.drift(power)
    level = design.alpha / design.sides
    z_sum = float(ndtri(power) - ndtri(level))
    fixed = (z_sum / per_root_n) ** 2 if test == "z" else residual.t_participants(level, power, per_root_n)
    total = fixed * (z_drift / z_sum) ** 2
    return _table(design, z_drift, total, difference, residual, comparison, fixed)


def power(
    design: GroupSequential,
    *,
    difference: float,
    sd: float,
    participants: float,
    baseline_correlation: float = 0.0,
    test: Test = "t",
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the power of a number of participants to show a difference of means.

    Args:
        design: Looks and bounds.
        difference: Mean under treatment less mean under control, as assumed.
        sd: Standard deviation of the endpoint, the same in both arms.
        participants: Both arms together, at the last look.
        baseline_correlation: Correlation of endpoint and baseline in an ANCOVA; 0 is no covariate.
        test: "t" for an unknown standard deviation, "z" for a known one.
        comparison: Allocation ratio, null difference (a margin), direction.

    Raises:
        DesignError: Too few participants for a variance, or a value out of range.

    Reference:
        Jennison C, Turnbull BW. Group Sequential Methods. Chapman & Hall 2000, ch. 3.

    >>> from calor.design import GroupSequential, spending
    >>> fixed = GroupSequential([1.0], efficacy=spending.at_the_end(0.05), sides=2)
    >>> trial = Comparison(allocation_ratio=29 / 31)
    >>> round(power(fixed, difference=0.171, sd=0.265, participants=60, comparison=trial).power, 3)
    0.69
    """
    residual = _Residual(sd, baseline_correlation, test)
    null = _null(difference, comparison)
    if not 0 < participants < inf:
        raise DesignError.must("participants", "be positive and finite", participants, fix="Give both arms together.")
    signal = comparison.direction(difference - null) * (difference - null) / residual.scale
    drift = signal * sqrt(participants * float(np.prod(comparison.shares)))
    if test == "t":
        drift = _z_drift(drift, design.alpha / design.sides, float(residual.df(np.array([participants]))[0]))
    return _table(design, drift, participants, difference, residual, comparison, None)


@dataclass(frozen=True)
class _Residual:
    """What is left of the endpoint's spread, and how it is known."""

    sd: float
    correlation: float
    test: Test

    def __post_init__(self) -> None:
        if not 0 < self.sd < inf:
            raise DesignError.must("sd", "be positive and finite", self.sd, fix="Give the endpoint's deviation.")
        if not -1 < self.correlation < 1:
            fix = "0 is no covariate."
            raise DesignError.must("baseline_correlation", "lie between -1 and 1", self.correlation, fix=fix)
        if self.test not in ("t", "z"):
            raise DesignError.must("test", "be t or z", repr(self.test), fix="Use t unless the deviation is known.")

    @property
    def scale(self) -> float:
        return self.sd * sqrt(1 - self.correlation**2)

    @property
    def estimated(self) -> int:
        """How many means and slopes cost a degree of freedom."""
        return 3 if self.correlation else 2

    def df(self, n: Looks) -> Looks:
        """Return the degrees of freedom at each look, refusing looks that have none."""
        if not n[0] > self.estimated:
            rule = "leave a degree of freedom at the first look"
            raise DesignError.must("participants", rule, f"{n[0]:.3g}", fix="Look later.")
        return n - self.estimated

    def t_participants(self, level: float, power: float, per_root_n: float) -> float:
        """Return the participants, not rounded, at which the fixed t-test has its power."""

        def excess(n: float) -> float:
            df = n - self.estimated
            return float(nct.sf(student.isf(level, df), df, per_root_n * sqrt(n))) - power

        low = self.estimated + 1.0  # below one degree of freedom the noncentral t is lost to rounding
        normal = float((ndtri(power) - ndtri(level)) / per_root_n) ** 2
        return low if excess(low) > 0 else float(brentq(excess, low, 2 * normal + 100, xtol=1e-10, rtol=1e-13))


def _z_drift(noncentrality: float, level: float, df: float) -> float:
    """Return the drift that gives a z-test the power of the t-test."""
    sign = 1.0 if noncentrality >= 0 else -1.0
    missed = float(nct.cdf(sign * student.isf(level, df), df, noncentrality))
    if not 1e-12 < missed < 1 - 1e-12:  # the power is 0 or 1 either way, and a quantile of it is lost
        return noncentrality
    return float(-sign * ndtri(level) - ndtri(missed))


def _table(
    design: GroupSequential,
    drift: float,
    total: float,
    difference: float,
    residual: _Residual,
    comparison: Comparison,
    fixed: float | None,
) -> SizeTable:
    null = _null(difference, comparison)
    n = total * design.information_fractions
    se = comparison.direction(difference - null) * residual.scale / np.sqrt(n * np.prod(comparison.shares))
    efficacy, futility = design.efficacy_bounds, design.futility_bounds
    if residual.test == "t":
        df = residual.df(n)
        efficacy, futility = _t_quantiles(efficacy, df), _t_quantiles(futility, df)
    return SizeTable(
        title="Means, ANCOVA" if residual.correlation else f"Means, {residual.test}-test",
        measure="difference",
        null=null,
        effect=difference,
        design=design,
        crossings=crossings(design, drift),
        participants=n[:, None] * comparison.shares,
        efficacy_effect=null + efficacy * se,
        futility_effect=null + futility * se,
        fixed_participants=fixed,
    )


def _t_quantiles(z: Looks, df: Looks) -> Looks:
    """Return the quantiles of t that leave the same upper tails as z."""
    return np.asarray(student.isf(ndtr(-z), df))


def _null(difference: float, comparison: Comparison) -> float:
    if not -inf < difference < inf:
        raise DesignError.must("difference", "be finite", difference, fix="Give treatment less control.")
    return 0.0 if comparison.null is None else comparison.null
