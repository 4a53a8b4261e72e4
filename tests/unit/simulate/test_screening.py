"""Screening through the protocol's gate: who passes, who fails, and who is misclassified."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from calor.enroll.blocks import PermutedBlocks
from calor.errors import SimulationError
from calor.kernels.counter_random import trial_keys
from calor.kernels.many_draws import fill_uniform
from calor.protocol.biomarkers import Gate, SetAside
from calor.simulate import effect_shape
from calor.simulate.cohort import Cohort, Site
from calor.simulate.marker import Marker, Screening
from calor.simulate.participants import participants

HS_CRP = Marker(median=1.43, log_sd=1.134, icc=0.62)
GATE = Gate(
    biomarker="hs_crp",
    cutoff=2.0,
    comparator=">=",
    tests=2,
    least_interval_days=28,
    window=(14, 70),
    window_from="infarction",
)


def screened(screening: Screening, marker: Marker = HS_CRP, participants_: int = 3000) -> Cohort:
    return Cohort(
        ["neg", "pos"],
        [Site(500.0)],
        participants_,
        0.02,
        effect_shape.step(2.0, below=1.0, above=0.6),
        marker=marker,
        screening=screening,
    )


def passed(cohort: Cohort) -> tuple[float, float]:
    table = participants(cohort, seed=6)
    candidates = table["candidates_before"].iloc[-1] + 1
    share = len(table) / candidates
    return share, math.sqrt(share * (1 - share) / candidates)


def both_at_least(marker: Marker, cut: float) -> float:
    sd = math.hypot(marker.between, marker.error)
    r = marker.between**2 / sd**2
    z = math.log(marker.median / cut) / sd
    return float(multivariate_normal.cdf([z, z], cov=[[1, r], [r, 1]]))


def test_two_tests_admit_whom_the_bivariate_normal_says() -> None:
    share, se = passed(screened(Screening.of(GATE)))
    assert abs(share - both_at_least(HS_CRP, 2.0)) < 4 * se


def test_assay_error_lowers_the_share_that_passes_two_tests() -> None:
    noisy = Marker(1.43, 1.134, 0.62, assay_log_sd=0.5)
    share, se = passed(screened(Screening.of(GATE), noisy))
    assert abs(share - both_at_least(noisy, 2.0)) < 4 * se
    assert share < both_at_least(HS_CRP, 2.0) - 2 * se


def test_who_presents_too_late_for_a_second_test_fails() -> None:
    """First tests over 42 days, 28 days between two, in a window of 56: two thirds have the time."""
    share, se = passed(screened(Screening.of(GATE, presents_within_days=42)))
    assert abs(share - both_at_least(HS_CRP, 2.0) * 28 / 42) < 4 * se


def test_acute_phase_values_do_not_count() -> None:
    gate = GATE.model_copy(update={"tests": 1, "set_aside": (SetAside(reason="acute phase", above=10.0),)})
    share, se = passed(screened(Screening.of(gate)))
    spread = math.hypot(HS_CRP.between, HS_CRP.error)
    want = norm.cdf(math.log(10 / 1.43) / spread) - norm.cdf(math.log(2 / 1.43) / spread)
    assert abs(share - want) < 4 * se
    table = participants(screened(Screening.of(gate)), seed=6)
    assert table["measured_marker"].between(2.0, 10.0).all()


def test_repeated_tests_classify_better() -> None:
    one = Screening.of(GATE.model_copy(update={"tests": 1}))
    right = [(participants(screened(s), seed=2)["true_marker"] >= 2.0).mean() for s in (one, Screening.of(GATE))]
    assert right[0] + 0.08 < right[1] < 1.0


def test_the_benefit_that_effects_gives_is_that_of_the_participants() -> None:
    truth = screened(Screening.of(GATE), participants_=20_000)
    table = participants(truth, seed=3)
    expected = truth.effects(np.array([[False, True]]))[0]
    benefit = -math.log(0.6) * (table["true_marker"] >= 2.0).mean()
    assert benefit == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"comparator": "<"}, "comparator"),
        ({"set_aside": (SetAside(reason="infection", within_days_of="infection", days=14),)}, "set_aside"),
        ({"window": (0, 7)}, "window_days"),
    ],
)
def test_a_gate_that_cannot_be_simulated_is_refused(changes: dict[str, object], names: str) -> None:
    with pytest.raises(SimulationError, match=names):
        Screening.of(GATE.model_copy(update=changes))


def test_allocation_is_that_of_the_trials_own_permuted_blocks() -> None:
    truth = Cohort(["a", "b"], [Site(50.0)], 300, 0.02, [0.7, 0.7], shares=[0.3, 0.7], block_sizes=(4, 6))
    table = participants(truth, seed=9, trial=5)
    draws = np.empty(600)
    fill_uniform(*trial_keys(9, 5), 4, 0, draws)
    part = (table["part"] == "b").to_numpy().astype(int)
    own = PermutedBlocks((1, 1), (4, 6)).allocate(part, draws.reshape(300, 2))
    assert (own == table["arm"].to_numpy()).all()


def test_competing_events_end_follow_up_in_proportion_to_their_hazard() -> None:
    truth = Cohort(
        ["all"], [Site(400.0)], 6000, 0.03, [1.0], shares=[1.0], competing_hazard=(0.01, 0.02), dropout_hazard=(0, 0)
    )
    table = participants(truth, seed=1)
    for arm, hazard in ((0, 0.01), (1, 0.02)):
        own = table[table["arm"] == arm]
        share = own["competing"].mean()
        want = hazard / (0.03 + hazard)
        assert abs(share - want) < 4 * math.sqrt(want * (1 - want) / len(own))
    assert not (table["event"] & table["competing"]).any()


def test_the_size_of_a_part_is_random() -> None:
    truth = Cohort(["pos", "neg"], [Site(50.0)], 200, 0.02, [0.7, 1.0], shares=[0.4, 0.6])
    sizes = np.array([(participants(truth, trial=t)["part"] == "pos").sum() for t in range(300)])
    assert abs(sizes.mean() - 80) < 4 * math.sqrt(48 / 300)
    assert abs(sizes.var() / 48 - 1) < 4 * math.sqrt(2 / 300)
