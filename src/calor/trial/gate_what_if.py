"""The what-if page of a choice of the gate: the grid, and where on it the page begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calor.gate.gates import CandidateGate, window_words
from calor.report.what_if_page import WhatIfPage
from calor.trial.trial import Trial

if TYPE_CHECKING:
    from calor.trial.gate import GateOutcome

PAGE = "what_if.html"
QUICK = "Made with --quick: few cut-offs and little effort, to show the steps"
_COMPUTED = {"gated", "all_comers"}  # the designs that the grid holds


def what_if_page(trial: Trial, outcome: GateOutcome) -> WhatIfPage:
    """Compose the page. It begins at the recommended gate, or at the best one of the design that the grid holds."""
    plan, grid, marker = outcome.basis.plan, outcome.what_if, outcome.basis.finished.biomarker
    gate, limits = _begin(outcome), plan.limits
    is_recommended = outcome.recommendation.chosen.design in _COMPUTED
    return WhatIfPage(
        title=f"What if {plan.next_trial.id}'s gate were another?",
        subtitle=f"After {trial.protocol.trial.id} · biomarker-positive participants only · seed {plan.effort.seed}"
        + (f" · {QUICK[0].lower()}{QUICK[1:]}" if outcome.quick else ""),
        grid=grid.to_json(),
        windows={window.id: window_words(window) for window in plan.windows},
        start=(
            grid.repeats.index((gate.window, gate.tests, gate.interval_days)),
            grid.cutoffs.index(gate.cutoff) if gate.tests else 0,
        ),
        start_label="Recommended" if is_recommended else "At first",
        biomarker=(marker.label, marker.unit),
        unit=plan.costs.unit,
        limits=f"{limits.participants:,} participants, {limits.months:g} months, a cost of {limits.cost:,.0f} "
        f"{plan.costs.unit}, a power of at least {100 * limits.least_power:g} %",
        power=plan.test.power,
        banner=banner(trial),
        footer=footer(outcome),
    )


def banner(trial: Trial) -> str:
    """Return what no reader of a page of the choice may miss."""
    return "" if trial.protocol.trial.participants == "real" else "Synthetic participants, assumed inputs."


def footer(outcome: GateOutcome) -> str:
    """Return what a page of the choice was made from."""
    made_of = outcome.made_of
    return f"Calor {made_of.calor} · code {made_of.code[:12]} · protocol {made_of.inputs['protocol'][:12]}"


def _begin(outcome: GateOutcome) -> CandidateGate:
    """Return the recommended gate, or where its design is another one the best gate of the design that the grid holds.

    Where that design expects benefit nowhere, it is no gate.
    """
    chosen = outcome.recommendation.chosen
    if chosen.design in _COMPUTED:
        return chosen.gate
    held = [option for option in outcome.options if option.design in _COMPUTED]
    best = max(held, key=lambda option: (option.feasible, option.value), default=None)
    return CandidateGate(chosen.gate.window) if best is None else best.gate
