"""No method of times to events gives a number for what cannot be: each refuses, naming the rows."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from tests.unit.analyze.event_methods import ARMS, METHODS, participants

from calor.analyze.counts.boschloo import boschloo
from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.few_event_counts import few_event_counts
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.analyze.counts.gamma_poisson import GammaPrior, gamma_poisson
from calor.analyze.counts.mantel_haenszel import mantel_haenszel
from calor.analyze.counts.mcnemar import mcnemar
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen
from calor.analyze.counts.newcombe import newcombe
from calor.analyze.counts.poisson_rate import poisson_rate
from calor.analyze.counts.rate_difference import rate_difference
from calor.analyze.counts.rate_ratio import rate_ratio
from calor.errors import AnalysisError

COUNTED = ("poisson_regression", "negative_binomial")
CAUSES = ("aalen_johansen", "gray", "fine_gray", "cause_specific_cox")
WITHOUT_AGE = ("kaplan_meier", "nelson_aalen", "logrank", "weighted_logrank", "stratified_logrank",
               "permutation_logrank", "rmst", "aalen_johansen", "gray", "few_events", "mean_cumulative")  # fmt: skip
STRATIFIED = ("stratified_logrank", "stratified_cox")


def _set(column: str, value: object, row: str = "S07") -> Callable[[pd.DataFrame], pd.DataFrame]:
    def spoil(table: pd.DataFrame) -> pd.DataFrame:
        changed = table.astype({column: object})
        changed.loc[row, column] = value
        return changed if isinstance(value, str) else changed.astype({column: float})

    return spoil


ROWS = {
    "a time of zero": _set("days", 0.0),
    "a negative time": _set("days", -3.0),
    "an infinite time": _set("days", np.inf),
    "a missing time": _set("days", np.nan),
    "a text as time": _set("days", "soon"),
}
"""What is wrong with one row of any method."""


@pytest.mark.parametrize("fault", ROWS)
@pytest.mark.parametrize("method", METHODS)
def test_row_with_an_impossible_time_is_named(method: str, fault: str) -> None:
    with pytest.raises(AnalysisError, match="S07"):
        METHODS[method](ROWS[fault](participants()), ARMS)


@pytest.mark.parametrize("value", [2.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("method", sorted(set(METHODS) - set(COUNTED) - set(CAUSES)))
def test_row_whose_event_is_neither_0_nor_1_is_named(method: str, value: float) -> None:
    with pytest.raises(AnalysisError, match=r"must be 0 or 1.*S07"):
        METHODS[method](_set("mi", value)(participants()), ARMS)


@pytest.mark.parametrize("value", [-1.0, 1.5, np.nan])
@pytest.mark.parametrize("method", CAUSES)
def test_row_whose_cause_is_no_whole_number_is_named(method: str, value: float) -> None:
    with pytest.raises(AnalysisError, match="S07"):
        METHODS[method](_set("status", value)(participants()), ARMS)


@pytest.mark.parametrize("value", [-1.0, 1.5, np.nan, np.inf])
@pytest.mark.parametrize("method", COUNTED)
def test_row_whose_count_is_no_whole_number_is_named(method: str, value: float) -> None:
    with pytest.raises(AnalysisError, match="S07"):
        METHODS[method](_set("count", value)(participants()), ARMS)


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(WITHOUT_AGE)))
def test_row_with_an_infinite_covariate_is_named(method: str) -> None:
    with pytest.raises(AnalysisError, match="S07"):
        METHODS[method](_set("age", np.inf)(participants()), ARMS)


@pytest.mark.parametrize("method", METHODS)
def test_unknown_arm_is_refused(method: str) -> None:
    with pytest.raises(AnalysisError, match="arm"):
        METHODS[method](_set("arm", "another")(participants()), ARMS)


MODELS = ("cox", "stratified_cox", "firth_cox", "weibull", "grambsch_therneau", "fine_gray", "cause_specific_cox",
          "landmark", "lwyy", *COUNTED)  # fmt: skip
"""Regressions know covariates, not arms: a stated category with one participant is refused."""


@pytest.mark.parametrize("method", sorted(set(METHODS) - set(MODELS)))
def test_one_participant_in_an_arm_is_refused(method: str) -> None:
    table = participants()
    alone = table[(table["arm"] == ARMS[0]) | (table.index == "S01")]
    with pytest.raises(AnalysisError, match="at least two participants in each arm, got 1 in active"):
        METHODS[method](alone, ARMS)


@pytest.mark.parametrize("method", MODELS)
def test_one_participant_in_a_category_is_refused(method: str) -> None:
    table = participants()
    alone = table[(table["arm"] == ARMS[0]) | (table.index == "S01")]
    with pytest.raises(AnalysisError, match="at least two participants at each value, got 1 at active"):
        METHODS[method](alone, ARMS)


@pytest.mark.parametrize("method", METHODS)
def test_empty_table_is_refused(method: str) -> None:
    with pytest.raises(AnalysisError):
        METHODS[method](participants().iloc[:0].assign(days=np.array([], dtype=float)), ARMS)


@pytest.mark.parametrize("method", METHODS)
def test_missing_column_is_named(method: str) -> None:
    with pytest.raises(AnalysisError, match="have each column once, got none named arm"):
        METHODS[method](participants().drop(columns="arm"), ARMS)


@pytest.mark.parametrize("method", STRATIFIED)
def test_stratum_without_events_is_named_with_its_rows(method: str) -> None:
    table = participants()
    quiet = table.assign(mi=table["mi"].where(table["site"] == "x", 0))
    with pytest.raises(AnalysisError, match=r"`strata` must have an event in each stratum, got none at y, rows S02"):
        METHODS[method](quiet, ARMS)


@pytest.mark.parametrize("method", ["lwyy", "mean_cumulative"])
@pytest.mark.parametrize(("start", "words"), [(-5.0, "before randomization"), (9999.0, "be above from")])
def test_interval_that_starts_before_randomization_or_after_its_end_is_named(
    method: str, start: float, words: str
) -> None:
    with pytest.raises(AnalysisError, match=f"{words}.*S07"):
        METHODS[method](_set("from", start)(participants()), ARMS)


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"kaplan_meier", "nelson_aalen", "mean_cumulative"}))
def test_nobody_with_an_event_gives_no_number(method: str) -> None:
    if method in ("win_ratio", "stratified_win_ratio", "finkelstein_schoenfeld"):
        table = participants().assign(mi=0, age=60.0)  # the second component ties too
    else:
        table = participants().assign(mi=0, status=0, count=0)
    with pytest.raises(AnalysisError):
        METHODS[method](table, ARMS)


GOOD = (EventCount(3, 30), EventCount(6, 29))
LEVELS: dict[str, Callable[[float], object]] = {
    "clopper_pearson": lambda level: clopper_pearson(GOOD[0], level=level),
    "fisher_exact": lambda level: fisher_exact(*GOOD, level=level),
    "miettinen_nurminen": lambda level: miettinen_nurminen(*GOOD, level=level),
    "newcombe": lambda level: newcombe(*GOOD, level=level),
    "mantel_haenszel": lambda level: mantel_haenszel([GOOD, GOOD], level=level),
    "mcnemar": lambda level: mcnemar(2, 9, level=level),
    "poisson_rate": lambda level: poisson_rate(3, 100.0, level=level),
    "rate_ratio": lambda level: rate_ratio(3, 100.0, 6, 90.0, level=level),
    "rate_difference": lambda level: rate_difference(3, 100.0, 6, 90.0, level=level),
    "few_event_counts": lambda level: few_event_counts(*GOOD, arms=ARMS, level=level),
    "gamma_poisson": lambda level: gamma_poisson(3, 100.0, prior=GammaPrior(0.5, 0), n=30).estimate(level),
}


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95.0, np.nan])
@pytest.mark.parametrize("method", LEVELS)
def test_level_outside_0_to_1_is_refused(method: str, level: float) -> None:
    with pytest.raises(AnalysisError, match="`level` must lie between 0 and 1"):
        LEVELS[method](level)


@pytest.mark.parametrize(("events", "participants_"), [(5, 3), (-1, 3), (1, 0), (1.5, 3)])
def test_count_that_cannot_be_is_refused(events: float, participants_: int) -> None:
    with pytest.raises(AnalysisError, match=re.escape("`events`") + "|`participants`"):
        EventCount(events, participants_)  # type: ignore[arg-type]


@pytest.mark.parametrize("time", [0.0, -1.0, np.inf, np.nan])
def test_time_at_risk_that_cannot_be_is_refused(time: float) -> None:
    for call in (
        lambda: poisson_rate(3, time),
        lambda: rate_ratio(3, time, 6, 90.0),
        lambda: rate_difference(3, 100.0, 6, time),
        lambda: gamma_poisson(3, time, prior=GammaPrior(0.5, 0), n=30),
    ):
        with pytest.raises(AnalysisError):
            call()


def test_degenerate_tables_give_no_odds_ratio() -> None:
    nobody = EventCount(0, 30), EventCount(0, 29)
    with pytest.raises(AnalysisError):
        boschloo(*nobody)
    with pytest.raises(AnalysisError):
        few_event_counts(*nobody, arms=ARMS)
    assert fisher_exact(*nobody).odds_ratio is None
