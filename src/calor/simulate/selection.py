"""Rules that choose the populations to follow after an interim look."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from calor.errors import SimulationError
from calor.kernels import interim
from calor.simulate.whole_number import check_whole_number

Measure = Literal["effect", "ratio", "statistic"]
_MEASURES = {"statistic": interim.STATISTIC, "effect": interim.EFFECT, "ratio": interim.RATIO}


@dataclass(frozen=True, eq=False)
class Interim:
    """What a user's own rule sees of many trials at one look; benefit is positive.

    Attributes:
        look: Counted from 1.
        z: Test statistic from all data so far.
        effect: Estimate from all data so far (a log hazard ratio with its sign turned, a difference).
        se: Its standard error.
        followed: Populations followed so far.
    """

    look: int
    z: Float[np.ndarray, "trial population"]
    effect: Float[np.ndarray, "trial population"]
    se: Float[np.ndarray, "trial population"]
    followed: Bool[np.ndarray, "trial population"]


Rule = Callable[[Interim], Bool[np.ndarray, "trial population"]]


@dataclass(frozen=True)
class Selection:
    """A selection rule: made by `everyone`, `best`, `within`, `posterior`, `predictive` or `own`.

    Attributes:
        kind: Code of the rule in the kernel.
        parameter: Its number: how many, how far, or how probable.
        threshold: Least measure to be followed further.
        measure: What is compared: the estimate, exp(estimate), or the test statistic.
        rule: The user's own function.
    """

    kind: int
    parameter: float = 0.0
    threshold: float = -math.inf
    measure: Measure = "effect"
    rule: Rule | None = None

    def __post_init__(self) -> None:
        if self.measure not in _MEASURES:
            raise SimulationError.must(
                "measure", "be effect, ratio or statistic", repr(self.measure), fix="Choose one."
            )
        if math.isnan(self.threshold) or not math.isfinite(self.parameter):
            got = (self.parameter, self.threshold)
            raise SimulationError.must("selection", "be given by numbers", got, fix="Give finite numbers.")

    @property
    def measure_code(self) -> int:
        """Code of the measure in the kernel."""
        return _MEASURES[self.measure]


def everyone(*, threshold: float = -math.inf, measure: Measure = "effect") -> Selection:
    """Follow every population whose measure is at least `threshold`.

    >>> everyone(threshold=0.1).threshold
    0.1
    """
    return Selection(interim.ALL, 0.0, threshold, measure)


def best(count: int = 1, *, threshold: float = -math.inf, measure: Measure = "effect") -> Selection:
    """Follow the `count` populations that look best, as far as they reach `threshold`.

    >>> best().parameter
    1.0
    """
    check_whole_number("count", count, 1, fix="Give 1 to follow the best population.")
    return Selection(interim.BEST, float(count), threshold, measure)


def within(epsilon: float, *, threshold: float = -math.inf, measure: Measure = "effect") -> Selection:
    """Follow the populations that fall short of the best one by at most `epsilon`.

    >>> within(0.1).parameter
    0.1

    Reference: Kelly PJ, Stallard N, Todd S. Journal of Biopharmaceutical Statistics 2005;15:641-658 (the epsilon rule).
    """
    if not epsilon >= 0:
        raise SimulationError.must("epsilon", "be zero or above", epsilon, fix="Give 0 to follow the best alone.")
    return Selection(interim.EPSILON, float(epsilon), threshold, measure)


def posterior(probability: float) -> Selection:
    """Follow the populations whose effect is positive with at least this posterior probability (flat prior).

    >>> posterior(0.8).parameter
    0.8
    """
    return Selection(interim.POSTERIOR, _probability(probability))


def predictive(probability: float) -> Selection:
    """Follow the populations whose predictive power (flat prior, last bound) is at least this.

    >>> predictive(0.2).parameter
    0.2

    Reference: Spiegelhalter DJ, Freedman LS, Blackburn PR. Controlled Clinical Trials 1986;7:8-17.
    """
    return Selection(interim.PREDICTIVE, _probability(probability))


def own(rule: Rule) -> Selection:
    """Follow what a function says, which is given the interim results of many trials at once.

    >>> own(lambda seen: seen.z > 0.5).rule is not None
    True
    """
    if not callable(rule):
        raise SimulationError.must("rule", "be a function of an `Interim`", rule, fix="Give lambda seen: seen.z > 0.5.")
    return Selection(interim.GIVEN, rule=rule)


def _probability(value: float) -> float:
    if not 0 < value < 1:
        raise SimulationError.must("probability", "lie between 0 and 1", value, fix="Give 0.8 for 80 %.")
    return float(value)
