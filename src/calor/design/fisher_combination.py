"""Fisher's combination test with early stopping: the product of the stages' p-values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq

from calor.design.fisher_paths import rejection_by_stage, stage_critical, stage_level
from calor.design.looks import rising
from calor.design.p_values import checked_p_values
from calor.errors import DesignError

Method = Literal["equal_levels", "full_last_level", "no_interaction", "given"]


@dataclass(frozen=True, eq=False)
class FisherCombination:
    """A design that rejects at the first stage k where the weighted product of p-values falls to its critical value.

    Attributes:
        information_fractions: Share of the planned information at each stage, rising to 1. Stage k's weight is
            sqrt((t_k - t_{k-1}) / t_1): stages of equal size weigh the same.
        alpha: One-sided type I error, below 0.5.
        futility_p: Stage-wise p-value above which the trial stops for futility, one per stage before the last; 1 for
            none. They bind: the critical values count on them.
        method: How alpha is divided. "equal_levels": every product, taken alone, has the same level.
            "full_last_level": the last product has level alpha, the earlier ones share a level. "no_interaction": the
            last product has level alpha and c_k = c_{k+1} / futility_p_k. "given": `alpha_spent` is as given.
        spent: Cumulative alpha of each stage, for method "given".
        critical_values: Computed: reject at stage k when the product is at most this.

    >>> design = FisherCombination([1 / 3, 2 / 3, 1], 0.025, futility_p=(0.5, 0.5), method="full_last_level")
    >>> design.critical_values.round(6)
    array([0.010467, 0.00138 , 0.000728])

    Reference: Bauer P, Koehne K. Biometrics 1994;50:1029-1041. Wassmer G. Biometrics 1999;55:696-701. Wassmer G,
        Brannath W. Group Sequential and Confirmatory Adaptive Designs in Clinical Trials. Springer 2016.
    """

    information_fractions: Float[np.ndarray, " stage"]
    alpha: float = 0.025
    futility_p: Sequence[float] | None = None
    method: Method = "equal_levels"
    spent: Sequence[float] | None = None
    weights: Float[np.ndarray, " stage"] = field(init=False)
    critical_values: Float[np.ndarray, " stage"] = field(init=False)

    def __post_init__(self) -> None:
        fractions = rising("information_fractions", self.information_fractions)
        futility = _checked(self, fractions)
        put = object.__setattr__
        put(self, "information_fractions", fractions)
        put(self, "futility_p", futility)
        put(self, "weights", np.sqrt(np.diff(fractions, prepend=0.0) / fractions[0]))
        put(self, "critical_values", _critical_values(self, self.alpha))

    @property
    def alpha_spent(self) -> Float[np.ndarray, " stage"]:
        """Cumulative type I error of each stage."""
        return np.cumsum(rejection_by_stage(self.critical_values, self._futility, self.weights))

    @property
    def stage_levels(self) -> Float[np.ndarray, " stage"]:
        """Probability that each product, taken alone, reaches its critical value."""
        stages = range(1, self.critical_values.size + 1)
        return np.array([stage_level(self.critical_values[k - 1], self.weights[:k]) for k in stages])

    @property
    def _futility(self) -> Float[np.ndarray, " stage"]:
        return np.append(np.asarray(self.futility_p, dtype=float), 1.0)

    def log_products(self, p_values: Sequence[float] | Float[np.ndarray, " stage"]) -> Float[np.ndarray, " stage"]:
        """Return the logarithm of the weighted product of the p-values up to each stage.

        >>> FisherCombination([0.5, 1.0]).log_products([0.1, 0.2]).round(4)
        array([-2.3026, -3.912 ])
        """
        p = checked_p_values(p_values, self.critical_values.size)
        return np.cumsum(self.weights[: p.size] * np.log(p))

    def products(self, p_values: Sequence[float] | Float[np.ndarray, " stage"]) -> Float[np.ndarray, " stage"]:
        """Return the weighted product of the p-values up to each stage.

        >>> FisherCombination([0.5, 1.0]).products([0.1, 0.2])
        array([0.1 , 0.02])
        """
        return np.asarray(np.exp(self.log_products(p_values)))

    def conditional_rejection(self, p_values: Sequence[float]) -> float:
        """Return the probability under the null of rejecting at a later stage, given the p-values so far.

        >>> design = FisherCombination([1 / 3, 2 / 3, 1], 0.025, futility_p=(0.5, 0.5), method="full_last_level")
        >>> round(design.conditional_rejection([0.0431]), 4)
        0.0785
        """
        stage = len(p_values)
        start = -float(self.log_products(p_values)[-1])
        later = rejection_by_stage(
            self.critical_values[stage:], self._futility[stage:], self.weights[stage:], start=start
        )
        return float(later.sum())

    def repeated_p(self, p_values: Sequence[float]) -> float:
        """Return the smallest level at which the design of this kind rejects at the stage reached; at most 0.5.

        >>> round(FisherCombination([0.5, 1.0]).repeated_p([0.1, 0.2]), 4)
        0.1446
        """
        stage = len(p_values)
        log_product = float(self.log_products(p_values)[-1])

        def short(log_level: float) -> float:
            return log_product - math.log(_critical_values(self, math.exp(log_level))[stage - 1])

        low, high = math.log(1e-12), math.log(0.5 - 1e-9)
        if short(high) > 0:
            return 0.5
        return math.exp(low) if short(low) < 0 else math.exp(float(brentq(short, low, high, xtol=1e-9)))

    def __str__(self) -> str:
        values = ", ".join(f"{c:.3g}" for c in self.critical_values)
        return f"{self.critical_values.size} stages, Fisher's combination, alpha {self.alpha:.4g}: product <= {values}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per stage."""
        return pd.DataFrame(
            {
                "stage": np.arange(1, self.critical_values.size + 1),
                "information_fraction": self.information_fractions,
                "critical_value": self.critical_values,
                "futility_p": self._futility,
                "stage_level": self.stage_levels,
                "alpha_spent": self.alpha_spent,
            }
        )


