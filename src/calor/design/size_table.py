"""The table that a statistician pastes into a protocol: looks, bounds, participants, events and dates of a design."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.design.group_sequential import GroupSequential
from calor.design.operating_characteristics import Crossing
from calor.errors import DesignError
from calor.kernels.normal import upper_tail

Looks = Float[np.ndarray, " look"]
Under = Literal["null", "halfway", "effect"]
_ROUNDING = 1e-6  # a number this little above an integer is that integer


@dataclass(frozen=True, eq=False)
class SizeTable:
    """A design at one assumed effect: what each look needs and does.

    Numbers of participants and events are not rounded; printing rounds them up.

    Attributes:
        title: Endpoint and test.
        measure: What the effect is, such as "hazard ratio".
        null: Effect under the null hypothesis.
        effect: Effect assumed.
        design: Looks and bounds.
        crossings: What the design does under the null, half the effect, and the effect.
        participants: Randomized by each look, control and treatment.
        efficacy_effect: Estimate that just crosses the efficacy bound; infinite where none does.
        futility_effect: Estimate that just crosses the futility bound; infinite where none does.
        events: Events by each look; None where the endpoint has none.
        times: Calendar time of each look; None where the endpoint has none.
        fixed_participants: Participants of the fixed design with the same power; None if power was computed.
        fixed_events: Its events.
    """

    title: str
    measure: str
    null: float
    effect: float
    design: GroupSequential
    crossings: tuple[Crossing, Crossing, Crossing]
    participants: Float[np.ndarray, "look arm"]
    efficacy_effect: Looks
    futility_effect: Looks
    events: Looks | None = None
    times: Looks | None = None
    fixed_participants: float | None = None
    fixed_events: float | None = None

    def __post_init__(self) -> None:
        last = self.design.information_fractions[-1]
        if abs(last - 1) > 1e-9:
            fix = "Plan with the planned looks."
            raise DesignError.must("information_fractions", "end at 1 when a trial is planned", last, fix=fix)
        least = self.participants[0].min()
        if not least >= 1:
            rule = "have at least one participant in each arm at the first look"
            raise DesignError.must("design", rule, f"{least:.3g}", fix="Look later, or enlarge the trial.")
        if self.events is not None and not self.events[0] >= 1:
            rule = "expect at least one event at each look"
            raise DesignError.must("design", rule, f"{self.events[0]:.3g}", fix="Use fewer looks, or later ones.")

    @property
    def crossing(self) -> Crossing:
        """Probabilities of stopping under the assumed effect."""
        return self.crossings[2]

    @property
    def power(self) -> float:
        """Probability of rejecting the null at any look under the assumed effect."""
        return self.crossing.power

    @property
    def total(self) -> float:
        """Participants if the trial runs to its last look."""
        return float(self.participants[-1].sum())

    def expected_participants(self, under: Under = "effect") -> float:
        """Return the expected participants under the null, half the effect, or the effect."""
        return self._expected(self.participants.sum(axis=1), under)

    def expected_events(self, under: Under = "effect") -> float:
        """Return the expected events under the null, half the effect, or the effect.

        Raises:
            DesignError: The endpoint has no events.
        """
        if self.events is None:
            raise DesignError.must("endpoint", "have events", self.title, fix="Ask for expected_participants.")
        return self._expected(self.events, under)

    @property
    def expected_duration(self) -> float:
        """Expected calendar time of the end under the assumed effect.

        Raises:
            DesignError: The endpoint has no calendar.
        """
        if self.times is None:
            raise DesignError.must("endpoint", "have a calendar", self.title, fix="Give accrual: use survival.")
        return self._expected(self.times, "effect")

    def _expected(self, at_look: Looks, under: Under) -> float:
        crossing = self.crossings[("null", "halfway", "effect").index(under)]
        return float((crossing.efficacy + crossing.futility) @ at_look)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per look."""
        null, _, assumed = self.crossings
        z = self.design.efficacy_bounds
        stops_for_futility = np.append(assumed.futility[:-1], 0.0)
        columns = {
            "information_fraction": self.design.information_fractions,
            "time": self.times,
            "events": self.events,
            "control": self.participants[:, 0],
            "treatment": self.participants[:, 1],
            "efficacy_bound": z,
            "p_value": np.array([self.design.sides * upper_tail(x) for x in z]),
            "efficacy_effect": self.efficacy_effect,
            "futility_bound": self.design.futility_bounds,
            "futility_effect": self.futility_effect,
            "efficacy_null": null.efficacy,
            "efficacy": assumed.efficacy,
            "futility": stops_for_futility,
        }
        index = pd.RangeIndex(1, z.size + 1, name="look")
        return pd.DataFrame({k: v for k, v in columns.items() if v is not None}, index=index)

    def __str__(self) -> str:
        looks = self.to_frame()
        lines = [self._heading(), "", _row("Look", [str(k) for k in looks.index])]
        for label, column, form in _ROWS:
            if column in looks and not (column.startswith("futility") and self.design.futility is None):
                label_of_sides = label.replace("z ", "|z| ") if self.design.sides == 2 else label
                lines.append(_row(label_of_sides, [form(x) for x in looks[column]]))
        return "\n".join([*lines, "", *self._summary()])

    def _heading(self) -> str:
        sides = "two-sided" if self.design.sides == 2 else "one-sided"
        return (
            f"{self.title}: {self.measure} {self.effect:.4g} (null {self.null:.4g}), {sides} alpha "
            f"{self.design.alpha:.4g}, power {100 * self.power:.1f} %"
        )

    def _summary(self) -> list[str]:
        sequential = self.design.information_fractions.size > 1
        at_most = "At most " if sequential else ""
        arms = sum(ceil(n - _ROUNDING) for n in self.participants[-1])
        lines = [f"{at_most}{arms} participants" + _expected(self.expected_participants(), sequential)]
        if self.events is not None:
            events = f" {at_most}{ceil(self.events[-1] - _ROUNDING)} events"
            lines[0] += events + _expected(self.expected_events(), sequential)
        if self.times is not None and sequential:
            lines.append(f"Duration at most {self.times[-1]:.1f}, {self.expected_duration:.1f} expected.")
        if self.fixed_participants is not None and sequential:
            fixed = f"A fixed design would need {ceil(self.fixed_participants - _ROUNDING)} participants"
            events = "." if self.fixed_events is None else f", {ceil(self.fixed_events - _ROUNDING)} events."
            lines.append(fixed + events)
        return lines


