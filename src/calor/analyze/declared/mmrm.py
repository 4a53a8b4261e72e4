"""The declared mixed model for repeated measures: the difference at the endpoint's visit, and at all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from calor.analyze.declared.left_out import left_out
from calor.analyze.declared.records import ARM, SUBJECT, Datasets, arm_labels, compared, continuous
from calor.analyze.declared.visits import RESPONSE, VISIT, VisitRecords, visit_records
from calor.analyze.estimate import Estimate, format_p
from calor.analyze.finding import Finding
from calor.analyze.mixed.covariance.structures import VisitStructure
from calor.analyze.mixed.mmrm import DegreesOfFreedom, Fitting, Mmrm, mmrm
from calor.analyze.mixed.visit_table import RepeatedMeasures
from calor.protocol import Protocol
from calor.protocol.analyses import Covariance, MmrmAnalysis
from calor.protocol.visits import Visit

STRUCTURES: dict[Covariance, VisitStructure] = {
    "unstructured": "unstructured",
    "compound_symmetry": "compound symmetry",
    "heterogeneous_compound_symmetry": "heterogeneous compound symmetry",
    "toeplitz": "Toeplitz",
    "heterogeneous_toeplitz": "heterogeneous Toeplitz",
    "autoregressive": "autoregressive",
    "heterogeneous_autoregressive": "heterogeneous autoregressive",
    "ante_dependence": "ante-dependence",
    "heterogeneous_ante_dependence": "heterogeneous ante-dependence",
}
"""The model's name of each covariance that a protocol may name."""

DEGREES: dict[str, DegreesOfFreedom] = {
    "kenward_roger_linear": "kenward-roger-linear",
    "kenward_roger": "kenward-roger",
    "satterthwaite": "satterthwaite",
    "between_within": "between-within",
}
"""The model's name of each count of degrees of freedom that a protocol may name."""


def declared_mmrm(protocol: Protocol, analysis: MmrmAnalysis, datasets: Datasets) -> Finding:
    """Compare arms over the visits as the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = continuous(protocol.endpoint(estimand.endpoint))
    arms = arm_labels(protocol, estimand.treatment)
    records = visit_records(protocol, analysis, datasets, endpoint)
    columns = RepeatedMeasures(
        RESPONSE, SUBJECT, VISIT, ARM, analysis.covariates, analysis.factors, by_visit=analysis.by_visit
    )
    fitting = Fitting(covariance=STRUCTURES[analysis.covariance], df=DEGREES[analysis.df])
    found = mmrm(records.table, columns, arms=arms, fitting=fitting, level=analysis.level)
    scaled = replace(
        found,
        contrasts=tuple(on_scale(e, analysis.scale) for e in found.contrasts),
        ls_means=tuple(on_scale(e, analysis.scale) for e in found.ls_means),
    )
    visits = [protocol.visit(name) for name in analysis.visits]
    at = protocol.visit(endpoint.visit).label
    contrasts = _by_visit(scaled.contrasts, [compared(arm, arms[0]) for arm in arms[1:]], visits)
    asked = [e for e, visit in zip(scaled.contrasts, contrasts["visit"], strict=True) if visit == at]
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=_method(analysis, asked[0]),
        estimand=estimand.label,
        population=protocol.analysis_set(analysis.set).label,
        arms=arms,
        sentences=_sentences(analysis, asked, found, arms, at),
        tables={
            "contrasts": contrasts,
            "ls_means": _counted(_by_visit(scaled.ls_means, arms, visits), records),
            "axis": pd.DataFrame([{"label": endpoint.label, "unit": endpoint.unit, "scale": analysis.scale, "at": at}]),
        },
        p_values=tuple(e.p_value for e in asked if e.p_value is not None),
        notes=(
            *records.notes,
            *left_out(found.excluded),
            f"Values that are missing are taken as missing at random ({found.estimand}).",
            f"Only {at} is tested; the other visits describe the course.",
        ),
    )


def on_scale(estimate: Estimate, scale: str) -> Estimate:
    """Turn a difference of logarithms into a ratio; leave anything else.

    >>> half = Estimate("a v b", -0.6931, -1.0, 0.0, 0.95, "difference", "MMRM", 10)
    >>> round(on_scale(half, "log").estimate, 3), on_scale(half, "log").scale, on_scale(half, "linear").estimate
    (0.5, 'ratio', -0.6931)
    """
    if scale == "linear":
        return estimate
    middle, lower, upper = (float(x) for x in np.exp([estimate.estimate, estimate.lower, estimate.upper]))
    return replace(estimate, estimate=middle, lower=lower, upper=upper, scale="ratio")


def _by_visit(estimates: Sequence[Estimate], names: Sequence[str], visits: Sequence[Visit]) -> pd.DataFrame:
    """Return one row per name and visit, in the model's order."""
    table = pd.concat([estimate.to_frame() for estimate in estimates], ignore_index=True)
    return table.assign(
        label=[name for name in names for _ in visits],
        visit=[visit.label for _ in names for visit in visits],
        day=[visit.day for _ in names for visit in visits],
    )


def _counted(ls_means: pd.DataFrame, records: VisitRecords) -> pd.DataFrame:
    """Put the number measured in each arm at each visit beside its LS mean."""
    measured = records.table.dropna(subset=[RESPONSE]).groupby([ARM, VISIT], observed=False).size()
    return ls_means.assign(
        n=[int(measured[arm, visit]) for arm, visit in zip(ls_means["label"], ls_means["visit"], strict=True)]
    )


def _method(analysis: MmrmAnalysis, estimate: Estimate) -> str:
    what = estimate.method.replace("MMRM", "MMRM of logarithms" if analysis.scale == "log" else "MMRM")
    terms = ["baseline" if name == "BASE" else name for name in (*analysis.covariates, *analysis.factors)]
    adjusted = f", adjusted for {' and '.join(terms)}" if terms else ""
    return f"{what}, {STRUCTURES[analysis.covariance]} covariance{adjusted}"


def _sentences(
    analysis: MmrmAnalysis, asked: Sequence[Estimate], found: Mmrm, arms: tuple[str, ...], at: str
) -> tuple[str, ...]:
    what = f"ratio of {analysis.label}" if analysis.scale == "log" else analysis.label
    named = [
        str(replace(estimate, label=f"{compared(arm, arms[0])}, {what} at {at}"))
        for arm, estimate in zip(arms[1:], asked, strict=True)
    ]
    joint = found.joint
    together = (
        f"{analysis.label} over all {len(found.visits)} visits together: F({joint.numerator_df:g}, "
        f"{joint.denominator_df:.1f}) = {joint.statistic:.2f}, {format_p(joint.p_value)}"
    )
    return (*named, together)
