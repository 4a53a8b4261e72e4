"""The declared mediation: how much of the effect runs through a biomarker, and how easily that answer is upset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from calor.analyze.benefit.mediation import Mediation, mediation
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.declared.left_out import left_out
from calor.analyze.declared.modifier import baseline_of, endpoint_records
from calor.analyze.declared.records import ARM, SUBJECT, Datasets, arm_labels, compared
from calor.analyze.finding import Finding
from calor.datasets.censored import numbers
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import MediationAnalysis

MEDIATOR, BEFORE = "MEDIATOR", "MEDIATOR_BASE"


def declared_mediation(protocol: Protocol, analysis: MediationAnalysis, datasets: Datasets) -> Finding:
    """Split the effect as the protocol declares; the mediator's own baseline is held fixed in both models."""
    estimand = protocol.estimand(analysis.estimand)
    arms = arm_labels(protocol, estimand.treatment)
    table = _records(protocol, analysis, datasets)
    found = mediation(
        table,
        Comparison("AVAL", ARM, arms, (*analysis.covariates, BEFORE)),
        mediator=MEDIATOR,
        rng=np.random.default_rng(analysis.seed),
        bootstraps=analysis.bootstraps,
        level=analysis.level,
    )
    biomarker, visit = protocol.biomarker(analysis.mediator), protocol.visit(analysis.visit)
    what = f"{'log ' if analysis.scale == 'log' else ''}{biomarker.label} at {visit.label}"
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=f"linear mediation through {what}, bootstrap",
        estimand=estimand.label,
        population=protocol.analysis_set(analysis.set).label,
        arms=arms,
        sentences=_sentences(found, compared(arms[1], arms[0]), what),
        tables={
            "effects": _named(found, what),
            "sensitivity": found.sensitivity,
            "axis": pd.DataFrame([{"mediator": what, "rho_at_zero": found.rho_at_zero}]),
        },
        notes=(
            *left_out(found.indirect.excluded),
            "The arm was randomized, the mediator was not: whatever moves both the mediator and the endpoint makes an "
            "effect through it where there is none. No p-value is given.",
        ),
    )


def _records(protocol: Protocol, analysis: MediationAnalysis, datasets: Datasets) -> pd.DataFrame:
    """Return one row per participant: AVAL, covariates, the mediator and its baseline on the declared scale."""
    table = endpoint_records(protocol, analysis.estimand, analysis.set, analysis.covariates, datasets)
    before = baseline_of(protocol, analysis.mediator, datasets).rename(columns={analysis.mediator: BEFORE})
    biomarker = protocol.biomarker(analysis.mediator)
    labs = datasets["adlb"].frame
    rows = labs[(labs["PARAMCD"] == biomarker.paramcd) & (labs["AVISIT"] == protocol.visit(analysis.visit).label)]
    rows = rows[rows["ANL01FL"] == "Y"] if "ANL01FL" in rows else rows
    if rows[SUBJECT].duplicated().any():
        raise AnalysisError.must(
            "adlb",
            f"give each participant one {biomarker.paramcd} at {analysis.visit}",
            "more",
            fix="Flag it in ANL01FL.",
        )
    after = rows[[SUBJECT]].assign(**{MEDIATOR: numbers(rows)})
    for held in (before, after):
        table = table.merge(held, on=SUBJECT, how="left", validate="1:1")
    if analysis.scale == "linear":
        return table
    for column in (BEFORE, MEDIATOR):
        if (table[column] <= 0).any():
            raise AnalysisError.must(
                biomarker.paramcd, "be positive to have a logarithm", float(table[column].min()),
                fix='Declare scale = "linear".',
            )  # fmt: skip
    return table.assign(**{column: np.log(table[column]) for column in (BEFORE, MEDIATOR)})


def _sentences(found: Mediation, comparison: str, what: str) -> tuple[str, ...]:
    through = str(replace(found.indirect, label=f"{comparison}, through {what}"))
    rest = str(replace(found.direct, label=f"{comparison}, not through it", p_value=None))
    share = "no share" if found.share is None else f"{100 * found.share:.0f} %"
    upset = (
        f"That is {share} of the effect, and errors of mediator and endpoint correlated at {found.rho_at_zero:.2f} "
        "would explain it away"
    )
    return through, upset, rest


def _named(found: Mediation, what: str) -> pd.DataFrame:
    """Return the quantities under a reader's names, without p-values."""
    names = {
        "a": f"effect on {what}",
        "b": f"slope of the endpoint on {what}, arm held fixed",
        "indirect": f"effect through {what}",
        "direct": "effect not through it",
        "total": "effect in all",
    }
    table = found.to_frame()
    return table.assign(label=table["quantity"].map(names)).drop(columns="p_value")
