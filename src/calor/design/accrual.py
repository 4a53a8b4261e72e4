"""Accrual: how many participants are randomized by which calendar time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.errors import DesignError


@dataclass(frozen=True)
class Accrual:
    """Rates of randomization, each constant for a while; time is counted from the first randomization.

    Attributes:
        durations: How long each rate lasts, in the design's unit of time.
        rates: Participants per unit of time, both arms together. A sample size scales them, so that only their
            proportions count there.

    Raises:
        DesignError: No rate, not as many durations as rates, a duration that is not positive, a negative rate, no one.

    >>> Accrual(durations=(2, 2, 10), rates=(3, 6, 9)).total
    108.0
    """

    durations: Sequence[float]
    rates: Sequence[float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "durations", tuple(float(d) for d in self.durations))
        object.__setattr__(self, "rates", tuple(float(r) for r in self.rates))
        if not self.durations or len(self.durations) != len(self.rates):
            got = f"{len(self.durations)} and {len(self.rates)}"
            raise DesignError.must("durations", "be as many as rates", got, fix="Give each rate its duration.")
        if not all(0 < d < np.inf for d in self.durations):
            raise DesignError.must("durations", "be positive and finite", self.durations, fix="Leave empty spans out.")
        if not all(0 <= r < np.inf for r in self.rates) or sum(self.rates) == 0:
            rule = "be finite, not negative, and not all 0"
            raise DesignError.must("rates", rule, self.rates, fix="Give participants per unit of time.")

    @classmethod
    def uniform(cls, duration: float, participants: float = 1.0) -> Accrual:
        """Return accrual at one rate.

        >>> Accrual.uniform(12, participants=300).rates
        (25.0,)
        """
        return cls((duration,), (participants / duration if duration > 0 else 0.0,))

    @property
    def duration(self) -> float:
        """Time from the first to the last randomization."""
        return float(sum(self.durations))

    @property
    def total(self) -> float:
        """Participants once accrual is complete."""
        return float(np.dot(self.durations, self.rates))

    @property
    def ends(self) -> Float[np.ndarray, " span"]:
        """Calendar time at which each rate ends."""
        return np.cumsum(self.durations)

    def enrolled(self, time: float | Float[np.ndarray, "*time"]) -> Float[np.ndarray, "*time"]:
        """Return the participants randomized by a calendar time.

        >>> Accrual((2, 2, 10), (3, 6, 9)).enrolled(np.array([-1.0, 3.0, 20.0]))
        array([  0.,  12., 108.])
        """
        knots = np.concatenate([[0.0], self.ends])
        return np.asarray(np.interp(time, knots, np.concatenate([[0.0], np.cumsum(np.multiply(*self._spans))])))

    def scaled(self, factor: float) -> Accrual:
        """Return the same shape of accrual with every rate multiplied."""
        return Accrual(self.durations, tuple(factor * r for r in self.rates))

    def split(self, prevalence: float) -> tuple[Accrual, Accrual]:
        """Return the accrual of the biomarker-positive subset and of the others.

        Raises:
            DesignError: A prevalence outside 0 to 1, ends excluded.

        >>> [round(part.total, 9) for part in Accrual.uniform(12, 300).split(prevalence=0.4)]
        [120.0, 180.0]
        """
        if not 0 < prevalence < 1:
            fix = "Give a share, not percent; at 0 or 1 there is but one stratum."
            raise DesignError.must("prevalence", "lie between 0 and 1", prevalence, fix=fix)
        return self.scaled(prevalence), self.scaled(1 - prevalence)

    @property
    def _spans(self) -> tuple[Float[np.ndarray, " span"], Float[np.ndarray, " span"]]:
        return np.array(self.durations), np.array(self.rates)
