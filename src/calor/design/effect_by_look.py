"""Designs whose effect and information change from look to look, as they do under non-proportional hazards."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from calor.design.group_sequential import Efficacy, GroupSequential
from calor.design.operating_characteristics import Crossing
from calor.design.spending import SpendingFunction
from calor.errors import DesignError
from calor.kernels import group_sequential as kernel
from calor.kernels.critical_values import solve_tail
from calor.kernels.normal import upper_quantile

Looks = Float[np.ndarray, " look"]


@dataclass(frozen=True, eq=False)
class EffectByLook:
    """Effect and information at each look.

    The test statistic is standardized by the null's variance, so that its own variance under the effect is
    null information / information.

    Attributes:
        effect: Expected estimate at each look, positive where treatment is better.
        information: Information on it under the effect.
        null_information: Information on it under the null.

    Raises:
        DesignError: Information that is not positive or does not grow from look to look.
    """

    effect: Looks
    information: Looks
    null_information: Looks

    def __post_init__(self) -> None:
        for name in ("information", "null_information"):
            values = getattr(self, name)
            if not (values[0] > 0 and np.all(np.diff(values) > 0)):
                fix = "Look later, or wait for events between looks."
                raise DesignError.must(name, "be positive and grow from look to look", values.tolist(), fix=fix)

    @property
    def fractions(self) -> Looks:
        """Information fractions under the null, which spend the errors."""
        return np.asarray(self.null_information / self.null_information[-1])

    def scaled(self, factor: float, share_of_effect: float = 1.0) -> EffectByLook:
        """Return the same trial with `factor` times the participants and a share of the effect."""
        return EffectByLook(share_of_effect * self.effect, factor * self.information, factor * self.null_information)

    def design(self, efficacy: Efficacy, futility: SpendingFunction | None) -> GroupSequential:
        """Return the one-sided design whose efficacy bounds spend by null information and futility under the effect."""
        plain = GroupSequential(self.fractions, efficacy=efficacy)
        if futility is None:
            return plain
        bounds = self.futility_bounds(plain.efficacy_bounds, futility)
        return GroupSequential(self.fractions, efficacy=efficacy, futility=bounds[:-1].tolist())

    def futility_bounds(self, efficacy_bounds: Looks, futility: SpendingFunction) -> Looks:
        """Return the bound on z at each look below which a share of beta is spent under the effect."""
        now, upper = self._now, efficacy_bounds * self._spread
        spent = np.diff(futility.spent(now), prepend=0.0)
        drifts, state, lower = self._drifts, kernel.beginning(0.0, 0.0), np.empty(now.size)
        for k in range(now.size):
            lower[k] = min(-solve_tail(kernel.mirrored(state), now[k], -drifts[k], spent[k]), upper[k])
            if k < now.size - 1:
                state = kernel.stay(state, now[k], now[k + 1], drifts[k], (lower[k], 0.0, upper[k]))
        return np.asarray(np.minimum(lower / self._spread, efficacy_bounds))

    def crossing(self, efficacy_bounds: Looks, futility_bounds: Looks) -> Crossing:
        """Return the probabilities of crossing each bound under the effect."""
        lower, upper = futility_bounds * self._spread, efficacy_bounds * self._spread
        none = np.zeros(self._now.size)
        above, below, _ = kernel.crossing(self._now, lower, none, upper, self._drifts, 0.0, 0.0)
        drift = float(self.effect[-1] * sqrt(self.information[-1]))
        return Crossing(drift, self.fractions, above, none, below)

    def crossings(self, design: GroupSequential) -> tuple[Crossing, Crossing, Crossing]:
        """Return what a design does under the null, half the effect and the effect."""
        bounds = design.efficacy_bounds, design.futility_bounds
        return design.crossing(0.0), self.scaled(1.0, 0.5).crossing(*bounds), self.crossing(*bounds)

    def factor_for(self, power: float, efficacy: Efficacy, futility: SpendingFunction | None) -> float:
        """Return how many times the participants give a power.

        Raises:
            DesignError: A power outside alpha to 1, or an effect that is not on the side of benefit at the last look.
        """
        alpha = self.design(efficacy, None).alpha
        if not alpha < power < 1:
            raise DesignError.must("power", f"lie between alpha ({alpha:.4g}) and 1", power, fix="Give 0.8 or 0.9.")
        if not self.effect[-1] > 0:
            fix = "No number of participants shows an effect that is not there."
            raise DesignError.must("effect", "favor treatment at the last look", f"{self.effect[-1]:.4g}", fix=fix)

        def missing(log_factor: float) -> float:
            trial = self.scaled(exp(log_factor))
            design = trial.design(efficacy, futility)
            return power - trial.crossing(design.efficacy_bounds, design.futility_bounds).power

        fixed = 2 * log((upper_quantile(alpha) - upper_quantile(power)) / self.effect[-1]) - log(self.information[-1])
        low, high = fixed - 1, fixed + 1  # no design needs more than e times the fixed design's participants ...
        if missing(low) < 0 or missing(high) > 0:  # ... unless the effect fades
            low, high = fixed - 8, fixed + 8
        if missing(high) > 0:
            fix = "Look later, or stop less often for futility."
            raise DesignError.must("power", "be reachable with these looks", power, fix=fix)
        return exp(brentq(missing, low, high, xtol=1e-11, rtol=1e-13))

    @property
    def _now(self) -> Looks:
        """Information fractions under the effect."""
        return np.asarray(self.information / self.information[-1])

    @property
    def _spread(self) -> Looks:
        """What turns a bound on z, standardized under the null, into one on a statistic with unit variance."""
        return np.asarray(np.sqrt(self.information / self.null_information))

    @property
    def _drifts(self) -> Looks:
        """Drift of each step of the Brownian motion z * sqrt(fraction)."""
        mean = self.effect * sqrt(self.information[-1]) * self._now
        return np.asarray(np.diff(mean, prepend=0.0) / np.diff(self._now, prepend=0.0))
