"""Hazards of an event, of dropping out, and the ratio of two hazards, over time since randomization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, log
from typing import Protocol

import numpy as np
from jaxtyping import Float

from calor.errors import DesignError

Times = Float[np.ndarray, "*time"]


class Hazard(Protocol):
    """What a design needs to know of a hazard."""

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times at which the hazard is not smooth."""
        ...

    def at(self, time: Times) -> Times:
        """Return the hazard at a time."""
        ...

    def cumulative(self, time: Times) -> Times:
        """Return the hazard summed up to a time."""
        ...


@dataclass(frozen=True)
class PiecewiseHazard:
    """A hazard that is constant between the times at which it changes.

    Attributes:
        starts: Time since randomization at which each rate begins; the first is 0.
        rates: Events per participant and unit of time.

    Raises:
        DesignError: The first start is not 0, starts do not increase, not as many rates, a rate negative or infinite.

    >>> PiecewiseHazard((0, 6), (0.04, 0.08)).cumulative(np.array([6.0, 10.0])).round(3)
    array([0.24, 0.56])
    """

    starts: Sequence[float]
    rates: Sequence[float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", tuple(float(s) for s in self.starts))
        object.__setattr__(self, "rates", tuple(float(r) for r in self.rates))
        _check_steps(self.starts, self.rates, "rates")
        if min(self.rates) < 0:
            raise DesignError.must("rates", "not be negative", self.rates, fix="Give events per participant and time.")

    @classmethod
    def constant(cls, rate: float) -> PiecewiseHazard:
        """Return a hazard that never changes (exponential times)."""
        return cls((0.0,), (rate,))

    @classmethod
    def from_median(cls, median: float) -> PiecewiseHazard:
        """Return the constant hazard under which half have the event by `median`.

        >>> round(PiecewiseHazard.from_median(12).rates[0], 4)
        0.0578
        """
        if not 0 < median < inf:
            raise DesignError.must("median", "be positive and finite", median, fix="Give the median time to event.")
        return cls.constant(log(2) / median)

    @classmethod
    def from_probability(cls, probability: float, time: float) -> PiecewiseHazard:
        """Return the constant hazard under which a share of participants has the event by a time.

        >>> round(PiecewiseHazard.from_probability(0.05, 12).rates[0], 5)
        0.00427
        """
        if not 0 <= probability < 1:
            raise DesignError.must("probability", "lie in 0 to below 1", probability, fix="Give a share, not percent.")
        if not 0 < time < inf:
            raise DesignError.must("time", "be positive and finite", time, fix="Say by when the share is reached.")
        return cls.constant(-log(1 - probability) / time)

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times at which the hazard jumps."""
        return tuple(self.starts[1:])

    def at(self, time: Times) -> Times:
        """Return the hazard at a time."""
        return _step(self.starts, self.rates, time)

    def cumulative(self, time: Times) -> Times:
        """Return the hazard summed up to a time."""
        widths = np.append(np.diff(self.starts), inf)
        spent = np.clip(np.asarray(time)[..., None] - np.array(self.starts), 0, widths)
        return np.asarray(spent @ np.array(self.rates))


@dataclass(frozen=True)
class WeibullHazard:
    """The hazard of Weibull times, whose survivor function is exp(-(time / scale)**shape).

    Attributes:
        scale: Time by which 63 % have the event.
        shape: Above 1 the hazard rises, below 1 it falls.

    Raises:
        DesignError: `scale` or `shape` is not positive and finite.

    >>> WeibullHazard(scale=10, shape=2).cumulative(np.array([5.0, 10.0]))
    array([0.25, 1.  ])
    """

    scale: float
    shape: float

    def __post_init__(self) -> None:
        for name, value in (("scale", self.scale), ("shape", self.shape)):
            if not 0 < value < inf:
                raise DesignError.must(name, "be positive and finite", value, fix="A shape of 1 is the exponential.")

    @property
    def breaks(self) -> tuple[float, ...]:
        """No jumps."""
        return ()

    def at(self, time: Times) -> Times:
        """Return the hazard at a time above 0."""
        return np.asarray(self.shape / self.scale * (np.asarray(time) / self.scale) ** (self.shape - 1))

    def cumulative(self, time: Times) -> Times:
        """Return the hazard summed up to a time."""
        return np.asarray((np.asarray(time) / self.scale) ** self.shape)


@dataclass(frozen=True)
class HazardRatio:
    """Hazard under treatment over that under control, constant between the times at which it changes.

    A delayed effect starts at 1; crossing hazards pass 1.

    Attributes:
        starts: Time since randomization at which each ratio begins; the first is 0.
        ratios: Ratio from there on.

    Raises:
        DesignError: The first start is not 0, starts do not increase, not as many ratios, a ratio not positive.

    >>> delayed = HazardRatio((0, 3), (1.0, 0.6))
    >>> delayed.treated(PiecewiseHazard.constant(0.1)).cumulative(np.array([3.0, 13.0])).round(3)
    array([0.3, 0.9])
    """

    starts: Sequence[float]
    ratios: Sequence[float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", tuple(float(s) for s in self.starts))
        object.__setattr__(self, "ratios", tuple(float(r) for r in self.ratios))
        _check_steps(self.starts, self.ratios, "ratios")
        if min(self.ratios) <= 0:
            raise DesignError.must("ratios", "be positive", self.ratios, fix="1 is no effect.")

    @classmethod
    def constant(cls, ratio: float) -> HazardRatio:
        """Return proportional hazards."""
        return cls((0.0,), (ratio,))

    def at(self, time: Times) -> Times:
        """Return the ratio at a time."""
        return _step(self.starts, self.ratios, time)

    def treated(self, control: Hazard) -> TreatedHazard:
        """Return the hazard under treatment."""
        return TreatedHazard(control, self)


@dataclass(frozen=True)
class TreatedHazard:
    """A control hazard times a hazard ratio."""

    control: Hazard
    ratio: HazardRatio

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times at which hazard or ratio jumps."""
        return (*self.control.breaks, *self.ratio.starts[1:])

    def at(self, time: Times) -> Times:
        """Return the hazard at a time."""
        return np.asarray(self.control.at(time) * self.ratio.at(time))

    def cumulative(self, time: Times) -> Times:
        """Return the hazard summed up to a time."""
        ends = np.append(self.ratio.starts[1:], inf)
        now = np.asarray(time, dtype=float)
        total = np.zeros(now.shape)
        for start, end, ratio in zip(self.ratio.starts, ends, self.ratio.ratios, strict=True):
            until = self.control.cumulative(np.minimum(np.maximum(now, start), end))
            total += ratio * (until - self.control.cumulative(np.asarray(start)))
        return total


@dataclass(frozen=True)
class Dropout:
    """Hazards of being lost to follow-up, without which an event would have been seen.

    Attributes:
        treatment: Hazard of dropping out under treatment.
        control: Hazard of dropping out under control.

    >>> Dropout.by(12, treatment=0.05, control=0.1).control.rates[0].__round__(5)
    0.00878
    """

    treatment: PiecewiseHazard
    control: PiecewiseHazard

    @classmethod
    def none(cls) -> Dropout:
        """Return that nobody drops out."""
        return cls(PiecewiseHazard.constant(0), PiecewiseHazard.constant(0))

    @classmethod
    def by(cls, time: float, treatment: float, control: float) -> Dropout:
        """Return constant hazards under which these shares have dropped out by a time."""
        make = PiecewiseHazard.from_probability
        return cls(make(treatment, time), make(control, time))


def _step(starts: Sequence[float], values: Sequence[float], time: Times) -> Times:
    return np.array(values)[np.searchsorted(starts, time, side="right") - 1]


def _check_steps(starts: Sequence[float], values: Sequence[float], name: str) -> None:
    if not starts or len(starts) != len(values):
        got = f"{len(starts)} and {len(values)}"
        raise DesignError.must("starts", f"be as many as {name}", got, fix="Say from when each value holds.")
    if starts[0] != 0 or not all(a < b < inf for a, b in pairwise(starts)):
        raise DesignError.must("starts", "begin at 0 and increase", starts, fix="Sort them; the first is 0.")
    if not all(-inf < v < inf for v in values):
        raise DesignError.must(name, "be finite", values, fix="Give a number for each span.")
