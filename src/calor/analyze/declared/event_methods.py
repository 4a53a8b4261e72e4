"""The methods that may be primary for a time to an event, and the others that stand beneath it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.few_events import few_events, upper_bounds
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.analyze.counts.rate_ratio import rate_ratio
from calor.analyze.declared.follow_up import EVENT, TIME
from calor.analyze.declared.records import ARM, compared
from calor.analyze.estimate import Estimate
from calor.analyze.survival.cox import cox
from calor.analyze.survival.firth_cox import firth_cox
from calor.analyze.survival.logrank import logrank
from calor.analyze.survival.permutation_logrank import permutation_logrank
from calor.analyze.survival.rmst import contrast, rmst
from calor.analyze.survival.rmst_adjusted import rmst_adjusted
from calor.analyze.survival.weibull import weibull
from calor.protocol.analyses import EventsAnalysis

FEW = 10
"""Below this many events in either arm the large-sample methods disagree, and all of them are shown."""

NAMES = {
    "fisher_exact": "Fisher's exact test of proportions",
    "exact_rate_ratio": "Exact conditional rate ratio",
    "logrank": "Log-rank test",
    "permutation_logrank": "Permutation log-rank test",
    "firth_cox": "Firth Cox, penalized likelihood ratio",
    "cox": "Cox, Efron ties",
    "weibull": "Weibull regression",
    "rmst": "Restricted mean time free of the event",
}
BESIDE = ("logrank", "cox")
"""What stands beneath the primary method where events are many."""


@dataclass(frozen=True)
class Pair:
    """Two arms' participants and what the protocol declares about comparing them."""

    table: pd.DataFrame
    arms: tuple[str, str]
    analysis: EventsAnalysis

    @property
    def model(self) -> tuple[list[str], dict[str, tuple[str, ...]], str]:
        """Covariates of a regression, its categories, and the name of the arm's column."""
        return [ARM, *self.analysis.covariates], {ARM: self.arms}, f"{ARM}[{self.arms[1]}]"

    def counts(self) -> tuple[EventCount, EventCount]:
        """Count events and participants, control first."""
        events = [self.table.loc[self.table[ARM] == arm, EVENT] for arm in self.arms]
        control, active = (EventCount(int(happened.sum()), len(happened)) for happened in events)
        return control, active


def _fisher(pair: Pair) -> float:
    control, active = pair.counts()
    return fisher_exact(active, control, level=pair.analysis.level).p_minlike


def _rate_ratio(pair: Pair) -> Estimate:
    control, active = pair.counts()
    t0, t1 = (float(pair.table.loc[pair.table[ARM] == arm, TIME].sum()) for arm in pair.arms)
    return rate_ratio(active.events, t1, control.events, t0, level=pair.analysis.level)


def _logrank(pair: Pair) -> float:
    rho, gamma = pair.analysis.weight
    strata = pair.analysis.strata
    return logrank(
        pair.table, time=TIME, event=EVENT, arm=ARM, arms=pair.arms, strata=strata, rho=rho, gamma=gamma
    ).p_value  # fmt: skip


def _permutation(pair: Pair) -> float:
    rng = np.random.default_rng(pair.analysis.seed)
    found = permutation_logrank(
        pair.table, time=TIME, event=EVENT, arm=ARM, arms=pair.arms, rng=rng, strata=pair.analysis.strata
    )
    return found.p_value


def _firth(pair: Pair) -> Estimate:
    covariates, categories, name = pair.model
    fit = firth_cox(
        pair.table, time=TIME, event=EVENT, covariates=covariates, categories=categories, strata=pair.analysis.strata,
        level=pair.analysis.level,
    )  # fmt: skip
    return fit.hazard_ratio(name)


def _cox(pair: Pair) -> Estimate:
    covariates, categories, name = pair.model
    fit = cox(
        pair.table, time=TIME, event=EVENT, covariates=covariates, categories=categories, strata=pair.analysis.strata,
        level=pair.analysis.level,
    )  # fmt: skip
    return fit.hazard_ratio(name)


def _weibull(pair: Pair) -> Estimate:
    covariates, categories, name = pair.model
    level = pair.analysis.level
    return weibull(
        pair.table, time=TIME, event=EVENT, covariates=covariates, categories=categories, level=level
    ).hazard_ratio(name)  # fmt: skip


def _rmst(pair: Pair) -> Estimate:
    horizon = pair.analysis.horizon_days
    if horizon is None:  # the protocol's cross-checks let no such analysis come here
        raise TypeError(f"{pair.analysis.id} has no horizon")
    level = pair.analysis.level
    if pair.analysis.covariates:
        found = rmst_adjusted(
            pair.table, time=TIME, event=EVENT, arm=ARM, arms=pair.arms, covariates=list(pair.analysis.covariates),
            horizon=horizon,
        ).effect  # fmt: skip
        return contrast(found.estimate, found.se or 0, "difference", level, found.n, found.method)
    return rmst(pair.table, time=TIME, event=EVENT, arm=ARM, arms=pair.arms, horizon=horizon, level=level).difference


