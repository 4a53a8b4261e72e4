"""The gates that are compared."""

from __future__ import annotations

from dataclasses import dataclass

from calor.protocol.biomarkers import Biomarker
from calor.protocol.gate_beliefs import MarkerWindow
from calor.protocol.gate_design import GateDesign

_TIMES = {0: "no gate", 1: "once", 2: "twice"}


@dataclass(frozen=True)
class CandidateGate:
    """A gate that the next trial might have; `tests` 0 is none.

    Attributes:
        window: Id of the window after infarction in which it is applied.
        cutoff: Every test must be at least this, in the biomarker's unit.
        tests: Tests that a candidate needs.
        interval_days: From one test to the next.
    """

    window: str
    cutoff: float = 0.0
    tests: int = 0
    interval_days: int = 0

    @property
    def needs_days(self) -> int:
        """Days from the first test to the last."""
        return max(self.tests - 1, 0) * self.interval_days


def rule_words(gate: CandidateGate, biomarker: Biomarker) -> str:
    """Say what a gate asks of the marker.

    >>> crp = {"id": "hs_crp", "analyte": "CRP", "label": "hs-CRP", "paramcd": "HSCRP", "unit": "mg/L"}
    >>> marker = Biomarker(**crp, plausible=(0.0, 500.0), unblinding=True)
    >>> print(rule_words(CandidateGate("stable", 2.0, 2, 14), marker), "|", rule_words(CandidateGate("stable"), marker))
    hs-CRP ≥ 2 mg/L twice, 14 days apart | no gate
    """
    if gate.tests == 0:
        return "no gate"
    return f"{biomarker.label} ≥ {gate.cutoff:g} {biomarker.unit} {times_words(gate)}"


def times_words(gate: CandidateGate) -> str:
    """Say how often the marker must be there.

    >>> times_words(CandidateGate("stable", 2.0, 1)), times_words(CandidateGate("stable", 2.0, 3, 14))
    ('once', '3 times, 14 days apart')
    """
    times = _TIMES.get(gate.tests, f"{gate.tests} times")
    return f"{times}, {gate.interval_days} days apart" if gate.tests > 1 else times


def gate_words(gate: CandidateGate, window: MarkerWindow, biomarker: Biomarker) -> str:
    """Say a gate and when it is applied."""
    return f"{rule_words(gate, biomarker)}, {window_words(window)}"


def window_words(window: MarkerWindow) -> str:
    """Say when candidates are tested and enrolled.

    >>> window_words(MarkerWindow(id="m", days=(30, 120), median=1.4, log_sd=1.1, icc=0.6, outcome_trials=("cantos",)))
    '30 to 120 days after infarction'
    """
    return f"{window.days[0]} to {window.days[1]} days after infarction"


def candidate_gates(plan: GateDesign) -> tuple[CandidateGate, ...]:
    """Return every gate of the grid that its window has time for, window by window, cut-offs rising."""
    grid = plan.grid
    repeats = [(tests, days) for tests in grid.tests for days in (grid.interval_days if tests > 1 else (0,))]
    gates = [
        CandidateGate(window.id, cutoff, tests, days)
        for window in plan.windows
        for tests, days in repeats
        for cutoff in grid.cutoffs
    ]
    return tuple(gate for gate in gates if completes(gate, plan.window(gate.window)) > 0)


def completes(gate: CandidateGate, window: MarkerWindow) -> float:
    """Return the share of candidates who have time for every test, if they come evenly over the window.

    >>> month = MarkerWindow(id="m", days=(30, 58), median=1.43, log_sd=1.1, icc=0.6, outcome_trials=("cantos",))
    >>> completes(CandidateGate("m", 2.0, 2, 14), month)
    0.5
    """
    length = window.days[1] - window.days[0]
    if gate.needs_days == 0:
        return 1.0
    return max(0.0, 1 - gate.needs_days / length) if length > 0 else 0.0
