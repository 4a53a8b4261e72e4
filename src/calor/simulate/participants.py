"""The participants of one simulated trial as a table, to look at or to hand to an analysis."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.errors import SimulationError
from calor.kernels.cohort import CENSORED, EVENT
from calor.kernels.follow_up import one_trial
from calor.simulate.cohort import Cohort
from calor.simulate.whole_number import check_whole_number


def participants(cohort: Cohort, *, seed: int = 1, trial: int = 0, cut_month: float | None = None) -> pd.DataFrame:
    """Return the participants of one trial that does not adapt, as `simulate` draws them.

    Args:
        cohort: What is true.
        seed: Of the simulation.
        trial: Number of the trial, from 0.
        cut_month: Calendar month of a look: who entered later is left out, follow-up ends at the look. None for all.

    Returns:
        One row per participant: `entry_month`, `site` (from 0), `part`, `arm` (0 control, 1 active), `months` of
        follow-up, `event`, `competing`, `true_marker` and `measured_marker` (lowest test; both NaN without a marker),
        `candidates_before`; with visits, `baseline` and `visit_1`, ... (NaN where not attended by the look).

    Raises:
        SimulationError: A look before anybody has entered; a seed or number below 0.

    >>> from calor.simulate.cohort import Cohort, Site
    >>> cohort = Cohort(["all"], [Site(10.0)], 100, 0.02, [0.7], shares=[1.0])
    >>> participants(cohort)["arm"].value_counts().to_dict()
    {0: 50, 1: 50}
    """
    check_whole_number("seed", seed, 0, fix="Give 1.")
    check_whole_number("trial", trial, 0, fix="Trials are numbered from 0.")
    room, n = one_trial(cohort.numbers, cohort.visit_numbers, seed, trial)
    cut = np.inf if cut_month is None else cut_month
    here = room.entry[:n] <= cut
    if not here.any():
        raise SimulationError.must("cut_month", "be after the first entry", cut_month, fix="Give a later month.")
    entry, months, cause = room.entry[:n][here], room.time[:n][here], room.cause[:n][here]
    by_cut = entry + months <= cut
    table = pd.DataFrame(
        {
            "entry_month": entry,
            "site": room.site[:n][here],
            "part": np.array(cohort.names)[room.part[:n][here]],
            "arm": room.arm[:n][here],
            "months": np.where(by_cut, months, cut - entry),
            "event": by_cut & (cause == EVENT),
            "competing": by_cut & (cause != EVENT) & (cause != CENSORED),
            "true_marker": np.exp(room.marker[:n][here]) if cohort.marker is not None else np.nan,
            "measured_marker": np.exp(room.measured[:n][here]) if cohort.marker is not None else np.nan,
            "candidates_before": room.candidate[:n][here],
        }
    )
    if cohort.visits is not None:
        table["baseline"] = room.responses[:n][here, 0]
        for v, month in enumerate(cohort.visits.months):
            seen = (months >= month) & (entry + month <= cut)
            table[f"visit_{v + 1}"] = np.where(seen, room.responses[:n][here, 1 + v], np.nan)
    return table
