"""Exact McNemar."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binomtest

from calor.analyze.counts.mcnemar import mcnemar
from calor.errors import AnalysisError


def test_the_p_value_is_the_binomial_test_of_the_discordant_pairs() -> None:
    assert mcnemar(2, 9).p_exact == pytest.approx(binomtest(2, 11).pvalue)
    assert mcnemar(2, 9).p_midp < mcnemar(2, 9).p_exact


def test_the_interval_excludes_one_exactly_when_the_exact_p_is_below_five_percent() -> None:
    for first in range(12):
        result = mcnemar(first, 11)
        assert result.odds_ratio is not None
        assert (result.odds_ratio.upper < 1) == (result.p_exact < 0.05)


def test_discordance_in_one_direction_leaves_one_limit_open() -> None:
    ratio = mcnemar(5, 0).odds_ratio
    assert ratio is not None
    assert (ratio.estimate, ratio.upper) == (math.inf, math.inf)


def test_without_discordant_pairs_there_is_nothing_to_estimate() -> None:
    result = mcnemar(0, 0)
    assert (result.p_exact, result.p_midp, result.odds_ratio) == (1, 1, None)
    assert "not estimable" in str(result)


@pytest.mark.parametrize("pairs", [-1, 2.5, math.nan])
def test_what_counts_no_pairs_is_refused(pairs: int) -> None:
    with pytest.raises(AnalysisError, match="`only_second` must be a whole number from 0"):
        mcnemar(3, pairs)
