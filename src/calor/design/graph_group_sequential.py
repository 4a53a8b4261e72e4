"""Group-sequential graphs: a graph of hypotheses, each spending its share of alpha over the looks of a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq

from calor.design.graph import Graph
from calor.design.spending import SpendingFunction
from calor.errors import DesignError
from calor.kernels import critical_values
from calor.kernels import graph as kernel
from calor.kernels.normal import upper_quantile

_LEAST, _MOST = 1e-12, 1 - 1e-9  # levels between which a sequential p-value is sought


@dataclass(frozen=True)
class MonitoredHypothesis:
    """One hypothesis as the looks so far have seen it.

    Attributes:
        spending: How it spends its share of alpha; only the shape counts, its own total is replaced.
        information_fractions: Share of its planned information at each look; None where it was not tested.
        p_values: One-sided p-value at each look; None where it was not tested.

    Raises:
        DesignError: Not as many fractions as p-values, fractions that do not increase up to 1, a p-value that is none.

    >>> from calor.design import spending
    >>> survival = MonitoredHypothesis(spending.obrien_fleming(0.025), [0.5, 1.0], [0.01, 0.004])
    >>> survival.sequential_p().round(4)
    array([0.0685, 0.004 ])
    """

    spending: SpendingFunction
    information_fractions: Sequence[float | None]
    p_values: Sequence[float | None]

    def __post_init__(self) -> None:
        if [f is None for f in self.information_fractions] != [p is None for p in self.p_values]:
            got = f"{list(self.information_fractions)} and {list(self.p_values)}"
            fix = "Give None in both where the hypothesis was not tested."
            raise DesignError.must("information_fractions", "go with the p-values, look by look", got, fix=fix)
        fractions = [0.0, *(f for f in self.information_fractions if f is not None)]
        if not (np.all(np.diff(fractions) > 0) and fractions[-1] <= 1):
            fix = "Give each look its own fraction."
            raise DesignError.must("information_fractions", "increase up to 1", fractions[1:], fix=fix)
        for look, p in enumerate(self.p_values, 1):
            if p is not None and not 0 <= p <= 1:
                fix = "Give None if the hypothesis was not tested."
                raise DesignError.must("p_values", "lie between 0 and 1", p, where=f"look {look}", fix=fix)

    def sequential_p(self) -> Float[np.ndarray, " look"]:
        """Return at each look the smallest level at which this or an earlier look rejects; 1 before the first test."""
        tested = [k for k, p in enumerate(self.p_values) if p is not None]
        fractions = np.array([self.information_fractions[k] for k in tested], dtype=float)
        z = np.array([_z(self.p_values[k]) for k in tested])
        found = np.ones(len(self.p_values))
        for count, k in enumerate(tested, 1):
            found[k:] = self._smallest_level(fractions[:count], z[:count])
        return found

    def _smallest_level(self, fractions: Float[np.ndarray, " look"], z: Float[np.ndarray, " look"]) -> float:
        def lead(log_level: float) -> float:
            bounds = self.bounds(exp(log_level), fractions)
            return float(np.max(np.clip(z, -50, 50) - np.clip(bounds, -50, 50)))

        if lead(log(_MOST)) < 0:
            return 1.0
        if lead(log(_LEAST)) >= 0:
            return 0.0
        return exp(brentq(lead, log(_LEAST), log(_MOST), xtol=1e-12, rtol=1e-13))

    def bounds(self, level: float, fractions: Float[np.ndarray, " look"]) -> Float[np.ndarray, " look"]:
        """Return the bounds on z at these looks when the hypothesis holds `level` of alpha."""
        spent = self.spending.at_level(level).increments(fractions)
        no_futility, no_inner = np.full(fractions.size, -inf), np.zeros(fractions.size)
        return np.asarray(critical_values.spending_bounds(fractions, spent, no_futility, no_inner, False))


@dataclass(frozen=True, eq=False)
class SequentialGraphTest:
    """What a group-sequential graph rejects, look by look.

    Attributes:
        hypotheses: Names, in the graph's order.
        sequential_p: Smallest level at which each hypothesis alone is rejected by each look.
        adjusted: The same adjusted for the graph; a hypothesis is rejected by a look where it is at most alpha.
        alpha: Familywise error rate, one-sided.
    """

    hypotheses: tuple[str, ...]
    sequential_p: Float[np.ndarray, "hypothesis look"]
    adjusted: Float[np.ndarray, "hypothesis look"]
    alpha: float

    @property
    def rejected_at(self) -> tuple[int | None, ...]:
        """The look (from 1) at which each hypothesis is rejected; None if it is not."""
        yes = self.adjusted <= self.alpha * (1 + 1e-12)
        return tuple(int(np.argmax(row)) + 1 if row.any() else None for row in yes)

    def __str__(self) -> str:
        said = [
            f"{name} not rejected" if look is None else f"{name} rejected at look {look}"
            for name, look in zip(self.hypotheses, self.rejected_at, strict=True)
        ]
        return f"Group-sequential graph at {self.alpha:g}: {'; '.join(said)}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per hypothesis and look."""
        looks = range(1, self.adjusted.shape[1] + 1)
        index = pd.MultiIndex.from_product([self.hypotheses, looks], names=["hypothesis", "look"])
        columns = {"sequential_p": self.sequential_p.ravel(), "adjusted_p": self.adjusted.ravel()}
        return pd.DataFrame(columns, index=index).assign(rejected=self.adjusted.ravel() <= self.alpha * (1 + 1e-12))