METHODS: dict[str, Callable[[Pair], Estimate | float]] = {
    "fisher_exact": _fisher,
    "exact_rate_ratio": _rate_ratio,
    "logrank": _logrank,
    "permutation_logrank": _permutation,
    "firth_cox": _firth,
    "cox": _cox,
    "weibull": _weibull,
    "rmst": _rmst,
}
"""The function behind each primary method, giving an estimate or, where it only tests, a p-value."""


def compare(pair: Pair) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Compare two arms by the primary method and by the others.

    Returns:
        One row per method, with `comparison` and whether it is `primary`; and what the counts cannot tell when events
        are few.

    Raises:
        AnalysisError: The data do not support the primary method.
    """
    name = compared(pair.arms[1], pair.arms[0])
    control, active = pair.counts()
    if control.events + active.events == 0:
        rows, notes = _none(pair, name)
    elif min(control.events, active.events) < FEW:
        rows, notes = _few(pair)
    else:
        rows, notes = _many(pair), ()
    return rows.assign(comparison=name), notes


def _none(pair: Pair, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the declared method with the p-value of a test that has nothing to test, and the exact bounds."""
    declared = pair.analysis.primary_method
    row = _row(declared, 1.0, primary=True) | {"name": f"{_name(pair.analysis)}: no event"}
    said = (
        f"{name}: nobody in either arm had the event, so no method can tell the arms apart; p counts as 1, and no "
        "ratio is given. What the data can tell is an upper bound for each arm."
    )
    return pd.DataFrame([row]), (said, *_bounds(pair))


def _few(pair: Pair) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the primary method and every other defensible one, with the spread of their p-values."""
    analysis, declared = pair.analysis, pair.analysis.primary_method
    rng = np.random.default_rng(analysis.seed)
    found = few_events(pair.table, time=TIME, event=EVENT, arm=ARM, arms=pair.arms, rng=rng, level=analysis.level)
    methods = found.to_frame()
    beneath = "cox_likelihood_ratio" if declared == "cox" else declared
    if _plain(analysis) and beneath in set(methods["method"]):
        methods["primary"] = methods["method"] == beneath
    else:
        own = _row(declared, METHODS[declared](pair), primary=True) | {"name": _name(analysis)}
        methods = pd.concat([pd.DataFrame([own]), methods.assign(primary=False)], ignore_index=True)
    low, high = methods["p_value"].min(), methods["p_value"].max()
    spread = f"{len(methods)} defensible methods give p from {low:.3f} to {high:.3f}."
    return methods, (spread, *_bounds(pair))


def _many(pair: Pair) -> pd.DataFrame:
    """Return the primary method, then log-rank and Cox, enough where events are many."""
    declared = pair.analysis.primary_method
    rows = [_row(declared, METHODS[declared](pair), primary=True) | {"name": _name(pair.analysis)}]
    plain = replace(pair, analysis=pair.analysis.model_copy(update={"strata": (), "covariates": (), "weight": (0, 0)}))
    beneath = [method for method in BESIDE if method != declared or not _plain(pair.analysis)]
    rows += [_row(method, METHODS[method](plain), primary=False) for method in beneath]
    return pd.DataFrame(rows)


def _plain(analysis: EventsAnalysis) -> bool:
    return not (analysis.strata or analysis.covariates or any(analysis.weight))


def _name(analysis: EventsAnalysis) -> str:
    """Return the name of the primary method with what it was given.

    >>> named = {"id": "mi", "label": "MI", "role": "primary", "estimand": "mi", "set": "all", "method": "events"}
    >>> _name(EventsAnalysis.model_validate({**named, "primary_method": "logrank", "weight": [0, 1]}))
    'Log-rank test, weight S^0 (1 - S)^1'
    """
    parts = [NAMES[analysis.primary_method]]
    if any(analysis.weight):
        parts.append("weight S^{:g} (1 - S)^{:g}".format(*analysis.weight))
    if analysis.covariates:
        parts.append(f"adjusted for {', '.join(analysis.covariates)}")
    if analysis.strata:
        parts.append(f"within {', '.join(analysis.strata)}")
    if analysis.horizon_days is not None:
        parts.append(f"to day {analysis.horizon_days:g}")
    return ", ".join(parts)


def _row(method: str, value: Estimate | float, *, primary: bool) -> dict[str, object]:
    head: dict[str, object] = {"method": method, "name": NAMES[method], "primary": primary}
    if not isinstance(value, Estimate):
        return {**head, "measure": "", "estimate": np.nan, "lower": np.nan, "upper": np.nan, "p_value": value}
    measure = value.label.partition(",")[0]
    limits = {"estimate": value.estimate, "lower": value.lower, "upper": value.upper}
    return {**head, "measure": measure, **limits, "p_value": value.p_value}


def _bounds(pair: Pair) -> tuple[str, ...]:
    """Say what the count of each arm cannot rule out."""
    level = pair.analysis.level
    return tuple(
        f"{bound.label}: {count.events} of {count.participants}; the data cannot rule out {100 * bound.upper:.1f} % "
        f"with the event (exact, one-sided {100 * level:g} %)."
        for count, bound in zip(pair.counts(), upper_bounds(pair.counts(), pair.arms, level), strict=True)
    )
