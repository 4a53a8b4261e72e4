"""The declared effect curve: the form of an effect over a baseline biomarker, and where an effect is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from calor.analyze.benefit.johnson_neyman import johnson_neyman
from calor.analyze.benefit.mfpi import mfpi
from calor.analyze.benefit.restricted_cubic_spline import spline_interaction
from calor.analyze.benefit.stepp import stepp
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.declared.left_out import not_analyzed
from calor.analyze.declared.modifier import (
    MODIFIER,
    modifier_records,
    modifier_words,
    other_covariates,
    region_words,
)
from calor.analyze.declared.records import ARM, Datasets, arm_labels
from calor.analyze.estimate import format_p
from calor.analyze.finding import Finding
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import EffectCurveAnalysis


class Curve(NamedTuple):
    """An effect over a biomarker, whichever form it has.

    Attributes:
        method: The form in a paper's words.
        points: Columns biomarker, effect, lower, upper.
        test: The test of the interaction in words.
        p_value: Its p-value.
        n: Participants used.
    """

    method: str
    points: pd.DataFrame
    test: str
    p_value: float
    n: int


def declared_effect_curve(protocol: Protocol, analysis: EffectCurveAnalysis, datasets: Datasets) -> Finding:
    """Estimate the effect as a curve of the form that the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    arms = arm_labels(protocol, estimand.treatment)
    table = modifier_records(protocol, analysis, datasets)
    comparison = Comparison("AVAL", ARM, arms, other_covariates(analysis))
    found = FORMS[analysis.form](table, comparison, analysis)
    region = johnson_neyman(table, comparison, biomarker=MODIFIER, scale=analysis.scale, level=analysis.level)
    what, unit = modifier_words(protocol, analysis)
    needed = table[[ARM, MODIFIER, "AVAL", *other_covariates(analysis)]].dropna()
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=found.method,
        estimand=estimand.label,
        population=protocol.analysis_set(analysis.set).label,
        arms=arms,
        sentences=(f"{analysis.label}, {found.method}: {found.test}, n = {found.n}", region_words(region, what, unit)),
        tables={
            "curve": found.points.assign(n=found.n),
            "test": pd.DataFrame([{"p_value": found.p_value, "level": analysis.level}]),
            "regions": region.to_frame().assign(participants=region.participants),
            "participants": needed[[ARM, MODIFIER]].reset_index(drop=True),
            "axis": pd.DataFrame([{"biomarker": what, "unit": unit, "scale": analysis.scale, "form": analysis.form}]),
        },
        p_values=(found.p_value,),
        notes=(
            *not_analyzed(len(table) - found.n, "a value is missing"),
            "The band is pointwise: it holds at one value of the biomarker, not for the whole curve, and it takes the "
            "form of the curve as given.",
        ),
    )


def _spline(table: pd.DataFrame, comparison: Comparison, analysis: EffectCurveAnalysis) -> Curve:
    found = spline_interaction(
        table, comparison, biomarker=MODIFIER, knots=analysis.knots, scale=analysis.scale, level=analysis.level
    )
    test = f"interaction {format_p(found.interaction.p_value)}, bend {format_p(found.nonlinearity.p_value)}"
    method = f"restricted cubic spline with {len(found.knots)} knots"
    return Curve(method, found.curve, test, found.interaction.p_value, found.n)


def _fractional_polynomial(table: pd.DataFrame, comparison: Comparison, analysis: EffectCurveAnalysis) -> Curve:
    found = mfpi(table, comparison, biomarker=MODIFIER, level=analysis.level)
    powers = ", ".join(f"{power:g}" for power in found.active_powers)
    test = f"interaction {format_p(found.p_f)} (F), which takes the powers as given"
    return Curve(f"fractional polynomial with powers {powers}", found.curve, test, found.p_f, found.n)


def _stepp(table: pd.DataFrame, comparison: Comparison, analysis: EffectCurveAnalysis) -> Curve:
    if analysis.window is None or analysis.seed is None:
        raise AnalysisError.must("window", "be given with a seed for STEPP", "none", fix="Declare window and seed.")
    size, overlap = analysis.window
    found = stepp(
        table, comparison, biomarker=MODIFIER, rng=np.random.default_rng(analysis.seed),
        size=size, overlap=overlap, permutations=analysis.permutations, level=analysis.level,
    )  # fmt: skip
    points = found.to_frame()[["biomarker", "effect", "lower", "upper", "lower_biomarker", "upper_biomarker"]]
    test = f"{format_p(found.p_value)} ({found.permutations:,} permutations)"
    method = f"STEPP, {len(found.windows)} windows of {size} participants, {overlap} shared"
    return Curve(method, points, test, found.p_value, found.overall.n)


FORMS: dict[str, Callable[[pd.DataFrame, Comparison, EffectCurveAnalysis], Curve]] = {
    "spline": _spline,
    "fractional_polynomial": _fractional_polynomial,
    "stepp": _stepp,
}
"""The function behind each form that a protocol may name."""
