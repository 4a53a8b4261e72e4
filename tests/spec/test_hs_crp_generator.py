"""What repeated hs-CRP does with nobody treated: median 1.43 mg/L, log-SD 1.134, intraclass correlation 0.62."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calor.simulate.marker import Marker

PERSONS = 400_000
TESTS = Marker(median=1.43, log_sd=1.134, icc=0.62).tests(PERSONS, 2, np.random.default_rng(20_26))
FIRST, SECOND = TESTS[:, 0] >= 2, TESTS[:, 1] >= 2


@pytest.mark.parametrize(
    ("what", "got", "of", "expected"),
    [
        ("a test is at least 2 mg/L", FIRST, np.ones(PERSONS, dtype=bool), 0.384),
        ("a second one, after a first", SECOND, FIRST, 0.643),
        ("a second one, after none", SECOND, ~FIRST, 0.222),
        ("both", FIRST & SECOND, np.ones(PERSONS, dtype=bool), 0.247),
    ],
)
def test_share_of_tests_at_least_two(what: str, got: np.ndarray, of: np.ndarray, expected: float) -> None:
    share = (got & of).sum() / of.sum()
    allowed = 4 * math.sqrt(expected * (1 - expected) / of.sum()) + 0.0005  # the published figure has three digits
    assert abs(share - expected) < allowed, f"{what}: {share:.4f}, expected {expected} within {allowed:.4f}"


def test_the_selected_fall_on_retest_with_no_treatment() -> None:
    before, after = (np.exp(np.log(column[FIRST]).mean()) for column in TESTS.T)
    assert before == pytest.approx(4.42, abs=0.03)
    assert after == pytest.approx(2.88, abs=0.03)
