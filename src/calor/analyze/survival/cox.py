"""Cox proportional-hazards regression."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.continuous.terms import Categories, Terms, terms
from calor.analyze.estimate import check_level
from calor.analyze.survival.hazard_ratios import HazardRatios, chi_square_test
from calor.analyze.survival.newton import Point, newton
from calor.analyze.survival.partial_likelihood import Ties, check_ties, partial_likelihood
from calor.analyze.survival.time_to_event import TimeToEvent, need_event, time_to_event
from calor.errors import AnalysisError

_WAY_OUT = "Use firth_cox, or the exact tests of few_events: an ordinary hazard ratio does not exist here."


def cox(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    covariates: Sequence[str],
    categories: Categories | None = None,
    strata: Sequence[str] = (),
    ties: Ties = "efron",
    level: float = 0.95,
) -> HazardRatios:
    """Estimate hazard ratios by Cox's partial likelihood.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        covariates: Columns and interactions (`"arm:age"`), see `terms`.
        categories: Values of categorical covariates, reference first: `{"arm": ("placebo", "aldesleukin")}`.
        strata: Columns whose combinations have their own baseline hazard.
        ties: "efron", "breslow" or "exact" (discrete time).
        level: Confidence level.

    Returns:
        The hazard ratios with the model's tests.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event` and `terms`), an arm or category without events, a likelihood
            without a maximum, an unknown way with ties, a level outside 0 to 1.

    Reference:
        Cox, JRSS B 1972; Efron, JASA 1977 and Breslow, Biometrics 1974 (ties).

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 7, 2], "mi": [1, 0, 1, 0, 1, 1], "arm": list("papapa")})
        >>> print(cox(table, time="days", event="mi", covariates=["arm"], categories={"arm": ("p", "a")}))
        hazard ratio, a v p: 0.299 (95 % CI 0.030 to 2.976; p = 0.303; Cox (efron), n = 6)
    """
    check_level(level)
    check_ties(ties)
    data = time_to_event(table, time=time, event=event, strata=strata)
    model = terms(table, covariates, categories)
    return fit_cox(data, model, ties=ties, level=level)


def fit_cox(
    data: TimeToEvent,
    model: Terms,
    *,
    ties: Ties,
    level: float,
    weight: Float[np.ndarray, " row"] | None = None,
    method: str = "Cox",
) -> HazardRatios:
    """Maximize the partial likelihood of checked data, refusing where it has no maximum.

    Args:
        data: Checked times.
        model: Columns of the model.
        ties: Handling of tied event times.
        level: Confidence level.
        weight: Case weights; None weighs all rows alike.
        method: Name to print.

    Returns:
        The fit.

    Raises:
        AnalysisError: No event, a category without events, a likelihood without a maximum.

    Example:
        >>> table = pd.DataFrame({"t": [4, 1, 3, 2], "e": [0, 1, 1, 1], "x": [0, 1, 1, 0]})
        >>> data = time_to_event(table, time="t", event="e")
        >>> fit_cox(data, terms(table, ["x"]), ties="efron", level=0.95).events
        3
    """
    need_event(data.event, "event")
    refuse_empty_category(data, model)
    likelihood = partial_likelihood(data, model.values, ties, weight)
    origin = np.zeros(model.values.shape[1])
    null = likelihood.point(origin)
    refuse_uninformative(data, model, null)
    beta, top = newton(likelihood.point, origin)
    _refuse_monotone(null.information, top.information, model)
    statistic = float(null.score @ np.linalg.solve(null.information, null.score))
    return HazardRatios(
        terms=model,
        coefficients=beta,
        covariance=np.linalg.inv(top.information),
        loglik_null=null.loglik,
        loglik=top.loglik,
        score=chi_square_test(statistic, len(beta)),
        n=len(data.time),
        events=int(data.event.sum()),
        level=level,
        method=f"{method} ({ties})",
        likelihood=likelihood,
    )


def refuse_empty_category(data: TimeToEvent, model: Terms) -> None:
    """Refuse an arm or other category without events, whose hazard ratio would run off to 0 or infinity.

    >>> table = pd.DataFrame({"t": [4, 2, 1], "e": [1, 1, 0], "x": [0, 1, 1]})
    >>> refuse_empty_category(time_to_event(table, time="t", event="e"), terms(table, ["x"]))
    """
    for name, against, column in zip(model.names, model.against, model.values.T, strict=True):
        values = np.unique(column)
        if len(values) != 2:
            continue
        for value in values:
            if not data.event[column == value].any():
                got = f"none where {name} is {value:g}" + (f" (0 is {against})" if against else "")
                raise AnalysisError.must("event", "happen in each arm of an ordinary model", got, fix=_WAY_OUT)


def refuse_uninformative(data: TimeToEvent, model: Terms, null: Point) -> None:
    """Refuse covariates that never differ among those at risk when an event happens.

    >>> table = pd.DataFrame({"t": [4, 2, 1], "e": [1, 1, 0], "x": [0, 1, 1]})
    >>> data, model = time_to_event(table, time="t", event="e"), terms(table, ["x"])
    >>> refuse_uninformative(data, model, partial_likelihood(data, model.values, "efron").point(np.zeros(1)))
    """
    possible = data.event.sum() * model.values.var(axis=0)
    for name, told, could in zip(model.names, np.diag(null.information), possible, strict=True):
        if told <= 1e-10 * could or could == 0:
            fix = "Drop it: the data tell nothing about its hazard ratio."
            got = f"{name}, the same for all at risk at each event"
            raise AnalysisError.must("covariates", "differ among participants at risk together", got, fix=fix)


def _refuse_monotone(
    at_null: Float[np.ndarray, "p p"],
    at_top: Float[np.ndarray, "p p"],
    model: Terms,
) -> None:
    """Refuse when information vanished on the way to the maximum: the likelihood rises for ever."""
    left = np.linalg.eigvals(np.linalg.solve(at_null, at_top)).real.min()
    if left < 1e-7:
        got = f"covariates ({', '.join(model.names)}) that separate them"
        raise AnalysisError.must("event", "happen on both sides of each covariate", got, fix=_WAY_OUT)
