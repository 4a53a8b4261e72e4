from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calor.design.graph import Graph, shortcut
from calor.design.graph_closure import closure
from calor.kernels import graph as kernel

SHARES = st.floats(0.01, 1.0)


@st.composite
def graphs(draw: st.DrawFn, most: int = 5) -> Graph:
    m = draw(st.integers(2, most))
    weights = np.array(draw(st.lists(SHARES, min_size=m, max_size=m)))
    rows = np.array(draw(st.lists(st.lists(SHARES, min_size=m, max_size=m), min_size=m, max_size=m)))
    np.fill_diagonal(rows, 0.0)
    names = tuple(f"H{i}" for i in range(m))
    return Graph(names, tuple(weights / weights.sum()), tuple(map(tuple, rows / rows.sum(axis=1, keepdims=True))))


@st.composite
def graph_cases(draw: st.DrawFn) -> tuple[Graph, list[float]]:
    graph = draw(graphs())
    p = draw(st.lists(st.floats(1e-6, 1.0), min_size=len(graph.weights), max_size=len(graph.weights)))
    return graph, p


@given(graph_cases())
def test_shortcut_equals_the_closed_bonferroni_test(case: tuple[Graph, list[float]]) -> None:
    graph, p = case
    assert shortcut(graph, p, 0.025).adjusted == pytest.approx(closure(graph, p, 0.025, "bonferroni").adjusted)


@given(graph_cases())
def test_simes_lies_between_the_raw_p_values_and_bonferroni(case: tuple[Graph, list[float]]) -> None:
    graph, p = case
    simes = closure(graph, p, 0.025, "simes").adjusted
    assert np.all(simes >= np.array(p) * (1 - 1e-12))
    assert np.all(simes <= shortcut(graph, p, 0.025).adjusted * (1 + 1e-9))


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_rejection_does_not_change_what_is_left(graph: Graph, order) -> None:  # type: ignore[no-untyped-def]
    gone = list(range(len(graph.weights) - 1))
    orders = [list(gone), list(gone)]
    order.shuffle(orders[1])
    left = []
    for sequence in orders:
        weights, transitions = np.array(graph.weights), np.array(graph.transitions)
        for i in sequence:
            kernel.drop(weights, transitions, i)
        left.append(weights)
    assert left[0] == pytest.approx(left[1], abs=1e-9)


@given(graphs())
def test_complete_graphs_share_out_all_of_alpha_in_every_intersection(graph: Graph) -> None:
    totals = graph.intersection_weights().sum(axis=1)
    assert totals.to_numpy() == pytest.approx(np.ones(len(totals)))


@given(graph_cases(), st.floats(0.1, 0.9))
def test_smaller_p_values_never_lose_a_rejection(case: tuple[Graph, list[float]], factor: float) -> None:
    graph, p = case
    smaller = shortcut(graph, [x * factor for x in p], 0.025).adjusted
    assert np.all(smaller <= shortcut(graph, p, 0.025).adjusted * (1 + 1e-12))
