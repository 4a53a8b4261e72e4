"""Laws of the Kaplan-Meier curve."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calor.analyze.survival.kaplan_meier import kaplan_meier
from calor.analyze.survival.nelson_aalen import nelson_aalen

COLUMNS = {"time": "time", "event": "event"}


def draw(seed: int, n: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"time": rng.integers(1, 12, n).astype(float), "event": rng.integers(0, 2, n)})


@given(seed=st.integers(0, 10_000), n=st.integers(2, 30))
def test_without_censoring_it_is_the_share_still_free(seed: int, n: int) -> None:
    table = draw(seed, n).assign(event=1)
    curve = kaplan_meier(table, **COLUMNS).to_frame()
    shares = [(table["time"] > t).mean() for t in curve["time"]]
    assert curve["survival"].tolist() == pytest.approx(shares)


@given(seed=st.integers(0, 10_000), n=st.integers(2, 30))
def test_it_only_falls_and_lies_below_nelson_aalen(seed: int, n: int) -> None:
    table = draw(seed, n)
    survival = kaplan_meier(table, **COLUMNS).to_frame()["survival"]
    assert (survival.diff().dropna() <= 0).all()
    assert (survival <= nelson_aalen(table, **COLUMNS).to_frame()["survival"] + 1e-12).all()


@given(seed=st.integers(0, 10_000), n=st.integers(2, 30), factor=st.floats(0.01, 100))
def test_another_unit_of_time_scales_the_median(seed: int, n: int, factor: float) -> None:
    table = draw(seed, n)
    days = kaplan_meier(table, **COLUMNS).median("all").time
    other = kaplan_meier(table.assign(time=table["time"] * factor), **COLUMNS).median("all").time
    assert (days is None) == (other is None)
    if days is not None:
        assert other == pytest.approx(days * factor)
