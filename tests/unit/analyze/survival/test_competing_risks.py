"""Competing risks: cumulative incidence, Gray's test, Fine-Gray and cause-specific hazards."""

from __future__ import annotations

import numpy as np
import pytest
from tests.survival_trial import trial

from calor.analyze.survival.aalen_johansen import aalen_johansen
from calor.analyze.survival.cause_specific_cox import cause_specific_cox
from calor.analyze.survival.competing_risks import competing_risks
from calor.analyze.survival.cox import cox
from calor.analyze.survival.fine_gray import fine_gray
from calor.analyze.survival.gray import gray
from calor.analyze.survival.kaplan_meier import kaplan_meier
from calor.analyze.survival.logrank import logrank
from calor.errors import AnalysisError

COLUMNS = {"time": "time", "status": "status"}


def test_incidences_and_freedom_from_events_add_up_to_one() -> None:
    curves = [aalen_johansen(trial(), **COLUMNS, cause=c, variance="jackknife").at([3, 6]) for c in (0, 1, 2)]
    assert sum(c["incidence"] for c in curves).tolist() == pytest.approx([1, 1])


def test_with_one_cause_incidence_is_one_minus_kaplan_meier() -> None:
    table = trial().assign(status=lambda t: t["event"])
    curve = aalen_johansen(table, **COLUMNS).at([3, 6])
    free = kaplan_meier(table, time="time", event="event").at([3, 6])
    assert curve["incidence"].tolist() == pytest.approx((1 - free["survival"]).tolist())


def test_both_variances_are_close() -> None:
    table = trial(n=400)
    aalen, jackknife = (aalen_johansen(table, **COLUMNS, variance=v).at([3, 6]) for v in ("aalen", "jackknife"))  # type: ignore[arg-type]
    assert aalen["se"].tolist() == pytest.approx(jackknife["se"].tolist(), rel=0.02)


def test_with_one_cause_grays_test_is_close_to_the_log_rank_test() -> None:
    table = trial(n=400).assign(status=lambda t: t["event"])
    wanted = logrank(table, time="time", event="event", arm="arm").chi_square
    assert gray(table, **COLUMNS, arm="arm").chi_square == pytest.approx(wanted, rel=0.05)


def test_with_one_cause_fine_gray_is_cox() -> None:
    table = trial().assign(status=lambda t: t["event"])
    plain = cox(table, time="time", event="event", covariates=["active", "age"], ties="breslow")
    got = fine_gray(table, **COLUMNS, covariates=["active", "age"])
    assert got.coefficients == pytest.approx(plain.coefficients)


def test_both_forms_of_fine_gray_are_close() -> None:
    table = trial(n=400)
    one, other = (fine_gray(table, **COLUMNS, covariates=["active"], form=f) for f in ("fine-gray", "geskus"))  # type: ignore[arg-type]
    assert one.coefficients == pytest.approx(other.coefficients, abs=0.01)
    assert one.se == pytest.approx(other.se, rel=0.03)


def test_a_cause_specific_hazard_treats_other_causes_as_censoring() -> None:
    table = trial().assign(second=lambda t: (t["status"] == 2).astype(int))
    wanted = cox(table, time="time", event="second", covariates=["age"])
    got = cause_specific_cox(table, **COLUMNS, covariates=["age"], cause=2)
    assert got.coefficients == pytest.approx(wanted.coefficients)
    assert got.events == table["second"].sum()


@pytest.mark.parametrize("status", [1.5, -1, np.nan])
def test_a_status_that_is_no_cause_is_refused_by_row(status: float) -> None:
    table = trial().astype({"status": float})
    table.loc["S003", "status"] = status
    with pytest.raises(AnalysisError, match="S003"):
        competing_risks(table, **COLUMNS)


def test_causes_that_did_not_happen_are_refused() -> None:
    for method in (aalen_johansen, gray, fine_gray, cause_specific_cox):
        needs = {gray: {"arm": "arm"}, fine_gray: {"covariates": ["age"]}, cause_specific_cox: {"covariates": ["age"]}}
        with pytest.raises(AnalysisError, match="cause"):
            method(trial(), **COLUMNS, cause=7, **needs.get(method, {}))  # type: ignore[operator]
    with pytest.raises(AnalysisError, match="kaplan_meier"):
        aalen_johansen(trial(), **COLUMNS, cause=0)
    with pytest.raises(AnalysisError, match="hold an event"):
        aalen_johansen(trial().assign(status=0), **COLUMNS)
