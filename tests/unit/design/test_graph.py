from __future__ import annotations

import numpy as np
import pytest

from calor.design.graph import Graph, shortcut
from calor.design.graph_closure import closure
from calor.errors import DesignError

TWO = Graph(("full", "positive"), (0.6, 0.4), ((0, 1), (1, 0)))


def test_a_rejected_hypothesis_passes_its_alpha_on() -> None:
    result = shortcut(TWO, [0.001, 0.02], alpha=0.025)
    assert result.rejected.tolist() == [True, True]
    assert shortcut(TWO, [0.03, 0.02], alpha=0.025).rejected.tolist() == [False, False]


def test_a_p_value_that_equals_its_share_is_a_rejection() -> None:
    assert shortcut(TWO, [0.6 * 0.025, 1.0], alpha=0.025).rejected.tolist() == [True, False]


def test_a_hypothesis_that_no_weight_reaches_is_never_rejected() -> None:
    stuck = Graph(("A", "B"), (1.0, 0.0), ((0, 0), (1, 0)))
    result = shortcut(stuck, [0.0, 0.0], alpha=0.025)
    assert result.adjusted.tolist() == [0.0, 1.0]
    assert closure(stuck, [0.0, 0.0], 0.025).adjusted.tolist() == [0.0, 1.0]


def test_holm_is_the_graph_that_shares_alpha_evenly() -> None:
    third = 1 / 2
    holm = Graph(("A", "B", "C"), (1 / 3,) * 3, ((0, third, third), (third, 0, third), (third, third, 0)))
    assert shortcut(holm, [0.01, 0.02, 0.03], 0.05).adjusted == pytest.approx([0.03, 0.04, 0.04])


def test_hochberg_is_less_strict_than_holm_through_simes() -> None:
    half = Graph(("A", "B"), (0.5, 0.5), ((0, 1), (1, 0)))
    assert closure(half, [0.024, 0.025], 0.025, "simes").rejected.all()
    assert not shortcut(half, [0.024, 0.025], 0.025).rejected.any()


def test_an_intersection_has_the_weights_of_the_updated_graph() -> None:
    graph = Graph(("A", "B", "C"), (0.5, 0.5, 0), ((0, 0.5, 0.5), (1, 0, 0), (0, 1, 0)))
    weights = graph.intersection_weights()
    assert weights.loc["BC"].tolist() == pytest.approx([0, 0.75, 0.25])
    assert weights.loc["C"].tolist() == pytest.approx([0, 0, 1])


def test_a_table_has_one_row_per_hypothesis() -> None:
    table = shortcut(TWO, [0.007, 0.0253], alpha=0.025).to_frame()
    assert list(table.index) == ["full", "positive"]
    assert list(table.columns) == ["p_value", "adjusted_p", "rejected"]


def test_equal_weights_and_independence_make_the_parametric_test_sidak() -> None:
    half = Graph(("A", "B"), (0.5, 0.5), ((0, 1), (1, 0)))
    adjusted = closure(half, [0.01, 0.5], 0.025, "parametric", np.eye(2)).adjusted
    assert adjusted[0] == pytest.approx(1 - 0.99**2, abs=1e-6)


def test_perfect_correlation_leaves_nothing_to_adjust() -> None:
    half = Graph(("A", "B"), (0.5, 0.5), ((0, 1), (1, 0)))
    adjusted = closure(half, [0.01, 0.01], 0.025, "parametric", np.ones((2, 2))).adjusted
    assert adjusted == pytest.approx([0.01, 0.01], abs=1e-6)


@pytest.mark.parametrize(
    ("hypotheses", "weights", "transitions", "says"),
    [
        (("A", "A"), (0.5, 0.5), ((0, 1), (1, 0)), "`hypotheses` must name each hypothesis once"),
        ((), (), (), "`hypotheses` must"),
        (("A", "B"), (0.5, 0.4), ((0, 1), (1, 0)), "`weights` must add up to 1, got 0.9"),
        (("A", "B"), (0.7, 0.4), ((0, 1), (1, 0)), "`weights` must add up to 1"),
        (("A", "B"), (1.5, -0.5), ((0, 1), (1, 0)), "`weights` must be shares"),
        (("A", "B"), (0.5, float("nan")), ((0, 1), (1, 0)), "`weights` must be shares"),
        (("A", "B"), (1.0,), ((0, 1), (1, 0)), "`weights` must have one value for each"),
        (("A", "B"), (0.5, 0.5), ((0, 1),), "`transitions` must have 2 rows"),
        (("A", "B"), (0.5, 0.5), ((0.5, 0.5), (1, 0)), "`transitions` must have 0 on the diagonal, got 0.5 at A"),
        (("A", "B", "C"), (1, 0, 0), ((0, 0.6, 0.6), (1, 0, 0), (0, 1, 0)), "`transitions` must add up to at most 1"),
        (("A", "B"), (0.5, 0.5), ((0, -1), (1, 0)), "`transitions` must be shares"),
    ],
)
def test_a_graph_that_cannot_exist_is_refused(hypotheses, weights, transitions, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        Graph(hypotheses, weights, transitions)


@pytest.mark.parametrize(
    ("p", "alpha", "says"),
    [
        ([0.01], 0.025, "`p_values` must have one value for each"),
        ([0.01, 1.2], 0.025, "`p_values` must lie between 0 and 1, got 1.2 at positive"),
        ([0.01, float("nan")], 0.025, "`p_values` must lie between 0 and 1"),
        ([0.01, 0.02], 2.5, "`alpha` must lie between 0 and 1"),
    ],
)
def test_p_values_that_do_not_belong_to_the_graph_are_refused(p, alpha, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        shortcut(TWO, p, alpha)


@pytest.mark.parametrize(
    ("test", "correlation", "says"),
    [
        ("hochberg", None, "`test` must be bonferroni, simes or parametric"),
        ("simes", np.eye(2), "`correlation` must be left out"),
        ("parametric", None, "`correlation` must be given"),
        ("parametric", np.eye(3), "`correlation` must be 2 by 2"),
        ("parametric", [[1, 0.5], [0.4, 1]], "`correlation` must be finite and symmetric"),
        ("parametric", [[1, float("nan")], [float("nan"), 1]], "`correlation` must be finite and symmetric"),
        ("parametric", [[2, 0.5], [0.5, 1]], "`correlation` must have 1 on the diagonal"),
        ("parametric", [[1, 1.2], [1.2, 1]], "`correlation` must be positive semi-definite"),
    ],
)
def test_a_closed_test_without_what_it_needs_is_refused(test, correlation, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        closure(TWO, [0.01, 0.02], 0.025, test, correlation)


def test_too_many_hypotheses_for_a_closed_test_are_refused() -> None:
    names = tuple("ABCDEFGHIJKLM")
    alone = Graph(names, (1.0, *(0.0,) * 12), ((0.0,) * 13,) * 13)
    with pytest.raises(DesignError, match="at most 12 hypotheses"):
        closure(alone, [0.5] * 13, 0.025)
