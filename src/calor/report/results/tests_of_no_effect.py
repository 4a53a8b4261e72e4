"""How a test without an estimate is drawn: its statistic on the curve that turns statistics into p-values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from calor.analyze.estimate import format_p
from calor.report.figure import Figure
from calor.report.figures.curves import curves


def tail(
    statistic: float,
    p_value: float,
    probability: Callable[[np.ndarray], np.ndarray],
    *,
    name: str,
    title: str,
    caption: str,
    axis: str,
) -> Figure:
    """Draw the chance of a statistic as large or larger under no effect, and mark the one observed.

    Args:
        statistic: The one observed, 0 or more.
        p_value: Its p-value.
        probability: Chance of a statistic as large or larger.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: method, n.
        axis: What the statistic is.
    """
    at = np.linspace(0.0, max(1.6 * statistic, 6.0), 121)
    curve = pd.DataFrame({"series": "chance", "x": at, "y": probability(at)})
    mark = pd.DataFrame([{"x": statistic, "y": p_value, "label": f"{statistic:.2f}, {format_p(p_value)}"}])
    axes = (axis, "Chance of this or more under no effect")
    return curves(curve, series=["chance"], name=name, title=title, caption=caption, axes=axes, marks=mark)
