"""When the next trial looks at its data, and what sizes it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from calor.gate.calendar import gone_per_year
from calor.gate.option import Option
from calor.gate.situation import GateStudy, Situation, study
from calor.gate.trial_designs import SIMULATED, looks_of
from calor.protocol.looks import EventsPlanning, Look, LookPlan, PopulationPlanning, Spending

POSITIVE_SET = "biomarker_positive"
"""The analysis set of those who pass the gate in a trial that begins with everyone."""


def planned_looks(here: Situation, chosen: Option) -> LookPlan:
    """Return the sequential plan of an option, sized on every population that its design decides on.

    Args:
        here: What the option was evaluated in.
        chosen: The option.
    """
    plan, found = here.plan, study(here, chosen.gate)
    wide = chosen.design in SIMULATED
    seen = found.one.everyone if wide else found.one.positive
    conditions = found.conditions(seen, 1.0 if wide else found.share)
    fractions = looks_of(plan, chosen.design)
    return LookPlan(
        analysis="primary",
        alpha=plan.test.alpha,
        sides=1,
        power=plan.test.power,
        efficacy=Spending(function="obrien_fleming"),
        looks=tuple(_look(chosen, i, fractions) for i in range(len(fractions))),
        planning=EventsPlanning(
            kind="time_to_event",
            hazard_ratio=round(conditions.hazard_ratio, 4),
            control_rate_per_year=round(conditions.yearly_rate, 5),
            accrual_months=round(chosen.accrual_months, 2),
            follow_up_months=round(max(chosen.longest - chosen.accrual_months, 0.0), 2),
            dropout_per_year=round(gone_per_year(plan), 5),
            events=math.ceil(chosen.events) if wide else None,
            populations=(_planned_positive(found),) if wide else (),
        ),
    )


def _planned_positive(found: GateStudy) -> PopulationPlanning:
    """Return what is assumed of those who pass the gate in a trial that begins with everyone."""
    own = found.conditions(found.one.positive, 1.0)
    return PopulationPlanning(
        set=POSITIVE_SET,
        share=round(found.share, 4),
        hazard_ratio=round(own.hazard_ratio, 4),
        control_rate_per_year=round(own.yearly_rate, 5),
    )


def _look(chosen: Option, i: int, fractions: Sequence[float]) -> Look:
    last = len(fractions) - 1
    if i == last:
        return Look(id="final", information_fraction=fractions[i], purpose="Final analysis")
    name = "interim" if last == 1 else f"interim_{i + 1}"
    return Look(id=name, information_fraction=fractions[i], purpose=_purpose(chosen, i))


def _purpose(chosen: Option, i: int) -> str:
    if chosen.design == "adaptive" and i == 0:
        return "Efficacy, and whether to go on with the biomarker-positive alone"
    return "Efficacy"
