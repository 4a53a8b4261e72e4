"""Fisher's exact test of two proportions with the conditional odds ratio and its exact interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import gammaln, logsumexp

from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level, format_p

# Two tables whose probabilities differ by less than this relative amount are equally likely, as in R's fisher.test.
_EQUALLY_LIKELY = 1e-7


@dataclass(frozen=True)
class FisherExact(Drawable):
    """Hold the exact tests of one two-by-two table.

    Attributes:
        active: Events and participants of the active arm.
        control: Events and participants of the control arm.
        p_minlike: Two-sided p: tables no more likely than the one observed. What software prints as Fisher's test.
        p_central: Two-sided p: twice the smaller tail. It agrees with the exact interval.
        p_midp: Twice the smaller tail with half the observed table's probability; not guaranteed to hold its level.
        p_fewer: One-sided p of fewer events in the active arm.
        p_more: One-sided p of more events in the active arm.
        odds_ratio: Conditional maximum likelihood estimate with its exact (central) interval; None when no
            participant, or every participant, had an event, since such a table says nothing about the odds ratio.
    """

    active: EventCount
    control: EventCount
    p_minlike: float
    p_central: float
    p_midp: float
    p_fewer: float
    p_more: float
    odds_ratio: Estimate | None

    @property
    def shares(self) -> tuple[Estimate, Estimate]:
        """The share with the event in the active and in the control arm, with exact 95 % limits."""
        return clopper_pearson(self.active, label="Active"), clopper_pearson(self.control, label="Control")

    def __str__(self) -> str:
        head = f"{self.active} against {self.control}: Fisher's exact test, two-sided {format_p(self.p_minlike)}"
        if self.odds_ratio is None:
            return f"{head}; odds ratio not estimable"
        ratio = self.odds_ratio
        interval = f"{ratio.level * 100:.3g} % CI {ratio.lower:.3f} to {ratio.upper:.3f}"
        return f"{head}; odds ratio {ratio.estimate:.3f} ({interval})"

    def to_frame(self) -> pd.DataFrame:
        """Return the p-values, one row per method."""
        rows = [
            ("two-sided, tables no more likely", self.p_minlike),
            ("two-sided, central", self.p_central),
            ("two-sided, mid-p", self.p_midp),
            ("one-sided, fewer events", self.p_fewer),
            ("one-sided, more events", self.p_more),
        ]
        return pd.DataFrame(rows, columns=["method", "p_value"])


def fisher_exact(active: EventCount, control: EventCount, *, level: float = 0.95) -> FisherExact:
    """Compare two proportions exactly, given both margins.

    Args:
        active: Events and participants of the active arm.
        control: Events and participants of the control arm.
        level: Confidence level of the odds ratio's interval, 0 to 1.

    Raises:
        AnalysisError: `level` is outside 0 to 1.

    Example:
        >>> print(fisher_exact(EventCount(0, 32), EventCount(3, 28)))
        0/32 against 3/28: Fisher's exact test, two-sided p = 0.096; odds ratio 0.000 (95 % CI 0.000 to 2.064)

    Reference:
        Fisher RA. J R Stat Soc 1935;98:39-82. Fay MP. Biostatistics 2010;11:373-374 (minlike, central).
        Lancaster HO. JASA 1961;56:223-234 (mid-p).
    """
    check_level(level)
    support, log_null = _null_distribution(active, control)
    null = np.exp(log_null)
    at = int(active.events - support[0])
    fewer = min(1.0, float(null[: at + 1].sum()))
    more = min(1.0, float(null[at:].sum()))
    half = float(null[at]) / 2
    return FisherExact(
        active=active,
        control=control,
        p_minlike=min(1.0, float(null[null <= null[at] * (1 + _EQUALLY_LIKELY)].sum())),
        p_central=min(1.0, 2 * min(fewer, more)),
        p_midp=min(1.0, 2 * (min(fewer, more) - half)),
        p_fewer=fewer,
        p_more=more,
        odds_ratio=_odds_ratio(support, log_null, active, control, level) if support.size > 1 else None,
    )


def _null_distribution(
    active: EventCount, control: EventCount
) -> tuple[Float[np.ndarray, " tables"], Float[np.ndarray, " tables"]]:
    """Return the active arm's possible event counts given the margins, and their log probabilities at no effect."""
    events = active.events + control.events
    first, last = max(0, events - control.participants), min(events, active.participants)
    support = np.arange(first, last + 1, dtype=float)

    def log_choose(n: int, k: Float[np.ndarray, " tables"]) -> Float[np.ndarray, " tables"]:
        return np.asarray(gammaln(n + 1.0) - gammaln(k + 1) - gammaln(n - k + 1))

    log_weight = log_choose(active.participants, support) + log_choose(control.participants, events - support)
    return support, log_weight - logsumexp(log_weight)


def _odds_ratio(
    support: Float[np.ndarray, " tables"],
    log_null: Float[np.ndarray, " tables"],
    active: EventCount,
    control: EventCount,
    level: float,
) -> Estimate:
    """Estimate the odds ratio from the noncentral hypergeometric distribution."""
    x = active.events
    tail = (1 - level) / 2

    def probabilities(log_ratio: float) -> Float[np.ndarray, " tables"]:
        log_weight = log_null + support * log_ratio
        return np.asarray(np.exp(log_weight - logsumexp(log_weight)))

    lowest, highest = x == support[0], x == support[-1]
    estimate = 0.0 if lowest else np.inf
    if not (lowest or highest):
        estimate = _solve(lambda ratio: float(support @ probabilities(ratio)) - x)
    more = 0.0 if lowest else _solve(lambda ratio: float(probabilities(ratio)[support >= x].sum()) - tail)
    fewer = np.inf if highest else _solve(lambda ratio: tail - float(probabilities(ratio)[support <= x].sum()))
    return Estimate(
        label="Odds ratio",
        estimate=estimate,
        lower=more,
        upper=fewer,
        level=level,
        scale="ratio",
        method="conditional maximum likelihood, exact interval",
        n=active.participants + control.participants,
    )


def _solve(increasing: Callable[[float], float]) -> float:
    """Return the odds ratio at which a function that increases in its logarithm is zero."""
    bound = 1.0
    while increasing(-bound) > 0 or increasing(bound) < 0:
        bound *= 2
    return float(np.exp(brentq(increasing, -bound, bound, xtol=1e-13, rtol=1e-14)))
