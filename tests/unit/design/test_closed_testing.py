"""Closed testing over nested and overlapping populations."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from calor.design import GroupSequential, intersection, spending
from calor.design.closed_testing import closed_test, intersections, spiessens_debois
from calor.design.fisher_combination import FisherCombination
from calor.design.inverse_normal import InverseNormal
from calor.design.simultaneous import simultaneous_interval
from calor.design.stage_log_ranks import LogRanks
from calor.errors import DesignError

TEST = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.pocock(0.025)))
NAN = math.nan


def test_every_non_empty_set_is_an_intersection_once() -> None:
    for populations in range(1, 7):
        sets = intersections(populations)
        assert len(set(sets)) == len(sets) == 2**populations - 1
        assert all(sum(a) >= sum(b) for a, b in itertools.pairwise(sets))


def test_a_population_needs_all_its_intersections() -> None:
    result = closed_test(TEST, np.array([[0.001], [0.4]]), intersection_test="bonferroni")
    assert result.rejected[:, 0].tolist() == [True, False]
    weak = closed_test(TEST, np.array([[0.009], [0.4]]), intersection_test="bonferroni")
    assert weak.rejected_intersections[:, 0].tolist() == [False, True, False]
    assert not weak.rejected.any()


def test_a_dropped_population_leaves_the_later_intersections() -> None:
    result = closed_test(TEST, np.array([[0.03, 0.004], [0.2, NAN]]), intersection_test="bonferroni")
    assert result.adjusted_p[0].tolist() == [0.06, 0.004]
    assert math.isnan(result.adjusted_p[2, 1])
    assert math.isnan(result.repeated_p[1, 1])
    assert result.rejected[0, 1]


def test_what_is_rejected_stays_rejected() -> None:
    result = closed_test(TEST, np.array([[0.001, 0.9], [0.001, 0.9]]))
    assert result.rejected.all()


def test_the_repeated_p_value_is_below_alpha_just_when_rejected() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        p = rng.random((3, 2)) * 0.08
        result = closed_test(TEST, p, intersection_test="simes")
        assert ((result.repeated_p < 0.025) == result.rejected).all()


def test_five_overlapping_populations_are_no_special_case() -> None:
    members = [{0}, {0, 1}, {1, 2}, {2, 3}, {0, 1, 2, 3}]
    correlation = intersection.shared_information_correlation(members, np.array([20.0, 30.0, 25.0, 25.0]))
    p = np.array([[0.004], [0.01], [0.2], [0.5], [0.03]])
    result = closed_test(TEST, p, intersection_test=spiessens_debois([correlation]))
    assert len(result.intersections) == 31
    assert result.adjusted_p[0, 0] < 5 * 0.004
    assert result.conditional_rejection.shape == (5, 1)


@pytest.mark.parametrize("combination", ["inverse normal", "fisher"])
def test_any_false_rejection_stays_below_alpha(combination: str) -> None:
    """All nulls true, two stages, the population with the smaller first p-value goes on alone."""
    alpha, trials, share = 0.1, 3000, 0.4
    test: Any = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.pocock(alpha)))
    if combination == "fisher":
        test = FisherCombination([0.5, 1.0], alpha)
    rng = np.random.default_rng(8)
    inside, outside = rng.standard_normal((2, trials, 2))
    z = np.stack([inside, math.sqrt(share) * inside + math.sqrt(1 - share) * outside], axis=1)
    p = 1 - np.vectorize(lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))))(z)
    worse = np.argmax(p[:, :, 0], axis=1)
    p[np.arange(trials), worse, 1] = NAN
    rate = float(np.mean([closed_test(test, table).rejected.any() for table in p]))
    half = 4 * math.sqrt(alpha * (1 - alpha) / trials)
    assert rate < alpha + half, f"{rate} above {alpha} + {half}"
    assert rate > 0.5 * alpha, f"{rate} is far below {alpha}: the test can hardly fail"


def test_the_simultaneous_interval_excludes_the_null_only_when_rejected() -> None:
    data = [LogRanks([18, 45], [2.6, 3.1], [1, 1]), LogRanks([44, 81], [1.2, 1.4], [1, 1])]
    p = np.array([d.stage_p(1.0) for d in data])
    result = closed_test(TEST, p, intersection_test="bonferroni")
    for population, look in itertools.product((0, 1), (1, 2)):
        found = simultaneous_interval(TEST, data, population, look, intersection_test="bonferroni")
        if found.lower > 1.0:
            assert result.rejected[population, look - 1]


def test_simes_intervals_are_bonferronis() -> None:
    data = [LogRanks([18], [1.8], [1]), LogRanks([44], [1.7], [1])]
    simes, bonferroni = (simultaneous_interval(TEST, data, 0, 1, intersection_test=t) for t in ("simes", "bonferroni"))
    assert simes == bonferroni


def test_a_result_prints_and_tabulates() -> None:
    result = closed_test(TEST, np.array([[0.001], [0.4]]), populations=["positive", "full"])
    assert str(result) == "closed test after stage 1: positive: rejected; full: not rejected"
    assert result.to_frame()["intersection"].tolist() == ["positive & full", "positive", "full"]


@pytest.mark.parametrize(
    ("p_values", "arguments", "message"),
    [
        ([0.1, 0.2], {}, "must be a table of populations by 1 to 2 stages"),
        ([[0.1, 0.1, 0.1]], {}, "must be a table of populations by 1 to 2 stages"),
        ([[1.5]], {}, "`p_values` must lie between 0 and 1"),
        ([[NAN, 0.1], [0.1, 0.1]], {}, "must stay missing once a population is dropped.*at population 1"),
        ([[0.1, NAN]], {}, "must be known for a population.*at stage 2"),
        ([[0.1], [0.1]], {"intersection_test": "holm"}, "`intersection_test` must be a known test"),
        ([[0.1], [0.1]], {"populations": ["a", "a"]}, "`populations` must be 2 different names"),
        ([[0.1], [0.1]], {"intersection_test": spiessens_debois([])}, "`correlations` must have a matrix per stage"),
    ],
)
def test_tables_that_no_trial_gives_are_refused(p_values: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DesignError, match=message):
        closed_test(TEST, np.array(p_values), **arguments)


def test_a_stage_not_followed_has_no_interval() -> None:
    with pytest.raises(DesignError, match="`look` must be one of the 1 stages followed"):
        simultaneous_interval(TEST, [LogRanks([18], [1.8], [1])], 0, 2)
