"""Shares and means of simulated trials, each with its Monte Carlo standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """A share of trials.

    Attributes:
        value: The share.
        se: Its Monte Carlo standard error; at 0 and 1 that of half a trial.
        trials: Number of trials it is a share of.

    >>> print(Rate.of(9012, 10_000))
    0.9012 (SE 0.0030)
    """

    value: float
    se: float
    trials: int

    @classmethod
    def of(cls, count: float, trials: float) -> Rate:
        """Return the share of `count` in `trials`; NaN where no trial got so far."""
        if trials <= 0:
            return cls(math.nan, math.nan, 0)
        value = float(count / trials)
        inner = min(max(value, 0.5 / trials), 1 - 0.5 / trials)
        return cls(value, math.sqrt(inner * (1 - inner) / trials), int(trials))

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.value:.4f} (SE {self.se:.4f})"


@dataclass(frozen=True)
class Mean:
    """A mean over trials, with its Monte Carlo standard error, which one trial alone does not tell.

    >>> print(Mean.of(30.0, 350.0, 3))
    10 (SE 2.9)
    """

    value: float
    se: float
    trials: int

    @classmethod
    def of(cls, total: float, squares: float, trials: float) -> Mean:
        """Return the mean from a sum and a sum of squares; NaN where no trial got so far."""
        if trials <= 0:
            return cls(math.nan, math.nan, 0)
        mean = float(total / trials)
        se = math.sqrt(max(float(squares) / trials - mean**2, 0.0) / (trials - 1)) if trials > 1 else math.nan
        return cls(mean, se, int(trials))

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.value:.4g} (SE {self.se:.2g})"
