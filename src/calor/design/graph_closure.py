"""Closed testing with a graph's weights: Bonferroni, Simes or parametric tests of the intersections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from calor.design.graph import Graph, GraphTest, check_p_values
from calor.design.multivariate_normal import check_correlation, probability_below
from calor.errors import DesignError
from calor.kernels import graph as kernel

IntersectionTest = Literal["bonferroni", "simes", "parametric"]
_MOST = {"bonferroni": 12, "simes": 12, "parametric": 8}  # hypotheses whose intersections take seconds, not minutes


def closure(
    graph: Graph,
    p_values: Sequence[float] | Float[np.ndarray, " hypothesis"],
    alpha: float,
    test: IntersectionTest = "simes",
    correlation: Sequence[Sequence[float]] | Float[np.ndarray, "hypothesis hypothesis"] | None = None,
) -> GraphTest:
    """Test every intersection of a graph's hypotheses and reject what all its intersections reject.

    Args:
        graph: Hypotheses with weights and transitions.
        p_values: One-sided p-value of each hypothesis, in the graph's order.
        alpha: Familywise error rate, one-sided.
        test: Test of an intersection. Simes needs test statistics that are independent or positively dependent.
        correlation: Correlation of the test statistics under the null; needed by, and only by, the parametric test.

    Raises:
        DesignError: A bad p-value or alpha, an unknown test, a correlation that is missing, superfluous or none at all.

    Reference:
        Bretz F, Posch M, Glimm E, et al. Graphical approaches for multiple comparison procedures using weighted
        Bonferroni, Simes, or parametric tests. Biometrical Journal 2011.

    >>> graph = Graph(("full", "positive"), (0.6, 0.4), ((0, 1), (1, 0)))
    >>> closure(graph, [0.007, 0.0253], 0.025, "parametric", [[1, 0.5], [0.5, 1]]).adjusted.round(4)
    array([0.0111, 0.0253])
    """
    p = check_p_values(graph, p_values, alpha)
    matrix = _check_test(test, correlation, p.size)
    weights = kernel.intersection_weights(np.array(graph.weights), np.array(graph.transitions))
    adjusted = np.zeros(p.size)
    for members in range(1, weights.shape[0]):
        inside = np.array([bool(members >> i & 1) for i in range(p.size)])
        positive = weights[members] > 0
        local = _intersection_p(test, p[positive], weights[members, positive], matrix[np.ix_(positive, positive)])
        adjusted[inside] = np.maximum(adjusted[inside], min(1.0, local))
    return GraphTest(graph.hypotheses, p, adjusted, alpha, f"Graphical closed testing ({test.capitalize()})")


def _intersection_p(
    test: IntersectionTest, p: Float[np.ndarray, " k"], w: Float[np.ndarray, " k"], matrix: Float[np.ndarray, "k k"]
) -> float:
    """Return the p-value of one intersection from its members with positive weight."""
    if p.size == 0:
        return 1.0
    smallest = float(np.min(p / w))
    if test == "bonferroni" or smallest == 0:
        return smallest
    if test == "simes":
        return float(np.min(p / np.array([w[p <= own].sum() for own in p])))
    if p.size == 1 or smallest * w.max() >= 1:
        return smallest
    # the level at which the weighted minimum just rejects, less the alpha that correlation leaves unused
    return (1 - probability_below(-ndtri(smallest * w), matrix, error=1e-5)) / float(w.sum())


def _check_test(
    test: IntersectionTest, correlation: Sequence[Sequence[float]] | Float[np.ndarray, "m m"] | None, size: int
) -> Float[np.ndarray, "m m"]:
    if test not in ("bonferroni", "simes", "parametric"):
        raise DesignError.must("test", "be bonferroni, simes or parametric", repr(test), fix="Choose one.")
    if size > _MOST[test]:
        rule = f"have at most {_MOST[test]} hypotheses for this test"
        raise DesignError.must("graph", rule, size, fix="Use the Bonferroni shortcut.")
    if test != "parametric":
        if correlation is not None:
            fix = "Leave it out, or ask for the parametric test."
            raise DesignError.must("correlation", f"be left out of a {test} test", "a matrix", fix=fix)
        return np.eye(size)
    if correlation is None:
        raise DesignError.must("correlation", "be given for a parametric test", None, fix="Give it, or use Simes.")
    return check_correlation(correlation, size)
