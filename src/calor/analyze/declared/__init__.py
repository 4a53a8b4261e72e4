"""From what the protocol declares to findings: one file per declared method, and the table that names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calor.analyze.declared.adverse_events import declared_adverse_events
from calor.analyze.declared.ancova import declared_ancova
from calor.analyze.declared.competing_risks import declared_competing_risks
from calor.analyze.declared.described import described_baseline, described_disposition
from calor.analyze.declared.dose_trend import declared_dose_trend
from calor.analyze.declared.effect_curve import declared_effect_curve
from calor.analyze.declared.events import declared_events
from calor.analyze.declared.events_of_interest import declared_events_of_interest
from calor.analyze.declared.individual_benefit import declared_individual_benefit
from calor.analyze.declared.interaction import declared_interaction
from calor.analyze.declared.joint_interaction import declared_joint_interaction
from calor.analyze.declared.laboratory_safety import declared_laboratory_safety
from calor.analyze.declared.landmark import declared_landmark
from calor.analyze.declared.mediation import declared_mediation
from calor.analyze.declared.missing_data import declared_missing_data
from calor.analyze.declared.mmrm import declared_mmrm
from calor.analyze.declared.multiplicity import declared_multiplicity
from calor.analyze.declared.proportions import declared_proportions
from calor.analyze.declared.records import Datasets, datasets_of
from calor.analyze.declared.recurrent_events import declared_recurrent_events
from calor.analyze.declared.responder import declared_responder
from calor.analyze.declared.subgroups import declared_subgroups
from calor.analyze.declared.surrogacy import declared_surrogacy
from calor.analyze.declared.threshold_search import declared_threshold_search
from calor.analyze.declared.tobit import declared_tobit
from calor.analyze.declared.win_ratio import declared_win_ratio
from calor.analyze.finding import Finding
from calor.protocol import Protocol
from calor.protocol.analyses import Analysis, ModifierAnalysis, ModifiersAnalysis

DESCRIPTIVE: dict[str, Callable[[Protocol, Datasets], Finding]] = {
    "disposition": described_disposition,
    "baseline": described_baseline,
}
"""What is described without being declared."""

METHODS: dict[str, Callable[[Protocol, Any, Datasets], Finding]] = {
    "ancova": declared_ancova,
    "dose_trend": declared_dose_trend,
    "interaction": declared_interaction,
    "events": declared_events,
    "adverse_events": declared_adverse_events,
    "mmrm": declared_mmrm,
    "missing_data": declared_missing_data,
    "subgroups": declared_subgroups,
    "effect_curve": declared_effect_curve,
    "threshold_search": declared_threshold_search,
    "responder": declared_responder,
    "joint_interaction": declared_joint_interaction,
    "individual_benefit": declared_individual_benefit,
    "mediation": declared_mediation,
    "surrogacy": declared_surrogacy,
    "tobit": declared_tobit,
    "laboratory_safety": declared_laboratory_safety,
    "events_of_interest": declared_events_of_interest,
    "competing_risks": declared_competing_risks,
    "recurrent_events": declared_recurrent_events,
    "win_ratio": declared_win_ratio,
    "landmark": declared_landmark,
    "proportions": declared_proportions,
}
"""The function behind each `method` that a protocol may name; a test proves the table complete."""


MULTIPLICITY = "multiplicity"
"""The id of the procedure over several hypotheses, where the protocol declares one."""


def names(protocol: Protocol) -> tuple[str, ...]:
    """Return everything that can be analyzed: what describes the participants, then what the protocol declares."""
    declared = tuple(analysis.id for analysis in protocol.analyses)
    together = protocol.multiplicity is not None and protocol.multiplicity.method != "none"
    return (*DESCRIPTIVE, *declared, *((MULTIPLICITY,) if together else ()))


def run(protocol: Protocol, name: str, datasets: Datasets) -> Finding:
    """Do one analysis by its name.

    Args:
        protocol: The trial as written.
        name: one of `names(protocol)`.
        datasets: The analysis datasets by name, checked.

    Raises:
        ProtocolError: The protocol declares no such analysis.
        AnalysisError: The data do not support it.
    """
    if name in DESCRIPTIVE:
        return DESCRIPTIVE[name](protocol, datasets)
    if name == MULTIPLICITY and protocol.multiplicity is not None:
        return declared_multiplicity(protocol, protocol.multiplicity, datasets, run)
    analysis = protocol.analysis(name)
    return METHODS[analysis.method](protocol, analysis, datasets)


def needs(protocol: Protocol, name: str) -> tuple[str, ...]:
    """Return the names of the datasets that an analysis reads."""
    if name in DESCRIPTIVE:
        return ("adsl",)
    if name == MULTIPLICITY and protocol.multiplicity is not None:
        each = [needs(protocol, hypothesis) for hypothesis in protocol.multiplicity.hypotheses]
        return tuple(dict.fromkeys(dataset for datasets in each for dataset in datasets))
    analysis = protocol.analysis(name)
    own = datasets_of(protocol, protocol.endpoint(protocol.estimand(analysis.estimand).endpoint))
    return tuple(dict.fromkeys(("adsl", *own, *(("adlb",) if _reads_labs(analysis) else ()))))


def _reads_labs(analysis: Analysis) -> bool:
    """Say whether an analysis takes a biomarker from the laboratory dataset besides its endpoint."""
    if isinstance(analysis, ModifierAnalysis):
        return analysis.modifier != "BASE"
    if isinstance(analysis, ModifiersAnalysis):
        return any(modifier.biomarker != "BASE" for modifier in analysis.modifiers)
    return analysis.method in {"responder", "landmark", "mediation"}
