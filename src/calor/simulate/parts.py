"""What is true of the disjoint parts of the full population, for simulating test statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.errors import SimulationError
from calor.kernels.enrichment_statistics import Truth

Numbers = Sequence[float] | Float[np.ndarray, " part"]


@dataclass(frozen=True, eq=False)
class Parts:
    """Disjoint parts, their shares and what is true of them; made by `means`, `rates` or `survival`.

    Attributes:
        names: Of the parts.
        truth: Shares, effects and variances, as the kernel reads them; benefit is positive.
        endpoint: "means", "rates" or "survival".
    """

    names: tuple[str, ...]
    truth: Truth
    endpoint: str

    def effects(self, members: np.ndarray) -> Float[np.ndarray, " population"]:
        """Return the true effect of each population: the weighted mean of its parts'."""
        weight = members * self.truth.shares * self.truth.weight
        return np.asarray(weight @ self.truth.effect / weight.sum(axis=1))


def means(
    names: Sequence[str],
    shares: Numbers,
    differences: Numbers,
    *,
    sd: float | Numbers = 1.0,
    allocation_ratio: float = 1.0,
) -> Parts:
    """Return parts with normal responses; a population weighs its parts by their participants.

    Args:
        names: Of the parts.
        shares: Of the full population, adding to 1.
        differences: Active minus control in each part, positive for benefit.
        sd: Standard deviation within an arm: one for all parts, or one for each.
        allocation_ratio: Active over control.

    Raises:
        SimulationError: Shares that do not add to 1, numbers of different lengths, an SD that is not positive.

    >>> means(["positive", "negative"], [0.4, 0.6], [0.5, 0.1]).endpoint
    'means'
    """
    spread = _column("sd", [sd] * len(names) if isinstance(sd, int | float) else sd, len(names))
    if not np.all(spread > 0):
        raise SimulationError.must("sd", "be positive", sd, fix="Give the standard deviation within an arm.")
    effect = _column("differences", differences, len(names))
    weight = np.full(len(names), _split(allocation_ratio))
    variance = weight * spread**2
    return Parts(tuple(names), Truth(_shares(names, shares), effect, weight, variance, variance), "means")


def survival(names: Sequence[str], shares: Numbers, hazard_ratios: Numbers, *, allocation_ratio: float = 1.0) -> Parts:
    """Return parts with log-rank scores, whose units are events; control's hazard is the same in every part.

    Args:
        names: Of the parts.
        shares: Of the full population's participants, adding to 1. While events are rare, a part's share of the events
            is in proportion to its share times the mean hazard of its arms, in units of control's.
        hazard_ratios: Active over control in each part, below 1 for benefit.
        allocation_ratio: Active over control.

    Raises:
        SimulationError: As `means`; a hazard ratio that is not positive.

    >>> survival(["positive", "negative"], [0.4, 0.6], [0.6, 0.9]).truth.effect.round(3)
    array([0.511, 0.105])
    """
    ratios = _column("hazard_ratios", hazard_ratios, len(names))
    if np.any(ratios <= 0):
        raise SimulationError.must("hazard_ratios", "be positive", ratios.tolist(), fix="Give 1 for no effect.")
    each = np.full(len(names), _split(allocation_ratio))
    events = _shares(names, shares) * (1 + allocation_ratio * ratios)
    return Parts(tuple(names), Truth(events / events.sum(), -np.log(ratios), each, each, each), "survival")


def rates(
    names: Sequence[str], shares: Numbers, *, active: Numbers, control: Numbers, allocation_ratio: float = 1.0
) -> Parts:
    """Return parts with binary responses, for which a higher rate is benefit.

    The test pools the arms' rates within a part (Cochran, Mantel and Haenszel); the score varies with their own.

    Args:
        names: Of the parts.
        shares: Of the full population, adding to 1.
        active: Rate in each part under the active treatment.
        control: Rate in each part under control.
        allocation_ratio: Active over control.

    Raises:
        SimulationError: As `means`; a rate that is not between 0 and 1.

    >>> rates(["all"], [1.0], active=[0.5], control=[0.3]).truth.effect.round(3)
    array([0.2])
    """
    p1, p2 = _column("active", active, len(names)), _column("control", control, len(names))
    for name, p in (("active", p1), ("control", p2)):
        if np.any((p <= 0) | (p >= 1)):
            raise SimulationError.must(name, "lie between 0 and 1", p.tolist(), fix="Give 0.3 for 30 %.")
    r = allocation_ratio
    weight = np.full(len(names), _split(r))
    pooled = (r * p1 + p2) / (1 + r)
    own = weight**2 * (p1 * (1 - p1) * (1 + r) / r + p2 * (1 - p2) * (1 + r))
    return Parts(
        tuple(names), Truth(_shares(names, shares), p1 - p2, weight, weight * pooled * (1 - pooled), own), "rates"
    )


def _split(allocation_ratio: float) -> float:
    """Return the product of the arms' shares."""
    if not 0 < allocation_ratio < np.inf:
        raise SimulationError.must("allocation_ratio", "be positive", allocation_ratio, fix="Give 1 for equal arms.")
    return allocation_ratio / (1 + allocation_ratio) ** 2


def _shares(names: Sequence[str], shares: Numbers) -> Float[np.ndarray, " part"]:
    column = _column("shares", shares, len(names))
    if len(set(names)) != len(names):
        raise SimulationError.must("names", "differ", list(names), fix="Name each part once.")
    if np.any(column <= 0) or abs(column.sum() - 1) > 1e-9:
        raise SimulationError.must("shares", "be positive and add to 1", column.tolist(), fix="Divide by their sum.")
    return column


def _column(argument: str, values: Numbers, size: int) -> Float[np.ndarray, " part"]:
    column = np.array(values, dtype=float)
    if column.shape != (size,) or size == 0 or not np.all(np.isfinite(column)):
        raise SimulationError.must(argument, f"be {size} finite numbers, one per part", list(values), fix="Add them.")
    return column