def _checked(design: FisherCombination, fractions: Float[np.ndarray, " stage"]) -> tuple[float, ...]:
    """Refuse what makes no design, and return the futility limits of the stages before the last."""
    stages = fractions.size
    if abs(fractions[-1] - 1.0) > 1e-9:
        raise DesignError.must("information_fractions", "end at 1", fractions.tolist(), fix="Divide by the last.")
    if not 0.0 < design.alpha < 0.5:
        raise DesignError.must("alpha", "lie between 0 and 0.5", design.alpha, fix="Give 0.025.")
    futility = (1.0,) * (stages - 1) if design.futility_p is None else tuple(float(p) for p in design.futility_p)
    if len(futility) != stages - 1 or not all(design.alpha < p <= 1.0 for p in futility):
        raise DesignError.must(
            "futility_p", f"be {stages - 1} p-values above alpha, at most 1", design.futility_p, fix="Give 1 for none."
        )
    if design.method not in ("equal_levels", "full_last_level", "no_interaction", "given"):
        raise DesignError.must("method", "be a way to divide alpha", repr(design.method), fix="See FisherCombination.")
    if (design.method == "given") is not (design.spent is not None):
        raise DesignError.must("spent", "go with method 'given' and only with it", design.spent, fix="Give both.")
    if design.spent is not None:
        spent = np.array(design.spent, dtype=float)
        rising_enough = spent.size == stages and np.all(np.diff(spent, prepend=0.0) > 0)
        if not rising_enough or abs(spent[-1] - design.alpha) > 1e-9:
            raise DesignError.must("spent", "rise to alpha, one per stage", design.spent, fix="End with alpha.")
    return futility


def _critical_values(design: FisherCombination, alpha: float) -> Float[np.ndarray, " stage"]:
    """Return the critical values that keep the level alpha."""
    weights, futility = design.weights, design._futility
    stages = weights.size
    if stages == 1:
        return np.array([alpha])
    if design.method == "given":
        return _by_spending(np.asarray(design.spent, dtype=float) * (alpha / design.alpha), futility, weights)
    last = stage_critical(alpha, weights)

    def values(level: float) -> Float[np.ndarray, " stage"]:
        if design.method == "no_interaction":
            later = last / np.cumprod(futility[:0:-1] ** weights[:0:-1])[::-1]
            return np.concatenate(([level], later))
        early = [stage_critical(level, weights[:k]) for k in range(1, stages)]
        return np.array([*early, last if design.method == "full_last_level" else stage_critical(level, weights)])

    def excess(level: float) -> float:
        return float(rejection_by_stage(values(level), futility, weights).sum()) - alpha

    low = 1e-6 * alpha
    if excess(low) > 0:
        raise DesignError.must(
            "method",
            "leave alpha for the first stage",
            repr(design.method),
            fix="Use 'equal_levels', or raise futility_p.",
        )
    return values(float(brentq(excess, low, alpha, xtol=1e-14, rtol=1e-12)))


def _by_spending(
    spent: Float[np.ndarray, " stage"], futility: Float[np.ndarray, " stage"], weights: Float[np.ndarray, " stage"]
) -> Float[np.ndarray, " stage"]:
    """Return critical values that spend a given cumulative alpha, one stage after another."""
    values = [float(spent[0])]
    for k in range(2, spent.size + 1):

        def excess(log_c: float, k: int = k) -> float:
            candidate = np.array([*values, math.exp(log_c)])
            return float(rejection_by_stage(candidate, futility[:k], weights[:k]).sum() - spent[k - 1])

        values.append(math.exp(brentq(excess, -80.0, math.log(values[-1]), xtol=1e-13)))
    return np.array(values)
