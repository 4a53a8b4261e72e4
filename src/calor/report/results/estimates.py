"""How estimates are drawn: one row each in a forest, on the scale that they share."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from calor.analyze.estimate import Estimate
from calor.analyze.estimate import Scale as Kind
from calor.report.figure import Figure
from calor.report.figures.forest import Scale, forest
from calor.report.number import interval, number, ratio
from calor.report.sections.words import capital

SCALES: dict[Kind, tuple[str, Scale]] = {
    "difference": ("Difference", "difference"),
    "ratio": ("Ratio (log scale)", "ratio"),
    "slope": ("Change per unit", "difference"),
    "proportion": ("Proportion", "value"),
    "rate": ("Rate", "value"),
    "time": ("Time", "value"),
}
"""Axis and kind of forest for each scale of an estimate."""


def estimate(result: Estimate) -> Figure:
    """Draw one estimate."""
    return estimates([result], name="estimate", title=f"{capital(result.label)}: {written(result)}.")


def estimates(
    found: Sequence[Estimate],
    *,
    name: str,
    title: str,
    labels: Sequence[str] = (),
    groups: Sequence[str] = (),
    axis: str = "",
    caption: str = "",
) -> Figure:
    """Draw estimates that share a scale, one row each.

    Args:
        found: Estimates, top to bottom.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        labels: What the rows are called; the estimates' own labels if empty.
        groups: A heading for each row, printed once where it changes.
        axis: Title of the axis; what the scale is called if empty.
        caption: The line beneath; the first estimate's method, n and level if empty.
    """
    first = found[0]
    word, scale = SCALES[first.scale]
    table = pd.DataFrame(
        {
            "label": list(labels) or [e.label for e in found],
            "estimate": [e.estimate for e in found],
            "lower": [e.lower for e in found],
            "upper": [e.upper for e in found],
            "n": [str(e.n) for e in found],
        }
    )
    return forest(
        table.assign(group=list(groups)) if groups else table,
        name=name,
        title=title,
        caption=caption or source(first),
        axis=axis or word,
        scale=scale,
        heading=f"Estimate ({first.level * 100:g} % CI)",
    )


def written(result: Estimate) -> str:
    """Write an estimate and its limits as print does.

    >>> written(Estimate("active v placebo", -0.171, -0.308, -0.034, 0.95, "difference", "ANCOVA", 60))
    '−0.171 (−0.308 to −0.034)'
    """
    numbers = (result.estimate, result.lower, result.upper)
    return interval(*(ratio(x) if result.scale == "ratio" else number(x, 3) for x in numbers))


def clear(result: Estimate) -> bool:
    """Say whether an interval excludes no effect."""
    null = 1.0 if result.scale == "ratio" else 0.0
    return result.lower > null or result.upper < null


def source(result: Estimate) -> str:
    """Write where an estimate comes from: method, n, level.

    >>> source(Estimate("active v placebo", -0.171, -0.308, -0.034, 0.95, "difference", "ANCOVA", 60))
    'ANCOVA. n = 60. Intervals: 95 %.'
    """
    return f"{capital(result.method)}. n = {result.n}. Intervals: {result.level * 100:g} %."
