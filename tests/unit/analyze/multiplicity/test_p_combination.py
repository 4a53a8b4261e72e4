"""Combined p-values."""

from __future__ import annotations

import pytest
from scipy.stats import combine_pvalues, norm

from calor.analyze.multiplicity.p_combination import fisher_combination, stouffer_combination
from calor.errors import AnalysisError


def test_both_agree_with_scipy() -> None:
    p = [0.03, 0.4, 0.2]
    assert fisher_combination(p).p_value == pytest.approx(combine_pvalues(p, "fisher").pvalue)
    assert stouffer_combination(p, [1, 2, 3]).p_value == pytest.approx(combine_pvalues(p, "stouffer", [1, 2, 3]).pvalue)


def test_one_p_value_is_itself() -> None:
    assert fisher_combination([0.03]).p_value == pytest.approx(0.03)
    assert stouffer_combination([0.03]).p_value == pytest.approx(0.03)


def test_two_equal_stages_add_their_scores() -> None:
    assert stouffer_combination([0.05, 0.05]).statistic == pytest.approx(2 * norm.isf(0.05) / 2**0.5)


@pytest.mark.parametrize("p", [[], [0.1, float("nan")], [0.1, -0.1], [0.0, 0.1]])
def test_what_cannot_be_combined_is_refused(p: list[float]) -> None:
    with pytest.raises(AnalysisError, match="`p_values` must"):
        fisher_combination(p)


def test_stouffer_refuses_ones_and_odd_weights() -> None:
    with pytest.raises(AnalysisError, match="lie below 1"):
        stouffer_combination([0.1, 1.0])
    with pytest.raises(AnalysisError, match="`weights` must be 2 positive numbers"):
        stouffer_combination([0.1, 0.2], [1, 0])
