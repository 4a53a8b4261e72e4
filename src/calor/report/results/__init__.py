"""How each result of a method is drawn: one file per chapter of `analyze`, and the table of them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate
from calor.errors import ReportError
from calor.report.figure import Figure
from calor.report.results import (
    benefit,
    continuous,
    counts,
    described,
    missing,
    mixed,
    multiplicity,
    safety,
    survival,
)
from calor.report.results.estimates import estimate
from calor.report.sections.words import typeset

FIGURES: dict[type, Callable[[Any], Figure]] = {
    Estimate: estimate,
    **continuous.FIGURES,
    **mixed.FIGURES,
    **missing.FIGURES,
    **benefit.FIGURES,
    **counts.FIGURES,
    **survival.FIGURES,
    **multiplicity.FIGURES,
    **safety.FIGURES,
    **described.FIGURES,
}
"""How each type of result is drawn; a test proves the table complete."""


def figure_of(result: Drawable) -> Figure:
    """Draw a result of a method.

    Raises:
        ReportError: Nothing says how this type is drawn.

    >>> from calor.analyze.estimate import Estimate
    >>> figure_of(Estimate("active v placebo", -0.171, -0.308, -0.034, 0.95, "difference", "ANCOVA", 60)).title
    'Active v placebo: −0.171 (−0.308 to −0.034).'
    """
    drawn = FIGURES.get(type(result))
    if drawn is None:
        known = "a result of a method of Calor"
        raise ReportError.must("result", f"be {known}", type(result).__name__, fix="Use to_frame() and `forest`.")
    found = drawn(result)
    return replace(found, title=typeset(found.title), caption=typeset(found.caption))
