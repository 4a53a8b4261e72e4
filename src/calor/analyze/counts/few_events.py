"""All defensible comparisons of two arms side by side, for when events are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.analyze.counts.rate_ratio import rate_ratio
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level, format_p
from calor.analyze.survival.firth_cox import firth_cox
from calor.analyze.survival.hazard_ratios import chi_square_test
from calor.analyze.survival.logrank import logrank
from calor.analyze.survival.partial_likelihood import partial_likelihood
from calor.analyze.survival.permutation_logrank import permutation_logrank
from calor.analyze.survival.time_to_event import Arm, TimeToEvent, need_two_arms, time_to_event
from calor.errors import AnalysisError

Method = Literal[
    "fisher_exact",
    "exact_rate_ratio",
    "logrank",
    "permutation_logrank",
    "firth_cox",
    "firth_cox_wald",
    "cox_likelihood_ratio",
]

_NAMES: dict[Method, str] = {
    "fisher_exact": "Fisher's exact test of proportions",
    "exact_rate_ratio": "Exact conditional rate ratio",
    "logrank": "Log-rank test",
    "permutation_logrank": "Permutation log-rank test",
    "firth_cox": "Firth Cox, penalized likelihood ratio",
    "firth_cox_wald": "Firth Cox, Wald",
    "cox_likelihood_ratio": "Cox likelihood ratio",
}

# With an arm without events the likelihood rises to a limit; at this log hazard ratio it is there to 1e-17.
_LIMIT = 40.0


@dataclass(frozen=True)
class FewEvents(Drawable):
    """Two arms compared by every defensible method.

    Attributes:
        arms: Arms, control first.
        methods: One row per method: method, name, measure, estimate, lower, upper, p_value, primary. The estimate and
            its limits (active against control) are missing for methods that only test.
        primary: The method that the protocol named.
        bounds: Exact one-sided upper bound of the proportion with the event, by arm.
        level: Confidence level of the intervals.
        n: Participants.
    """

    arms: tuple[Arm, ...]
    methods: pd.DataFrame
    primary: str
    bounds: tuple[Estimate, ...]
    level: float
    n: int

    @property
    def spread(self) -> tuple[float, float]:
        """Smallest and largest p-value among the methods."""
        return float(self.methods["p_value"].min()), float(self.methods["p_value"].max())

    @property
    def primary_p_value(self) -> float:
        """P-value of the primary method."""
        return float(self.methods.loc[self.methods["primary"], "p_value"].iloc[0])

    def __str__(self) -> str:
        low, high = self.spread
        name = self.methods.loc[self.methods["primary"], "name"].iloc[0]
        head = (
            f"{name} (primary): {format_p(self.primary_p_value)}; "
            f"{len(self.methods)} defensible methods give p from {low:.3f} to {high:.3f}"
        )
        open_ends = [
            f"{arm}: {bound.estimate * bound.n:.0f} of {bound.n}; the data cannot rule out an event rate up to "
            f"{100 * bound.upper:.1f} % (exact, one-sided {self.level * 100:g} %)"
            for arm, bound in zip(self.arms, self.bounds, strict=True)
        ]
        return "\n".join([head, *open_ends])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per method."""
        return self.methods.copy()


