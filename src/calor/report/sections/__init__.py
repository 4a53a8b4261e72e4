"""One file per kind of finding: how it becomes a section, and which figures it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.section import Section
from calor.report.sections import (
    adverse_events,
    ancova,
    coding,
    competing_risks,
    described,
    dose_trend,
    effect_curve,
    events,
    events_of_interest,
    gate_design,
    gate_simulation,
    harm_limits,
    imaging,
    individual_benefit,
    interaction,
    joint_interaction,
    laboratory_safety,
    landmark,
    mediation,
    missing_data,
    mmrm,
    multiplicity,
    proportions,
    recurrent_events,
    responder,
    screening,
    subgroups,
    surrogacy,
    threshold_search,
    tobit,
    win_ratio,
)


class Kind(NamedTuple):
    """How one kind of finding is shown."""

    section: Callable[[Finding], Section]
    figures: Callable[[Finding], tuple[Figure, ...]]


KINDS: dict[str, Kind] = {
    "disposition": Kind(described.disposition_section, described.disposition_figures),
    "baseline": Kind(described.baseline_section, described.baseline_figures),
    "ancova": Kind(ancova.section, ancova.figures),
    "dose_trend": Kind(dose_trend.section, dose_trend.figures),
    "interaction": Kind(interaction.section, interaction.figures),
    "events": Kind(events.section, events.figures),
    "multiplicity": Kind(multiplicity.section, multiplicity.figures),
    "adverse_events": Kind(adverse_events.section, adverse_events.figures),
    "mmrm": Kind(mmrm.section, mmrm.figures),
    "missing_data": Kind(missing_data.section, missing_data.figures),
    "subgroups": Kind(subgroups.section, subgroups.figures),
    "effect_curve": Kind(effect_curve.section, effect_curve.figures),
    "threshold_search": Kind(threshold_search.section, threshold_search.figures),
    "responder": Kind(responder.section, responder.figures),
    "joint_interaction": Kind(joint_interaction.section, joint_interaction.figures),
    "individual_benefit": Kind(individual_benefit.section, individual_benefit.figures),
    "mediation": Kind(mediation.section, mediation.figures),
    "surrogacy": Kind(surrogacy.section, surrogacy.figures),
    "tobit": Kind(tobit.section, tobit.figures),
    "laboratory_safety": Kind(laboratory_safety.section, laboratory_safety.figures),
    "events_of_interest": Kind(events_of_interest.section, events_of_interest.figures),
    "competing_risks": Kind(competing_risks.section, competing_risks.figures),
    "recurrent_events": Kind(recurrent_events.section, recurrent_events.figures),
    "win_ratio": Kind(win_ratio.section, win_ratio.figures),
    "landmark": Kind(landmark.section, landmark.figures),
    "proportions": Kind(proportions.section, proportions.figures),
    "coding": Kind(coding.section, coding.figures),
    "harm_limits": Kind(harm_limits.section, harm_limits.figures),
    "gate_design": Kind(gate_design.section, gate_design.figures),
    "gate_simulation": Kind(gate_simulation.section, gate_simulation.figures),
    "imaging": Kind(imaging.section, imaging.figures),
    "screening": Kind(screening.section, screening.figures),
}
"""Every kind of finding; a test proves the table complete."""
