"""Boschloo's unconditional exact test: Fisher's p-value as the statistic, the common proportion maximized over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd
from scipy.stats import boschloo_exact

from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, format_p
from calor.errors import AnalysisError

Alternative = Literal["two-sided", "less", "greater"]


@dataclass(frozen=True)
class Boschloo(Drawable):
    """Hold the test of one two-by-two table.

    Attributes:
        active: Events and participants of the active arm.
        control: Events and participants of the control arm.
        alternative: `"less"` is fewer events in the active arm.
        p_value: Exact p-value; for the two-sided alternative twice the smaller one-sided one.
    """

    active: EventCount
    control: EventCount
    alternative: Alternative
    p_value: float

    @property
    def shares(self) -> tuple[Estimate, Estimate]:
        """The share with the event in the active and in the control arm, with exact 95 % limits."""
        return clopper_pearson(self.active, label="Active"), clopper_pearson(self.control, label="Control")

    def __str__(self) -> str:
        return f"{self.active} against {self.control}: Boschloo's test, {self.alternative}, {format_p(self.p_value)}"

    def to_frame(self) -> pd.DataFrame:
        """Return the test as a table with one row."""
        return pd.DataFrame([{"method": "Boschloo", "alternative": self.alternative, "p_value": self.p_value}])


def boschloo(active: EventCount, control: EventCount, *, alternative: Alternative = "two-sided") -> Boschloo:
    """Test two proportions exactly without holding the number of events fixed.

    It holds its level like Fisher's test and is uniformly more powerful.

    Args:
        active: Events and participants of the active arm.
        control: Events and participants of the control arm.
        alternative: `"less"` for fewer events in the active arm, `"greater"` for more.

    Raises:
        AnalysisError: `alternative` is unknown, or nobody or everybody had an event.

    Example:
        >>> print(boschloo(EventCount(0, 32), EventCount(4, 31)))
        0/32 against 4/31: Boschloo's test, two-sided, p = 0.078

    Reference:
        Boschloo RD. Stat Neerl 1970;24:1-9.
    """
    if alternative not in get_args(Alternative):
        raise AnalysisError.must(
            "alternative", f"be one of {get_args(Alternative)}", repr(alternative), fix='Take "two-sided" if unsure.'
        )
    events = active.events + control.events
    if events in (0, active.participants + control.participants):
        raise AnalysisError.must(
            "active and control",
            "hold participants with and without an event",
            f"{active} and {control}",
            fix="There is nothing to test; give each arm's exact interval.",
        )
    table = [
        [active.events, control.events],
        [active.participants - active.events, control.participants - control.events],
    ]
    return Boschloo(active, control, alternative, float(boschloo_exact(table, alternative=alternative).pvalue))
