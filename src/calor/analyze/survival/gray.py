"""Gray's test of equal cumulative incidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import chi2

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import format_p
from calor.analyze.survival.competing_risks import (
    CauseCounts,
    CompetingRisks,
    cause_counts,
    check_cause,
    competing_risks,
)
from calor.analyze.survival.time_to_event import Arm
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Gray(Drawable):
    """Result of Gray's test.

    Attributes:
        arms: Arms, control first.
        cause: The cause compared.
        score: Observed minus expected events of the cause, by arm.
        chi_square: Test statistic.
        df: Arms minus one.
        p_value: Two-sided p-value.
        n: Participants.
    """

    arms: tuple[Arm, ...]
    cause: int
    score: Float[np.ndarray, " arm"]
    chi_square: float
    df: int
    p_value: float
    n: int

    def __str__(self) -> str:
        return (
            f"Gray's test, cause {self.cause}: chi-square {self.chi_square:.2f}, df {self.df}, "
            f"{format_p(self.p_value)}, n = {self.n}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the test as a table with one row per arm."""
        frame = pd.DataFrame({"arm": list(self.arms), "score": self.score})
        return frame.assign(cause=self.cause, chi_square=self.chi_square, df=self.df, p_value=self.p_value)


@dataclass(frozen=True)
class _Arm:
    """One arm's counts, read at the event times of all arms."""

    at_risk: Float[np.ndarray, " time"]
    of_cause: Float[np.ndarray, " time"]
    of_others: Float[np.ndarray, " time"]
    survival_before: Float[np.ndarray, " time"]
    survival: Float[np.ndarray, " time"]
    incidence_before: Float[np.ndarray, " time"]


def gray(
    table: pd.DataFrame,
    *,
    time: str,
    status: str,
    arm: str,
    arms: Sequence[Arm] | None = None,
    cause: int = 1,
    rho: float = 0.0,
) -> Gray:
    """Test that the cumulative incidence of one cause is the same in all arms.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        status: Column of 0 (censored) and 1, 2, ... (cause of the event that came first).
        arm: Column of the arms.
        arms: Arms, control first; None takes the values in sorted order.
        cause: The cause compared.
        rho: Power of 1 minus the pooled incidence in the weight; 0 weighs all times alike.

    Returns:
        The test.

    Raises:
        AnalysisError: Unusable rows (see `competing_risks`), a cause that did not happen, fewer than two arms.

    Reference:
        Gray, Annals of Statistics 1988.

    Example:
        >>> table = pd.DataFrame({"days": range(1, 13), "status": [1, 2, 0] * 4, "arm": ["p", "a"] * 6})
        >>> print(gray(table, time="days", status="status", arm="arm"))
        Gray's test, cause 1: chi-square 0.09, df 1, p = 0.766, n = 12
    """
    if not isfinite(rho):
        raise AnalysisError.must("rho", "be finite", rho, fix="Give 0 to weigh all times alike.")
    data = competing_risks(table, time=time, status=status, arm=arm, arms=arms)
    check_cause(data, cause)
    if len(data.any_cause.arms) < 2:
        raise AnalysisError.must("arm", "hold at least two arms", 1, fix="Compare two arms.")
    by_arm = _read_arms(data, cause)
    score, covariance = _score(by_arm, rho)
    inner = covariance[1:, 1:]
    df = len(by_arm) - 1
    if np.linalg.matrix_rank(inner, hermitian=True) < df:
        fix = "Give arms that are followed side by side when events of the cause happen."
        raise AnalysisError.must("arm", "be at risk together with another arm at an event", "none", fix=fix)
    statistic = float(score[1:] @ np.linalg.solve(inner, score[1:]))
    return Gray(data.any_cause.arms, cause, score, statistic, df, float(chi2.sf(statistic, df)), len(data.cause))


def _read_arms(data: CompetingRisks, cause: int) -> list[_Arm]:
    every = np.unique(data.any_cause.time[data.cause > 0])
    return [
        _read(cause_counts(time, status, cause), time, every)
        for time, status in (
            (data.any_cause.time[data.any_cause.arm == code], data.cause[data.any_cause.arm == code])
            for code in range(len(data.any_cause.arms))
        )
    ]


def _read(counts: CauseCounts, time: Float[np.ndarray, " participant"], every: Float[np.ndarray, " time"]) -> _Arm:
    n = len(time) - np.searchsorted(np.sort(time), every, side="left").astype(float)
    before = np.searchsorted(counts.time, every, side="left")
    of_cause, of_others = np.zeros(len(every)), np.zeros(len(every))
    own = np.searchsorted(every, counts.time)
    of_cause[own], of_others[own] = counts.of_cause, counts.of_others
    survival_before = np.r_[1.0, counts.survival][before]
    survival = np.r_[1.0, counts.survival][np.searchsorted(counts.time, every, side="right")]
    return _Arm(n, of_cause, of_others, survival_before, survival, np.r_[0.0, counts.incidence][before])


def _score(arms: list[_Arm], rho: float) -> tuple[Float[np.ndarray, " arm"], Float[np.ndarray, "arm arm"]]:
    """Compare each arm's events of the cause with those expected from the risk sets of the subdistribution.

    The covariance follows each jump of each arm's counting processes to its effect on the scores: directly (`a`), and
    through the later weights that its survival estimate enters (`c`).
    """
    n, d1, d2, before, after, incidence = (
        np.stack([getattr(arm, f) for arm in arms])
        for f in ("at_risk", "of_cause", "of_others", "survival_before", "survival", "incidence_before")
    )
    here = n > 0
    size = np.divide(n, before, out=np.zeros_like(n), where=here)  # as if nobody had left by another cause
    total = d1.sum(axis=0)
    subdistribution = size * (1 - incidence)
    pooled = np.cumsum(total / size.sum(axis=0))
    free_before = 1 - np.r_[0.0, pooled[:-1]]
    weight = free_before**rho
    score = (weight * (d1 - total * subdistribution / subdistribution.sum(axis=0))).sum(axis=1)

    k = len(arms)
    share = size / size.sum(axis=0)
    a = weight * (np.eye(k)[:, :, None] * size[None, :, :] - size[:, None, :] * share[None, :, :])
    c = np.cumsum(a * (total / (size.sum(axis=0) * free_before)), axis=2)
    later = c[:, :, -1:] - c
    free = np.divide(1 - pooled, after, out=np.zeros_like(after), where=after > 0)
    t4 = np.where(after > 0, 1 - free, 1.0)
    own = np.where(total > 1, 1 - (total - 1) / np.maximum(size.sum(axis=0) * before - 1, 1e-300), 1.0)
    own = own * np.divide(before * total, size.sum(axis=0) * n, out=np.zeros_like(n), where=here)
    many = np.where(d2 > 1, 1 - (d2 - 1) / np.maximum(n - 1, 1), 1.0)
    other = many * np.divide(before**2 * d2, n**2, out=np.zeros_like(n), where=here)
    direct = a + t4 * later
    carried = free * later
    covariance = np.einsum("ikt,jkt,kt->ij", direct, direct, own) + np.einsum("ikt,jkt,kt->ij", carried, carried, other)
    return score, covariance
