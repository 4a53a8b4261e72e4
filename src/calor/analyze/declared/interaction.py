"""The declared interaction: does the effect change with a baseline biomarker?"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from calor.analyze.benefit.interaction import Interaction, interaction
from calor.analyze.benefit.johnson_neyman import johnson_neyman
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.declared.left_out import left_out
from calor.analyze.declared.modifier import (
    MODIFIER,
    modifier_records,
    modifier_words,
    other_covariates,
    region_words,
)
from calor.analyze.declared.records import ARM, Datasets, arm_labels, compared
from calor.analyze.finding import Finding
from calor.protocol import Protocol
from calor.protocol.analyses import InteractionAnalysis


def declared_interaction(protocol: Protocol, analysis: InteractionAnalysis, datasets: Datasets) -> Finding:
    """Estimate the treatment-by-biomarker interaction as the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    arms = arm_labels(protocol, estimand.treatment)
    table = modifier_records(protocol, analysis, datasets)
    comparison = Comparison("AVAL", ARM, arms, other_covariates(analysis))
    found = interaction(
        table,
        comparison,
        biomarker=MODIFIER,
        scale=analysis.scale,
        percentiles=analysis.percentiles,
        level=analysis.level,
    )
    region = johnson_neyman(table, comparison, biomarker=MODIFIER, scale=analysis.scale, level=analysis.level)
    what, unit = modifier_words(protocol, analysis)
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=found.slope_difference.method,
        estimand=estimand.label,
        population=protocol.analysis_set(analysis.set).label,
        arms=arms,
        sentences=(
            *_sentences(found, f"{compared(arms[1], arms[0])}, change of the effect", what, unit),
            region_words(region, what, unit),
        ),
        tables={
            "effects": found.to_frame().assign(n=found.slope_difference.n),
            "slope": found.slope_difference.to_frame(),
            "curve": found.curve,
            "regions": region.to_frame().assign(participants=region.participants),
            "participants": table[[ARM, MODIFIER]].dropna().reset_index(drop=True),
            "axis": pd.DataFrame([{"biomarker": what, "unit": unit, "scale": found.scale}]),
        },
        p_values=() if found.slope_difference.p_value is None else (found.slope_difference.p_value,),
        notes=(
            *left_out(found.slope_difference.excluded),
            "The effect is the difference between arms at each baseline value. Change against baseline within one arm "
            "would show regression to the mean, not benefit.",
        ),
    )


def _sentences(found: Interaction, label: str, what: str, unit: str) -> tuple[str, ...]:
    per = f"per natural logarithm of {what}" if found.scale == "log" else f"per unit of {what}"
    slope = str(replace(found.slope_difference, label=f"{label} {per}"))
    low, high = found.effects[0], found.effects[-1]
    shown = "" if unit == "1" else f" {unit}"
    ends = (
        f"Effect {low.effect.estimate:.3f} (CI {low.effect.lower:.3f} to {low.effect.upper:.3f}) at the "
        f"{low.percentile:g}th percentile ({low.biomarker:.3g}{shown}) and {high.effect.estimate:.3f} "
        f"(CI {high.effect.lower:.3f} to {high.effect.upper:.3f}) at the {high.percentile:g}th "
        f"({high.biomarker:.3g}{shown})."
    )
    return slope, ends
