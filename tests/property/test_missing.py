"""Laws of imputation: units and the order of the data do not matter; strategies keep what was observed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from calor.analyze.missing.multiple_imputation import multiple_imputation
from calor.analyze.missing.reference_based import reference_based
from calor.analyze.missing.rubin import rubin
from calor.analyze.missing.strategies import STRATEGIES, StrategyName, after
from calor.analyze.missing.tipping_point import tipping_point
from calor.analyze.mixed.visit_table import RepeatedMeasures

COLUMNS = RepeatedMeasures("y", "id", "visit", "arm")
NAMES: st.SearchStrategy[StrategyName] = st.sampled_from(list(STRATEGIES))
MEANS = arrays(float, (4, 3), elements=st.floats(-100, 100))


def trial(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    who, visit = np.repeat(np.arange(24), 2), np.tile([1, 2], 24)
    y = rng.normal(size=24)[who] + rng.normal(size=48) - (who % 2)
    gone = (visit == 2) & (rng.random(24) < 0.3)[who]
    return pd.DataFrame({"id": who, "visit": visit, "arm": np.where(who % 2, "b", "a"), "y": np.where(gone, np.nan, y)})


def numbers(table: pd.DataFrame, strategy: StrategyName) -> np.ndarray:
    result = reference_based(table, COLUMNS, arms=("a", "b"), strategy=strategy)
    return np.array([[e.estimate, e.se] for e in result.contrasts], dtype=float)


@settings(max_examples=6)
@given(st.integers(0, 1000), NAMES, st.floats(0.01, 100), st.floats(-50, 50))
def test_units_and_row_order_do_not_matter(seed: int, strategy: StrategyName, factor: float, shift: float) -> None:
    table = trial(seed)
    one = numbers(table, strategy)
    changed = table.assign(y=factor * table["y"] + shift).sample(frac=1.0, random_state=seed)
    np.testing.assert_allclose(numbers(changed, strategy), factor * one, rtol=1e-5, atol=1e-6 * factor)


@settings(max_examples=4)
@given(st.integers(0, 1000), st.floats(0.5, 0.99))
def test_swapping_arms_turns_differences_around_and_intervals_agree_with_p(seed: int, level: float) -> None:
    """Under missing at random neither arm is the other's reference."""
    table = trial(seed)
    one, other = (
        reference_based(table, COLUMNS, arms=arms, strategy="missing at random", level=level).contrasts
        for arms in (("a", "b"), ("b", "a"))
    )
    for here, there in zip(one, other, strict=True):
        np.testing.assert_allclose([here.estimate, here.lower], [-there.estimate, -there.upper], rtol=1e-5, atol=1e-8)
        assert here.p_value is not None
        assert (here.lower > 0 or here.upper < 0) == (here.p_value < 1 - level)


@settings(max_examples=2)
@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_units_scale_drawn_imputations_and_tipping_points(seed: int, factor: float) -> None:
    table = trial(seed)

    def found(unit: float) -> tuple[np.ndarray, np.ndarray]:
        scaled = table.assign(y=unit * table["y"])
        drawn = multiple_imputation(
            scaled, COLUMNS, arms=("a", "b"), strategy="copy reference", imputations=3, rng=np.random.default_rng(1)
        )
        tipped = tipping_point(scaled, COLUMNS, arms=("a", "b"), deltas=[0.0, unit])
        effects = [*drawn.contrasts, *(cell.difference for cell in tipped.cells)]
        return np.array([e.estimate for e in effects]), np.array([e.p_value for e in effects], dtype=float)

    (one, tests), (other, again) = found(1.0), found(factor)
    np.testing.assert_allclose(other, factor * one, rtol=1e-4, atol=1e-6 * factor)
    np.testing.assert_allclose(again, tests, rtol=1e-3, atol=1e-6)


@given(MEANS, MEANS, arrays(np.int64, 4, elements=st.integers(1, 3)), NAMES)
def test_completers_keep_their_means_and_arms_alike_change_nothing(
    own: np.ndarray, reference: np.ndarray, event: np.ndarray, name: StrategyName
) -> None:
    rule = STRATEGIES[name].mean
    imputing = rule(own, reference, event)
    np.testing.assert_array_equal(imputing[event == 3], own[event == 3])
    if name != "copy reference":
        np.testing.assert_array_equal(imputing[~after(own, event)], own[~after(own, event)])
    if name != "last mean carried forward":
        np.testing.assert_allclose(rule(own, own, event), own, atol=1e-9)


@given(
    arrays(float, 5, elements=st.floats(-10, 10)),
    arrays(float, 5, elements=st.floats(0.1, 10)),
    st.floats(2, 1000),
    st.floats(0.01, 100),
)
def test_pooling_scales_and_never_gains_information(
    estimates: np.ndarray, errors: np.ndarray, df: float, factor: float
) -> None:
    pooled = rubin(estimates, errors, complete_df=df)
    again = rubin(factor * estimates, factor * errors, complete_df=df)
    want = [factor * pooled.estimate, factor * pooled.se, pooled.df]
    np.testing.assert_allclose([again.estimate, again.se, again.df], want, rtol=1e-7, atol=1e-12)
    assert pooled.total >= pooled.within
    assert 0 < pooled.df <= df
