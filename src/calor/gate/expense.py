"""What a trial costs, and how many candidates it must approach."""

from __future__ import annotations

from calor.gate.calendar import Conditions, Course
from calor.gate.gates import completes
from calor.gate.situation import GateStudy


def candidates(study: GateStudy, participants: float, share: float) -> float:
    """Return the candidates to approach: with an infarction and meeting all but the gate.

    Args:
        study: Gate and recruitment.
        participants: To be randomized.
        share: Of the tested who are enrolled.
    """
    recruit = study.plan.recruitment
    return participants / (share * recruit.consent * recruit.complete * completes(study.gate, study.window))


def cost(study: GateStudy, participants: float, share: float, months: float) -> float:
    """Return sites, months, tests of everyone approached, and participants, in the plan's unit."""
    costs, recruit = study.plan.costs, study.plan.recruitment
    tests = candidates(study, participants, share) * recruit.complete * study.admitted.tests_per_candidate
    return costs.site * recruit.sites + costs.month * months + costs.test * tests + costs.participant * participants


def cost_of_stopping(study: GateStudy, conditions: Conditions, run: Course) -> float:
    """Return what a two-endpoint trial has cost that stops at its biomarker look; enrollment went on meanwhile."""
    test, months = study.plan.test, months_to_biomarker(study, conditions)
    entered = min(test.biomarker_participants + conditions.per_month * test.biomarker_months, run.participants)
    return cost(study, entered, study.share, months)


def months_to_biomarker(study: GateStudy, conditions: Conditions) -> float:
    """Return the months until the biomarker look of a two-endpoint trial."""
    test, ramp = study.plan.test, study.plan.recruitment.ramp_months
    return test.biomarker_participants / conditions.per_month + ramp / 2 + test.biomarker_months


def cost_of_scans(study: GateStudy) -> float:
    """Return the cost of both scans of the participants of the biomarker look."""
    return 2 * study.plan.costs.scan * study.plan.test.biomarker_participants
