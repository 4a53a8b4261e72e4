"""Conduct of the reconstructed IVORY: dates, doses, disposition and two-year follow-up. Little of it is published."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int

from calor.protocol import Protocol, read_protocol
from calor.protocol.visits import Visit, analysis_day

FIRST_RANDOMIZED, LAST_RANDOMIZED = pd.Timestamp("2020-09-14"), pd.Timestamp("2022-11-14")
FOLLOWED = {"Placebo": 27, "Aldesleukin": 28}
FOLLOW_UP_DAYS = 730
# doses taken by those who stopped early, and why; then doses missed by participants who went on
_DISCONTINUED = {
    "Placebo": ((6, "WITHDRAWAL BY SUBJECT"), (9, "LOST TO FOLLOW-UP")),
    "Aldesleukin": ((7, "ADVERSE EVENT"),),
}
_MISSED = {"Placebo": (1, 1, 2), "Aldesleukin": (1, 1, 1, 2, 4)}


@cache
def protocol() -> Protocol:
    """Return the protocol of IVORY that ships with Calor."""
    return read_protocol(Path(__file__).with_name("ivory_protocol.toml"))


def dosing_days() -> tuple[int, ...]:
    """Return the study days of the twelve doses.

    >>> dosing_days()
    (1, 2, 3, 4, 5, 12, 19, 26, 33, 40, 47, 54)
    """
    return protocol().regimens[0].dosing_days


def on_day(first_dose: pd.Series, ady: pd.Series | int) -> pd.Series:
    """Return the dates of ADaM relative days, which have no day 0.

    >>> on_day(pd.Series(pd.to_datetime(["2021-03-01"])), -1).dt.day.tolist()
    [28]
    """
    days = pd.Series(ady, index=first_dose.index)
    return first_dose + pd.to_timedelta(days - (days >= 1).astype(int), unit="D")


def visit_days(rng: np.random.Generator, visit: Visit, n: int) -> Int[np.ndarray, " n"]:
    """Draw the day of a visit for each participant, as ADaM relative day: mostly as planned, always in the window.

    >>> visit = protocol().visit("V15")
    >>> days = visit_days(np.random.default_rng(1), visit, 500)
    >>> int(np.median(days)), bool(((days >= 58) & (days <= 68)).all())
    (61, True)
    """
    low, high = visit.window
    if visit.day < 1:  # before the first dose every day of the window is as good
        days = rng.integers(low, high, n, endpoint=True)
    else:
        days = np.clip(visit.day + rng.choice([-1, 0, 0, 0, 0, 1, 2], n), low, high)
    return np.array([analysis_day(int(day)) for day in days])


def conduct(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    """Add dates, doses, disposition and follow-up to the baseline, in order of randomization.

    >>> from calor.simulate.ivory_baseline import baseline
    >>> from calor.simulate.ivory_model import IvoryModel
    >>> rng = np.random.default_rng(1)
    >>> conduct(rng, baseline(rng, IvoryModel())).groupby("arm")["followed"].sum().to_dict()
    {'Aldesleukin': 28, 'Placebo': 27}

    Returns:
        The rows of `table` in the order of randomization, with `usubjid`, `site`, `start`, `screened`, `infarction`,
        `doses`, `last_dose` (study day), `last_day` (of the trial, ADaM day), `reason` (of discontinuation) and
        `followed`.
    """
    n = len(table)
    table = table.iloc[rng.permutation(n)].reset_index(drop=True)
    span = (LAST_RANDOMIZED - FIRST_RANDOMIZED).days
    start = FIRST_RANDOMIZED + pd.to_timedelta(np.sort(rng.integers(0, span, n, endpoint=True)), unit="D")
    table = table.assign(
        usubjid=[f"IVORY-R-{i:03d}" for i in range(1, n + 1)],
        site=rng.choice(["01", "02"], n, p=[0.7, 0.3]),
        start=pd.Series(start),
        screened=rng.integers(-9, -2, n),
        followed=_followed(rng, table),
    )
    admitted = on_day(table["start"], table["screened"]) - pd.to_timedelta(rng.integers(0, 3, n), unit="D")
    return table.assign(infarction=admitted).join(_doses(rng, table))


def _followed(rng: np.random.Generator, table: pd.DataFrame) -> Bool[np.ndarray, " n"]:
    """Choose who of the completers was followed for two years."""
    followed = np.zeros(len(table), dtype=bool)
    for arm, count in FOLLOWED.items():
        completers = np.flatnonzero((table["arm"] == arm) & table["completer"])
        followed[rng.choice(completers, count, replace=False)] = True
    return followed


def _doses(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    """Give everyone doses: all twelve, fewer where the trial was left, and some missed on the way."""
    days = np.array(dosing_days())
    n = len(table)
    made = pd.DataFrame({"doses": len(days), "last_dose": days[-1], "last_day": 61, "reason": None}, index=range(n))
    made["last_day"] = visit_days(rng, protocol().visit("V15"), n)
    for arm in FOLLOWED:
        in_arm = table["arm"] == arm
        for row, (taken, reason) in zip(np.flatnonzero(in_arm & ~table["completer"]), _DISCONTINUED[arm], strict=True):
            last = int(days[taken - 1])
            left = (taken, last, last + int(rng.integers(1, 5)), reason)
            made.loc[row, ["doses", "last_dose", "last_day", "reason"]] = left
        unlucky = rng.choice(np.flatnonzero(in_arm & table["completer"]), len(_MISSED[arm]), replace=False)
        for row, missed in zip(unlucky, _MISSED[arm], strict=True):
            made.loc[row, "doses"] = len(days) - missed
            if missed > 2:  # stopped treatment, stayed in the trial
                made.loc[row, "last_dose"] = int(days[-1 - missed])
    return made
