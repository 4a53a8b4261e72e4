"""Landmark analysis: what a state after randomization goes with, among those still free of the event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from calor.analyze.continuous.terms import Categories, terms
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, Exclusion, check_level
from calor.analyze.survival.cox import fit_cox
from calor.analyze.survival.hazard_ratios import HazardRatios
from calor.analyze.survival.partial_likelihood import Ties, check_ties
from calor.analyze.survival.time_to_event import time_to_event
from calor.errors import AnalysisError

LABEL = "not randomized: compares participants by what happened to them, not by allocation"


@dataclass(frozen=True)
class Landmark(Drawable):
    """A Cox model of follow-up after a landmark.

    Attributes:
        at: The landmark, in the unit of the times.
        fit: Hazard ratios among those followed and free of the event at the landmark.
        excluded: Who was not, and why.
    """

    at: float
    fit: HazardRatios
    excluded: tuple[Exclusion, ...]

    def hazard_ratio(self, name: str) -> Estimate:
        """Return the hazard ratio of one column, labelled as not randomized."""
        estimate = self.fit.hazard_ratio(name)
        return replace(estimate, label=f"{estimate.label} ({LABEL})", excluded=self.excluded)

    def __str__(self) -> str:
        left_out = "; ".join(f"{e.participants} {e.reason}" for e in self.excluded)
        head = f"Landmark {self.at:g}, {LABEL} (left out: {left_out})"
        return "\n".join([head, *(str(self.fit.hazard_ratio(name)) for name in self.fit.terms.names)])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per column of the model, labelled as not randomized."""
        rows = [self.hazard_ratio(name).to_frame() for name in self.fit.terms.names]
        return pd.concat(rows, ignore_index=True)


def landmark(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    at: float,
    covariates: Sequence[str],
    categories: Categories | None = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> Landmark:
    """Relate states known at a landmark to events after it.

    Starting the clock at the landmark keeps a state that takes time to reach (a responder) from being credited with the
    time it took. It does not make the comparison randomized, and every result says so.

    Args:
        table: One row per participant.
        time: Column of follow-up times from randomization, above zero.
        event: Column of 1 (event) and 0 (censored).
        at: The landmark, in the unit of `time`; fixed before the data were seen.
        covariates: Columns and interactions (see `terms`), all known by the landmark.
        categories: Values of categorical covariates, reference first: `{"responder": ("no", "yes")}`.
        ties: "efron", "breslow" or "exact" (discrete time).
        level: Confidence level.

    Returns:
        The hazard ratios after the landmark, and who was left out.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event` and `terms`), a landmark that is not positive or that nobody
            reaches, no event after it, a category without events.

    Reference:
        Anderson, Cain and Gelber, Journal of Clinical Oncology 1983.

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 7, 2], "mi": [1, 0, 1, 0, 1, 1], "responder": list("nynyyn")})
        >>> table["age"] = [60, 55, 70, 50, 65, 62]
        >>> landmark(table, time="days", event="mi", at=3, covariates=["age"]).excluded[0]
        Exclusion(reason='had the event by the landmark', participants=2)
    """
    check_level(level)
    check_ties(ties)
    data = time_to_event(table, time=time, event=event)
    beyond = data.time > at
    if not at > 0 or not data.event[beyond].any():
        fix = "Take a landmark that is followed by events."
        raise AnalysisError.must("at", "lie between randomization and the last event", at, fix=fix)
    excluded = (
        Exclusion("had the event by the landmark", int((data.event & ~beyond).sum())),
        Exclusion("were not followed beyond the landmark", int((~data.event & ~beyond).sum())),
    )
    after = replace(
        data,
        start=np.zeros(int(beyond.sum())),
        time=data.time[beyond] - at,
        event=data.event[beyond],
        arm=data.arm[beyond],
        stratum=data.stratum[beyond],
    )
    model = terms(table[beyond], covariates, categories)
    fit = fit_cox(after, model, ties=ties, level=level, method=f"Cox from landmark {at:g}, not randomized")
    return Landmark(at, fit, excluded)
