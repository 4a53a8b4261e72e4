"""Landmark analysis: who is in it, what it is called, and immortal time."""

from __future__ import annotations

import numpy as np
import pytest
from tests.survival_trial import trial

from calor.analyze.survival.cox import cox
from calor.analyze.survival.landmark import landmark
from calor.errors import AnalysisError

COLUMNS = {"time": "time", "event": "event"}


def test_only_those_still_followed_and_free_of_the_event_count() -> None:
    table = trial()
    result = landmark(table, **COLUMNS, at=3.0, covariates=["age"])
    assert result.fit.n == (table["time"] > 3).sum()
    assert result.fit.n + sum(e.participants for e in result.excluded) == 80


def test_every_print_says_that_it_is_not_randomized() -> None:
    result = landmark(trial(), **COLUMNS, at=3.0, covariates=["age"])
    assert "not randomized" in str(result)
    assert "not randomized" in str(result.hazard_ratio("age"))
    assert result.to_frame()["label"].str.contains("not randomized").all()


def test_responders_by_chance_look_protected_only_without_the_landmark() -> None:
    table = trial(n=1500)
    responds_at = np.random.default_rng(8).exponential(6, 1500)
    table["responder"] = (responds_at < table["time"]).astype(int)
    naive = cox(table, **COLUMNS, covariates=["responder"]).hazard_ratio("responder")
    table["responder"] = (responds_at < 3).astype(int)
    fair = landmark(table, **COLUMNS, at=3.0, covariates=["responder"]).hazard_ratio("responder")
    assert naive.upper < 0.8
    assert fair.lower < 1 < fair.upper


@pytest.mark.parametrize("at", [0.0, -1.0, 100.0])
def test_a_landmark_without_later_events_is_refused(at: float) -> None:
    with pytest.raises(AnalysisError, match="landmark"):
        landmark(trial(), **COLUMNS, at=at, covariates=["age"])