def group_sequential_graph(graph: Graph, monitored: Sequence[MonitoredHypothesis], alpha: float) -> SequentialGraphTest:
    """Test a graph's hypotheses at the looks of a trial, passing on the alpha of each that is rejected.

    A hypothesis that gains alpha is tested again with wider bounds, at this look and the earlier ones.

    Args:
        graph: Hypotheses with weights and transitions.
        monitored: Spending, information and p-values of each hypothesis, in the graph's order.
        alpha: Familywise error rate, one-sided.

    Raises:
        DesignError: Not as many monitored hypotheses as the graph has, or not the same looks.

    Reference:
        Maurer W, Bretz F. Multiple testing in group sequential trials using graphical approaches. Statistics in
        Biopharmaceutical Research 2013. Liu Q, Anderson KM. On adaptive extensions of group sequential trials for
        clinical investigations. Journal of the American Statistical Association 2008 (sequential p-values).

    >>> from calor.design import spending
    >>> graph = Graph(("full", "positive"), (0.6, 0.4), ((0, 1), (1, 0)))
    >>> spend = spending.obrien_fleming(0.025)
    >>> full = MonitoredHypothesis(spend, [0.5, 1.0], [0.02, 0.021])
    >>> positive = MonitoredHypothesis(spend, [0.5, 1.0], [0.0001, 0.00005])
    >>> print(group_sequential_graph(graph, [full, positive], alpha=0.025))
    Group-sequential graph at 0.025: full rejected at look 2; positive rejected at look 1
    """
    looks = {len(m.p_values) for m in monitored}
    if len(monitored) != len(graph.hypotheses):
        rule = f"be one for each of {graph.hypotheses}"
        raise DesignError.must("monitored", rule, len(monitored), fix="Give them in the graph's order.")
    if len(looks) != 1 or looks == {0}:
        fix = "Give None at a look that did not test a hypothesis."
        raise DesignError.must("monitored", "have the same looks, at least one", sorted(looks), fix=fix)
    if not 0 < alpha < 0.5:
        raise DesignError.must("alpha", "lie between 0 and 0.5", alpha, fix="Give 0.025, one-sided.")
    weights, transitions = np.array(graph.weights), np.array(graph.transitions)
    sequential = np.array([m.sequential_p() for m in monitored])
    adjusted = np.array([kernel.sequentially_rejective(weights, transitions, p) for p in sequential.T.copy()]).T
    return SequentialGraphTest(graph.hypotheses, sequential, adjusted, alpha)


def _z(p_value: float | None) -> float:
    if p_value is None or p_value >= 1:
        return -inf
    return inf if p_value <= 0 else upper_quantile(p_value)
