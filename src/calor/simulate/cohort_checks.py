"""Refuse a cohort that describes no trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from calor.errors import SimulationError

if TYPE_CHECKING:
    from calor.simulate.cohort import Cohort


def check_cohort(cohort: Cohort) -> None:
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
    shifts = () if cohort.visits is None else (("effect", cohort.visits.effect), ("level", cohort.visits.level))
    for name, given in (("hazard_ratio", cohort.hazard_ratio), ("prognosis", cohort.prognosis), *shifts):
        if given is None:
            continue
        if callable(given) is not by_marker:
            fix = "Give a function with a marker, and one number for each part without."
            raise SimulationError.must(name, "fit the parts", type(given).__name__, fix=fix)
        if not callable(given):
            column = np.array(given, dtype=float)
            positive = name in ("hazard_ratio", "prognosis")
            if column.shape != (parts,) or not np.all(np.isfinite(column)) or (positive and np.any(column <= 0)):
                rule = f"be {parts} {'positive' if positive else 'finite'} numbers"
                raise SimulationError.must(name, rule, list(given), fix="Give one for each part.")
