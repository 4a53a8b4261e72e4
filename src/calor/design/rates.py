"""Two proportions by their difference, ratio or odds ratio: sample size and power, fixed or group-sequential."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, sqrt
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import ndtri

from calor.design.comparison import SUPERIORITY, Comparison
from calor.design.group_sequential import GroupSequential
from calor.design.size_table import SizeTable, crossings
from calor.errors import DesignError

Measure = Literal["difference", "ratio", "odds ratio"]
NullVariance = Literal["restricted", "unpooled"]


def sample_size(
    design: GroupSequential,
    *,
    control: float,
    treatment: float,
    power: float,
    measure: Measure = "difference",
    null_variance: NullVariance = "restricted",
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the participants needed to show that two proportions differ.

    The variance under the null is that of the restricted maximum likelihood estimates, so that a margin is tested by
    the score test of Farrington and Manning; without a margin this is the chi-squared test.

    Args:
        design: Looks and bounds.
        control: Proportion with the event under control.
        treatment: Proportion with the event under treatment, as assumed.
        power: Probability of rejecting at any look.
        measure: Scale on which the effect and the margin are stated; an odds ratio is tested by its logarithm.
        null_variance: "restricted" for the score test, "unpooled" for Wald's.
        comparison: Allocation ratio, null effect (a margin), direction.

    Raises:
        DesignError: A proportion outside 0 to 1, an effect not on the side of benefit, an impossible margin.

    Reference:
        Farrington CP, Manning G. Statistics in Medicine 1990.

    >>> from calor.design import GroupSequential, spending
    >>> fixed = GroupSequential([1.0], efficacy=spending.at_the_end(0.05), sides=2)
    >>> sample_size(fixed, control=0.09, treatment=0.0675, power=0.8).participants.round()
    array([[2248., 2248.]])
    """
    question = _Question(control, treatment, measure, null_variance, comparison)
    comparison.directed(question.effect - question.null)
    z_drift = design.drift(power)
    level, distance = design.alpha / design.sides, abs(question.distance(treatment))
    z_level, z_power = -float(ndtri(level)), float(ndtri(power))
    root = z_level * sqrt(question.null_variance(treatment)) + z_power * sqrt(question.variance)
    fixed = (root / distance) ** 2
    total = fixed * (z_drift / (z_level + z_power)) ** 2
    return _table(design, z_drift, total, question, fixed)


