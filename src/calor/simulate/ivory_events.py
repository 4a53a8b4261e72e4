"""Two-year events of the reconstructed IVORY: recurrent infarction 0 of 28 against 3 of 27.

Reference: Royal Papworth Hospital and Cambridge Clinical Trials Unit, IVORY-FINALE announcement, January 2026.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.simulate.ivory_conduct import FOLLOW_UP_DAYS

INFARCTIONS = {"Placebo": 3, "Aldesleukin": 0}
REVASCULARIZATIONS = {"Placebo": 2, "Aldesleukin": 2}
_FIRST_EVENT_DAY = 75  # after the last visit of the trial

PARAMETERS = {
    "TTMI": "Time to recurrent myocardial infarction (days)",
    "TTMACE": "Time to first major adverse cardiovascular event (days)",
}
INFARCTION, REVASCULARIZATION = "Myocardial infarction", "Unplanned coronary revascularization"
CENSORED = "End of two-year follow-up"


def two_year_events(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    """Give the times to recurrent infarction and to the first major event of everyone followed for two years.

    >>> from calor.simulate.ivory_baseline import baseline
    >>> from calor.simulate.ivory_conduct import conduct
    >>> from calor.simulate.ivory_model import IvoryModel
    >>> rng = np.random.default_rng(1)
    >>> two_year_events(rng, conduct(rng, baseline(rng, IvoryModel()))).groupby("paramcd")["event"].sum().to_dict()
    {'TTMACE': 7, 'TTMI': 3}

    Args:
        rng: Random generator.
        table: Participants, from `ivory_conduct.conduct`.

    Returns:
        One row per participant and parameter: `row` (of `table`), `paramcd`, `day` (study day), `event`, `description`.
    """
    day = {name: np.full(len(table), FOLLOW_UP_DAYS) for name in PARAMETERS}
    what = {name: np.full(len(table), CENSORED, dtype=object) for name in PARAMETERS}
    for arm, infarctions in INFARCTIONS.items():
        followed = np.flatnonzero((table["arm"] == arm) & table["followed"])
        chosen = rng.choice(followed, infarctions + REVASCULARIZATIONS[arm], replace=False)
        days = rng.integers(_FIRST_EVENT_DAY, FOLLOW_UP_DAYS - 30, len(chosen))
        for i, (row, at) in enumerate(zip(chosen, days, strict=True)):
            names = ("TTMI", "TTMACE") if i < infarctions else ("TTMACE",)
            for name in names:
                day[name][row] = at
                what[name][row] = INFARCTION if i < infarctions else REVASCULARIZATION
    rows = np.flatnonzero(table["followed"])
    return pd.concat(
        [
            pd.DataFrame({
                "row": rows, "paramcd": name, "day": day[name][rows], "event": what[name][rows] != CENSORED,
                "description": what[name][rows],
            })
            for name in PARAMETERS
        ],
        ignore_index=True,
    )  # fmt: skip
