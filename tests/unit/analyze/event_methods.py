"""Every method of times to events on one table of participants, by name: what laws and bad input are tried on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from calor.analyze.counts.few_events import few_events
from calor.analyze.counts.negative_binomial import negative_binomial
from calor.analyze.counts.poisson_regression import poisson_regression
from calor.analyze.survival.aalen_johansen import aalen_johansen
from calor.analyze.survival.cause_specific_cox import cause_specific_cox
from calor.analyze.survival.cox import cox
from calor.analyze.survival.fine_gray import fine_gray
from calor.analyze.survival.finkelstein_schoenfeld import finkelstein_schoenfeld
from calor.analyze.survival.firth_cox import firth_cox
from calor.analyze.survival.grambsch_therneau import grambsch_therneau
from calor.analyze.survival.gray import gray
from calor.analyze.survival.hierarchy import EventTime, Measure
from calor.analyze.survival.kaplan_meier import kaplan_meier
from calor.analyze.survival.landmark import landmark
from calor.analyze.survival.logrank import logrank
from calor.analyze.survival.lwyy import lwyy
from calor.analyze.survival.mean_cumulative import mean_cumulative
from calor.analyze.survival.nelson_aalen import nelson_aalen
from calor.analyze.survival.permutation_logrank import permutation_logrank
from calor.analyze.survival.rmst import rmst
from calor.analyze.survival.rmst_adjusted import rmst_adjusted
from calor.analyze.survival.weibull import weibull
from calor.analyze.survival.win_ratio import win_ratio

ARMS = ("placebo", "active")
Arms = tuple[str, ...]
TIMES = {"time": "days", "event": "mi"}
CAUSES = {"time": "days", "status": "status"}
INTERVALS = {"start": "from", "stop": "days", "event": "mi"}
ARM = "arm[{}]"
HIERARCHY = [EventTime("days", "mi"), Measure("age", better="lower")]
Method = Callable[[pd.DataFrame, Arms], Any]


def participants(n: int = 60, seed: int = 3) -> pd.DataFrame:
    """Return participants, named S00, S01, ..., with an event, another one or none."""
    draw = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": [*ARMS] * (n // 2), "age": draw.normal(60, 8, n).round(3), "from": 0.0})
    rate = np.where(table["arm"] == ARMS[1], 500, 250)
    days = np.ceil(draw.exponential(rate))
    status = np.where(days > 600, 0, draw.choice([1, 2], n, p=[0.7, 0.3]))
    table = table.assign(days=np.minimum(days, 600.0), status=status, mi=(status == 1).astype(int))
    names = [f"S{i:02d}" for i in range(n)]
    counts = draw.poisson(draw.gamma(1.0, 2.0, n))
    return table.assign(count=counts, site=np.tile(["x", "x", "y", "y"], n // 4)).set_axis(names)


def _categories(arms: Arms) -> dict[str, Any]:
    return {"covariates": ["arm", "age"], "categories": {"arm": arms}}


def _last(table: pd.DataFrame) -> float:
    """Return the longest follow-up of a table that may be spoiled."""
    return float(pd.to_numeric(table["days"], errors="coerce").replace(np.inf, np.nan).max())


def _rng() -> np.random.Generator:
    return np.random.default_rng(1)


METHODS: dict[str, Method] = {
    "kaplan_meier": lambda t, arms: kaplan_meier(t, **TIMES, arm="arm", arms=arms),
    "nelson_aalen": lambda t, arms: nelson_aalen(t, **TIMES, arm="arm", arms=arms),
    "logrank": lambda t, arms: logrank(t, **TIMES, arm="arm", arms=arms),
    "weighted_logrank": lambda t, arms: logrank(t, **TIMES, arm="arm", arms=arms, rho=1, gamma=1),
    "stratified_logrank": lambda t, arms: logrank(t, **TIMES, arm="arm", arms=arms, strata=["site"]),
    "permutation_logrank": lambda t, arms: permutation_logrank(
        t, **TIMES, arm="arm", arms=arms, rng=_rng(), permutations=200
    ),
    "cox": lambda t, arms: cox(t, **TIMES, **_categories(arms)),
    "stratified_cox": lambda t, arms: cox(t, **TIMES, **_categories(arms), strata=["site"]),
    "firth_cox": lambda t, arms: firth_cox(t, **TIMES, **_categories(arms)),
    "weibull": lambda t, arms: weibull(t, **TIMES, **_categories(arms)),
    "grambsch_therneau": lambda t, arms: grambsch_therneau(cox(t, **TIMES, **_categories(arms)), transform="rank"),
    "rmst": lambda t, arms: rmst(t, **TIMES, arm="arm", arms=arms, horizon=0.8 * _last(t)),
    "rmst_adjusted": lambda t, arms: rmst_adjusted(
        t, **TIMES, arm="arm", arms=arms, covariates=["age"], horizon=0.8 * _last(t)
    ),
    "aalen_johansen": lambda t, arms: aalen_johansen(t, **CAUSES, arm="arm", arms=arms),
    "gray": lambda t, arms: gray(t, **CAUSES, arm="arm", arms=arms),
    "fine_gray": lambda t, arms: fine_gray(t, **CAUSES, **_categories(arms)),
    "cause_specific_cox": lambda t, arms: cause_specific_cox(t, **CAUSES, **_categories(arms)),
    "landmark": lambda t, arms: landmark(t, **TIMES, at=0.1 * _last(t), **_categories(arms)),
    "few_events": lambda t, arms: few_events(t, **TIMES, arm="arm", arms=arms, rng=_rng()),
    "win_ratio": lambda t, arms: win_ratio(t, hierarchy=HIERARCHY, arm="arm", arms=arms),
    "stratified_win_ratio": lambda t, arms: win_ratio(t, hierarchy=HIERARCHY, arm="arm", arms=arms, strata=["site"]),
    "finkelstein_schoenfeld": lambda t, arms: finkelstein_schoenfeld(t, hierarchy=HIERARCHY, arm="arm", arms=arms),
    "lwyy": lambda t, arms: lwyy(t, **INTERVALS, **_categories(arms)),
    "mean_cumulative": lambda t, arms: mean_cumulative(t, **INTERVALS, arm="arm", arms=arms),
    "poisson_regression": lambda t, arms: poisson_regression(t, events="count", follow_up="days", **_categories(arms)),
    "negative_binomial": lambda t, arms: negative_binomial(t, events="count", follow_up="days", **_categories(arms)),
}
"""Each method, given participants and the arms in their order."""
