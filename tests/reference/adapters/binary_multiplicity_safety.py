"""Two-by-two tables, single proportions, multiplicity, meta-analysis and safety against R."""

from __future__ import annotations

import math
import re
from typing import Any

from calor.analyze.event_count import EventCount
from calor.analyze.fisher_exact import fisher_exact
from tests.reference.registry import Case, adapter, close, number

FILE = "stats_binary_multiplicity_safety_bayes"


def _numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text)]


def _table(case: Case) -> tuple[EventCount, EventCount]:
    """Read x1, n1 of the active arm and x0, n0 of the control arm."""
    x1, n1, x0, n0 = case["outputs"].get("table") or _numbers(case["model"])
    return EventCount(int(x1), int(n1)), EventCount(int(x0), int(n0))


def _infinite(value: Any) -> float:
    """Read an upper limit: R's infinity was written as null."""
    return math.inf if value is None else number(value)


@adapter(FILE, r"exact2x2_.*")
def exact_two_by_two(case: Case) -> None:
    want, tolerance = case["outputs"], case["tolerance"]
    active, control = _table(case)
    got = fisher_exact(active, control)
    close(got.p_minlike, want["fisher_p"], tolerance, "two-sided p")
    close(got.p_fewer, want["fisher_less"], tolerance, "one-sided p")
    close(got.p_central, want["central"]["p"], tolerance, "central p")
    if got.odds_ratio is None:  # R prints 0 (0 to infinity), which says the same
        assert (number(want["fisher_or"]), want["fisher_ci"]) == (0, [0, None])
        return
    close(got.odds_ratio.estimate, _infinite(want["fisher_or"]), tolerance, "odds ratio")
    for interval in (want["fisher_ci"], want["central"]["ci"]):
        close(got.odds_ratio.lower, interval[0], tolerance, "lower limit")
        close(got.odds_ratio.upper, _infinite(interval[1]), tolerance, "upper limit")
