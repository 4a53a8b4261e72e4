"""The declared threshold search: a post hoc cut-off, with inference that pays for the search."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.analyze.benefit.threshold_search import ThresholdSearch, threshold_search
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.declared.left_out import not_analyzed
from calor.analyze.declared.modifier import MODIFIER, modifier_records, modifier_words, other_covariates
from calor.analyze.declared.records import ARM, Datasets, arm_labels
from calor.analyze.estimate import format_p
from calor.analyze.finding import Finding
from calor.protocol import Protocol
from calor.protocol.analyses import ThresholdSearchAnalysis


def declared_threshold_search(protocol: Protocol, analysis: ThresholdSearchAnalysis, datasets: Datasets) -> Finding:
    """Search for a cut-off as the protocol declares; nothing is offered to a multiplicity procedure."""
    estimand = protocol.estimand(analysis.estimand)
    arms = arm_labels(protocol, estimand.treatment)
    table = modifier_records(protocol, analysis, datasets)
    found = threshold_search(
        table, Comparison("AVAL", ARM, arms, other_covariates(analysis)), biomarker=MODIFIER,
        rng=np.random.default_rng(analysis.seed), between=analysis.between,
        permutations=analysis.permutations, bootstraps=analysis.bootstraps, level=analysis.level,
    )  # fmt: skip
    what, unit = modifier_words(protocol, analysis)
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method="search for the strongest interaction, permutation test over all cut-offs",
        estimand=estimand.label,
        population=protocol.analysis_set(analysis.set).label,
        arms=arms,
        sentences=_sentences(found, what, "" if unit == "1" else f" {unit}"),
        tables={
            "cuts": found.to_frame().assign(n=found.n),
            "best": _best(found),
            "axis": pd.DataFrame([{"biomarker": what, "unit": unit}]),
        },
        notes=(
            *not_analyzed(len(table) - found.n, "a value is missing"),
            "Post hoc: the cut-off was chosen by these data. The effects on its two sides differ too much, because the "
            "search picked them; another trial has to confirm them.",
            "Cutting a biomarker costs power: the effect as a curve over it says more.",
        ),
    )


def _best(found: ThresholdSearch) -> pd.DataFrame:
    """Return the chosen cut-off with all that is known of it, one row."""
    return pd.DataFrame(
        [
            {
                "cut": found.best_cut,
                "lower": found.lower,
                "upper": found.upper,
                "level": found.level,
                "cuts": len(found.cuts),
                "p_value": found.p_value,
                "p_unadjusted": found.unadjusted_p_value,
                "effect_below": found.effect_below,
                "effect_above": found.effect_above,
                "permutations": found.permutations,
            }
        ]
    )


def _sentences(found: ThresholdSearch, what: str, unit: str) -> tuple[str, ...]:
    return (
        f"Post hoc threshold of {what}: {found.best_cut:.3g}{unit} ({found.level * 100:g} % bootstrap interval "
        f"{found.lower:.3g} to {found.upper:.3g}{unit}), the strongest of {len(found.cuts)} cut-offs tried; "
        f"interaction {format_p(found.p_value)} adjusted for the search ({found.permutations:,} permutations), "
        f"n = {found.n}",
        f"Had it been named in advance, {format_p(found.unadjusted_p_value)}; it was not",
    )
