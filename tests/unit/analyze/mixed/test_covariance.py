"""Covariance structures: their shape, and derivatives against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from calor.analyze.mixed.covariance.ante_dependence import ante_dependence
from calor.analyze.mixed.covariance.autoregressive import autoregressive
from calor.analyze.mixed.covariance.by_group import by_group
from calor.analyze.mixed.covariance.compound_symmetry import compound_symmetry
from calor.analyze.mixed.covariance.derivatives import Parametrized
from calor.analyze.mixed.covariance.natural import natural_bend
from calor.analyze.mixed.covariance.random_effects import random_effects
from calor.analyze.mixed.covariance.scale import scaled
from calor.analyze.mixed.covariance.spatial import distances, spatial
from calor.analyze.mixed.covariance.toeplitz import toeplitz
from calor.analyze.mixed.covariance.unstructured import unstructured

PLACES = np.random.default_rng(3).normal(size=(3, 4, 2))
DESIGN = np.stack([np.column_stack([np.ones(4), np.arange(4.0) * k]) for k in (1.0, 2.0)])
VISITS: dict[str, Callable[[int], tuple[Parametrized, int]]] = {
    "unstructured": unstructured,
    "compound symmetry": compound_symmetry,
    "autoregressive": autoregressive,
    "Toeplitz": toeplitz,
    "ante-dependence": ante_dependence,
}


def every() -> list[Any]:
    cases = []
    for name, build in VISITS.items():
        inner, count = build(4)
        for each in (False, True):
            cases.append(
                pytest.param(scaled(inner, 4, each_visit=each), count + (4 if each else 1), id=f"{name}-{each}")
            )
    cases.append(pytest.param(by_group(scaled(toeplitz(4)[0], 4, each_visit=True), 2), 14, id="by group"))
    for power in (1, 2):
        inner = scaled(spatial(distances(PLACES) ** power)[0], 4, each_visit=False)
        cases.append(pytest.param(inner, 2, id=f"spatial-{power}"))
    cases.append(pytest.param(random_effects(DESIGN), 4, id="random effects"))
    return cases


@pytest.mark.parametrize(("covariance", "parameters"), every())
def test_first_and_second_derivatives_match_finite_differences(covariance: Parametrized, parameters: int) -> None:
    at = np.random.default_rng(parameters).normal(scale=0.3, size=parameters)
    exact, step = covariance(at), 1e-5
    for position in range(parameters):
        nudge = np.zeros(parameters)
        nudge[position] = step
        above, below = covariance(at + nudge), covariance(at - nudge)
        np.testing.assert_allclose((above.value - below.value) / (2 * step), exact.first[:, position], atol=1e-7)
        np.testing.assert_allclose((above.first - below.first) / (2 * step), exact.second[:, position], atol=1e-6)


@pytest.mark.parametrize("name", ["compound symmetry", "autoregressive", "Toeplitz", "ante-dependence"])
def test_no_correlation_gives_the_identity_and_diagonals_are_one(name: str) -> None:
    build, count = VISITS[name](4)
    zero = -np.log(3.0) if name == "compound symmetry" else 0.0
    np.testing.assert_allclose(build(np.full(count, zero)).value[0], np.eye(4), atol=1e-15)
    np.testing.assert_allclose(np.diag(build(np.full(count, 0.4)).value[0]), 1.0)


def test_compound_symmetry_reaches_its_most_negative_correlation() -> None:
    build, _ = compound_symmetry(5)
    assert build(np.array([-40.0])).value[0, 0, 1] == pytest.approx(-0.25)


def test_spatial_exponential_on_whole_days_is_autoregressive() -> None:
    near = spatial(distances(np.arange(4.0)[None, :, None]))[0](np.array([0.7])).value[0]
    rho = near[0, 1]
    regressive = autoregressive(4)[0](np.array([rho / np.sqrt(1 - rho**2)])).value[0]
    np.testing.assert_allclose(near, regressive, rtol=1e-12)


def natural_of(structure: str, parameter: float) -> float:
    rho = 1 / (1 + np.exp(-parameter))
    if structure == "spatial exponential":
        return float(-1.0 / np.log(rho))
    if structure == "spatial Gaussian":
        return float(np.sqrt(-1.0 / np.log(rho)))
    if structure == "heterogeneous compound symmetry":
        return float(rho * 4 / 3 - 1 / 3)
    return float(parameter / np.sqrt(1 + parameter**2))


@pytest.mark.parametrize(
    "structure",
    ["spatial exponential", "spatial Gaussian", "heterogeneous compound symmetry", "autoregressive"],
)
def test_bend_of_natural_parameters_matches_finite_differences(structure: str) -> None:
    at, step = 0.6, 1e-4
    scales = 4 if structure.startswith("heterogeneous") else 1
    low, mid, high = (natural_of(structure, at + k * step) for k in (-1, 0, 1))
    expected = ((high - 2 * mid + low) / step**2) / ((high - low) / (2 * step))
    got = natural_bend(structure, np.array([0.0] * scales + [at]), visits=4, units=1)
    assert got[:scales].tolist() == [2.0] * scales
    assert got[-1] == pytest.approx(expected, abs=1e-5)
