"""Laws of the MMRM: units, names and order of the data do not matter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calor.analyze.estimate import Estimate
from calor.analyze.mixed.mmrm import DegreesOfFreedom, Fitting, Mmrm, mmrm
from calor.analyze.mixed.visit_table import RepeatedMeasures

COLUMNS = RepeatedMeasures("y", "id", "visit", "arm", covariates=("base",))
SEEDS = st.integers(0, 10_000)
STRUCTURES = st.sampled_from(
    ["unstructured", "heterogeneous compound symmetry", "autoregressive", "heterogeneous ante-dependence"]
)
DF: st.SearchStrategy[DegreesOfFreedom] = st.sampled_from(
    ["kenward-roger", "kenward-roger-linear", "kenward-roger-sas", "satterthwaite", "between-within"]
)


def trial(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    who, visit = np.repeat(np.arange(36), 3), np.tile(np.arange(3), 36)
    base = rng.normal(size=36)
    y = base[who] + 1.5 * rng.normal(size=36)[who] + rng.normal(size=108) * (1 + 0.3 * visit) + 0.4 * (who % 2)
    dropout = rng.integers(1, 12, 36)
    table = pd.DataFrame({"id": who, "visit": visit, "arm": np.where(who % 2, "b", "a"), "base": base[who], "y": y})
    return table[visit <= dropout[who]]


def fit(table: pd.DataFrame, structure: str, df: DegreesOfFreedom, arms: tuple[str, str] = ("a", "b")) -> Mmrm:
    return mmrm(table, COLUMNS, arms=arms, fitting=Fitting(covariance=structure, df=df))  # type: ignore[arg-type]


def numbers(estimates: tuple[Estimate, ...]) -> np.ndarray:
    return np.array([[e.estimate, e.se, e.df, e.p_value] for e in estimates], dtype=float)


@settings(max_examples=12)
@given(SEEDS, STRUCTURES, DF)
def test_row_order_does_not_matter(seed: int, structure: str, df: DegreesOfFreedom) -> None:
    table = trial(seed)
    shuffled = table.sample(frac=1.0, random_state=seed)
    one, other = numbers(fit(table, structure, df).contrasts), numbers(fit(shuffled, structure, df).contrasts)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@settings(max_examples=12)
@given(SEEDS, STRUCTURES, DF, st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_units_of_the_response_scale_estimates_and_leave_tests(
    seed: int, structure: str, df: DegreesOfFreedom, factor: float, shift: float
) -> None:
    table = trial(seed)
    one = numbers(fit(table, structure, df).contrasts)
    other = numbers(fit(table.assign(y=factor * table["y"] + shift), structure, df).contrasts)
    np.testing.assert_allclose(one * [factor, factor, 1, 1], other, rtol=1e-5, atol=1e-6 * factor)


@settings(max_examples=12)
@given(SEEDS, STRUCTURES, DF)
def test_swapping_arms_flips_the_sign_only(seed: int, structure: str, df: DegreesOfFreedom) -> None:
    table = trial(seed)
    one = numbers(fit(table, structure, df).contrasts)
    other = numbers(fit(table, structure, df, arms=("b", "a")).contrasts)
    np.testing.assert_allclose(one * [-1, 1, 1, 1], other, rtol=1e-5, atol=1e-7)


@settings(max_examples=12)
@given(SEEDS, STRUCTURES, DF, st.floats(0.5, 0.999))
def test_interval_covers_zero_exactly_when_p_exceeds_alpha(
    seed: int, structure: str, df: DegreesOfFreedom, level: float
) -> None:
    fitting = Fitting(covariance=structure, df=df)  # type: ignore[arg-type]
    for e in mmrm(trial(seed), COLUMNS, arms=("a", "b"), fitting=fitting, level=level).contrasts:
        assert e.p_value is not None
        assert (e.lower > 0 or e.upper < 0) == (e.p_value < 1 - level)


@settings(max_examples=10)
@given(SEEDS, STRUCTURES)
def test_differences_of_ls_means_are_the_contrasts(seed: int, structure: str) -> None:
    result = fit(trial(seed), structure, "satterthwaite")
    means = np.array([e.estimate for e in result.ls_means]).reshape(2, 3)
    np.testing.assert_allclose(means[1] - means[0], [e.estimate for e in result.contrasts], atol=1e-9)


@settings(max_examples=10)
@given(SEEDS)
def test_a_joint_test_of_one_contrast_is_its_t_test_squared(seed: int) -> None:
    table = trial(seed)
    result = fit(table[table["visit"] == 0], "unstructured", "kenward-roger-linear")
    (only,) = result.contrasts
    assert only.se is not None
    assert result.joint.statistic == pytest.approx((only.estimate / only.se) ** 2)
    assert result.joint.p_value == pytest.approx(only.p_value)


@settings(max_examples=4)
@given(SEEDS)
def test_richer_structures_have_the_higher_likelihood(seed: int) -> None:
    table = trial(seed)
    chains = (
        ("compound symmetry", "heterogeneous compound symmetry", "heterogeneous Toeplitz", "unstructured"),
        ("autoregressive", "ante-dependence", "heterogeneous ante-dependence", "unstructured"),
        ("autoregressive", "Toeplitz", "heterogeneous Toeplitz", "unstructured"),
    )
    for chain in chains:
        values = [fit(table, structure, "residual").log_likelihood for structure in chain]
        assert all(later >= earlier - 1e-8 for earlier, later in pairwise(values))
