"""The what-if of a gate: numbers over cut-off, link and rate, computed once for a page that moves among them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.gate.basis import Basis
from calor.gate.evaluate import evaluate
from calor.gate.gates import CandidateGate, completes, times_words
from calor.gate.situation import Situation

METRICS = (
    "share", "eligible_per_month", "true_positives", "expected_fall", "hazard_ratio", "events", "participants",
    "candidates", "months", "cost", "power", "assurance", "assurance_se", "events_prevented", "value", "feasible",
)  # fmt: skip
"""What is looked up, in this order; `feasible` is 1 within the limits and 0 beyond."""
LINKS = (0.7, 0.75, 0.8, 0.85, 0.9)
"""Hazard ratios that go with the finished trial's effect where the link acts; the plan's own is added."""
RATES = (0.75, 1.0, 1.25)
"""Event rates, times the published one."""


@dataclass(frozen=True, eq=False)
class WhatIf:
    """Numbers of the gated design on a grid.

    Attributes:
        cutoffs: Rising.
        repeats: Window, tests and interval of each gate; without tests there is no gate, and no cut-off matters.
        links: Rising hazard ratios.
        rates: Rising factors.
        values: By repeat, cut-off, link, rate and metric; NaN where no benefit is expected.
        stated: The plan's own link and rate, which are in the grid.
    """

    cutoffs: tuple[float, ...]
    repeats: tuple[tuple[str, int, int], ...]
    links: tuple[float, ...]
    rates: tuple[float, ...]
    values: np.ndarray
    stated: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        """Return plain values, numbers to six significant digits, for a page to look up in."""
        numbers = [None if math.isnan(v) else float(f"{v:.6g}") for v in self.values.ravel()]
        return {
            "metrics": list(METRICS),
            "cutoffs": list(self.cutoffs),
            "repeats": [
                {"window": w, "tests": n, "interval_days": d, "words": times_words(CandidateGate(w, 0.0, n, d))}
                for w, n, d in self.repeats
            ],
            "links": list(self.links),
            "rates": list(self.rates),
            "stated": {"link": self.stated[0], "rate": self.stated[1]},
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
    """Compute the gated design at every cut-off, number of tests and window, link and event rate; and without a gate.

    Only this design has closed forms throughout; the others are simulated, which no page does while it is moved.
    """
    plan, grid = basis.plan, basis.plan.grid
    repeats = [
        (window.id, tests, days)
        for window in plan.windows
        for tests in (0, *grid.tests)
        for days in (grid.interval_days if tests > 1 else (0,))
        if completes(CandidateGate(window.id, 1.0, tests, days), window) > 0
    ]
    links = tuple(sorted({*LINKS, plan.link.hazard_ratio}))
    values = np.full((len(repeats), len(grid.cutoffs), len(links), len(RATES), len(METRICS)), np.nan)
    for k, link in enumerate(links):
        again = plan.model_copy(update={"link": plan.link.model_copy(update={"hazard_ratio": link})})
        for m, rate in enumerate(RATES):
            here = basis.situation(again, rate=rate)
            for i, repeat in enumerate(repeats):
                values[i, :, k, m] = _over_cutoffs(here, repeat)
    return WhatIf(grid.cutoffs, tuple(repeats), links, RATES, values, (plan.link.hazard_ratio, 1.0))


def _over_cutoffs(here: Situation, repeat: tuple[str, int, int]) -> Float[np.ndarray, "cutoff metric"]:
    """Return the metrics at every cut-off, NaN where no benefit is expected; without tests all are the same."""
    window, tests, days = repeat
    cutoffs = here.plan.grid.cutoffs
    gates = [CandidateGate(window, cutoff, tests, days) for cutoff in cutoffs] if tests else [CandidateGate(window)]
    rows = np.full((len(gates), len(METRICS)), np.nan)
    for row, gate in zip(rows, gates, strict=True):
        for found in evaluate(here, gate, ("gated",)):
            row[:] = [float(getattr(found, name)) for name in METRICS]
    return np.broadcast_to(rows, (len(cutoffs), len(METRICS)))
