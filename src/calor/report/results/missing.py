"""How results of the chapter on missing data are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calor.analyze.missing.multiple_imputation import MultiplyImputed
from calor.analyze.missing.reference_based import ReferenceBased
from calor.analyze.missing.tipping_point import TippingPoint
from calor.analyze.missing.tobit import Tobit
from calor.report.figure import Figure
from calor.report.results.continuous import shown
from calor.report.results.estimates import estimates, source


def reference_based(result: ReferenceBased | MultiplyImputed) -> Figure:
    """Draw the differences at every visit under one strategy."""
    return estimates(
        result.contrasts,
        name=result.strategy.replace(" ", "-"),
        title=shown(result.contrasts),
        caption=f"{source(result.contrasts[0])} Estimand: {result.estimand}.",
    )


def tipping_point(result: TippingPoint) -> Figure:
    """Draw the difference under every pair of deltas."""
    first = result.cells[0].difference
    tips = "no shift" if result.tips_at is None else f"a shift of {result.tips_at:g}"
    return estimates(
        [cell.difference for cell in result.cells],
        labels=[f"{cell.active:g}" for cell in result.cells],
        groups=[f"Reference shifted by {cell.reference:g}, active by" for cell in result.cells],
        name="tipping-point",
        title=f"At {result.visit} the conclusion changes with {tips} of the imputed values.",
        caption=source(first),
    )


def tobit(result: Tobit) -> Figure:
    """Draw the comparisons."""
    return estimates(result.contrasts, name="tobit", title=shown(result.contrasts))


FIGURES: dict[type, Callable[[Any], Figure]] = {
    MultiplyImputed: reference_based,
    ReferenceBased: reference_based,
    TippingPoint: tipping_point,
    Tobit: tobit,
}
"""How each result of this chapter is drawn."""
