"""Linear mixed models against statsmodels and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM

from calor.analyze.mixed.linear_mixed import linear_mixed
from calor.errors import AnalysisError


def growth(seed: int = 3, participants: int = 20, days: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    who, day = np.repeat(np.arange(participants), days), np.tile(np.arange(float(days)), participants)
    y = 10 + 2 * rng.normal(size=participants)[who] + (1 + 0.7 * rng.normal(size=participants)[who]) * day
    return who, day, y + rng.normal(size=who.size)


def test_random_slope_equals_statsmodels() -> None:
    who, day, y = growth()
    one = np.ones(day.size)
    keep = np.random.default_rng(0).random(day.size) < 0.8
    who, day, y, one = who[keep], day[keep], y[keep], one[keep]
    z = np.column_stack([one, day])
    got = linear_mixed(y, {"intercept": one, "day": day}, z, participant=who, df="satterthwaite")
    want = MixedLM(y, z, groups=who, exog_re=z).fit(reml=True)
    assert got.log_likelihood == pytest.approx(want.llf, abs=1e-4)
    np.testing.assert_allclose([e.estimate for e in got.fixed], want.fe_params, atol=1e-3)
    np.testing.assert_allclose(got.random, want.cov_re, rtol=2e-2)
    assert got.residual_variance == pytest.approx(want.scale, rel=1e-2)


def test_balanced_random_intercept_gives_the_within_participant_test_exactly() -> None:
    who, day, y = growth()
    one = np.ones(day.size)
    for df in ("kenward-roger", "satterthwaite"):
        fit = linear_mixed(y, {"intercept": one, "day": day}, one[:, None], participant=who, df=df)
        assert fit.fixed[1].df == pytest.approx(20 * 5 - 1, rel=1e-5)
    within = y - np.repeat(y.reshape(20, 6).mean(axis=1), 6)
    centered = day - day.mean()
    slope = centered @ within / (centered @ centered)
    variance = ((within - slope * centered) ** 2).sum() / 99 / (centered @ centered)
    assert fit.fixed[1].estimate == pytest.approx(slope)
    assert fit.fixed[1].se == pytest.approx(np.sqrt(variance), rel=1e-6)
    assert fit.to_frame()["label"].tolist() == ["intercept", "day"]
    assert str(fit).splitlines()[1].startswith("day: ")


def test_a_random_effect_without_variance_is_an_error() -> None:
    rng = np.random.default_rng(1)
    who = np.repeat(np.arange(20), 4)
    y = rng.normal(size=(20, 4))
    y -= y.mean(axis=1, keepdims=True)  # participants do not differ at all
    one = np.ones(80)
    with pytest.raises(AnalysisError, match="a variance goes to zero"):
        linear_mixed(
            y.reshape(-1), {"intercept": one, "time": np.tile(np.arange(4.0), 20)}, one[:, None], participant=who
        )


def test_participants_must_repeat_and_options_exist() -> None:
    one = np.ones(5)
    y = np.arange(5.0)
    with pytest.raises(AnalysisError, match="repeat"):
        linear_mixed(y, {"intercept": one}, one[:, None], participant=np.arange(5))
    with pytest.raises(AnalysisError, match="`df`"):
        linear_mixed(y, {"intercept": one}, one[:, None], participant=np.zeros(5, dtype=int), df="exact")  # type: ignore[arg-type]
