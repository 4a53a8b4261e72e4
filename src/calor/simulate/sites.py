"""Sites that open, ramp up and screen candidates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.errors import SimulationError

_ARRIVALS = 4096
_MONTHS = 20_001


@dataclass(frozen=True)
class Site:
    """A site that screens candidates.

    Attributes:
        candidates_per_month: Once it has ramped up.
        opens_month: Month in which it opens.
        ramp_months: Months over which its rate rises evenly from nothing.
        relative_hazard: Of its participants' events, in both arms.
    """

    candidates_per_month: float
    opens_month: float = 0.0
    ramp_months: float = 0.0
    relative_hazard: float = 1.0

    def __post_init__(self) -> None:
        times = (self.opens_month, self.ramp_months)
        if not (0 < self.candidates_per_month < math.inf and all(0 <= month < math.inf for month in times)):
            raise SimulationError.must(
                "site", "have a positive rate and times from 0 on", self, fix="Give Site(5, 3, 6)."
            )
        if not 0 < self.relative_hazard < math.inf:
            raise SimulationError.must("relative_hazard", "be positive", self.relative_hazard, fix="Give 1 for none.")

    def expected(self, month: Float[np.ndarray, " month"]) -> Float[np.ndarray, " month"]:
        """Return the candidates expected by each month.

        >>> Site(4.0, opens_month=1.0, ramp_months=2.0).expected(np.array([1.0, 3.0, 4.0]))
        array([0., 4., 8.])
        """
        since = np.maximum(month - self.opens_month, 0.0)
        ramp = np.minimum(since, self.ramp_months)
        rising = ramp**2 / (2 * self.ramp_months) if self.ramp_months > 0 else 0.0
        return np.asarray(self.candidates_per_month * (rising + since - ramp))


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Candidates of several sites together.

    Attributes:
        month: By which each multiple of `step` candidates is expected.
        step: That number.
        shares: Cumulative shares of the sites in the rate at each of these months.
    """

    month: Float[np.ndarray, " step"]
    step: float
    shares: Float[np.ndarray, "step site"]


def arrivals(sites: Sequence[Site], duration_months: float) -> Arrivals:
    """Add up the candidates expected at sites until the end of a trial.

    >>> found = arrivals([Site(4.0), Site(4.0, opens_month=5.0)], 10.0)
    >>> round(float(found.month[-1]), 3), found.shares[0].tolist(), found.shares[-1].tolist()
    (10.0, [1.0, 1.0], [0.5, 1.0])
    """
    month = np.linspace(0.0, duration_months, _MONTHS)
    each = np.array([site.expected(month) for site in sites])
    expected = each.sum(axis=0)
    step = float(expected[-1]) / (_ARRIVALS - 1)
    at = np.interp(np.arange(_ARRIVALS) * step, expected, month)
    own = np.array([np.diff(np.interp(np.append(at, duration_months), month, line)) for line in each])
    own[:, -1] = own[:, -2]
    return Arrivals(at, step, np.cumsum(own / own.sum(axis=0), axis=0).T.copy())
