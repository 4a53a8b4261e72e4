"""Columns that must be there, and filled."""

from __future__ import annotations

from collections.abc import Iterator

from calor.datasets.rules.rule import AdamClass, Found, Given, Rule
from calor.protocol.analyses import (
    Analysis,
    AncovaAnalysis,
    DoseTrendAnalysis,
    ModifierAnalysis,
    RepeatedAnalysis,
    ResponderAnalysis,
    SubgroupsAnalysis,
)
from calor.protocol.endpoints import BinaryEndpoint, ContinuousEndpoint

REQUIRED: dict[AdamClass, tuple[str, ...]] = {
    "ADSL": ("STUDYID", "USUBJID", "TRT01P", "TRT01A"),
    "BDS": ("STUDYID", "USUBJID", "PARAMCD", "PARAM", "AVISIT", "AVAL"),
    "TTE": ("STUDYID", "USUBJID", "PARAMCD", "PARAM", "AVAL", "CNSR"),
    "OCCDS": ("STUDYID", "USUBJID", "AETERM", "AEDECOD", "AEBODSYS"),
    "other": ("USUBJID",),
}
"""Columns that every dataset of a class has (ADaM Implementation Guide 1.3, OCCDS 1.1)."""
_KEYS = ("USUBJID", "PARAMCD")


def needed(given: Given, name: str) -> list[str]:
    """Return the columns that a dataset must have: those of its class and those that the protocol's analyses name."""
    columns = list(REQUIRED[given.class_of(name)])
    if name == "adsl":
        columns += [analysis_set.flag for analysis_set in given.protocol.sets]
    estimands = {estimand.id: estimand.endpoint for estimand in given.protocol.estimands}
    for endpoint in given.protocol.dataset_endpoints:
        if endpoint.dataset == name:
            columns += list(endpoint.where)
            for analysis in given.protocol.analyses:
                columns += _named(analysis) if estimands[analysis.estimand] == endpoint.id else ()
    return list(dict.fromkeys(columns))


def _named(analysis: Analysis) -> tuple[str, ...]:
    """Return the columns of the endpoint's dataset that an analysis names."""
    match analysis:
        case AncovaAnalysis() | DoseTrendAnalysis():
            return (analysis.response, *analysis.covariates, *analysis.factors)
        case RepeatedAnalysis():
            return (*analysis.covariates, *analysis.factors)
        case ModifierAnalysis() | SubgroupsAnalysis():
            return analysis.covariates
        case ResponderAnalysis():
            return ("ADY",)
        case _:
            return ()


def _no_adsl(given: Given) -> Iterator[Found]:
    if "adsl" not in given.datasets:
        yield Found("adsl", "")


def _missing_columns(given: Given) -> Iterator[Found]:
    for name, frame in given.frames():
        for column in needed(given, name):
            if column not in frame:
                yield Found(name, column)


def _missing_keys(given: Given) -> Iterator[Found]:
    for name, frame in given.frames():
        for column in _KEYS:
            if column in frame and frame[column].isna().any():
                yield Found(name, column, frame[column].isna())


def _no_endpoint(given: Given) -> Iterator[Found]:
    for endpoint in given.protocol.dataset_endpoints:
        if endpoint.dataset not in given.datasets:
            continue
        paramcd = getattr(endpoint, "paramcd", None)
        if paramcd is None:
            continue
        frame = given.frame(endpoint.dataset)
        if "PARAMCD" in frame and not (frame["PARAMCD"] == paramcd).any():
            yield Found(endpoint.dataset, "PARAMCD", value=paramcd)
        elif isinstance(endpoint, ContinuousEndpoint | BinaryEndpoint) and {"PARAMCD", "AVISIT"} <= set(frame.columns):
            label = given.protocol.visit(endpoint.visit).label
            if not (frame.loc[frame["PARAMCD"] == paramcd, "AVISIT"] == label).any():
                yield Found(endpoint.dataset, "AVISIT", value=label)


RULES = (
    Rule("no_adsl", "must be there: every analysis takes participants and arms from it", _no_adsl),
    Rule("missing_column", "must be a column of this dataset", _missing_columns),
    Rule("missing_key", "must not be missing", _missing_keys),
    Rule("no_endpoint", "must occur: the protocol analyzes it", _no_endpoint),
)
