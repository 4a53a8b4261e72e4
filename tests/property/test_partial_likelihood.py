"""The fast sweep against slow sums over explicit risk sets."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calor.analyze.survival.partial_likelihood import PartialLikelihood, Ties, partial_likelihood
from calor.analyze.survival.time_to_event import TimeToEvent


def draw(seed: int, n: int, ties: Ties, *, entry: bool = True, weighted: bool = False) -> PartialLikelihood:
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 3, n).astype(float) * entry
    time = start + rng.integers(1, 5, n)
    event = rng.random(n) < 0.7
    event[0] = True
    stratum = rng.integers(0, 2, n)
    nothing = np.zeros(n, dtype=np.int64)
    data = TimeToEvent(start, time, event, nothing, ("all",), stratum, ("x", "y"))
    weight = rng.uniform(0.5, 2, n) if weighted else None
    return partial_likelihood(data, rng.normal(size=(n, 2)), ties, weight)


def slow_loglik(likelihood: PartialLikelihood, beta: np.ndarray) -> float:
    rows, total = likelihood.rows, 0.0
    eta = rows.x @ beta
    risk = rows.weight * np.exp(eta)
    for stratum in np.unique(rows.stratum):
        inside = rows.stratum == stratum
        for time in np.unique(rows.time[inside & rows.event]):
            at_risk = inside & (rows.start < time) & (rows.time >= time)
            dead = inside & rows.event & (rows.time == time)
            d = int(dead.sum())
            total += (rows.weight * eta)[dead].sum()
            if likelihood.ties == "exact":
                members = np.flatnonzero(at_risk)
                total -= np.log(sum(np.exp(eta[list(chosen)].sum()) for chosen in combinations(members, d)))
                continue
            for k in range(d):
                share = k / d if likelihood.ties == "efron" else 0.0
                total -= rows.weight[dead].mean() * np.log(risk[at_risk].sum() - share * risk[dead].sum())
    return float(total)


@pytest.mark.parametrize("ties", ["efron", "breslow", "exact"])
@given(seed=st.integers(0, 10_000), n=st.integers(2, 10))
def test_the_likelihood_equals_its_definition(ties: Ties, seed: int, n: int) -> None:
    likelihood = draw(seed, n, ties, weighted=ties != "exact")
    beta = np.array([0.4, -0.7])
    assert likelihood.point(beta).loglik == pytest.approx(slow_loglik(likelihood, beta), abs=1e-9)


@pytest.mark.parametrize("ties", ["efron", "breslow", "exact"])
@given(seed=st.integers(0, 10_000))
def test_score_and_information_are_its_derivatives(ties: Ties, seed: int) -> None:
    likelihood = draw(seed, 12, ties)
    beta, step = np.array([0.2, -0.3]), 1e-5
    point = likelihood.point(beta)
    for i in range(2):
        up, down = (likelihood.point(beta + side * step * np.eye(2)[i]) for side in (1, -1))
        assert (up.loglik - down.loglik) / (2 * step) == pytest.approx(point.score[i], abs=1e-6)
        assert (down.score - up.score) / (2 * step) == pytest.approx(point.information[i], abs=1e-6)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@given(seed=st.integers(0, 10_000))
def test_slope_is_the_derivative_of_the_information(ties: Ties, seed: int) -> None:
    likelihood = draw(seed, 12, ties)
    beta, step = np.array([0.2, -0.3]), 1e-5
    slope = likelihood.sweep(beta, third=True).slope
    for i in range(2):
        up, down = (likelihood.point(beta + side * step * np.eye(2)[i]).information for side in (1, -1))
        assert (up - down) / (2 * step) == pytest.approx(slope[:, :, i], abs=1e-6)


@given(seed=st.integers(0, 10_000))
def test_cutting_a_row_in_two_changes_nothing(seed: int) -> None:
    whole = draw(seed, 10, "efron", entry=False)
    rows = whole.rows
    cut = rows.time[0] / 2
    start, time = np.r_[rows.start, cut], np.r_[rows.time, rows.time[0]]
    event = np.r_[rows.event, rows.event[0]]
    time[0], event[0] = cut, False
    nothing = np.zeros(11, dtype=np.int64)
    data = TimeToEvent(start, time, event, nothing, ("all",), np.r_[rows.stratum, rows.stratum[0]], ("x", "y"))
    pieces = partial_likelihood(data, np.vstack([rows.x, rows.x[:1]]), "efron")
    beta = np.array([0.3, 0.1])
    assert pieces.point(beta).loglik == pytest.approx(whole.point(beta).loglik, abs=1e-9)
