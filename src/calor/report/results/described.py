"""How the description of the participants is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calor.analyze.baseline import Baseline
from calor.analyze.disposition import Disposition
from calor.report.figure import Figure
from calor.report.figures.balance import balance
from calor.report.figures.consort import consort


def baseline(result: Baseline) -> Figure:
    """Draw the standardized differences between the arms."""
    groups = ", ".join(f"{arm} n = {n}" for arm, n in result.arms)
    largest = result.differences["smd"].abs().max()
    others = [arm for arm, _ in result.arms if arm != result.reference]
    return balance(
        result.differences,
        arms=(result.reference, *others),
        name="baseline-balance",
        title=f"No characteristic differs by more than {largest:.2f} standard deviations at baseline.",
        caption=f"Standardized mean differences from {result.reference}. {groups}.",
    )


def disposition(result: Disposition) -> Figure:
    """Draw the CONSORT flow diagram."""
    flow = result.flow()
    return consort(
        flow,
        arms=list(dict.fromkeys(arm for arm in flow["arm"] if arm)),
        name="consort",
        title=f"From randomization of {result.randomized} participants to the analysis.",
        caption=f"CONSORT 2010 flow. Analyzed: {result.sets[0]}.",
    )


FIGURES: dict[type, Callable[[Any], Figure]] = {Baseline: baseline, Disposition: disposition}
"""How each of these results is drawn."""