def few_events(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    arm: str,
    arms: Sequence[Arm],
    rng: np.random.Generator,
    primary: Method = "fisher_exact",
    level: float = 0.95,
) -> FewEvents:
    """Compare two arms by all defensible methods, the protocol's own marked as primary.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        arm: Column of the arms.
        arms: The two arms, control first.
        rng: Source of the permutation test's reallocations.
        primary: The method named before the data were seen.
        level: Confidence level of the two-sided intervals and of the one-sided bounds.

    Returns:
        The methods with the spread of their p-values, and the upper bound of each arm's event rate.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event`), not two arms, no event in either, an unknown primary method.

    Reference:
        Clopper and Pearson, Biometrika 1934 (bounds); the methods' own pages for the rest.

    Example:
        >>> table = pd.DataFrame({"days": range(1, 21), "mi": [1] * 3 + [0] * 17, "arm": ["p"] * 10 + ["a"] * 10})
        >>> result = few_events(
        ...     table, time="days", event="mi", arm="arm", arms=("p", "a"), rng=np.random.default_rng(1)
        ... )
        >>> print(result.bounds[1])
        a: 0.000 (95 % CI 0.000 to 0.259; Clopper-Pearson, one-sided upper limit, n = 10)
    """
    check_level(level)
    if primary not in get_args(Method):
        fix = "Name the protocol's method."
        raise AnalysisError.must("primary", f"be one of {', '.join(get_args(Method))}", primary, fix=fix)
    data = time_to_event(table, time=time, event=event, arm=arm, arms=arms)
    need_two_arms(data.arms)
    control, active = _counts(data)
    columns = table[[time, event]].assign(active=(data.arm == 1).astype(float))
    firth = firth_cox(columns, time=time, event=event, covariates=["active"], level=level)
    chance = permutation_logrank(table, time=time, event=event, arm=arm, arms=arms, rng=rng)
    estimates: dict[Method, Estimate | float] = {
        "fisher_exact": fisher_exact(active, control, level=level).p_minlike,
        "exact_rate_ratio": _rate_ratio(data, level),
        "logrank": logrank(table, time=time, event=event, arm=arm, arms=arms).p_value,
        "permutation_logrank": chance.p_value,
        "firth_cox": firth.hazard_ratio("active"),
        "firth_cox_wald": firth.wald("active"),
        "cox_likelihood_ratio": _likelihood_ratio(data),
    }
    methods = pd.DataFrame([_row(method, value, primary) for method, value in estimates.items()])
    return FewEvents(data.arms, methods, primary, upper_bounds((control, active), data.arms, level), level, len(table))


def upper_bounds(counts: Sequence[EventCount], arms: Sequence[Arm], level: float) -> tuple[Estimate, ...]:
    """Return the exact one-sided upper bound of each arm's proportion with the event.

    >>> print(upper_bounds([EventCount(0, 32)], ["aldesleukin"], 0.95)[0])
    aldesleukin: 0.000 (95 % CI 0.000 to 0.089; Clopper-Pearson, one-sided upper limit, n = 32)
    """
    pairs = zip(counts, arms, strict=True)
    return tuple(clopper_pearson(count, level=level, side="upper", label=str(name)) for count, name in pairs)


def _row(method: Method, value: Estimate | float, primary: Method) -> dict[str, object]:
    head = {"method": method, "name": _NAMES[method], "primary": method == primary}
    if isinstance(value, Estimate):
        measure = value.label.partition(",")[0]
        limits = {"estimate": value.estimate, "lower": value.lower, "upper": value.upper}
        return {**head, "measure": measure, **limits, "p_value": value.p_value}
    return {**head, "measure": "", "estimate": nan, "lower": nan, "upper": nan, "p_value": value}


def _counts(data: TimeToEvent) -> tuple[EventCount, EventCount]:
    control, active = (data.event[data.arm == code] for code in (0, 1))
    return EventCount(int(control.sum()), len(control)), EventCount(int(active.sum()), len(active))


def _rate_ratio(data: TimeToEvent, level: float) -> Estimate:
    control, active = _counts(data)
    t0, t1 = np.bincount(data.arm, weights=data.time, minlength=2)
    return rate_ratio(active.events, float(t1), control.events, float(t0), level=level)


def _likelihood_ratio(data: TimeToEvent) -> float:
    """Compare the Cox likelihood at its supremum, which exists even where the hazard ratio does not, with no effect."""
    likelihood = partial_likelihood(data, data.arm[:, None].astype(float), "breslow")

    def loglik(beta: float) -> float:
        return likelihood.point(np.array([beta])).loglik

    search = minimize_scalar(
        lambda beta: -loglik(beta), bounds=(-_LIMIT, _LIMIT), method="bounded", options={"xatol": 1e-9}
    )
    return chi_square_test(2 * (max(-float(search.fun), loglik(-_LIMIT), loglik(_LIMIT)) - loglik(0.0)), 1).p_value
