from __future__ import annotations

import numpy as np
import pytest

from calor.design import GroupSequential, spending
from calor.design.graph import Graph, shortcut
from calor.design.graph_group_sequential import MonitoredHypothesis, group_sequential_graph
from calor.errors import DesignError
from calor.kernels.normal import upper_tail

SPEND = spending.obrien_fleming(0.025)
TWO = Graph(("full", "positive"), (0.6, 0.4), ((0, 1), (1, 0)))


@pytest.mark.parametrize("look", [1, 2, 3])
def test_a_statistic_on_its_bound_has_the_designs_alpha_as_sequential_p(look: int) -> None:
    design = GroupSequential(np.array([0.4, 0.7, 1.0]), efficacy=SPEND)
    p = [0.9] * (look - 1) + [upper_tail(design.efficacy_bounds[look - 1])]
    seen = MonitoredHypothesis(SPEND, [0.4, 0.7, 1.0][:look], p)
    assert seen.sequential_p()[-1] == pytest.approx(0.025, rel=1e-8)


def test_one_look_at_full_information_is_the_ordinary_graph() -> None:
    p = [0.007, 0.0253]
    seen = [MonitoredHypothesis(SPEND, [1.0], [x]) for x in p]
    adjusted = group_sequential_graph(TWO, seen, 0.025).adjusted[:, 0]
    assert adjusted == pytest.approx(shortcut(TWO, p, 0.025).adjusted, rel=1e-8)


def test_alpha_gained_reopens_an_earlier_look() -> None:
    """Alone `full` spends 0.6 of alpha and fails at look 1; with all of alpha its look-1 p-value passes."""
    whole = upper_tail(GroupSequential(np.array([0.5, 1.0]), efficacy=SPEND).efficacy_bounds[0])
    full = MonitoredHypothesis(SPEND, [0.5, 1.0], [0.9 * whole, 0.5])
    weak = MonitoredHypothesis(SPEND, [0.5, 1.0], [0.5, 0.5])
    strong = MonitoredHypothesis(SPEND, [0.5, 1.0], [0.5, 0.0001])
    assert group_sequential_graph(TWO, [full, weak], 0.025).rejected_at == (None, None)
    assert group_sequential_graph(TWO, [full, strong], 0.025).rejected_at == (2, 2)


def test_a_hypothesis_need_not_be_tested_at_every_look() -> None:
    early = MonitoredHypothesis(SPEND, [1.0, None], [0.001, None])
    late = MonitoredHypothesis(SPEND, [None, 0.6], [None, 0.9])
    result = group_sequential_graph(TWO, [early, late], 0.025)
    assert result.rejected_at == (1, None)
    assert result.sequential_p[1].tolist()[0] == 1.0
    assert result.to_frame().loc[("full", 2), "rejected"]


def test_rejections_are_never_taken_back() -> None:
    first = MonitoredHypothesis(SPEND, [0.5, 1.0], [0.0001, 0.9])
    second = MonitoredHypothesis(SPEND, [0.5, 1.0], [0.9, 0.9])
    assert group_sequential_graph(TWO, [first, second], 0.025).rejected_at == (1, None)


@pytest.mark.parametrize(
    ("fractions", "p", "says"),
    [
        ([0.5, 0.5], [0.1, 0.1], "`information_fractions` must increase up to 1"),
        ([0.5, 1.2], [0.1, 0.1], "`information_fractions` must increase up to 1"),
        ([0.5], [0.1, 0.1], "`information_fractions` must go with the p-values"),
        ([0.5, None], [0.1, 0.1], "`information_fractions` must go with the p-values"),
        ([0.5, 1.0], [0.1, 1.1], "`p_values` must lie between 0 and 1, got 1.1 at look 2"),
        ([0.5, 1.0], [float("nan"), 0.1], "`p_values` must lie between 0 and 1, got nan at look 1"),
    ],
)
def test_looks_that_do_not_fit_are_refused(fractions, p, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        MonitoredHypothesis(SPEND, fractions, p)


def test_hypotheses_must_match_the_graph_and_share_looks() -> None:
    one = MonitoredHypothesis(SPEND, [0.5], [0.1])
    two = MonitoredHypothesis(SPEND, [0.5, 1.0], [0.1, 0.1])
    with pytest.raises(DesignError, match="`monitored` must be one for each"):
        group_sequential_graph(TWO, [one], 0.025)
    with pytest.raises(DesignError, match="`monitored` must have the same looks"):
        group_sequential_graph(TWO, [one, two], 0.025)
    with pytest.raises(DesignError, match=r"`alpha` must lie between 0 and 0\.5"):
        group_sequential_graph(TWO, [one, one], 0.5)
