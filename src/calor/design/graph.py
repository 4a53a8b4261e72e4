"""Graphical test procedures: a graph of weighted hypotheses and its Bonferroni shortcut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from calor.errors import DesignError
from calor.kernels import graph as kernel

_ROUNDING = 1e-9  # a third written with nine digits still adds up


@dataclass(frozen=True)
class Graph:
    """Hypotheses, the share of alpha each starts with, and where its share goes once it is rejected.

    Attributes:
        hypotheses: Names, each once.
        weights: Starting share of alpha of each hypothesis; they add up to 1.
        transitions: Row i says which fraction of hypothesis i's share goes to each other; a row adds up to at most 1.

    Raises:
        DesignError: Names repeat, shapes differ, a value is not a share, weights do not add up to 1, a row exceeds 1.

    Reference:
        Bretz F, Maurer W, Brannath W, Posch M. Statistics in Medicine 2009.

    >>> Graph(("full", "positive"), (0.6, 0.4), ((0, 1), (1, 0))).weights
    (0.6, 0.4)
    """

    hypotheses: tuple[str, ...]
    weights: tuple[float, ...]
    transitions: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "hypotheses", tuple(self.hypotheses))
        object.__setattr__(self, "weights", tuple(float(w) for w in self.weights))
        object.__setattr__(self, "transitions", tuple(tuple(float(g) for g in row) for row in self.transitions))
        _check_names(self.hypotheses)
        _check_weights(self)
        _check_transitions(self)

    def intersection_weights(self) -> pd.DataFrame:
        """Return the weights of every intersection hypothesis, one row each.

        >>> Graph(("A", "B"), (0.5, 0.5), ((0, 1), (1, 0))).intersection_weights()
               A    B
        A    1.0  0.0
        B    0.0  1.0
        AB   0.5  0.5
        """
        m = len(self.hypotheses)
        table = kernel.intersection_weights(np.array(self.weights), np.array(self.transitions))
        short = all(len(h) == 1 for h in self.hypotheses)
        rows = [
            ("" if short else " & ").join(h for i, h in enumerate(self.hypotheses) if b >> i & 1)
            for b in range(1, 1 << m)
        ]
        return pd.DataFrame(table[1:], index=rows, columns=list(self.hypotheses))


@dataclass(frozen=True)
class GraphTest:
    """What a graphical procedure rejects.

    Attributes:
        hypotheses: Names, in the graph's order.
        p_values: Unadjusted p-values.
        adjusted: Adjusted p-values; a hypothesis is rejected where its own is at most alpha.
        alpha: Familywise error rate.
        method: The procedure's name as a paper prints it.
    """

    hypotheses: tuple[str, ...]
    p_values: Float[np.ndarray, " hypothesis"]
    adjusted: Float[np.ndarray, " hypothesis"]
    alpha: float
    method: str

    @property
    def rejected(self) -> Bool[np.ndarray, " hypothesis"]:
        """Which hypotheses are rejected at `alpha`."""
        # 0.05 * 3 / 3 is not 0.05 in binary: a p-value that equals its share of alpha is a rejection
        return np.asarray(self.adjusted <= self.alpha * (1 + 1e-12))

    def __str__(self) -> str:
        said = [
            f"{name} {'rejected' if yes else 'not rejected'} (adjusted p = {p:.4f})"
            for name, yes, p in zip(self.hypotheses, self.rejected, self.adjusted, strict=True)
        ]
        return f"{self.method} at {self.alpha:g}: {'; '.join(said)}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per hypothesis."""
        columns = {"p_value": self.p_values, "adjusted_p": self.adjusted, "rejected": self.rejected}
        return pd.DataFrame(columns, index=pd.Index(self.hypotheses, name="hypothesis"))


