"""Designs that enroll those who pass the gate and no others: closed forms throughout."""

from __future__ import annotations

import math

import numpy as np

from calor.gate.calendar import Conditions, Course, course, look_months
from calor.gate.expense import cost, cost_of_scans, cost_of_stopping, months_to_biomarker
from calor.gate.option import Option, Outlook, option
from calor.gate.situation import GateStudy
from calor.gate.trial_designs import biomarker_passes


def gated(study: GateStudy, events: float | None = None) -> Option:
    """Evaluate the gate with events as the one endpoint; without tests, a trial of everyone.

    Power is the group-sequential test's at Schoenfeld's drift of the diluted hazard ratio; nothing is simulated.

    Args:
        study: The gate.
        events: At the last look; None for those that the power aimed at needs.
    """
    return _evaluated(study, events, biomarker_first=False)


def two_endpoint(study: GateStudy, events: float | None = None) -> Option:
    """Evaluate the gate with a look at the biomarker first, after which the trial goes on to events or stops.

    Given the world, the biomarker's estimate and the events are taken as independent. The level of the test of
    events is not spent on the biomarker: stopping can only lower it.

    Args:
        study: The gate.
        events: At the last look; None for those that the power aimed at needs.
    """
    return _evaluated(study, events, biomarker_first=True)


def _evaluated(study: GateStudy, events: float | None, *, biomarker_first: bool) -> Option:
    plan, curve = study.plan, study.here.curve
    expected = study.one.positive
    conditions = study.conditions(expected, study.share)
    wanted = curve.events(float(expected.log_hazard_ratio[0]), plan.test.power) if events is None else events
    run = course(plan, conditions, wanted)
    success = curve.of_events(study.all.positive.log_hazard_ratio, run.events)
    power = float(curve.of_events(expected.log_hazard_ratio, run.events)[0])
    months = _expected_months(study, conditions, run)
    spent = np.full(success.size, cost(study, run.participants, study.share, run.months))
    if biomarker_first:
        passes, planned = (biomarker_passes(plan, p.effect) for p in (study.all.positive, expected))
        success, power = success * passes, power * float(planned[0])
        stops = months_to_biomarker(study, conditions)
        months = float(planned[0]) * months + (1 - float(planned[0])) * min(stops, months)
        spent = passes * spent + (1 - passes) * cost_of_stopping(study, conditions, run) + cost_of_scans(study)
    outlook = Outlook(power, success, 0.0, np.zeros_like(success), spent, months)
    design = "two_endpoint" if biomarker_first else "gated"
    return option(study, design, run, outlook)


def _expected_months(study: GateStudy, conditions: Conditions, run: Course) -> float:
    """Return the months until the trial stops, early or at its last look, in the expected world."""
    test = study.here.curve.design
    drift = -float(study.one.positive.log_hazard_ratio[0]) * math.sqrt(run.events) / 2
    early = test.crossing(drift).efficacy[:-1]
    at = look_months(study.plan, conditions, run, study.plan.test.looks)
    return float(early @ np.array(at) + (1 - early.sum()) * run.months)
