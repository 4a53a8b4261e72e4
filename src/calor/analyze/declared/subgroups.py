"""The declared subgroups: the effect in each, the interaction tests, and estimates drawn towards each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from calor.analyze.benefit.subgroups import Subgroups, subgroups
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.declared.left_out import left_out
from calor.analyze.declared.records import (
    ARM,
    SUBJECT,
    Datasets,
    arm_labels,
    compared,
    continuous,
    endpoint_rows,
    one_row_each,
    participants,
)
from calor.analyze.estimate import format_p
from calor.analyze.finding import Finding
from calor.analyze.multiplicity.multiplicity import adjust
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import SubgroupsAnalysis

FLAGS = {"Y": "yes", "N": "no"}
"""How the levels of a flag are read."""


def declared_subgroups(protocol: Protocol, analysis: SubgroupsAnalysis, datasets: Datasets) -> Finding:
    """Estimate the effect in the subgroups that the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = continuous(protocol.endpoint(estimand.endpoint))
    arms = arm_labels(protocol, estimand.treatment)
    population = protocol.analysis_set(analysis.set)
    people = participants(datasets, population, arms, actual=False)
    columns = list(dict.fromkeys(["AVAL", *analysis.covariates]))
    table = one_row_each(people, endpoint_rows(protocol, datasets, endpoint), columns, endpoint.dataset)
    table = table.merge(_factors(people, analysis), on=SUBJECT, validate="1:1")
    comparison = Comparison("AVAL", ARM, arms, analysis.covariates)
    found = subgroups(table, comparison, by=analysis.by, level=analysis.level)
    labels = {name: datasets["adsl"].labels.get(name) or name for name in analysis.by}
    overall = replace(found.overall, label=f"{compared(arms[1], arms[0])}, {analysis.label}, everyone")
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method="ANCOVA with treatment by subgroup",
        estimand=estimand.label,
        population=population.label,
        arms=arms,
        sentences=(str(overall), _interactions(found, labels)),
        tables={
            "overall": found.overall.to_frame(),
            "levels": _levels(found, labels),
            "axis": pd.DataFrame([{"label": endpoint.label, "unit": endpoint.unit, "better": endpoint.better}]),
        },
        notes=(
            *left_out(found.overall.excluded),
            "No subgroup is tested on its own: an effect that is clear in one level and not in another is found in "
            "nearly half of trials without any interaction.",
            "The extreme subgroup looks better than it is; the estimates drawn towards each other (empirical Bayes) "
            "allow for that.",
        ),
    )


def _factors(people: pd.DataFrame, analysis: SubgroupsAnalysis) -> pd.DataFrame:
    """Return USUBJID and the factors, levels joined as the protocol says."""
    absent = [name for name in analysis.by if name not in people]
    if absent:
        raise AnalysisError.must("adsl", f"have the columns {', '.join(absent)}", "none", fix="The subgroups use them.")
    return people[[SUBJECT]].assign(
        **{name: _joined(people[name], name, analysis.joined.get(name, {})) for name in analysis.by}
    )


def _joined(column: pd.Series, name: str, joined: Mapping[str, str]) -> pd.Series:
    """Rename levels; a level that nobody has is a mistake in the protocol or in the data."""
    levels = set(column.dropna())
    strangers = sorted(set(joined) - levels)
    if strangers:
        raise AnalysisError.must(
            f"joined.{name}", f"name levels of it ({', '.join(sorted(map(str, levels)))})", ", ".join(strangers),
            fix="Spell them as ADSL does.",
        )  # fmt: skip
    names = {**(FLAGS if levels <= set(FLAGS) else {}), **joined}
    return column.map(lambda level: names.get(level, level), na_action="ignore")


def _levels(found: Subgroups, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return one row per level, with the interaction's p-value adjusted for the number of factors."""
    factors = list(found.interactions)
    adjusted = adjust(factors, [found.interactions[name].p_value for name in factors], "holm").adjusted
    table = found.to_frame()
    holm = dict(zip(factors, adjusted, strict=True))
    return table.assign(name=table["factor"].map(labels), p_holm=table["factor"].map(holm))


def _interactions(found: Subgroups, labels: Mapping[str, str]) -> str:
    rows = _levels(found, labels).drop_duplicates("factor").to_dict("records")
    tests = [f"{row['name']} {format_p(row['p_interaction'])} (Holm {row['p_holm']:.3f})" for row in rows]
    return f"Interaction with {'; '.join(tests)}"