def shortcut(graph: Graph, p_values: Sequence[float] | Float[np.ndarray, " hypothesis"], alpha: float) -> GraphTest:
    """Test a graph's hypotheses one after the other, passing on the alpha of each that is rejected.

    Args:
        graph: Hypotheses with weights and transitions.
        p_values: One-sided (or two-sided) p-value of each hypothesis, in the graph's order.
        alpha: Familywise error rate, with as many sides as the p-values.

    Raises:
        DesignError: A p-value or alpha is none, or there are not as many p-values as hypotheses.

    Reference:
        Bretz F, Maurer W, Brannath W, Posch M. Statistics in Medicine 2009, algorithms 1 and 2.

    >>> graph = Graph(("full", "positive"), (0.6, 0.4), ((0, 1), (1, 0)))
    >>> print(shortcut(graph, [0.007, 0.0253], alpha=0.025))
    Graphical Bonferroni shortcut at 0.025: full rejected (adjusted p = 0.0117);
    positive not rejected (adjusted p = 0.0253)
    """
    p = check_p_values(graph, p_values, alpha)
    adjusted = kernel.sequentially_rejective(np.array(graph.weights), np.array(graph.transitions), p)
    return GraphTest(graph.hypotheses, p, adjusted, alpha, "Graphical Bonferroni shortcut")


def check_p_values(
    graph: Graph, p_values: Sequence[float] | Float[np.ndarray, " hypothesis"], alpha: float
) -> Float[np.ndarray, " hypothesis"]:
    """Return the p-values as an array, refusing those that do not belong to the graph."""
    p = np.asarray(p_values, dtype=float)
    if not 0 < alpha < 1:
        raise DesignError.must("alpha", "lie between 0 and 1", alpha, fix="Give 0.025 for a one-sided test.")
    if p.shape != (len(graph.hypotheses),):
        rule = f"have one value for each of {graph.hypotheses}"
        raise DesignError.must("p_values", rule, p.tolist(), fix="Give them in the graph's order.")
    for name, value in zip(graph.hypotheses, p, strict=True):
        if not 0 <= value <= 1:
            raise DesignError.must(
                "p_values", "lie between 0 and 1", value, where=name, fix="A p-value cannot be missing."
            )
    return p


def _check_names(names: tuple[str, ...]) -> None:
    if not names or len(set(names)) != len(names):
        raise DesignError.must("hypotheses", "name each hypothesis once", names, fix="Give every one its own name.")


def _check_weights(graph: Graph) -> None:
    weights = np.array(graph.weights)
    if weights.shape != (len(graph.hypotheses),):
        rule = f"have one value for each of {graph.hypotheses}"
        raise DesignError.must("weights", rule, graph.weights, fix="Give a weight to each, 0 if it starts with none.")
    if not (np.all(np.isfinite(weights)) and np.all(weights >= 0)):
        raise DesignError.must("weights", "be shares between 0 and 1", graph.weights, fix="Give shares of alpha.")
    if abs(weights.sum() - 1) > _ROUNDING:
        raise DesignError.must(
            "weights", "add up to 1", f"{weights.sum():.6g}", fix="Share all of alpha out, not more."
        )


def _check_transitions(graph: Graph) -> None:
    m = len(graph.hypotheses)
    if len(graph.transitions) != m or any(len(row) != m for row in graph.transitions):
        got = [len(row) for row in graph.transitions]
        rule = f"have {m} rows of {m} values"
        raise DesignError.must("transitions", rule, f"rows of {got}", fix="Give a row and a column to each hypothesis.")
    for i, (name, row) in enumerate(zip(graph.hypotheses, graph.transitions, strict=True)):
        if not all(0 <= g <= 1 for g in row):
            raise DesignError.must("transitions", "be shares between 0 and 1", row, where=name, fix="Give shares.")
        if row[i] != 0:
            raise DesignError.must("transitions", "have 0 on the diagonal", row[i], where=name, fix="Set it to 0.")
        if sum(row) > 1 + _ROUNDING:
            raise DesignError.must(
                "transitions", "add up to at most 1 in a row", sum(row), where=name, fix="Lower one."
            )
