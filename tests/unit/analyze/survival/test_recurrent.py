"""Recurrent events: LWYY, the mean cumulative function, Poisson and negative binomial rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.survival_trial import ARMS, recurrent_trial, trial

from calor.analyze.counts.negative_binomial import negative_binomial
from calor.analyze.counts.poisson_regression import poisson_regression
from calor.analyze.survival.cox import cox
from calor.analyze.survival.lwyy import lwyy
from calor.analyze.survival.mean_cumulative import mean_cumulative
from calor.analyze.survival.nelson_aalen import nelson_aalen
from calor.analyze.survival.recurrent import recurrent
from calor.errors import AnalysisError

INTERVALS = {"start": "start", "stop": "stop", "event": "event"}
MODEL = {"covariates": ["arm"], "categories": {"arm": ARMS}}


def counts(n: int = 40) -> pd.DataFrame:
    table = recurrent_trial(n=n)
    table["years"] = table["stop"] - table["start"]
    return table.groupby("USUBJID").agg(events=("event", "sum"), years=("years", "sum"), arm=("arm", "first"))


COUNTS = {"events": "events", "follow_up": "years", **MODEL}


def test_with_one_interval_each_lwyy_is_robust_cox() -> None:
    table = trial().assign(start=0.0, stop=lambda t: t["time"])
    wanted = cox(table, time="time", event="event", **MODEL)
    assert lwyy(table, **INTERVALS, **MODEL).coefficients == pytest.approx(wanted.coefficients)


def test_participants_not_intervals_are_counted() -> None:
    fit = lwyy(recurrent_trial(), **INTERVALS, **MODEL)
    assert fit.n == 40
    assert fit.events == recurrent_trial()["event"].sum()
    assert "rate ratio" in str(fit)


def test_with_one_event_each_the_mean_is_nelson_aalens() -> None:
    table = trial().assign(start=0.0, stop=lambda t: t["time"])
    wanted = nelson_aalen(table, time="time", event="event").at([3, 6])["hazard"]
    assert mean_cumulative(table, **INTERVALS).at([3, 6])["mean"].tolist() == pytest.approx(wanted.tolist())


def test_with_full_follow_up_the_mean_is_events_per_participant() -> None:
    table = pd.DataFrame(
        {"start": [0, 2, 0, 0, 1], "stop": [2, 5, 5, 1, 5], "event": [1, 0, 0, 1, 1]}, index=["a", "a", "b", "c", "c"]
    )
    got = mean_cumulative(table, **INTERVALS).at([5])
    assert got["mean"].iloc[0] == pytest.approx(1.0)
    assert got["se"].iloc[0] == pytest.approx(np.std([1, 0, 2]) / np.sqrt(3))


def test_a_saturated_poisson_rate_ratio_is_the_ratio_of_rates() -> None:
    table = counts()
    rate = table.groupby("arm")[["events", "years"]].sum().eval("events / years")
    got = poisson_regression(table, **COUNTS).rate_ratio("arm[active]")
    assert got.estimate == pytest.approx(rate["active"] / rate["placebo"])


def test_participants_who_differ_widen_the_poisson_interval() -> None:
    table = counts(400)
    robust, model, scaled = (poisson_regression(table, **COUNTS, variance=v) for v in ("robust", "model", "dispersion"))  # type: ignore[arg-type]
    assert robust.se[1] > model.se[1]
    assert scaled.se[1] == pytest.approx(model.se[1] * np.sqrt(model.dispersion))


def test_the_negative_binomial_finds_the_shape_that_was_drawn() -> None:
    fit = negative_binomial(counts(2000), **COUNTS)
    assert fit.theta == pytest.approx(2.0, rel=0.3)


def test_counts_without_overdispersion_are_refused() -> None:
    table = pd.DataFrame({"events": [1, 2, 1, 2, 1, 2], "years": 1.0, "arm": [*ARMS] * 3})
    with pytest.raises(AnalysisError, match="poisson_regression"):
        negative_binomial(table, **COUNTS)


def test_an_arm_without_events_is_refused_with_the_exact_way_out() -> None:
    table = counts().assign(events=lambda t: t["events"] * (t["arm"] == "placebo"))
    for method in (poisson_regression, negative_binomial):
        with pytest.raises(AnalysisError, match="exact"):
            method(table, **COUNTS)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("changes", "says"), [({"events": -1}, "events"), ({"events": 1.5}, "events"), ({"years": 0.0}, "years")]
)
def test_counts_and_follow_up_that_make_no_rate_are_refused(changes: dict, says: str) -> None:
    with pytest.raises(AnalysisError, match=says):
        poisson_regression(counts().assign(**changes), **COUNTS)


def test_overlapping_intervals_and_changed_arms_are_refused_by_participant() -> None:
    overlap = pd.DataFrame({"start": [0, 1], "stop": [2, 3], "event": [1, 0]}, index=["S1", "S1"])
    with pytest.raises(AnalysisError, match="S1"):
        recurrent(overlap, **INTERVALS)
    changed = pd.DataFrame(
        {"start": [0, 2, 0, 0], "stop": [2, 3, 3, 3], "event": [1, 0, 0, 1], "arm": list("abab")},
        index=["S1", "S1", "S2", "S3"],
    )
    with pytest.raises(AnalysisError, match="S1"):
        recurrent(changed, **INTERVALS, arm="arm")
