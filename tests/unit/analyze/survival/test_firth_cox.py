"""Firth Cox: close to Cox with many events, finite with none in an arm."""

from __future__ import annotations

import numpy as np
import pytest
from tests.survival_trial import trial

from calor.analyze.survival.cox import cox
from calor.analyze.survival.firth_cox import firth_cox
from calor.errors import AnalysisError

COLUMNS = {"time": "time", "event": "event"}


def test_the_penalty_hardly_matters_with_many_events() -> None:
    table = trial(n=2000)
    firth = firth_cox(table, **COLUMNS, covariates=["active"], ties="efron")
    plain = cox(table, **COLUMNS, covariates=["active"])
    assert firth.coefficients == pytest.approx(plain.coefficients, abs=2e-3)
    assert firth.se == pytest.approx(plain.se, rel=1e-3)


def test_the_penalty_pulls_towards_no_effect() -> None:
    table = trial(n=40, log_hazard_ratio=-1.5)
    firth = firth_cox(table, **COLUMNS, covariates=["active"], ties="efron")
    assert abs(firth.coefficients[0]) < abs(cox(table, **COLUMNS, covariates=["active"]).coefficients[0])


def test_the_profile_limit_is_where_the_test_of_it_has_p_0_05() -> None:
    fit = firth_cox(trial(), **COLUMNS, covariates=["active"])
    moved = firth_cox(trial(), **COLUMNS, covariates=["active"], level=1 - fit.p_values[0])
    nearest = min(abs(moved.lower[0]), abs(moved.upper[0]))
    assert nearest == pytest.approx(0, abs=1e-6)


def test_the_likelihood_does_not_depend_on_a_covariates_unit() -> None:
    years = firth_cox(trial(), **COLUMNS, covariates=["active", "age"])
    days = firth_cox(trial().assign(age=lambda t: t["age"] * 365.25), **COLUMNS, covariates=["active", "age"])
    assert days.loglik == pytest.approx(years.loglik)
    assert days.lower[1] * 365.25 == pytest.approx(years.lower[1], rel=1e-6)


def test_wald_and_profile_intervals_are_told_apart() -> None:
    fit = firth_cox(trial(), **COLUMNS, covariates=["active"])
    assert "profile likelihood" in str(fit.hazard_ratio("active"))
    assert "Wald" in str(fit.wald("active"))
    assert fit.hazard_ratio("active").lower != fit.wald("active").lower


def test_what_cannot_be_estimated_is_refused() -> None:
    with pytest.raises(AnalysisError, match="one maximum"):
        firth_cox(trial().assign(twice=lambda t: 2 * t["active"]), **COLUMNS, covariates=["active", "twice"])
    with pytest.raises(AnalysisError, match="breslow"):
        firth_cox(trial(), **COLUMNS, covariates=["active"], ties="exact")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="finite"):
        firth_cox(trial().assign(age=np.inf), **COLUMNS, covariates=["age"])
