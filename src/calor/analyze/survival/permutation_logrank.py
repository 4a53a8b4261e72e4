"""Permutation test with log-rank scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy.stats import norm

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import format_p
from calor.analyze.survival.at_risk import at_risk
from calor.analyze.survival.time_to_event import Arm, need_event, need_two_arms, time_to_event
from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError


@dataclass(frozen=True)
class PermutationLogRank(Drawable):
    """Result of a permutation test.

    Attributes:
        arms: Arms, control first.
        statistic: Sum of the log-rank scores of the second arm: observed minus expected events.
        permutations: Random allocations drawn.
        p_value: Two-sided p-value, counting the observed allocation as one of them.
        monte_carlo_se: Standard error of the p-value from drawing, not listing, the allocations.
        z: Statistic over its standard deviation among all allocations.
        n: Participants.
    """

    arms: tuple[Arm, ...]
    statistic: float
    permutations: int
    p_value: float
    monte_carlo_se: float
    z: float
    n: int

    @property
    def asymptotic_p_value(self) -> float:
        """Two-sided p-value if the statistic were normal among all allocations."""
        return float(2 * norm.sf(abs(self.z)))

    def __str__(self) -> str:
        return (
            f"Permutation log-rank: {self.arms[1]} has {self.statistic:+.2f} events against expectation; "
            f"{format_p(self.p_value)} (Monte Carlo SE {self.monte_carlo_se:.4f}, {self.permutations} draws, "
            f"n = {self.n})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the test as a table with one row."""
        return pd.DataFrame(
            [
                {
                    "statistic": self.statistic,
                    "permutations": self.permutations,
                    "p_value": self.p_value,
                    "monte_carlo_se": self.monte_carlo_se,
                    "z": self.z,
                    "n": self.n,
                }
            ]
        )


def permutation_logrank(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    arm: str,
    rng: np.random.Generator,
    arms: Sequence[Arm] | None = None,
    strata: Sequence[str] = (),
    permutations: int = 20_000,
) -> PermutationLogRank:
    """Test two arms by reallocating participants at random, within strata.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        arm: Column of the arms.
        rng: Source of the reallocations.
        arms: Arms, control first; None takes the values in sorted order.
        strata: Columns whose combinations are reallocated apart.
        permutations: Random allocations to draw.

    Returns:
        The test.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event`), not two arms, no event, fewer than 99 draws.

    Reference:
        Peto and Peto, JRSS A 1972 (scores); Phipson and Smyth, Statistical Applications in Genetics 2010 (p-value).

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 1, 2, 2], "mi": [0, 0, 0, 1, 1, 1], "arm": list("aaabbb")})
        >>> rng = np.random.default_rng(1)
        >>> permutation_logrank(table, time="days", event="mi", arm="arm", rng=rng, permutations=999).p_value < 1
        True
    """
    data = time_to_event(table, time=time, event=event, arm=arm, arms=arms, strata=strata)
    need_two_arms(data.arms)
    need_event(data.event, event)
    permutations = whole_number("permutations", permutations, least=99, fix="20,000 gives p to 0.001.")
    active = data.arm == 1
    observed = variance = 0.0
    drawn = np.zeros(permutations)
    for stratum in range(len(data.strata)):
        inside = data.stratum == stratum
        scores = logrank_scores(data.time[inside], data.event[inside])
        observed += float(scores[active[inside]].sum())
        variance += _variance(scores, int(active[inside].sum()))
        drawn += _draw(scores, int(active[inside].sum()), permutations, rng)
    if variance == 0:
        fix = "Compare arms that share strata and whose follow-up differs."
        raise AnalysisError.must("table", "allow the allocation to change the statistic", "one value", fix=fix)
    extreme = int((np.abs(drawn) >= abs(observed) * (1 - 1e-12)).sum())
    p = (extreme + 1) / (permutations + 1)
    error = sqrt(p * (1 - p) / permutations)
    return PermutationLogRank(data.arms, observed, permutations, p, error, observed / sqrt(variance), len(data.time))


def logrank_scores(
    time: Float[np.ndarray, " participant"], event: Bool[np.ndarray, " participant"]
) -> Float[np.ndarray, " participant"]:
    """Score each participant by event minus cumulative hazard; an arm's sum is its observed minus expected events.

    >>> logrank_scores(np.array([1.0, 2.0]), np.array([True, True]))
    array([ 0.5, -0.5])
    """
    counts = at_risk(time, event)
    hazard = np.cumsum(counts.events / counts.at_risk)
    return np.asarray(event - hazard[np.searchsorted(counts.time, time)])


def _variance(scores: Float[np.ndarray, " participant"], n_active: int) -> float:
    """Return the variance of the sum of a simple random sample of the scores."""
    n = len(scores)
    return n_active * (n - n_active) / n * float(scores.var(ddof=1)) if n > 1 else 0.0


def _draw(
    scores: Float[np.ndarray, " participant"], n_active: int, permutations: int, rng: np.random.Generator
) -> Float[np.ndarray, " draw"]:
    sums = np.empty(permutations)
    block = max(1, 2_000_000 // len(scores))  # bounds memory, whatever the trial's size
    for first in range(0, permutations, block):
        size = min(block, permutations - first)
        sums[first : first + size] = rng.permuted(np.tile(scores, (size, 1)), axis=1)[:, :n_active].sum(axis=1)
    return sums
