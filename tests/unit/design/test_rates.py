from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from calor.design import GroupSequential, rates, spending
from calor.design.comparison import Comparison
from calor.errors import DesignError

ONE_SIDED = GroupSequential(np.ones(1), efficacy=spending.at_the_end(0.025))
TWO = GroupSequential(np.array([0.5, 1.0]), efficacy=spending.obrien_fleming(0.025))


def test_without_a_margin_the_score_test_pools() -> None:
    table = rates.sample_size(ONE_SIDED, control=0.3, treatment=0.45, power=0.8)
    pooled, z = 0.375, norm.isf([0.025, 0.2])
    root = z[0] * np.sqrt(2 * pooled * (1 - pooled)) + z[1] * np.sqrt(0.45 * 0.55 + 0.3 * 0.7)
    assert table.participants[-1, 0] == pytest.approx((root / 0.15) ** 2)


@pytest.mark.parametrize(("measure", "null"), [("difference", -0.1), ("ratio", 0.8)])
def test_a_margin_restricts_the_likelihood(measure: rates.Measure, null: float) -> None:
    """Sample size by a search over the likelihood, slow and obvious."""
    control, treatment, share = 0.3, 0.32, 0.6

    def on_null(p: float) -> float:
        return p + null if measure == "difference" else p * null

    def unlikely(p: float) -> float:
        q = on_null(p)
        of_control = control * np.log(p) + (1 - control) * np.log(1 - p)
        return -float((1 - share) * of_control + share * (treatment * np.log(q) + (1 - treatment) * np.log(1 - q)))

    low = 0.1001 if measure == "difference" else 1e-6
    p = minimize_scalar(unlikely, bounds=(low, 0.999), method="bounded", options={"xatol": 1e-12}).x
    weight = null**2 if measure == "ratio" else 1.0

    def spread(a: float, b: float) -> float:
        return float(np.sqrt(weight * a * (1 - a) / (1 - share) + b * (1 - b) / share))

    distance = treatment - on_null(control)
    root = norm.isf(0.025) * spread(p, on_null(p)) + norm.isf(0.1) * spread(control, treatment)
    table = rates.sample_size(
        ONE_SIDED, control=control, treatment=treatment, power=0.9, measure=measure, comparison=Comparison(1.5, null)
    )
    assert table.total == pytest.approx((root / distance) ** 2, rel=1e-6)


def test_an_odds_ratio_is_tested_by_its_logarithm() -> None:
    table = rates.sample_size(ONE_SIDED, control=0.3, treatment=0.45, power=0.9, measure="odds ratio")
    log_ratio = np.log(0.45 / 0.55 * 0.7 / 0.3)
    variance = 2 * (1 / (0.3 * 0.7) + 1 / (0.45 * 0.55))
    z = norm.isf(0.025) + norm.isf(0.1)
    assert table.total == pytest.approx(z**2 * variance / log_ratio**2)
    assert table.effect == pytest.approx(np.exp(log_ratio))
    assert np.log(table.efficacy_effect[0]) == pytest.approx(norm.isf(0.025) * np.sqrt(variance / table.total))


def test_sample_size_and_power_agree() -> None:
    for measure in ("difference", "ratio", "odds ratio"):
        needed = rates.sample_size(ONE_SIDED, control=0.3, treatment=0.2, power=0.85, measure=measure)
        got = rates.power(ONE_SIDED, control=0.3, treatment=0.2, participants=needed.total, measure=measure)
        assert got.power == pytest.approx(0.85)


def test_the_estimate_on_the_bound_has_the_bounds_z() -> None:
    table = rates.sample_size(TWO, control=0.3, treatment=0.2, power=0.9)
    for n, bound, effect in zip(table.participants[:, 0], TWO.efficacy_bounds, table.efficacy_effect, strict=True):
        pooled = 0.3 + effect / 2
        z = -effect / np.sqrt(2 * pooled * (1 - pooled) / n)
        assert z == pytest.approx(bound)


def test_a_bound_that_no_proportion_reaches_is_infinite_and_prints_as_a_dash() -> None:
    early = GroupSequential(np.array([0.05, 1.0]), efficacy=spending.obrien_fleming(0.025))
    table = rates.sample_size(early, control=0.05, treatment=0.005, power=0.9)
    assert table.efficacy_effect[0] == -np.inf
    assert next(line for line in str(table).splitlines() if "estimate beyond" in line).split()[3] == "-"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"control": 0.0}, "`control` must lie between 0 and 1"),
        ({"treatment": 45}, "`treatment` must lie between 0 and 1, got 45"),
        ({"treatment": 0.3}, "`effect` must lie on the side of benefit"),
        ({"measure": "risk"}, "`measure` must be difference, ratio or odds ratio"),
        ({"null_variance": "pooled"}, "`null_variance` must be restricted or unpooled"),
        ({"comparison": Comparison(null=1.0)}, "`null` must lie between -1 and 1"),
        ({"measure": "ratio", "comparison": Comparison(null=0.0)}, "`null` must be positive"),
        ({"power": 0.02}, "`power` must"),
    ],
)
def test_impossible_questions_are_refused(changes, says) -> None:  # type: ignore[no-untyped-def]
    asked = {"control": 0.3, "treatment": 0.45, "power": 0.9} | changes
    with pytest.raises(DesignError, match=says):
        rates.sample_size(ONE_SIDED, **asked)
    if "power" not in changes and "treatment" not in changes:
        with pytest.raises(DesignError, match=says):
            rates.power(ONE_SIDED, participants=100, **{k: v for k, v in asked.items() if k != "power"})
