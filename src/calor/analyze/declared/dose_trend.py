"""The declared dose trend: one slope over the arms' doses."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from calor.analyze.continuous.dose_trend import dose_trend
from calor.analyze.declared.left_out import left_out
from calor.analyze.declared.records import ARM, Datasets, continuous, endpoint_rows, one_row_each, participants
from calor.analyze.finding import Finding
from calor.protocol import Protocol
from calor.protocol.analyses import DoseTrendAnalysis


def declared_dose_trend(protocol: Protocol, analysis: DoseTrendAnalysis, datasets: Datasets) -> Finding:
    """Estimate the slope on dose as the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = continuous(protocol.endpoint(estimand.endpoint))
    names = (estimand.treatment.control, *estimand.treatment.active)
    doses: dict[Hashable, float] = {arm.label: arm.dose for arm in map(protocol.arm, names) if arm.dose is not None}
    population = protocol.analysis_set(analysis.set)
    people = participants(datasets, population, tuple(map(str, doses)), actual=False)
    columns = [analysis.response, *analysis.covariates, *analysis.factors]
    table = one_row_each(people, endpoint_rows(protocol, datasets, endpoint), columns, endpoint.dataset)
    found = dose_trend(
        table,
        response=analysis.response,
        arm=ARM,
        doses=doses,
        covariates=analysis.covariates,
        factors=analysis.factors,
        level=analysis.level,
    )
    named = replace(found, label=f"{analysis.label}, per unit of dose")
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=found.method,
        estimand=estimand.label,
        population=population.label,
        arms=tuple(map(str, doses)),
        sentences=(str(named),),
        tables={"slope": named.to_frame()},
        p_values=() if found.p_value is None else (found.p_value,),
        notes=left_out(found.excluded),
    )
