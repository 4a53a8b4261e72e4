"""Stopping for harm: limits on the number of events at each look, with exact operating characteristics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import beta, binom

from calor.errors import MonitorError


@dataclass(frozen=True)
class HarmLimits:
    """Hold the number of events at which to stop, for each look.

    Attributes:
        participants: Participants of the arm followed at each look.
        limits: Stop at this many events or more; None where no count stops.
        acceptable: Acceptable event probability.
        method: How the limits were found.
    """

    participants: tuple[int, ...]
    limits: tuple[int | None, ...]
    acceptable: float
    method: str

    def __str__(self) -> str:
        looks = [f"{c}/{n}" for n, c in zip(self.participants, self.limits, strict=True) if c is not None]
        return f"Stop for harm at {', '.join(looks) or 'no count'} events or more ({self.method})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per look."""
        limits = pd.array(self.limits, dtype="Int64")
        return pd.DataFrame({"look": range(1, len(limits) + 1), "participants": self.participants, "limit": limits})

    def stops(self, participants: int, events: int) -> bool:
        """Return whether a look's count reaches the limit.

        >>> beta_binomial_limits([10, 20], acceptable=0.1, threshold=0.95).stops(10, 4)
        True

        Raises:
            MonitorError: There is no look at this number of participants, or the count is impossible.
        """
        if participants not in self.participants:
            raise MonitorError.must(
                "participants", f"be one of the looks {self.participants}", participants, fix="Wait for the look."
            )
        if not 0 <= events <= participants:
            raise MonitorError.must("events", f"lie between 0 and {participants}", events, fix="Count participants.")
        limit = self.limits[self.participants.index(participants)]
        return limit is not None and events >= limit


@dataclass(frozen=True, eq=False)
class OperatingCharacteristics:
    """Hold the exact behavior of limits.

    Attributes:
        table: One row per true event probability: `stop` (probability of ever stopping), `expected_participants`, and
            `stop_at_1`, `stop_at_2`, ... for each look.
    """

    table: pd.DataFrame

    def __str__(self) -> str:
        pairs = zip(self.table["stop"], self.table["probability"], strict=True)
        rows = [f"{100 * stop:.1f} % at a true probability of {probability:.3g}" for stop, probability in pairs]
        return f"Chance to stop for harm: {', '.join(rows)}"

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def beta_binomial_limits(
    participants: Sequence[int],
    *,
    acceptable: float,
    threshold: float,
    prior: tuple[float, float] = (1.0, 1.0),
) -> HarmLimits:
    """Find the counts at which the posterior probability of an unacceptable event rate exceeds a threshold.

    Args:
        participants: Participants followed at each look, increasing.
        acceptable: Acceptable event probability.
        threshold: Stop when the posterior probability that the event probability exceeds `acceptable` is above this.
        prior: Parameters of the beta prior: events and non-events it is worth.

    Raises:
        MonitorError: Looks do not increase, or a probability or prior is outside its range.

    Example:
        >>> print(beta_binomial_limits([10, 20, 30], acceptable=0.1, threshold=0.95))
        Stop for harm at 3/10, 5/20, 6/30 events or more (beta-binomial, posterior above 0.95, prior beta(1, 1))

    Reference:
        Thall PF, Simon R. Biometrics 1994;50:337-349.
    """
    n = _looks(participants)
    _check_probability("acceptable", acceptable)
    _check_probability("threshold", threshold)
    a, b = prior
    if not (0 < a < np.inf and 0 < b < np.inf):
        raise MonitorError.must("prior", "have two positive parameters", prior, fix="Take (1, 1) for a flat prior.")
    limits: list[int | None] = []
    for size in n:
        counts = np.arange(size + 1)
        above = np.flatnonzero(beta.sf(acceptable, a + counts, b + size - counts) > threshold)
        limits.append(int(above[0]) if above.size else None)
    method = f"beta-binomial, posterior above {threshold:g}, prior beta({a:g}, {b:g})"
    return HarmLimits(n, tuple(limits), acceptable, method)


