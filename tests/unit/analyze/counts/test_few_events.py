"""Zero events against four: what is refused, what is shown instead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.few_event_counts import few_event_counts
from calor.analyze.counts.few_events import few_events
from calor.analyze.survival.cox import cox
from calor.analyze.survival.firth_cox import firth_cox
from calor.errors import AnalysisError

ARMS = ("placebo", "aldesleukin")


def trial(events: int = 4) -> pd.DataFrame:
    """31 against 32 participants; the first `events` of the placebo arm have the event."""
    days = np.r_[np.linspace(20, 170, 31), np.linspace(25, 180, 32)].round()
    return pd.DataFrame(
        {
            "days": days,
            "mi": [1] * events + [0] * (63 - events),
            "arm": ["placebo"] * 31 + ["aldesleukin"] * 32,
        }
    )


def test_ordinary_cox_refuses_an_arm_without_events_and_names_the_way_out() -> None:
    with pytest.raises(AnalysisError, match=r"aldesleukin.*firth_cox"):
        cox(trial(), time="days", event="mi", covariates=["arm"], categories={"arm": ARMS})


def test_ordinary_cox_refuses_a_covariate_that_separates_the_events() -> None:
    table = trial().assign(crp=lambda t: np.where(t["mi"] == 1, 9.0, 1.0) - np.arange(63) / 100)
    with pytest.raises(AnalysisError, match="irth"):
        cox(table, time="days", event="mi", covariates=["crp"])


def test_firth_cox_gives_a_finite_hazard_ratio_and_an_interval_that_holds_it() -> None:
    fit = firth_cox(trial(), time="days", event="mi", covariates=["arm"], categories={"arm": ARMS})
    ratio = fit.hazard_ratio("arm[aldesleukin]")
    assert 0 < ratio.lower < ratio.estimate < ratio.upper < np.inf
    assert ratio.estimate < 1


def test_firth_cox_refuses_data_without_any_event() -> None:
    with pytest.raises(AnalysisError, match="no event"):
        firth_cox(trial(0), time="days", event="mi", covariates=["arm"])


def test_methods_stand_side_by_side_with_the_primary_marked() -> None:
    result = few_events(
        trial(), time="days", event="mi", arm="arm", arms=ARMS, rng=np.random.default_rng(7), primary="logrank"
    )
    assert result.methods["primary"].sum() == 1
    low, high = result.spread
    assert low <= result.primary_p_value <= high
    assert "Log-rank test (primary)" in str(result)


def test_zero_of_thirty_two_leaves_up_to_8_9_percent() -> None:
    result = few_events(trial(), time="days", event="mi", arm="arm", arms=ARMS, rng=np.random.default_rng(7))
    bound = result.bounds[1]
    assert (bound.estimate, bound.n) == (0, 32)
    assert bound.upper == pytest.approx(1 - 0.05 ** (1 / 32), abs=1e-9)
    assert "8.9 %" in str(result)


def test_an_unknown_primary_method_is_refused() -> None:
    with pytest.raises(AnalysisError, match="fisher_exact"):
        few_events(
            trial(),
            time="days",
            event="mi",
            arm="arm",
            arms=ARMS,
            rng=np.random.default_rng(7),
            primary="best",  # type: ignore[arg-type]
        )


def test_counts_alone_agree_with_the_published_comparison() -> None:
    result = few_event_counts(EventCount(3, 28), EventCount(0, 27), arms=ARMS)
    assert result.primary_p_value == pytest.approx(0.24, abs=0.005)
    assert "0 of 27" in str(result)


def test_counts_without_any_event_are_refused() -> None:
    with pytest.raises(AnalysisError, match="no event"):
        few_event_counts(EventCount(0, 28), EventCount(0, 27), arms=ARMS)
    with pytest.raises(AnalysisError, match="boschloo"):
        few_event_counts(EventCount(3, 28), EventCount(0, 27), arms=ARMS, primary="logrank")  # type: ignore[arg-type]
