"""Cox regression: its parts agree with each other, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg
from tests.survival_trial import ARMS, trial

from calor.analyze.continuous.terms import terms
from calor.analyze.survival.cox import cox, fit_cox
from calor.analyze.survival.logrank import logrank
from calor.analyze.survival.time_to_event import time_to_event
from calor.errors import AnalysisError

COLUMNS = {"time": "time", "event": "event"}


def test_the_score_test_of_untied_data_is_the_log_rank_test() -> None:
    table = trial(digits=6)
    score = cox(table, **COLUMNS, covariates=["active"]).score
    assert score.statistic == pytest.approx(logrank(table, **COLUMNS, arm="arm").chi_square, rel=1e-9)


@pytest.mark.parametrize("ties", ["breslow", "exact"])
def test_ways_with_ties_agree_when_nothing_ties(ties: str) -> None:
    table = trial(digits=6)
    efron = cox(table, **COLUMNS, covariates=["active", "age"])
    other = cox(table, **COLUMNS, covariates=["active", "age"], ties=ties)  # type: ignore[arg-type]
    assert other.coefficients == pytest.approx(efron.coefficients, abs=1e-9)
    assert other.se == pytest.approx(efron.se, abs=1e-9)


def test_efron_lies_between_breslow_and_exact_with_many_ties() -> None:
    table = trial(digits=0, log_hazard_ratio=-1.0)
    ways = ("breslow", "efron", "exact")
    sizes = [abs(cox(table, **COLUMNS, covariates=["active"], ties=w).coefficients[0]) for w in ways]
    assert sizes == sorted(sizes)
    assert len({round(size, 6) for size in sizes}) == 3


def test_the_arm_is_named_in_print() -> None:
    fit = cox(trial(), **COLUMNS, covariates=["arm"], categories={"arm": ARMS})
    assert "hazard ratio, active v placebo" in str(fit)
    assert fit.hazard_ratio("arm[active]").estimate == pytest.approx(
        cox(trial(), **COLUMNS, covariates=["active"]).hazard_ratio("active").estimate
    )


def test_an_interaction_is_the_product_of_its_columns() -> None:
    table = trial().assign(product=lambda t: t["active"] * t["age"])
    written = cox(table, **COLUMNS, covariates=["active", "age", "active:age"])
    built = cox(table, **COLUMNS, covariates=["active", "age", "product"])
    assert written.coefficients == pytest.approx(built.coefficients)


def test_a_covariate_in_other_units_changes_only_its_coefficient() -> None:
    years = cox(trial(), **COLUMNS, covariates=["active", "age"])
    days = cox(trial().assign(age=lambda t: t["age"] * 365.25), **COLUMNS, covariates=["active", "age"])
    assert days.coefficients[1] * 365.25 == pytest.approx(years.coefficients[1], rel=1e-8)
    assert days.loglik == pytest.approx(years.loglik)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_delayed_entry_and_strata_agree_with_statsmodels(ties: str) -> None:
    table = trial(digits=0).assign(entry=lambda t: t["time"] * 0.37)
    data = time_to_event(table, time="time", event="event", start="entry", strata=["site"])
    got = fit_cox(data, terms(table, ["active", "age"]), ties=ties, level=0.95)  # type: ignore[arg-type]
    model = PHReg(
        table["time"],
        table[["active", "age"]],
        status=table["event"],
        entry=table["entry"],
        strata=data.stratum,
        ties=ties,
    )
    wanted = model.fit(method="newton", tol=1e-12, disp=0)
    assert got.coefficients == pytest.approx(wanted.params, abs=1e-6)
    assert got.se == pytest.approx(wanted.bse, rel=1e-6)
    assert got.loglik == pytest.approx(wanted.llf, abs=1e-8)


@pytest.mark.parametrize(
    ("covariates", "changes", "says"),
    [
        (["active", "twice"], {"twice": lambda t: 2 * t["active"]}, "one maximum"),
        (["constant"], {"constant": 1.0}, "differ among"),
        (["age"], {"age": np.nan}, "age"),
        (["age"], {"event": 0}, "hold an event"),
        (["height"], {}, "height"),
        ([], {}, "covariates"),
        (["age", "age"], {}, "once"),
    ],
)
def test_data_that_determine_no_hazard_ratio_are_refused(covariates: list[str], changes: dict, says: str) -> None:
    with pytest.raises(AnalysisError, match=says):
        cox(trial().assign(**changes), **COLUMNS, covariates=covariates)


def test_unknown_ties_level_and_names_are_refused() -> None:
    with pytest.raises(AnalysisError, match="efron"):
        cox(trial(), **COLUMNS, covariates=["age"], ties="discrete")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="level"):
        cox(trial(), **COLUMNS, covariates=["age"], level=95)
    with pytest.raises(AnalysisError, match="height"):
        cox(trial(), **COLUMNS, covariates=["age"]).hazard_ratio("height")
