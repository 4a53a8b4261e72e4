"""The declared landmark analysis of responders: not randomized, without a p-value, and with a warning."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from calor.analyze.benefit.responder import landmark_responder
from calor.analyze.declared.judged import RESPONDER, judged_at_visit
from calor.analyze.declared.left_out import left_out
from calor.analyze.declared.records import (
    ARM,
    SUBJECT,
    Datasets,
    arm_labels,
    continuous,
    endpoint_rows,
    one_row_each,
    participants,
)
from calor.analyze.finding import Finding
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import ResponderAnalysis
from calor.protocol.visits import analysis_day


def declared_responder(protocol: Protocol, analysis: ResponderAnalysis, datasets: Datasets) -> Finding:
    """Compare responders with others as the protocol declares, in the active arm and in the control arm."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = continuous(protocol.endpoint(estimand.endpoint))
    arms = arm_labels(protocol, estimand.treatment)
    if len(arms) != 2:
        raise AnalysisError.must("arms", "be control and one active arm", list(arms), fix="Name one in the estimand.")
    population = protocol.analysis_set(analysis.set)
    people = participants(datasets, population, arms, actual=False)
    table = one_row_each(people, endpoint_rows(protocol, datasets, endpoint), ["AVAL", "ADY"], endpoint.dataset)
    table = table.merge(judged_at_visit(protocol, analysis, datasets), on=SUBJECT, how="left", validate="1:1")
    visit, biomarker = protocol.visit(analysis.visit), protocol.biomarker(analysis.biomarker)
    found = landmark_responder(
        table, response="AVAL", response_day="ADY", responder=RESPONDER, arm=ARM, arms=(arms[0], arms[1]),
        landmark_day=analysis_day(visit.window[1]), level=analysis.level,
    )  # fmt: skip
    rule = f"{biomarker.label} {analysis.comparator} {analysis.cutoff:g} {biomarker.unit} at {visit.label}"
    active = replace(found.difference, label=f"NOT RANDOMIZED. {arms[1]}, {rule} v others, {analysis.label}")
    control = replace(found.same_in_control, label=f"The same split of the {arms[0]} arm")
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method="difference of means at a landmark, not randomized",
        estimand=f"No effect of treatment: responders ({rule}) against others",
        population=population.label,
        arms=arms,
        sentences=(str(active), str(control)),
        tables={
            "differences": found.to_frame().assign(arm=[arms[1], arms[0]]),
            "counts": _counts(table, arms),
            "axis": pd.DataFrame([{"label": endpoint.label, "unit": endpoint.unit, "rule": rule}]),
        },
        notes=(
            "Warning: responders and others were not randomized. Who responds differs from who does not in more "
            "than treatment, so the difference is no effect of it, and no p-value is given.",
            f"The {arms[0]} arm is split in the same way, where no drug can have made responders: what it shows, the "
            "split alone can do.",
            *left_out(found.difference.excluded),
        ),
    )


def _counts(table: pd.DataFrame, arms: tuple[str, ...]) -> pd.DataFrame:
    """Count responders, others and those who could not be judged in each arm."""
    rows = []
    for arm in arms:
        here = table.loc[table[ARM] == arm, RESPONDER]
        responders = int((here == True).sum())  # noqa: E712 (missing values are neither)
        unknown = int(here.isna().sum())
        rows.append(
            {"arm": arm, "responders": responders, "others": len(here) - responders - unknown, "unknown": unknown}
        )
    return pd.DataFrame(rows)
