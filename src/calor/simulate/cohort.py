"""Candidates and participants as they may truly be: accrual, marker, screening, hazards, dropout."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from calor.errors import SimulationError
from calor.kernels import cohort as kernel
from calor.simulate.effect_shape import Effect
from calor.simulate.marker import Marker, Screening

Hazard = float | Mapping[float, float]
_GRID = 512
_ARRIVALS = 4096


@dataclass(frozen=True)
class Site:
    """A site that screens candidates.

    Attributes:
        candidates_per_month: Once it has ramped up.
        opens_month: Month in which it opens.
        ramp_months: Months over which its rate rises evenly from nothing.
    """

    candidates_per_month: float
    opens_month: float = 0.0
    ramp_months: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.candidates_per_month < math.inf and self.opens_month >= 0 and self.ramp_months >= 0):
            raise SimulationError.must(
                "site", "have a positive rate and times from 0 on", self, fix="Give Site(5, 3, 6)."
            )

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
class Cohort:
    """What is true of a survival trial's candidates, in months. A hazard may be a number, or a number from each month.

    Either `shares` gives the parts and `hazard_ratio` one ratio for each, or `marker` and `screening` do: then parts
    are what the tests say, and hazards follow the true marker.

    Attributes:
        names: Parts, lowest marker first.
        sites: Where candidates come from.
        participants: Number to enroll.
        control_hazard: Of the event per month, for the parts' (or the median marker's) reference.
        hazard_ratio: Active over control: one for each part, or as a function of the true marker (`effect_shape`).
        shares: Of the candidates in each part, adding to 1; None with a marker.
        prognosis: Relative hazard under control: one for each part, or a function of the true marker; None for 1.
        marker: The noisy marker; None with shares.
        screening: The gate; None with shares.
        delay_months: Until the treatment acts.
        competing_hazard: Of events that end follow-up without being the endpoint, for control and active.
        dropout_hazard: For control and active.
        follow_up_months: Longest follow-up of a participant.
        allocation_ratio: Places of control and active in the smallest block.
        block_sizes: Equally likely sizes of the permuted blocks within a part.
        duration_months: Latest look; a look whose events have not come by then is held then, and the trial counted as
            incomplete.

    >>> cohort = Cohort(["positive", "negative"], [Site(40.0)], 1000, 0.01, [0.6, 0.9], shares=[0.4, 0.6])
    >>> cohort.numbers.most
    1000
    """

    names: Sequence[str]
    sites: Sequence[Site]
    participants: int
    control_hazard: Hazard
    hazard_ratio: Sequence[float] | Effect
    shares: Sequence[float] | None = None
    prognosis: Sequence[float] | Effect | None = None
    marker: Marker | None = None
    screening: Screening | None = None
    delay_months: float = 0.0
    competing_hazard: tuple[Hazard, Hazard] = (0.0, 0.0)
    dropout_hazard: tuple[Hazard, Hazard] = (0.0, 0.0)
    follow_up_months: float = math.inf
    allocation_ratio: tuple[int, int] = (1, 1)
    block_sizes: Sequence[int] = (4,)
    duration_months: float = 120.0

    def __post_init__(self) -> None:
        _check(self)

    @cached_property
    def numbers(self) -> kernel.Cohort:
        """The cohort as numbers, for the kernel."""
        starts, hazards = self._pieces
        marker, screening = self.marker, self.screening
        arrival, each = self._arrival
        enrolls = range(len(self.names)) if screening is None or screening.enrolls is None else screening.enrolls
        grid = self._grid
        return kernel.Cohort(
            arrival=arrival,
            arrival_step=each,
            most=self.participants,
            shares=np.empty(0) if self.shares is None else np.append(np.cumsum(self.shares)[:-1], 1.0),
            center=0.0 if marker is None else math.log(marker.median),
            between=0.0 if marker is None else marker.between,
            error=0.0 if marker is None else marker.error,
            cuts=np.empty(0) if screening is None else np.log(np.array(screening.cuts, dtype=float)),
            tests=1 if screening is None else screening.tests,
            admitted=np.array([part in enrolls for part in range(len(self.names))]),
            presents=0.0 if screening is None else float(screening.presents_within_days),
            needs=0.0 if screening is None else float(screening.needs_days),
            window=math.inf if screening is None else float(screening.window_days),
            grid=np.array([grid[0], grid[1] - grid[0]]) if marker is not None else np.array([0.0, 1.0]),
            risk=self._risk(np.exp(grid)),
            starts=starts,
            hazard=hazards[0],
            late=starts >= self.delay_months,
            competing=np.array(hazards[1:3]),
            dropout=np.array(hazards[3:5]),
            follow_up=float(self.follow_up_months),
            ratio=np.array(self.allocation_ratio, dtype=np.int64),
            sizes=np.array(self.block_sizes, dtype=np.int64),
            duration=float(self.duration_months),
        )

    def effects(self, members: np.ndarray) -> Float[np.ndarray, " population"]:
        """Return each population's true benefit: minus its mean log hazard ratio, weighted by control's hazard.

        With a marker the parts are those that the tests make, so that misclassified participants dilute the benefit;
        the means are over 200,000 simulated candidates.
        """
        if self.marker is None or self.screening is None:
            risk = self._risk(np.empty(0))
            weight, effect = np.array(self.shares) * risk[0], -np.log(risk[1] / risk[0])
        else:
            tests, rng = self.screening.tests, np.random.default_rng(1)
            true = rng.normal(math.log(self.marker.median), self.marker.between, 200_000)
            lowest = (true[:, None] + rng.normal(0, self.marker.error, (true.size, tests))).min(axis=1)
            part = np.searchsorted(np.log(self.screening.cuts), lowest, side="right")
            risk = self._risk(np.exp(true))
            weight = np.bincount(part, risk[0], len(self.names))
            effect = np.bincount(part, -risk[0] * np.log(risk[1] / risk[0]), len(self.names)) / weight
        weights = members * weight * self.numbers.admitted
        return np.asarray((weights @ effect) / weights.sum(axis=1))

    def _risk(self, marker: Float[np.ndarray, " marker"]) -> Float[np.ndarray, "arm at"]:
        """Return the relative hazards of control and active arm at each marker, or in each part."""
        prognosis = np.ones(max(len(self.names), marker.size)) if self.prognosis is None else self.prognosis
        control = prognosis(marker) if callable(prognosis) else np.array(prognosis, dtype=float)
        ratio = self.hazard_ratio(marker) if callable(self.hazard_ratio) else np.array(self.hazard_ratio, dtype=float)
        control = np.broadcast_to(control, ratio.shape) if self.prognosis is not None else np.ones(ratio.shape)
        return np.array([control, control * ratio])

    @property
    def _grid(self) -> Float[np.ndarray, " marker"]:
        if self.marker is None:
            return np.empty(0)
        center, reach = math.log(self.marker.median), 6 * self.marker.between
        return np.linspace(center - reach, center + reach, _GRID)

    @property
    def _pieces(self) -> tuple[Float[np.ndarray, " piece"], list[Float[np.ndarray, " piece"]]]:
        """Return the starts of the pieces common to all hazards, and each hazard on them."""
        all_hazards = [self.control_hazard, *self.competing_hazard, *self.dropout_hazard]
        tables = [h if isinstance(h, Mapping) else {0.0: h} for h in all_hazards]
        starts = np.unique([0.0, self.delay_months, *(float(m) for table in tables for m in table)])
        values = []
        for table in tables:
            months = np.array(sorted(table), dtype=float)
            at = np.searchsorted(months, starts, side="right") - 1
            values.append(np.array([float(table[sorted(table)[i]]) for i in at]))
        return starts, values

    @property
    def _arrival(self) -> tuple[Float[np.ndarray, " step"], float]:
        """Return the months by which multiples of a number of candidates are expected, and that number."""
        month = np.linspace(0.0, self.duration_months, 20_001)
        expected = np.sum([site.expected(month) for site in self.sites], axis=0)
        each = float(expected[-1]) / (_ARRIVALS - 1)
        return np.interp(np.arange(_ARRIVALS) * each, expected, month), each


def _check(cohort: Cohort) -> None:
    """Refuse what describes no trial."""
    parts = len(cohort.names)
    if parts == 0 or len(set(cohort.names)) != parts:
        raise SimulationError.must("names", "be different names", list(cohort.names), fix="Name each part once.")
    if not cohort.sites or cohort.participants < 2 or not 0 < cohort.duration_months < math.inf:
        got = (len(cohort.sites), cohort.participants, cohort.duration_months)
        raise SimulationError.must("sites, participants, duration_months", "be positive", got, fix="Give a site.")
    if min(site.opens_month for site in cohort.sites) >= cohort.duration_months:
        raise SimulationError.must("sites", "open before the end", list(cohort.sites), fix="Open one sooner.")
    _check_parts(cohort, parts)
    for name, hazards in (
        ("control_hazard", [cohort.control_hazard]),
        ("competing_hazard", cohort.competing_hazard),
        ("dropout_hazard", cohort.dropout_hazard),
    ):
        for hazard in hazards:
            table = hazard if isinstance(hazard, Mapping) else {0.0: hazard}
            if not table or min(table) != 0 or not all(0 <= float(v) < math.inf for v in table.values()):
                raise SimulationError.must(
                    name, "be rates from month 0 on", hazard, fix="Give 0.01, or {0: 0.02, 6: 0.01}."
                )
    if not cohort.delay_months >= 0 or not cohort.follow_up_months > 0:
        times = (cohort.delay_months, cohort.follow_up_months)
        raise SimulationError.must("delay_months, follow_up_months", "be zero or above", times, fix="Give 0 and 24.")
    block = sum(cohort.allocation_ratio)
    if (
        min(cohort.allocation_ratio) < 1
        or not cohort.block_sizes
        or any(s < 1 or s % block for s in cohort.block_sizes)
    ):
        fix = f"Give multiples of {block}."
        raise SimulationError.must("block_sizes", "be multiples of the ratio", list(cohort.block_sizes), fix=fix)


def _check_parts(cohort: Cohort, parts: int) -> None:
    """Refuse parts that neither shares nor a marker define, or ratios that do not fit them."""
    by_marker = cohort.marker is not None and cohort.screening is not None
    if by_marker is (cohort.shares is not None) or (cohort.marker is None) is not (cohort.screening is None):
        raise SimulationError.must("shares", "be given, or a marker and its screening", cohort.shares, fix="Give one.")
    if cohort.screening is not None and cohort.screening.parts != parts:
        got = f"{parts} names, {cohort.screening.parts} parts"
        raise SimulationError.must("names", "be one more than the cut-offs", got, fix="Name each part.")
    if cohort.shares is not None:
        shares = np.array(cohort.shares, dtype=float)
        if shares.shape != (parts,) or np.any(shares <= 0) or abs(shares.sum() - 1) > 1e-9:
            raise SimulationError.must(
                "shares", "be positive and add to 1", list(cohort.shares), fix="Divide by the sum."
            )
    for name, given in (("hazard_ratio", cohort.hazard_ratio), ("prognosis", cohort.prognosis)):
        if given is None:
            continue
        if callable(given) is not by_marker:
            fix = "Give a function with a marker, and one number for each part without."
            raise SimulationError.must(name, "fit the parts", type(given).__name__, fix=fix)
        if not callable(given):
            column = np.array(given, dtype=float)
            if column.shape != (parts,) or not np.all((column > 0) & np.isfinite(column)):
                raise SimulationError.must(name, f"be {parts} positive numbers", list(given), fix="Give 1 for none.")
