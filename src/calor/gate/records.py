"""From health records to the plan: candidates a month, the share that passes each gate, the marker itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.special import ndtri

from calor.errors import DesignError
from calor.gate.gates import CandidateGate, candidate_gates
from calor.protocol.gate_beliefs import MarkerWindow
from calor.protocol.gate_design import GateDesign
from calor.screen.facts import Facts
from calor.screen.retest import Retest, retest
from calor.screen.screened import Screened
from calor.screen.what_if import Setting, what_if

_LEAST_COUNTED = 20


@dataclass(frozen=True, eq=False)
class Counted:
    """What the records say.

    Attributes:
        plan: The plan with the records' marker and candidates a month in the window that they speak for.
        shares: Share of candidates with every test who pass, by gate.
        table: One row per gate, as `what_if` counted it.
        repeatability: Of the marker.
        window: Id of that window.
    """

    plan: GateDesign
    shares: Mapping[CandidateGate, float]
    table: pd.DataFrame
    repeatability: Retest
    window: str

    def __str__(self) -> str:
        own, each = self.plan.window(self.window), self.plan.recruitment.candidates_per_site_month
        return (
            f"Records: {each:.1f} candidates a month with every test in {self.window}; marker median {own.median:.2f}, "
            f"log-SD {own.log_sd:.2f}; {self.repeatability}"
        )


def counted(plan: GateDesign, facts: Facts, screened: Screened) -> Counted:
    """Count every gate of the grid in the records, in one pass, and fit the marker to what passes.

    The window that the records speak for is the plan's window nearest to that of the screen. Shares are of candidates
    whose tests suffice to answer, so that completeness is not counted twice.

    Args:
        plan: Inputs.
        facts: Staged records.
        screened: Their screen under the protocol.

    Raises:
        ScreenError: The protocol has no gate or window to move, or the records hold too few repeated tests.
        DesignError: Too few candidates to count.
    """
    window = plan.windows[0] if len(plan.windows) == 1 else _nearest(plan, screened)
    gates = [gate for gate in candidate_gates(plan) if gate.window == window.id]
    settings = [
        Setting(cutoff=g.cutoff, tests=g.tests, least_interval_days=g.interval_days, days=window.days) for g in gates
    ]
    table = what_if(facts, screened, settings)
    passing = 1 - table["screen_failures"].to_numpy(dtype=float)
    answered = np.divide(table["eligible"].to_numpy(dtype=float), passing, where=passing > 0, out=np.zeros(len(gates)))
    one = np.array([gate.tests == 1 for gate in gates])
    if not np.nanmax(answered, initial=0.0) >= _LEAST_COUNTED:
        got = f"{np.nanmax(answered, initial=0.0):.0f}"
        fix = 'Take source = "stated", or more records.'
        raise DesignError.must("records", f"hold {_LEAST_COUNTED} candidates with every test", got, fix=fix)
    found = retest(facts, screened.rules)
    median, log_sd = log_normal(np.array([g.cutoff for g in gates])[one], passing[one])
    icc = float(np.clip(found.icc, 0.05, 0.95))
    own = window.model_copy(update={"median": median, "log_sd": log_sd, "icc": icc})
    rate = table["eligible_per_month"].to_numpy(dtype=float)
    each = float(np.median(rate[one & (passing > 0)] / passing[one & (passing > 0)]))
    recruit = plan.recruitment.model_copy(update={"candidates_per_site_month": each, "complete": 1.0})
    windows = tuple(own if w.id == own.id else w for w in plan.windows)
    shares = {
        gate: float(share)
        for gate, share, n in zip(gates, passing, answered, strict=True)
        if n >= _LEAST_COUNTED and 0 < share < 1
    }
    again = plan.model_copy(update={"windows": windows, "recruitment": recruit})
    return Counted(again, shares, table, found, window.id)


def log_normal(cutoffs: Float[np.ndarray, " cutoff"], shares: Float[np.ndarray, " cutoff"]) -> tuple[float, float]:
    """Return median and log-SD of the log-normal under which these shares reach these cut-offs (probit line).

    Raises:
        DesignError: Fewer than two cut-offs that some reach and others do not, or shares that do not fall.

    >>> from scipy.special import ndtr
    >>> cuts = np.array([1.0, 2.0, 4.0])
    >>> [round(x, 3) for x in log_normal(cuts, ndtr((np.log(1.43) - np.log(cuts)) / 1.134))]
    [1.43, 1.134]
    """
    inside = (shares > 0) & (shares < 1)
    if inside.sum() < 2:
        fix = "Give cut-offs that some candidates reach and others do not."
        raise DesignError.must("cutoffs", "divide the records' candidates twice", int(inside.sum()), fix=fix)
    slope, level = np.polyfit(np.log(cutoffs[inside]), ndtri(shares[inside]), 1)
    if slope >= 0:
        raise DesignError.must("shares", "fall as the cut-off rises", shares.tolist(), fix="Look at the records.")
    return math.exp(-float(level / slope)), float(-1 / slope)


def _nearest(plan: GateDesign, screened: Screened) -> MarkerWindow:
    rule = next((r for r in screened.rules.screening.criteria if r.kind == "recent_infarction"), None)
    asked = plan.windows[0].days if rule is None else rule.days
    return min(plan.windows, key=lambda w: abs(w.days[0] - asked[0]) + abs(w.days[1] - asked[1]))