def binomial_limits(participants: Sequence[int], *, acceptable: float, alpha_spent: Sequence[float]) -> HarmLimits:
    """Find the counts that spend at most a given chance of a false alarm by each look, exactly.

    Args:
        participants: Participants followed at each look, increasing.
        acceptable: Acceptable event probability.
        alpha_spent: Chance of having stopped by each look when the event probability is `acceptable`, not decreasing.

    Raises:
        MonitorError: Looks do not increase, `alpha_spent` does not match them or decreases, or a probability is outside
            its range.

    Example:
        >>> print(binomial_limits([10, 20, 30], acceptable=0.1, alpha_spent=[0.01, 0.03, 0.05]))
        Stop for harm at 5/10, 6/20, 7/30 events or more (exact binomial, alpha spent 0.01, 0.03, 0.05)

    Reference:
        Jennison C, Turnbull BW. Group Sequential Methods, 2000, chapter 12 (exact binomial).
    """
    n = _looks(participants)
    _check_probability("acceptable", acceptable)
    spent = [float(share) for share in alpha_spent]
    if len(spent) != len(n) or not all(0 <= share < 1 for share in spent) or sorted(spent) != spent:
        raise MonitorError.must(
            "alpha_spent", f"be {len(n)} chances from 0 to 1 that do not decrease", spent, fix="Give one per look."
        )
    limits: list[int | None] = []
    going = np.ones(1)
    used, before = 0.0, 0
    for size, budget in zip(n, spent, strict=True):
        going = np.convolve(going, binom.pmf(np.arange(size - before + 1), size - before, acceptable))
        # tail[c] is the chance to reach this look and stop there with limit c.
        tail = np.append(np.cumsum(going[::-1])[::-1], 0.0)
        limit = int(np.flatnonzero(used + tail <= budget + 1e-15)[0])
        limits.append(limit if limit <= size else None)
        used += float(tail[limit])
        going[limit:] = 0.0
        before = size
    shares = ", ".join(f"{share:g}" for share in spent)
    return HarmLimits(n, tuple(limits), acceptable, f"exact binomial, alpha spent {shares}")


def operating_characteristics(limits: HarmLimits, probabilities: Sequence[float]) -> OperatingCharacteristics:
    """Compute exactly how often and when limits stop, for each true event probability.

    Args:
        limits: The limits.
        probabilities: True event probabilities.

    Raises:
        MonitorError: A probability is outside 0 to 1.

    Example:
        >>> limits = binomial_limits([10, 20], acceptable=0.1, alpha_spent=[0.025, 0.05])
        >>> print(operating_characteristics(limits, [0.1, 0.4]))
        Chance to stop for harm: 4.7 % at a true probability of 0.1, 95.1 % at a true probability of 0.4

    Reference:
        Jennison C, Turnbull BW. Group Sequential Methods, 2000, chapter 12.
    """
    rows = []
    for probability in probabilities:
        if not 0 <= probability <= 1:
            raise MonitorError.must("probabilities", "lie between 0 and 1", probability, fix="Give proportions.")
        at_look = stopping_probabilities(limits, probability)
        reached = np.append(at_look[:-1], 1 - at_look[:-1].sum())
        row = {
            "probability": probability,
            "stop": at_look.sum(),
            "expected_participants": reached @ limits.participants,
        }
        rows.append(row | {f"stop_at_{look}": chance for look, chance in enumerate(at_look, start=1)})
    return OperatingCharacteristics(pd.DataFrame(rows))


def stopping_probabilities(limits: HarmLimits, probability: float) -> Float[np.ndarray, " looks"]:
    """Return the chance to stop at each look, by convolving the counts of those still going.

    >>> limits = HarmLimits((1, 2), (1, 1), 0.1, "any event")
    >>> stopping_probabilities(limits, 0.5)
    array([0.5 , 0.25])
    """
    going = np.ones(1)
    stopped, before = [], 0
    for size, limit in zip(limits.participants, limits.limits, strict=True):
        going = np.convolve(going, binom.pmf(np.arange(size - before + 1), size - before, probability))
        stopped.append(0.0 if limit is None else float(going[limit:].sum()))
        if limit is not None:
            going[limit:] = 0.0
        before = size
    return np.array(stopped)


def _looks(participants: Sequence[int]) -> tuple[int, ...]:
    n = tuple(int(size) for size in participants)
    if not n or n[0] < 1 or any(later <= earlier for earlier, later in pairwise(n)):
        raise MonitorError.must("participants", "increase from 1", list(participants), fix="Give each look's number.")
    return n


def _check_probability(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise MonitorError.must(name, "lie between 0 and 1", value, fix="Give a proportion.")
