"""The declared joint interaction: does the effect change with each biomarker, the others held fixed?"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from calor.analyze.benefit.joint_interaction import JointInteraction, joint_interaction
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.declared.left_out import left_out
from calor.analyze.declared.modifier import biomarker_words, modifiers_records
from calor.analyze.declared.records import ARM, Datasets, arm_labels, compared
from calor.analyze.estimate import format_p
from calor.analyze.finding import Finding
from calor.protocol import Protocol
from calor.protocol.analyses import JointInteractionAnalysis, ModifiersAnalysis


def declared_joint_interaction(protocol: Protocol, analysis: JointInteractionAnalysis, datasets: Datasets) -> Finding:
    """Estimate the interactions with several biomarkers in one model, as the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    arms = arm_labels(protocol, estimand.treatment)
    table = modifiers_records(protocol, analysis, datasets)
    scales = {m.biomarker: m.scale for m in analysis.modifiers}
    comparison = Comparison("AVAL", ARM, arms, analysis.covariates)
    found = joint_interaction(table, comparison, biomarkers=scales, level=analysis.level)
    words = per_unit(protocol, analysis)
    names = [biomarker_words(protocol, analysis.estimand, m.biomarker)[0] for m in analysis.modifiers]
    first = found.slopes[0]
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=first.method,
        estimand=estimand.label,
        population=protocol.analysis_set(analysis.set).label,
        arms=arms,
        sentences=_sentences(found, compared(arms[1], arms[0]), words),
        tables={
            "slopes": found.to_frame().assign(label=words),
            "correlation": found.correlation.set_axis(names, axis=1).assign(label=names),
            "test": pd.DataFrame([{"p_value": found.joint.p_value, "level": analysis.level}]),
        },
        p_values=(found.joint.p_value,),
        notes=(
            *left_out(first.excluded),
            "Each slope holds the other biomarkers fixed; the more these are correlated, the less their slopes can be "
            "told apart.",
        ),
    )


def per_unit(protocol: Protocol, analysis: ModifiersAnalysis) -> list[str]:
    """Say what one unit of each modifier is."""
    return [
        f"{'natural logarithm' if m.scale == 'log' else 'unit'} of "
        f"{biomarker_words(protocol, analysis.estimand, m.biomarker)[0]}"
        for m in analysis.modifiers
    ]


def _sentences(found: JointInteraction, comparison: str, words: list[str]) -> tuple[str, ...]:
    named = (
        str(replace(slope, label=f"{comparison}, change of the effect per {unit}, the others held fixed"))
        for slope, unit in zip(found.slopes, words, strict=True)
    )
    joint = found.joint
    together = f"All together: F({joint.df1}, {joint.df2}) = {joint.f:.2f}, {format_p(joint.p_value)}"
    return (*named, together)
