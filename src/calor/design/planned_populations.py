"""Populations that one trial decides on: the events that each can expect of those planned, and its own power."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.design.group_sequential import GroupSequential


@dataclass(frozen=True)
class PlannedPopulation:
    """One population.

    Attributes:
        label: Its name in words.
        share: Of the participants.
        hazard_ratio: Assumed.
        events: Expected at the last look.
    """

    label: str
    share: float
    hazard_ratio: float
    events: float


@dataclass(frozen=True, eq=False)
class PopulationTable:
    """What the planned events mean for each population.

    Attributes:
        design: Looks and bounds, at the whole level.
        populations: The widest first.

    >>> from calor.design import spending
    >>> once = GroupSequential([1.0], efficacy=spending.at_the_end(0.025))
    >>> both = (PlannedPopulation("All", 1.0, 0.8, 844.1), PlannedPopulation("High", 0.4, 0.7, 330.4))
    >>> print(PopulationTable(once, both))
    All: hazard ratio 0.8, 845 events at 100 % information; power 90.0 % if tested alone
    High (40 % of participants): hazard ratio 0.7, 331 events at 100 % information; power 90.0 % if tested alone
    Both are tested by closure, which divides the level: `calor design gate` simulates the power of either.

    Reference:
        Schoenfeld DA. Biometrika 1981;68:316-319 (the drift of a population's log-rank test).
    """

    design: GroupSequential
    populations: tuple[PlannedPopulation, ...]

    def power(self, own: PlannedPopulation) -> float:
        """Return the power of a population's log-rank test at the whole level, with equal arms."""
        return self.design.crossing(abs(math.log(own.hazard_ratio)) * math.sqrt(own.events) / 2).power

    def events(self, own: PlannedPopulation) -> Float[np.ndarray, " look"]:
        """Return the population's expected events at each look."""
        return np.asarray(self.design.information_fractions * own.events)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per population and look."""
        rows = [
            {"population": own.label, "share": own.share, "hazard_ratio": own.hazard_ratio, "look": k + 1,
             "events": float(events), "power_alone": self.power(own)}
            for own in self.populations
            for k, events in enumerate(self.events(own))
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        at = ", ".join(f"{100 * f:g}" for f in self.design.information_fractions)
        lines = []
        for own in self.populations:
            share = "" if own.share == 1 else f" ({100 * own.share:.0f} % of participants)"
            events = ", ".join(f"{math.ceil(e - 1e-6):,}" for e in self.events(own))
            lines.append(
                f"{own.label}{share}: hazard ratio {own.hazard_ratio:g}, {events} events at {at} % information; "
                f"power {100 * self.power(own):.1f} % if tested alone"
            )
        closure = (
            "Both are tested by closure, which divides the level: `calor design gate` simulates the power of either."
        )
        return "\n".join([*lines, closure])
