"""The what-if of a gate: numbers over cut-off, link and rate, computed once and looked up while they are moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from calor.errors import DesignError
from calor.gate.basis import Basis
from calor.gate.evaluate import evaluate
from calor.gate.gates import CandidateGate, completes

METRICS = (
    "share", "true_positives", "expected_fall", "hazard_ratio", "events", "participants", "candidates", "months",
    "cost", "power", "assurance", "events_prevented", "value",
)  # fmt: skip
"""What is looked up, in this order."""
LINKS = (0.7, 0.75, 0.8, 0.85, 0.9)
"""Hazard ratios that go with the finished trial's effect where the link acts."""
RATES = (0.75, 1.0, 1.25)
"""Event rates, times the published one."""


@dataclass(frozen=True, eq=False)
class WhatIf:
    """Numbers of the gated design on a grid.

    Attributes:
        cutoffs: Rising.
        repeats: Window, tests and interval of each gate, in words and as in the grid.
        links: Rising hazard ratios.
        rates: Rising factors.
        values: By repeat, cut-off, link, rate and metric; NaN where no benefit is expected.
    """

    cutoffs: tuple[float, ...]
    repeats: tuple[tuple[str, int, int], ...]
    links: tuple[float, ...]
    rates: tuple[float, ...]
    values: np.ndarray

    def to_json(self) -> dict[str, Any]:
        """Return plain values, numbers to four significant digits, for a page to look up in."""
        numbers = [None if math.isnan(v) else float(f"{v:.4g}") for v in self.values.ravel()]
        return {
            "metrics": list(METRICS),
            "cutoffs": list(self.cutoffs),
            "repeats": [{"window": w, "tests": n, "interval_days": d} for w, n, d in self.repeats],
            "links": list(self.links),
            "rates": list(self.rates),
            "shape": list(self.values.shape),
            "values": numbers,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row per point of the grid."""
        rows = []
        for i, (window, tests, days) in enumerate(self.repeats):
            for j, cutoff in enumerate(self.cutoffs):
                for k, link in enumerate(self.links):
                    for m, rate in enumerate(self.rates):
                        own = dict(zip(METRICS, self.values[i, j, k, m], strict=True))
                        place = {"window": window, "tests": tests, "interval_days": days, "cutoff": cutoff}
                        rows.append({**place, "link": link, "rate": rate, **own})
        return pd.DataFrame(rows)


def what_if_grid(basis: Basis) -> WhatIf:
    """Compute the gated design at every cut-off, number of tests and window, link and event rate."""
    plan, grid = basis.plan, basis.plan.grid
    repeats = [
        (window.id, tests, days)
        for window in plan.windows
        for tests in grid.tests
        for days in (grid.interval_days if tests > 1 else (0,))
        if completes(CandidateGate(window.id, 1.0, tests, days), window) > 0
    ]
    values = np.full((len(repeats), len(grid.cutoffs), len(LINKS), len(RATES), len(METRICS)), np.nan)
    for k, link in enumerate(LINKS):
        again = plan.model_copy(update={"link": plan.link.model_copy(update={"hazard_ratio": link})})
        for m, rate in enumerate(RATES):
            here = basis.situation(again, rate=rate)
            for i, (window, tests, days) in enumerate(repeats):
                for j, cutoff in enumerate(grid.cutoffs):
                    found = evaluate(here, CandidateGate(window, cutoff, tests, days), ("gated",))
                    if found:
                        values[i, j, k, m] = [float(getattr(found[0], name)) for name in METRICS]
    return WhatIf(grid.cutoffs, tuple(repeats), LINKS, RATES, values)


def look_up(grid: WhatIf, *, repeat: int, cutoff: float, link: float, rate: float) -> dict[str, float]:
    """Return the metrics anywhere within the grid: linear between its points, in the logarithm of the cut-off.

    Args:
        grid: Computed once.
        repeat: Number of the window and tests in `grid.repeats`.
        cutoff: In the biomarker's unit.
        link: Hazard ratio that goes with the finished trial's effect.
        rate: Times the published event rate.

    Raises:
        DesignError: Outside the grid.
    """
    if not 0 <= repeat < len(grid.repeats):
        raise DesignError.must("repeat", f"be 0 to {len(grid.repeats) - 1}", repeat, fix="See grid.repeats.")
    axes = (("cutoff", grid.cutoffs, cutoff), ("link", grid.links, link), ("rate", grid.rates, rate))
    table = grid.values[repeat]
    for name, points, at in axes:
        low, share = _between(name, points, at, log=name == "cutoff")
        high = min(low + 1, len(points) - 1)
        table = table[low] if share == 0 else (1 - share) * table[low] + share * table[high]
    return {name: float(value) for name, value in zip(METRICS, table, strict=True)}


def _between(name: str, points: Sequence[float], at: float, *, log: bool) -> tuple[int, float]:
    """Return the point below, and how far the next one is reached."""
    if not points[0] <= at <= points[-1]:
        raise DesignError.must(name, f"lie between {points[0]:g} and {points[-1]:g}", at, fix="Move it back.")
    low = min(int(np.searchsorted(points, at, side="right")) - 1, max(len(points) - 2, 0))
    if len(points) == 1:
        return 0, 0.0
    scale = math.log if log else float
    return low, (scale(at) - scale(points[low])) / (scale(points[low + 1]) - scale(points[low]))
