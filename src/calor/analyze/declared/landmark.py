"""The declared landmark analysis of events: not randomized, without a p-value, and with a warning."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.analyze.declared.follow_up import EVENT, TIME, FollowUp, follow_up
from calor.analyze.declared.judged import RESPONDER, judged_at_visit
from calor.analyze.declared.left_out import not_analyzed
from calor.analyze.declared.records import ARM, SUBJECT, Datasets
from calor.analyze.declared.time_axis import numbers_at_risk
from calor.analyze.estimate import Estimate
from calor.analyze.finding import Finding
from calor.analyze.survival.kaplan_meier import kaplan_meier
from calor.analyze.survival.landmark import Landmark, landmark
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import LandmarkAnalysis
from calor.protocol.visits import analysis_day

GROUPS = ("Others", "Responders")


def declared_landmark(protocol: Protocol, analysis: LandmarkAnalysis, datasets: Datasets) -> Finding:
    """Relate response at a landmark to events after it, as the protocol declares.

    Raises:
        AnalysisError: Nobody is followed beyond the landmark, or one of the two groups has no event after it.
    """
    held = follow_up(protocol, analysis, datasets, analysis.covariates)
    biomarker, visit = protocol.biomarker(analysis.biomarker), protocol.visit(analysis.visit)
    at = float(analysis_day(visit.window[1]))
    rule = f"{biomarker.label} {analysis.comparator} {analysis.cutoff:g} {biomarker.unit} at {visit.label}"
    table, unknown = _grouped(held, judged_at_visit(protocol, analysis, datasets))
    found = landmark(
        table, time=TIME, event=EVENT, at=at, covariates=[RESPONDER, ARM, *analysis.covariates],
        categories={RESPONDER: GROUPS, ARM: held.arms}, level=analysis.level,
    )  # fmt: skip
    after = table[table[TIME] > at].assign(**{TIME: table[TIME] - at}).reset_index(drop=True)
    curves = kaplan_meier(after, time=TIME, event=EVENT, arm=RESPONDER, arms=GROUPS, level=analysis.level)
    ratio = found.fit.hazard_ratio(f"{RESPONDER}[{GROUPS[1]}]")
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=f"Cox model from day {at:g}, adjusted for arm, not randomized",
        estimand=f"No effect of treatment: responders ({rule}) against others",
        population=protocol.analysis_set(analysis.set).label,
        arms=held.arms,
        sentences=(_sentence(ratio, rule, at, analysis.label),),
        tables={
            "ratios": _ratios(found),
            "counts": _counts(after),
            "curve": curves.to_frame(),
            "at_risk": numbers_at_risk(curves, held.endpoint.horizon_days - at),
            "axis": pd.DataFrame([{"label": held.endpoint.label, "rule": rule, "at": at}]),
        },
        notes=(
            "Warning: responders and others were not randomized. Who responds differs from who does not in more "
            "than treatment, so the ratio is no effect of it, and no p-value is given.",
            *(note for e in found.excluded for note in not_analyzed(e.participants, f"{e.reason} (day {at:g})")),
            *not_analyzed(unknown, "no value to judge by"),
            *held.notes,
        ),
    )


def _grouped(held: FollowUp, response: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Add who had responded; count those who could not be judged."""
    joined = held.table.merge(response, on=SUBJECT, how="left", validate="1:1")
    known = joined[joined[RESPONDER].notna()]
    named = np.where(known[RESPONDER].astype(bool), GROUPS[1], GROUPS[0])
    if len(set(named)) < 2:
        raise AnalysisError.must(
            "cutoff", "split the participants into responders and others", "one group", fix="Declare another rule."
        )
    return known.assign(**{RESPONDER: named}).reset_index(drop=True), len(joined) - len(known)


def _sentence(ratio: Estimate, rule: str, at: float, label: str) -> str:
    return (
        f"NOT RANDOMIZED. {rule} v others, {label} after day {at:g}: hazard ratio {ratio.estimate:.2f} "
        f"(CI {ratio.lower:.2g} to {ratio.upper:.2g}; {ratio.method}, n = {ratio.n})"
    )


def _ratios(found: Landmark) -> pd.DataFrame:
    """Return the model's hazard ratios without their p-values."""
    rows = [found.fit.hazard_ratio(name) for name in found.fit.terms.names]
    return pd.DataFrame(
        [
            {"label": r.label.partition(", ")[2], "estimate": r.estimate, "lower": r.lower, "upper": r.upper, "n": r.n}
            for r in rows
        ]
    )


def _counts(after: pd.DataFrame) -> pd.DataFrame:
    """Count participants and events after the landmark by response and arm."""
    counted = after.groupby([RESPONDER, ARM], sort=True)[EVENT].agg(["size", "sum"]).reset_index()
    return counted.set_axis(["group", "arm", "participants", "events"], axis=1)
