"""How results of the chapter on mixed models are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calor.analyze.mixed.linear_mixed import LinearMixed
from calor.analyze.mixed.mmrm import Mmrm
from calor.report.figure import Figure
from calor.report.results.continuous import shown
from calor.report.results.estimates import estimates


def mmrm(result: Mmrm) -> Figure:
    """Draw the differences at every visit."""
    return estimates(result.contrasts, name="mmrm", title=shown(result.contrasts))


def linear_mixed(result: LinearMixed) -> Figure:
    """Draw the fixed effects."""
    return estimates(
        result.fixed, name="linear-mixed", title="Fixed effects of the linear mixed model.", axis="Coefficient"
    )


FIGURES: dict[type, Callable[[Any], Figure]] = {Mmrm: mmrm, LinearMixed: linear_mixed}
"""How each result of this chapter is drawn."""
