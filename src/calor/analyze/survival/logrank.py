"""Log-rank test, weighted and stratified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import chi2

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import format_p
from calor.analyze.survival.time_to_event import Arm, TimeToEvent, need_event, time_to_event
from calor.errors import AnalysisError
from calor.kernels.logrank import logrank as _sums


@dataclass(frozen=True)
class LogRank(Drawable):
    """Result of a log-rank test.

    Attributes:
        arms: Arms, control first.
        participants: Participants of each arm.
        observed: Events of each arm, weighted if the test is.
        expected: Events expected in each arm under no difference, weighted alike.
        covariance: Covariance of observed minus expected.
        chi_square: Test statistic.
        df: Its degrees of freedom, arms minus one.
        p_value: Two-sided p-value.
        z: Signed root for two arms, negative where the second arm has fewer events than expected; None for more.
        method: The method's name as a paper would print it.
    """

    arms: tuple[Arm, ...]
    participants: tuple[int, ...]
    observed: Float[np.ndarray, " arm"]
    expected: Float[np.ndarray, " arm"]
    covariance: Float[np.ndarray, "arm arm"]
    chi_square: float
    df: int
    p_value: float
    z: float | None
    method: str

    def __str__(self) -> str:
        sums = "; ".join(
            f"{arm} {o:.4g} observed, {e:.2f} expected"
            for arm, o, e in zip(self.arms, self.observed, self.expected, strict=True)
        )
        return f"{self.method}: {sums}; chi-square {self.chi_square:.2f}, df {self.df}, {format_p(self.p_value)}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per arm."""
        return pd.DataFrame(
            {
                "arm": list(self.arms),
                "n": self.participants,
                "observed": self.observed,
                "expected": self.expected,
                "variance": np.diag(self.covariance),
            }
        ).assign(chi_square=self.chi_square, df=self.df, p_value=self.p_value, method=self.method)


def logrank(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    arm: str,
    arms: Sequence[Arm] | None = None,
    strata: Sequence[str] = (),
    rho: float = 0.0,
    gamma: float = 0.0,
) -> LogRank:
    """Test that the arms have the same hazard at all times.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        arm: Column of the arms.
        arms: Arms, control first; None takes the values in sorted order.
        strata: Columns whose combinations are the strata.
        rho: Power of S(t-) in the weight; 1 stresses early differences.
        gamma: Power of 1 - S(t-) in the weight; 1 stresses late differences.

    Returns:
        The test; with two arms also the signed z.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event`), fewer than two arms, no event, a negative weight's power.

    Reference:
        Mantel, Cancer Chemotherapy Reports 1966; Harrington and Fleming, Biometrika 1982 (the weights).

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 7, 2], "mi": [1, 0, 1, 0, 1, 1], "arm": list("aaabbb")})
        >>> print(logrank(table, time="days", event="mi", arm="arm"))
        Log-rank: a 2 observed, 1.93 expected; b 2 observed, 2.07 expected; chi-square 0.00, df 1, p = 0.946
    """
    data = time_to_event(table, time=time, event=event, arm=arm, arms=arms, strata=strata)
    if len(data.arms) < 2:
        raise AnalysisError.must("arm", "hold at least two arms", data.arms[0], fix="Compare two arms.")
    for name, power in (("rho", rho), ("gamma", gamma)):
        if not 0 <= power < inf:
            raise AnalysisError.must(name, "be zero or above", power, fix="Give 0 for the log-rank test.")
    need_event(data.event, event)
    observed, expected, covariance = _all_arms(data, rho, gamma)
    statistic, df = _chi_square(observed - expected, covariance, data.arms)
    difference = float(observed[1] - expected[1])
    return LogRank(
        arms=data.arms,
        participants=tuple(np.bincount(data.arm, minlength=len(data.arms)).tolist()),
        observed=observed,
        expected=expected,
        covariance=covariance,
        chi_square=statistic,
        df=df,
        p_value=float(chi2.sf(statistic, df)),
        z=difference / sqrt(covariance[1, 1]) if df == 1 else None,
        method=_name(len(data.strata), rho, gamma),
    )


def _all_arms(
    data: TimeToEvent, rho: float, gamma: float
) -> tuple[Float[np.ndarray, " arm"], Float[np.ndarray, " arm"], Float[np.ndarray, "arm arm"]]:
    """Get every arm's sums from the two-arm kernel: the score of two arms taken together is the sum of their scores."""
    order = np.lexsort((data.time, data.stratum))
    time, event, stratum, arm = (a[order] for a in (data.time, data.event, data.stratum, data.arm))
    k = len(data.arms)
    observed, expected, covariance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for g in range(k):
        _, covariance[g, g], observed[g], expected[g], _ = _sums(time, event, arm == g, stratum, rho, gamma)
    for g in range(k):
        for h in range(g):
            _, together, *_ = _sums(time, event, (arm == g) | (arm == h), stratum, rho, gamma)
            covariance[g, h] = covariance[h, g] = (together - covariance[g, g] - covariance[h, h]) / 2
    return observed, expected, covariance


def _chi_square(
    score: Float[np.ndarray, " arm"], covariance: Float[np.ndarray, "arm arm"], arms: Sequence[Arm]
) -> tuple[float, int]:
    inner = covariance[1:, 1:]
    if np.linalg.matrix_rank(inner, hermitian=True) < len(arms) - 1:
        fix = "Give arms that are followed side by side when events happen."
        raise AnalysisError.must("arm", "be at risk together with another arm at an event", "none", fix=fix)
    return float(score[1:] @ np.linalg.solve(inner, score[1:])), len(arms) - 1


def _name(strata: int, rho: float, gamma: float) -> str:
    name = "Log-rank" if rho == gamma == 0 else f"Fleming-Harrington ({rho:g}, {gamma:g})"
    return name if strata == 1 else f"Stratified {name[0].lower() if name[0] == 'L' else name[0]}{name[1:]}"
