"""Laws of harm limits: probabilities add up and grow with harm, and exact limits spend what they may."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from calor.monitor.harm_limits import binomial_limits, stopping_probabilities

_looks = st.lists(st.integers(1, 60), min_size=1, max_size=5, unique=True).map(sorted)


@given(_looks, st.floats(0.01, 0.6), st.floats(0.001, 0.2))
def test_exact_limits_never_spend_more_than_allowed(looks: list[int], acceptable: float, alpha: float) -> None:
    spent = [alpha * n / looks[-1] for n in looks]
    limits = binomial_limits(looks, acceptable=acceptable, alpha_spent=spent)
    cumulative = np.cumsum(stopping_probabilities(limits, acceptable))
    assert (cumulative <= np.array(spent) + 1e-9).all()


@given(_looks, st.floats(0.01, 0.6), st.floats(0, 1), st.floats(0, 1))
def test_more_harm_never_stops_less_often(looks: list[int], acceptable: float, first: float, second: float) -> None:
    limits = binomial_limits(looks, acceptable=acceptable, alpha_spent=[0.05] * len(looks))
    low, high = (stopping_probabilities(limits, p).sum() for p in sorted((first, second)))
    assert low <= high + 1e-9
    assert low >= 0
    assert high <= 1 + 1e-9
