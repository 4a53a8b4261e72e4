"""Refuse a cohort that describes no trial."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from calor.enroll.blocks import PermutedBlocks
from calor.errors import SimulationError
from calor.simulate.whole_number import check_whole_number

if TYPE_CHECKING:
    from calor.simulate.cohort import Cohort, Hazard


def check_cohort(cohort: Cohort) -> None:
    """Refuse what describes no trial.

    Raises:
        SimulationError: Numbers that contradict each other or are none.
        EnrollError: Blocks that the ratio does not divide.
    """
    parts = len(cohort.names)
    if parts == 0 or len(set(cohort.names)) != parts:
        raise SimulationError.must("names", "be different names", list(cohort.names), fix="Name each part once.")
    check_whole_number("participants", cohort.participants, 2, fix="Give the number to enroll.")
    if not 0 < cohort.duration_months < math.inf:
        got = cohort.duration_months
        raise SimulationError.must("duration_months", "be positive and end", got, fix="Give the latest look's month.")
    if not cohort.sites or min(site.opens_month for site in cohort.sites) >= cohort.duration_months:
        raise SimulationError.must("sites", "open before the end", list(cohort.sites), fix="Open one sooner.")
    _check_parts(cohort, parts)
    _check_hazards("control_hazard", [cohort.control_hazard])
    for name in ("competing_hazard", "dropout_hazard"):
        pair = getattr(cohort, name)
        if not isinstance(pair, Sequence) or len(pair) != 2:
            raise SimulationError.must(name, "be two hazards, control's and active's", pair, fix="Give (0.01, 0.01).")
        _check_hazards(name, pair)
    if not cohort.delay_months >= 0 or not cohort.follow_up_months > 0:
        times = (cohort.delay_months, cohort.follow_up_months)
        raise SimulationError.must("delay_months, follow_up_months", "be zero or above", times, fix="Give 0 and 24.")
    ratio = tuple(cohort.allocation_ratio)
    if len(ratio) != 2:
        raise SimulationError.must("allocation_ratio", "be of control and active", ratio, fix="Give (1, 1).")
    PermutedBlocks(ratio, tuple(cohort.block_sizes))  # the trial's own rule


def _check_hazards(name: str, hazards: Sequence[Hazard]) -> None:
    for hazard in hazards:
        table = hazard if isinstance(hazard, Mapping) else {0.0: hazard}
        months, rates = [float(month) for month in table], [float(rate) for rate in table.values()]
        if not table or min(months) != 0 or not all(0 <= value < math.inf for value in (*months, *rates)):
            fix = "Give 0.01, or {0: 0.02, 6: 0.01}."
            raise SimulationError.must(name, "be rates from month 0 on", hazard, fix=fix)


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
        if shares.shape != (parts,) or not np.all(shares > 0) or not abs(shares.sum() - 1) <= 1e-9:
            raise SimulationError.must(
                "shares", "be positive and add to 1", list(cohort.shares), fix="Divide by the sum."
            )
    shifts = () if cohort.visits is None else (("effect", cohort.visits.effect), ("level", cohort.visits.level))
    for name, given in (("hazard_ratio", cohort.hazard_ratio), ("prognosis", cohort.prognosis), *shifts):
        if given is None:
            continue
        if callable(given) is not by_marker:
            fix = "Give a function with a marker, and one number for each part without."
            raise SimulationError.must(name, "fit the parts", type(given).__name__, fix=fix)
        at = np.exp(cohort.log_markers)
        column = np.asarray(given(at) if callable(given) else given, dtype=float)
        positive = name in ("hazard_ratio", "prognosis")
        wanted = at.shape if callable(given) else (parts,)
        if column.shape != wanted or not np.all(np.isfinite(column)) or (positive and np.any(column <= 0)):
            kind = "positive" if positive else "finite"
            rule = f"give a {kind} number for every marker" if callable(given) else f"be {parts} {kind} numbers"
            raise SimulationError.must(name, rule, column, fix="Give one for each marker, or each part.")
