"""Candidates and participants as they may truly be: accrual, marker, screening, hazards, dropout."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from calor.errors import SimulationError
from calor.kernels import cohort as kernel
from calor.kernels.visits import Visits as VisitNumbers
from calor.simulate.cohort_checks import check_cohort
from calor.simulate.effect_shape import Effect
from calor.simulate.marker import Marker, Screening
from calor.simulate.sites import Site, arrivals
from calor.simulate.visits import Visits

Hazard = float | Mapping[float, float]
_GRID = 512


@dataclass(frozen=True, eq=False)
class Cohort:
    """What is true of a trial's candidates, in months. A hazard may be a number, or a number from each month.

    Either `shares` gives the parts and `hazard_ratio` one ratio for each, or `marker` and `screening` do: then parts
    are what the tests say, and hazards and responses follow the true marker.

    Attributes:
        names: Parts, lowest marker first.
        sites: Where candidates come from.
        participants: Number to enroll.
        control_hazard: Of the event per month, for the parts' (or the median marker's) reference.
        hazard_ratio: Active over control: one for each part, or as a function of the true marker (`effect_shape`);
            None for 1.
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
        visits: The continuous endpoint; None for events alone.
        duration_months: Latest look; a look whose events have not come by then is held then, and the trial counted as
            incomplete.

    >>> cohort = Cohort(["positive", "negative"], [Site(40.0)], 1000, 0.01, [0.6, 0.9], shares=[0.4, 0.6])
    >>> cohort.numbers.most
    1000
    """

    names: Sequence[str]
    sites: Sequence[Site]
    participants: int
    control_hazard: Hazard = 0.0
    hazard_ratio: Sequence[float] | Effect | None = None
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
    visits: Visits | None = None

    def __post_init__(self) -> None:
        check_cohort(self)

    @cached_property
    def numbers(self) -> kernel.Cohort:
        """The cohort as numbers, for the kernel."""
        starts, hazards = self._pieces
        marker, screening = self.marker, self.screening
        came = arrivals(self.sites, self.duration_months)
        enrolls = range(len(self.names)) if screening is None or screening.enrolls is None else screening.enrolls
        grid = self.log_markers
        return kernel.Cohort(
            arrival=came.month,
            arrival_step=came.step,
            site_shares=came.shares,
            site_risk=np.array([site.relative_hazard for site in self.sites]),
            most=self.participants,
            shares=np.empty(0) if self.shares is None else np.append(np.cumsum(self.shares)[:-1], 1.0),
            center=0.0 if marker is None else math.log(marker.median),
            between=0.0 if marker is None else marker.between,
            error=0.0 if marker is None else marker.error,
            cuts=np.empty(0) if screening is None else np.log(np.array(screening.cuts, dtype=float)),
            aside=math.inf if screening is None else float(np.log(screening.set_aside_above)),
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

    @cached_property
    def visit_numbers(self) -> VisitNumbers | None:
        """The continuous endpoint as numbers, for the kernel; None for events alone."""
        places = np.arange(len(self.names), dtype=float) if self.marker is None else np.exp(self.log_markers)
        return None if self.visits is None else self.visits.numbers(places)

    def effects(
        self, members: Bool[np.ndarray, "population part"], *, at_last_visit: bool = False
    ) -> Float[np.ndarray, " population"]:
        """Return each population's true benefit.

        Of events it is minus the mean log hazard ratio, weighted by control's hazard; of visits the mean difference at
        the last. With a marker the parts are those that the tests make, so that misclassified participants dilute the
        benefit; the means are over 200,000 simulated candidates.

        Args:
            members: Whether a population has a part.
            at_last_visit: Of the continuous endpoint.

        Raises:
            SimulationError: A population that nobody enters.
        """
        parts = len(self.names)
        if self.marker is None or self.screening is None:
            part, at, share = np.arange(parts), np.empty(0), np.array(self.shares)
        else:
            true, part = self.screening.classified(self.marker, 200_000, np.random.default_rng(1))
            at, share = np.exp(true), np.ones(true.size)
        if at_last_visit and self.visits is not None:
            benefit = self.visits.numbers(at if at.size else np.arange(parts, dtype=float)).benefit
        else:
            risk = self._risk(at)
            share, benefit = share * risk[0], -np.log(risk[1] / risk[0])
        seen = members * self.numbers.admitted
        weight = seen @ np.bincount(part, share, parts)
        for own, total in zip(members, weight, strict=True):
            if not total > 0:
                got = [name for name, is_own in zip(self.names, own, strict=True) if is_own]
                fix = "Lower the cut-off, or leave the population out."
                raise SimulationError.must("populations", "have candidates who pass the screening", got, fix=fix)
        return np.asarray(seen @ np.bincount(part, share * benefit, parts) / weight)

    def _risk(self, marker: Float[np.ndarray, " marker"]) -> Float[np.ndarray, "arm at"]:
        """Return the relative hazards of control and active arm at each marker, or in each part."""
        places = marker.size or len(self.names)
        table = np.ones((2, places))
        for row, given in zip(table, (self.prognosis, self.hazard_ratio), strict=True):
            if given is not None:
                row[:] = given(marker) if callable(given) else np.array(given, dtype=float)
        return np.array([table[0], table[0] * table[1]])

    @property
    def log_markers(self) -> Float[np.ndarray, " marker"]:
        """Logarithms of the true marker at which functions of it are tabulated; none without a marker."""
        if self.marker is None:
            return np.empty(0)
        center, reach = math.log(self.marker.median), 6 * self.marker.between or 1.0
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
