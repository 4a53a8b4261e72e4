"""What a protocol shows beneath a primary time-to-event method; what the data do not support is said in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.declared.events_beside import events_beside
from calor.analyze.declared.records import ARM
from calor.analyze.survival.rmst import rmst
from calor.protocol.analyses import EventsAnalysis

ARMS = ("Placebo", "Low", "High")


def _analysis(*beside: dict[str, object]) -> EventsAnalysis:
    named = {"id": "mi", "label": "infarction", "role": "secondary", "estimand": "mi", "set": "all"}
    return EventsAnalysis.model_validate(
        {**named, "method": "events", "primary_method": "logrank", "beside": list(beside)}
    )


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    scale = np.repeat([100.0, 200.0, 300.0], 40)
    days = rng.exponential(scale) + 1
    return pd.DataFrame({ARM: np.repeat(ARMS, 40), "AVAL": np.minimum(days, 365.0), "EVENT": (days < 365).astype(int)})


def test_restricted_means_name_every_arm_once_and_each_difference(table: pd.DataFrame) -> None:
    tables, notes = events_beside(table, _analysis({"method": "rmst", "horizon_days": 180}), ARMS)
    shown = tables["rmst"]
    assert shown["label"].tolist() == [
        "Placebo", "Low", "Low v placebo, difference", "High", "High v placebo, difference",
    ]  # fmt: skip
    pair = table[table[ARM] != "Low"].reset_index(drop=True)
    alone = rmst(pair, time="AVAL", event="EVENT", arm=ARM, arms=("Placebo", "High"), horizon=180)
    assert shown["estimate"].iloc[-1] == alone.difference.estimate
    assert shown["p_value"].isna().tolist() == [True, True, False, True, False]
    assert notes == ()


def test_horizon_beyond_follow_up_is_said_and_no_number_given(table: pd.DataFrame) -> None:
    tables, notes = events_beside(table, _analysis({"method": "rmst", "horizon_days": 5000}), ARMS)
    assert tables == {}
    assert all("`horizon` must lie between 0 and 365" in note for note in notes)
    assert len(notes) == 2


def test_hazards_that_cross_are_told_with_their_consequence() -> None:
    early, late = np.arange(1.0, 41), np.arange(161.0, 201)
    times = np.r_[early, late, np.linspace(60, 140, 80)]
    table = pd.DataFrame({ARM: np.repeat(["Placebo", "High"], 80), "AVAL": times, "EVENT": 1})
    tables, notes = events_beside(table, _analysis({"method": "proportional_hazards"}), ("Placebo", "High"))
    assert tables["proportional_hazards"]["p_value"].iloc[0] < 0.05
    assert notes[0].startswith("The hazard ratio of High v placebo changes in time")


def test_arm_without_events_leaves_proportional_hazards_untested(table: pd.DataFrame) -> None:
    none = table.assign(EVENT=table["EVENT"].where(table[ARM] == "Placebo", 0))
    tables, notes = events_beside(none, _analysis({"method": "proportional_hazards"}), ARMS)
    assert tables == {}
    assert notes[0].startswith("Proportional hazards of Low v placebo are not tested: ")


def test_posterior_rate_with_no_events_has_its_prior_beside_it() -> None:
    table = pd.DataFrame({ARM: ["Placebo"] * 4 + ["High"] * 4, "AVAL": 365.25, "EVENT": [1, 1, 0, 0, 0, 0, 0, 0]})
    wanted = {"method": "bayesian_rate", "prior_events": 0.5, "prior_years": 0}
    tables, notes = events_beside(table, _analysis(wanted), ("Placebo", "High"))
    rows = tables["bayesian_rate"].set_index("arm")
    assert rows.loc["High", "years"] == 4
    assert rows.loc["High", "predicted"] == pytest.approx((4 / 104) ** 0.5)
    assert rows.loc["High", "below_control"] > 0.9
    assert np.isnan(rows.loc["Placebo", "below_control"])
    assert set(rows["prior"]) == {"Gamma(0.5, 0)"}
    assert "prior Gamma(0.5, 0)" in notes[0]
