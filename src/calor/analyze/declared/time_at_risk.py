"""How long each participant is at risk of an event that counts as treatment-emergent."""

from __future__ import annotations

import pandas as pd

from calor.errors import DatasetError

ENDS = ("EOSDT", "RFENDT")
"""Columns of ADSL that say when a participant left the trial, the first that is there is taken."""


def time_at_risk(people: pd.DataFrame, after_last_dose_days: int) -> pd.Series[float]:
    """Return the days from the first dose to some days after the last, or to the end of participation if earlier.

    Args:
        people: Rows of ADSL with `TRTDURD`; with `TRTSDT` and the end of participation where they are known.
        after_last_dose_days: Days after the last dose that still count.

    Raises:
        DatasetError: ADSL has no `TRTDURD`.

    >>> people = pd.DataFrame({"TRTDURD": [54, 12], "TRTSDT": pd.to_datetime(["2021-03-01"] * 2),
    ...                        "EOSDT": pd.to_datetime(["2021-04-30", "2021-04-30"])})
    >>> time_at_risk(people, 30).tolist()
    [61.0, 42.0]
    """
    if "TRTDURD" not in people:
        fix = "Derive TRTDURD, the days on treatment: TRTEDT - TRTSDT + 1."
        raise DatasetError.must("adsl", "say how long each participant was treated", "no column TRTDURD", fix=fix)
    days = people["TRTDURD"].astype(float) + after_last_dose_days
    end = next((column for column in ENDS if column in people), None)
    if end is None or "TRTSDT" not in people:
        return days
    stayed = (people[end] - people["TRTSDT"]).dt.days + 1
    # Who left on the day of the last dose or, by the dates, before it was at risk while treated all the same.
    return days.clip(upper=stayed.astype(float).fillna(float("inf"))).clip(lower=people["TRTDURD"].astype(float))


def at_risk_rule(after_last_dose_days: int) -> str:
    """Say how long a participant is at risk of an event that counts as treatment-emergent.

    >>> at_risk_rule(30)
    'Time at risk: from the first dose to 30 days after the last, or to the end of participation if earlier.'
    """
    after = f"to {after_last_dose_days} days after the last" if after_last_dose_days else "to the last"
    return f"Time at risk: from the first dose {after}, or to the end of participation if earlier."