def crossings(design: GroupSequential, drift: float) -> tuple[Crossing, Crossing, Crossing]:
    """Return what a design does under no drift, half the drift and all of it."""
    return design.crossing(0.0), design.crossing(drift / 2), design.crossing(drift)


def _expected(number: float, sequential: bool) -> str:
    return f", {number:.0f} expected." if sequential else "."


def _count(x: float) -> str:
    return str(ceil(x - _ROUNDING))


def _decimal(x: float) -> str:
    return f"{x:.3f}" if isfinite(x) else "-"


def _percent(x: float) -> str:
    return f"{100 * x:.1f} %"


_ROWS = (
    ("Information", "information_fraction", _percent),
    ("Calendar time", "time", lambda x: f"{x:.1f}"),
    ("Events", "events", _count),
    ("Participants, control", "control", _count),
    ("Participants, treatment", "treatment", _count),
    ("Efficacy: z beyond", "efficacy_bound", _decimal),
    ("Efficacy: p below", "p_value", lambda x: f"{x:.5f}"),
    ("Efficacy: estimate beyond", "efficacy_effect", _decimal),
    ("Futility: z below", "futility_bound", _decimal),
    ("Futility: estimate short of", "futility_effect", _decimal),
    ("Stops for efficacy, no effect", "efficacy_null", _percent),
    ("Stops for efficacy, as assumed", "efficacy", _percent),
    ("Stops for futility, as assumed", "futility", _percent),
)


def _row(label: str, cells: list[str]) -> str:
    return f"{label:<32}" + "".join(f"{cell:>10}" for cell in cells)