def power(
    design: GroupSequential,
    *,
    control: float,
    treatment: float,
    participants: float,
    measure: Measure = "difference",
    null_variance: NullVariance = "restricted",
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the power of a number of participants to show that two proportions differ.

    Args:
        design: Looks and bounds.
        control: Proportion with the event under control.
        treatment: Proportion with the event under treatment, as assumed.
        participants: Both arms together, at the last look.
        measure: Scale on which the effect and the margin are stated; an odds ratio is tested by its logarithm.
        null_variance: "restricted" for the score test, "unpooled" for Wald's.
        comparison: Allocation ratio, null effect (a margin), direction.

    Raises:
        DesignError: A proportion outside 0 to 1, an impossible margin or number.

    Reference:
        Farrington CP, Manning G. Statistics in Medicine 1990.

    >>> from calor.design import GroupSequential, spending
    >>> fixed = GroupSequential([1.0], efficacy=spending.at_the_end(0.025))
    >>> round(power(fixed, control=0.3, treatment=0.4, participants=400).power, 4)
    0.5546
    """
    question = _Question(control, treatment, measure, null_variance, comparison)
    if not 0 < participants < inf:
        raise DesignError.must("participants", "be positive and finite", participants, fix="Give both arms together.")
    z_level = -float(ndtri(design.alpha / design.sides))
    signal = question.distance(treatment) * question.direction * sqrt(participants)
    sign = 1.0 if signal >= 0 else -1.0
    excess = (sign * signal - z_level * sqrt(question.null_variance(treatment))) / sqrt(question.variance)
    return _table(design, sign * (z_level + excess), participants, question, None)


@dataclass(frozen=True)
class _Question:
    """Two proportions and what is asked of them."""

    control: float
    treatment: float
    measure: Measure
    test: NullVariance
    comparison: Comparison

    def __post_init__(self) -> None:
        if self.measure not in ("difference", "ratio", "odds ratio"):
            raise DesignError.must("measure", "be difference, ratio or odds ratio", repr(self.measure), fix="Choose.")
        if self.test not in ("restricted", "unpooled"):
            raise DesignError.must("null_variance", "be restricted or unpooled", repr(self.test), fix="Choose one.")
        for name, value in (("control", self.control), ("treatment", self.treatment)):
            if not 0 < value < 1:
                raise DesignError.must(name, "lie between 0 and 1", value, fix="Give a proportion, not percent.")
        if self.measure == "difference" and not -1 < self.null < 1:
            raise DesignError.must("null", "lie between -1 and 1", self.null, fix="Give a difference of proportions.")
        if self.measure != "difference" and not self.null > 0:
            raise DesignError.must("null", "be positive", self.null, fix="Give a ratio; 1 is no effect.")

    @property
    def null(self) -> float:
        no_effect = 0.0 if self.measure == "difference" else 1.0
        return no_effect if self.comparison.null is None else self.comparison.null

    @property
    def effect(self) -> float:
        return self.effect_of(self.treatment)

    def effect_of(self, treatment: float) -> float:
        if self.measure == "difference":
            return treatment - self.control
        if self.measure == "ratio":
            return treatment / self.control
        return treatment / (1 - treatment) * (1 - self.control) / self.control

    @property
    def direction(self) -> float:
        return self.comparison.direction(self.effect - self.null)

    def distance(self, treatment: float) -> float:
        """Return the numerator of the test statistic: how far a proportion lies from the null."""
        if self.measure == "difference":
            return treatment - self.control - self.null
        if self.measure == "ratio":
            return treatment - self.null * self.control
        return log(self.effect_of(treatment) / self.null)

    @property
    def variance(self) -> float:
        """Variance of `distance` times participants, at the assumed proportions."""
        return self._variance(self.control, self.treatment)

    def null_variance(self, treatment: float) -> float:
        """Return the variance of `distance` times participants, at the proportions that the null would fit."""
        if self.test == "unpooled" or self.measure == "odds ratio":
            return self._variance(self.control, treatment)
        return self._variance(*self._restricted(treatment))

    def _variance(self, control: float, treatment: float) -> float:
        share_control, share_treatment = self.comparison.shares
        at_control, at_treatment = control * (1 - control), treatment * (1 - treatment)
        if self.measure == "odds ratio":
            return float(1 / (at_control * share_control) + 1 / (at_treatment * share_treatment))
        weight = self.null**2 if self.measure == "ratio" else 1.0
        return float(weight * at_control / share_control + at_treatment / share_treatment)

    def _restricted(self, treatment: float) -> tuple[float, float]:
        """Return the proportions of highest likelihood on the null, for data that equal the assumed proportions."""
        share_control, share_treatment = self.comparison.shares
        if self.measure == "difference":
            low, high = max(0.0, -self.null), min(1.0, 1.0 - self.null)
        else:
            low, high = 0.0, min(1.0, 1.0 / self.null)

        def slope(control: float) -> float:
            fitted = control + self.null if self.measure == "difference" else control * self.null
            gain = 1.0 if self.measure == "difference" else self.null
            return float(
                share_control * (self.control - control) / (control * (1 - control))
                + gain * share_treatment * (treatment - fitted) / (fitted * (1 - fitted))
            )

        edge = 1e-12 * (high - low)
        fitted = brentq(slope, low + edge, high - edge, xtol=1e-15, rtol=1e-14)
        return float(fitted), float(fitted + self.null if self.measure == "difference" else fitted * self.null)


def _table(design: GroupSequential, drift: float, total: float, question: _Question, fixed: float | None) -> SizeTable:
    n = total * design.information_fractions
    score = question.test == "restricted" and question.measure != "odds ratio"
    return SizeTable(
        title="Proportions, " + ("score test" if score else "Wald test"),
        measure=question.measure,
        null=question.null,
        effect=question.effect,
        design=design,
        crossings=crossings(design, drift),
        participants=n[:, None] * question.comparison.shares,
        efficacy_effect=_crossing_effects(question, design.efficacy_bounds, n),
        futility_effect=_crossing_effects(question, design.futility_bounds, n),
        fixed_participants=fixed,
    )


def _crossing_effects(
    question: _Question, bounds: Float[np.ndarray, " look"], n: Float[np.ndarray, " look"]
) -> Float[np.ndarray, " look"]:
    """Return the effects at which the statistic equals each bound when control does as assumed; infinite if none."""
    if question.measure == "odds ratio":  # its variance grows towards 0 and 1: take it as assumed
        steps = question.direction * bounds * np.sqrt(question.variance / n)
        return np.asarray(question.null * np.exp(steps))

    def excess(treatment: float, bound: float, participants: float) -> float:
        standardized = question.distance(treatment) * sqrt(participants / question.null_variance(treatment))
        return question.direction * standardized - bound

    found = []
    for bound, participants in zip(bounds, n, strict=True):
        ends = (1e-9, 1 - 1e-9)
        low, high = (excess(end, bound, participants) for end in ends)
        if np.isinf(bound) or low * high > 0:
            found.append(question.direction * (inf if bound > 0 else -inf))
        else:
            found.append(question.effect_of(brentq(excess, *ends, args=(bound, participants), xtol=1e-12)))
    return np.array(found)
