"""Robust variance: near the model's when the model holds, larger when rows repeat."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.survival_trial import trial

from calor.analyze.survival.cox import cox
from calor.analyze.survival.lin_wei import lin_wei, score_residuals
from calor.errors import AnalysisError

COLUMNS = {"time": "time", "event": "event", "covariates": ["active", "age"]}


def test_residuals_add_up_to_the_score_which_is_zero() -> None:
    fit = cox(trial(digits=0), **COLUMNS, strata=["site"])
    assert score_residuals(fit).sum(axis=0) == pytest.approx([0, 0], abs=1e-8)


def test_both_variances_agree_when_the_model_holds() -> None:
    fit = cox(trial(n=3000), **COLUMNS)
    assert lin_wei(fit).se == pytest.approx(fit.se, rel=0.05)


def test_a_participant_counted_twice_is_told_by_the_clusters() -> None:
    table = trial(digits=6)
    twice = cox(pd.concat([table, table]), **COLUMNS, ties="breslow")
    once = cox(table, **COLUMNS, ties="breslow")
    by_participant = lin_wei(twice, [*range(80), *range(80)])
    assert by_participant.se == pytest.approx(lin_wei(once).se, rel=1e-9)
    assert twice.se == pytest.approx(once.se / np.sqrt(2), rel=1e-9)


def test_clusters_must_match_the_rows_and_outnumber_the_coefficients() -> None:
    fit = cox(trial(), **COLUMNS)
    with pytest.raises(AnalysisError, match="one for each row"):
        lin_wei(fit, ["a", "b"])
    with pytest.raises(AnalysisError, match="outnumber"):
        lin_wei(fit, ["a", "b"] * 40)
    with pytest.raises(AnalysisError, match="known"):
        lin_wei(fit, [None, *range(79)])
    with pytest.raises(AnalysisError, match="Efron"):
        lin_wei(cox(trial(), **COLUMNS, ties="exact"))
