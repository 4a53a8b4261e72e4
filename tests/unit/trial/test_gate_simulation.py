"""The simulated design in words."""

from __future__ import annotations

from tests.unit.gate.small import here, plan

from calor.gate.evaluate import evaluate
from calor.gate.gates import CandidateGate
from calor.gate.trial_designs import group_sequential
from calor.trial.gate_simulation import simulated_design


def test_each_design_says_its_own_looks() -> None:
    given = plan()
    more = given.model_copy(update={"test": given.test.model_copy(update={"looks": (0.5, 0.75, 1.0)})})
    for option in evaluate(here(more), CandidateGate("month_one", 2.0, 1), ("gated", "adaptive")):
        bounds = group_sequential(more, option.design).efficacy_bounds
        looks = dict(simulated_design(more, option))["Looks"]
        assert looks.count("; ") == len(bounds) - 1 == (1 if option.design == "adaptive" else 2)
        assert all(f"z > {bound:.3f}" in looks for bound in bounds)
