"""graphicalMCP: Bonferroni shortcut, Simes and parametric closure."""

from __future__ import annotations

import re

import numpy as np

from calor.design.graph import Graph, GraphTest, shortcut
from calor.design.graph_closure import closure
from tests.reference.registry import Case, adapter, close

# graphicalMCP prints the closure's adjusted p-values with 10 decimals, whatever tolerance the case states
CLOSURE_DECIMALS = 10


def _names(m: int) -> tuple[str, ...]:
    return tuple(f"H{i + 1}" for i in range(m))


@adapter("design_graphical_procedures", r"gmcp\..*")
def graphical_procedure(case: Case) -> None:
    i, want, tolerance = case["inputs"], case["outputs"], case["tolerance"]
    graph = Graph(_names(len(i["hypotheses"])), i["hypotheses"], i["transitions"])
    test = i.get("test_type")
    if "shortcut" in case["function"]:
        got = shortcut(graph, i["p"], i["alpha"])
        values = got.adjusted
    else:
        got = closure(graph, i["p"], i["alpha"], test, i.get("corr") if test == "parametric" else None)
        values = got.adjusted.round(CLOSURE_DECIMALS)
    for name, value, p in zip(graph.hypotheses, values, want["adjusted_p"], strict=True):
        close(float(value), p, tolerance, f"adjusted p of {name}")
    assert got.rejected.tolist() == want["rejected"]


def _numbers(text: str) -> list[float]:
    return [float(x) for x in text.split(",")]


@adapter("stats_binary_multiplicity_safety_bayes", r"graph_shortcut_.*")
def graph_shortcut(case: Case) -> None:
    weights, rows = re.fullmatch(r".*hypotheses ([\d.,]+); G rows (.*)", case["model"]).groups()  # type: ignore[union-attr]
    transitions = [_numbers(row) for row in re.findall(r"\(([^)]*)\)", rows)]
    graph = Graph(_names(len(transitions)), tuple(_numbers(weights)), tuple(map(tuple, transitions)))
    want = case["outputs"]
    got: dict[float, GraphTest] = {alpha: shortcut(graph, want["p"], alpha) for alpha in (0.025, 0.05)}
    for value, p in zip(got[0.05].adjusted, want["adj_p"], strict=True):
        close(float(value), p, case["tolerance"], "adjusted p")
    assert np.array_equal(got[0.025].rejected, want["reject_025"])
    assert np.array_equal(got[0.05].rejected, want["reject_05"])
