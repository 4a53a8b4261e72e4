"""Difference of two means, t-test or ANCOVA: sample size and power, fixed or group-sequential."""

from __future__ import annotations

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
    scale = _residual_sd(sd, baseline_correlation, test)
    null = 0.0 if comparison.null is None else comparison.null
    _check_difference(difference)
    comparison.directed(difference - null)
    per_root_n = abs(difference - null) / scale * sqrt(float(np.prod(comparison.shares)))
    z_drift = design.drift(power)
    level = design.alpha / design.sides
    z_sum = float(ndtri(power) - ndtri(level))
    normal = (z_sum / per_root_n) ** 2
    fixed = normal if test == "z" else _t_participants(level, power, per_root_n, normal, baseline_correlation)
    total = fixed * (z_drift / z_sum) ** 2
    return _table(design, z_drift, total, difference, (scale, baseline_correlation, test), comparison, fixed)


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
    scale = _residual_sd(sd, baseline_correlation, test)
    _check_difference(difference)
    if not 0 < participants < inf:
        raise DesignError.must("participants", "be positive and finite", participants, fix="Give both arms together.")
    null = 0.0 if comparison.null is None else comparison.null
    direction = comparison.direction(difference - null)
    drift = direction * (difference - null) / scale * sqrt(participants * float(np.prod(comparison.shares)))
    if test == "t":
        df = _df(np.array([participants]), baseline_correlation)[0]
        drift = _z_drift(drift, design.alpha / design.sides, df)
    return _table(design, drift, participants, difference, (scale, baseline_correlation, test), comparison, None)


def _z_drift(noncentrality: float, level: float, df: float) -> float:
    """Return the drift that gives a z-test the power of the t-test."""
    sign = 1.0 if noncentrality >= 0 else -1.0
    missed = float(nct.cdf(sign * student.isf(level, df), df, noncentrality))
    if not 1e-12 < missed < 1 - 1e-12:  # the power is 0 or 1 either way, and a quantile of it is lost
        return noncentrality
    return float(-sign * ndtri(level) - ndtri(missed))


def _t_participants(level: float, power: float, per_root_n: float, normal: float, correlation: float) -> float:
    """Return the participants, not rounded, at which the fixed t-test has its power."""

    def excess(n: float) -> float:
        df = n - 2 - (correlation != 0)
        return float(nct.sf(student.isf(level, df), df, per_root_n * sqrt(n))) - power

    low = 2.0 + (correlation != 0) + 1e-3
    return low if excess(low) > 0 else float(brentq(excess, low, 2 * normal + 100, xtol=1e-10, rtol=1e-13))


def _table(
    design: GroupSequential,
    drift: float,
    total: float,
    difference: float,
    error: tuple[float, float, Test],
    comparison: Comparison,
    fixed: float | None,
) -> SizeTable:
    scale, correlation, test = error
    null = 0.0 if comparison.null is None else comparison.null
    n = total * design.information_fractions
    direction = comparison.direction(difference - null)
    se = direction * scale / np.sqrt(n * np.prod(comparison.shares))
    efficacy, futility = design.efficacy_bounds, design.futility_bounds
    if test == "t":
        df = _df(n, correlation)
        efficacy, futility = _t_quantiles(efficacy, df), _t_quantiles(futility, df)
    name = "Means, t-test" if test == "t" else "Means, z-test"
    return SizeTable(
        title="Means, ANCOVA" if correlation else name,
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


def _t_quantiles(z: Float[np.ndarray, " look"], df: Float[np.ndarray, " look"]) -> Float[np.ndarray, " look"]:
    """Return the quantiles of t that leave the same upper tails as z."""
    return np.asarray(student.isf(ndtr(-z), df))


def _df(n: Float[np.ndarray, " look"], correlation: float) -> Float[np.ndarray, " look"]:
    df = n - 2 - (correlation != 0)
    if not df[0] > 0:
        raise DesignError.must(
            "participants", "leave a degree of freedom at the first look", f"{n[0]:.3g}", fix="Look later."
        )
    return df


def _residual_sd(sd: float, correlation: float, test: Test) -> float:
    if not 0 < sd < inf:
        raise DesignError.must("sd", "be positive and finite", sd, fix="Give the standard deviation of the endpoint.")
    if not -1 < correlation < 1:
        raise DesignError.must("baseline_correlation", "lie between -1 and 1", correlation, fix="0 is no covariate.")
    if test not in ("t", "z"):
        raise DesignError.must("test", "be t or z", repr(test), fix="Use t unless the deviation is known.")
    return sd * sqrt(1 - correlation**2)


def _check_difference(difference: float) -> None:
    if not -inf < difference < inf:
        raise DesignError.must("difference", "be finite", difference, fix="Give treatment less control.")
