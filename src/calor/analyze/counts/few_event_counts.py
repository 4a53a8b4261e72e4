"""All defensible comparisons of two counts side by side, for when only the counts are known."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Literal, get_args

import pandas as pd

from calor.analyze.counts.boschloo import boschloo
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.few_events import FewEvents, upper_bounds
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen
from calor.analyze.estimate import check_level
from calor.analyze.survival.time_to_event import Arm
from calor.errors import AnalysisError

CountMethod = Literal["fisher_exact", "fisher_central", "fisher_mid_p", "boschloo", "miettinen_nurminen"]


def few_event_counts(
    control: EventCount,
    active: EventCount,
    *,
    arms: Sequence[Arm],
    primary: CountMethod = "fisher_exact",
    level: float = 0.95,
) -> FewEvents:
    """Compare two counts by all defensible methods, the protocol's own marked as primary.

    Args:
        control: Events and participants of the control arm.
        active: Events and participants of the active arm.
        arms: The two arms' names, control first.
        primary: The method named before the data were seen.
        level: Confidence level of the two-sided intervals and of the one-sided bounds.

    Returns:
        The methods with the spread of their p-values, and the upper bound of each arm's proportion.

    Raises:
        AnalysisError: Not two arms, no event in either, an unknown primary method, a level outside 0 to 1.

    Reference:
        The methods' own pages.

    Example:
        >>> print(few_event_counts(EventCount(3, 28), EventCount(0, 27), arms=("placebo", "aldesleukin")))
        Fisher's exact test of proportions (primary): p = 0.236; 5 defensible methods give p from 0.0... to 0.25...
        placebo: 3 of 28; the data cannot rule out an event rate up to 25.4 % (exact, one-sided 95 %)
        aldesleukin: 0 of 27; the data cannot rule out an event rate up to 10.5 % (exact, one-sided 95 %)
    """
    check_level(level)
    if primary not in get_args(CountMethod):
        fix = "Name the protocol's method."
        raise AnalysisError.must("primary", f"be one of {', '.join(get_args(CountMethod))}", primary, fix=fix)
    if len(set(arms)) != 2:
        raise AnalysisError.must("arms", "be two", list(arms), fix="Name the control arm first, then the active one.")
    if control.events + active.events == 0:
        fix = "No method compares arms then; report the exact upper bound of each proportion."
        raise AnalysisError.must("events", "happen at least once", "no event", fix=fix)
    fisher = fisher_exact(active, control, level=level)
    score = miettinen_nurminen(active, control, level=level).estimate
    found: dict[CountMethod, tuple[str, float | None]] = {
        "fisher_exact": ("Fisher's exact test of proportions", fisher.p_minlike),
        "fisher_central": ("Fisher's exact test, twice the smaller tail", fisher.p_central),
        "fisher_mid_p": ("Fisher's mid-p", fisher.p_midp),
        "boschloo": ("Boschloo's exact test", boschloo(active, control).p_value),
        "miettinen_nurminen": ("Miettinen-Nurminen score test", score.p_value),
    }
    rows = [
        {
            "method": method,
            "name": name,
            "primary": method == primary,
            "measure": score.label if method == "miettinen_nurminen" else "",
            "estimate": score.estimate if method == "miettinen_nurminen" else nan,
            "lower": score.lower if method == "miettinen_nurminen" else nan,
            "upper": score.upper if method == "miettinen_nurminen" else nan,
            "p_value": p_value,
        }
        for method, (name, p_value) in found.items()
    ]
    n = control.participants + active.participants
    bounds = upper_bounds((control, active), tuple(arms), level)
    return FewEvents(tuple(arms), pd.DataFrame(rows), primary, bounds, level, n)
