"""Mediation: identity of the parts, coverage of the interval, and what a common cause does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.mediation import Mediation, mediation
from calor.analyze.continuous.comparison import Comparison
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("p", "a"), ("base",))


def trial(seed: int, b: float = 0.3, common: float = 0.0, n: int = 100) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    cause = rng.normal(size=n)
    table = pd.DataFrame({"arm": ["p", "a"] * (n // 2), "base": rng.normal(2, 0.3, n)})
    table["il6"] = -0.8 * (table.arm == "a") + common * cause + rng.normal(0, 0.5, n)
    table["tbr"] = table.base + b * table.il6 + common * cause + rng.normal(0, 0.3, n)
    return table


def run(table: pd.DataFrame, **options: object) -> Mediation:
    return mediation(table, TWO, mediator="il6", rng=np.random.default_rng(1), **{"bootstraps": 400, **options})  # type: ignore[arg-type]


def test_indirect_and_direct_add_up_to_the_total() -> None:
    found = run(trial(1))
    assert found.indirect.estimate + found.direct.estimate == pytest.approx(found.total.estimate, rel=1e-10)
    assert found.a.estimate * found.b.estimate == pytest.approx(found.indirect.estimate)


def test_the_sensitivity_curve_starts_at_the_estimate_and_is_zero_where_it_says() -> None:
    found = run(trial(2))
    curve = found.sensitivity
    assert curve.indirect[np.isclose(curve.rho, 0)].iloc[0] == pytest.approx(found.indirect.estimate, rel=1e-8)
    crossing = np.interp(0.0, curve.indirect, curve.rho) if curve.indirect.is_monotonic_increasing else np.interp(
        0.0, curve.indirect[::-1], curve.rho[::-1]
    )  # fmt: skip
    assert crossing == pytest.approx(found.rho_at_zero, abs=0.01)


def test_a_common_cause_makes_an_indirect_effect_that_the_sensitivity_analysis_explains_away() -> None:
    found = run(trial(3, b=0.0, common=0.6, n=600))
    assert found.indirect.upper < 0
    true_rho = 0.36 / np.sqrt((0.36 + 0.25) * (0.36 + 0.09))
    assert found.rho_at_zero == pytest.approx(true_rho, abs=0.06)


def test_the_bootstrap_interval_covers() -> None:
    covered = [(f := run(trial(s, n=80)).indirect).lower < -0.24 < f.upper for s in range(150)]
    assert abs(np.mean(covered) - 0.95) < 0.06, np.mean(covered)


def test_too_few_bootstrap_samples_are_refused() -> None:
    with pytest.raises(AnalysisError, match="`bootstraps` must be a whole number from 100"):
        run(trial(1), bootstraps=10)
