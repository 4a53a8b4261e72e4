"""Win ratio, win odds and net benefit of a hierarchical composite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import norm

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.survival.hierarchy import Hierarchy, compare
from calor.analyze.survival.time_to_event import Arm, need_two_arms, read_arms, read_strata
from calor.errors import AnalysisError


@dataclass(frozen=True)
class WinRatio(Drawable):
    """Result of comparing every active with every control participant of a stratum.

    Attributes:
        wins: Pairs that the active participant wins.
        losses: Pairs that the control participant wins.
        ties: Pairs that no endpoint decides.
        wins_by_level: Wins decided by each endpoint.
        losses_by_level: Losses decided by each endpoint.
        ratio: Wins over losses.
        odds: Wins and half the ties over losses and half the ties.
        net_benefit: Share of wins minus share of losses.
    """

    wins: int
    losses: int
    ties: int
    wins_by_level: tuple[int, ...]
    losses_by_level: tuple[int, ...]
    ratio: Estimate
    odds: Estimate
    net_benefit: Estimate

    def __str__(self) -> str:
        counts = f"{self.wins} wins, {self.losses} losses, {self.ties} ties"
        return "\n".join([counts, str(self.ratio), str(self.odds), str(self.net_benefit)])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per measure."""
        return pd.concat([e.to_frame() for e in (self.ratio, self.odds, self.net_benefit)], ignore_index=True)


@dataclass(frozen=True)
class _Shares:
    """Weighted shares of pairs, with the covariance of (wins, losses)."""

    wins: float
    losses: float
    ties: float
    covariance: Float[np.ndarray, "2 2"]


def win_ratio(
    table: pd.DataFrame,
    *,
    hierarchy: Hierarchy,
    arm: str,
    arms: Sequence[Arm],
    strata: Sequence[str] = (),
    level: float = 0.95,
) -> WinRatio:
    """Compare two arms on endpoints in order of importance.

    Args:
        table: One row per participant.
        hierarchy: Endpoints, most important first: `EventTime` and `Measure`.
        arm: Column of the arms.
        arms: The two arms, control first.
        strata: Columns whose combinations are compared apart; a stratum of N participants weighs its pairs by 1 / N.
        level: Confidence level.

    Returns:
        Counts of pairs, win ratio, win odds and net benefit.

    Raises:
        AnalysisError: Unusable rows, not two arms, a stratum without participants of both arms, no win or no loss.

    Reference:
        Pocock et al., European Heart Journal 2012; Dong et al., Journal of Biopharmaceutical Statistics 2018 (strata);
        Bebu and Lachin, Biostatistics 2016 (variance from U-statistics).

    Example:
        >>> from calor.analyze.survival.hierarchy import EventTime, Measure
        >>> table = pd.DataFrame({"days": [9, 4, 9, 9, 7, 9], "died": [0, 1, 0, 0, 1, 0], "arm": list("papapa")})
        >>> table["crp"] = [3.0, 2.0, 4.0, 1.0, 2.0, 3.5]
        >>> endpoints = [EventTime("days", "died"), Measure("crp", better="lower")]
        >>> print(win_ratio(table, hierarchy=endpoints, arm="arm", arms=("p", "a")).ratio)
        win ratio: 1.250 (95 % CI 0.163 to 9.583; p = 0.830; win ratio, n = 6)
    """
    check_level(level)
    codes, names = read_arms(table, arm, arms)
    need_two_arms(names)
    layers, layer_names = read_strata(table, strata)
    levels = np.zeros((2, len(hierarchy)), dtype=np.int64)
    shares, pairs = [], 0
    for stratum, name in enumerate(layer_names):
        active = np.flatnonzero((layers == stratum) & (codes == 1))
        control = np.flatnonzero((layers == stratum) & (codes == 0))
        if len(active) == 0 or len(control) == 0:
            fix = "Pool the stratum with a neighbor."
            raise AnalysisError.must("strata", "hold participants of both arms", "one arm", where=name, fix=fix)
        decided = compare(table, hierarchy, active, control)
        levels += [(decided == 1).sum(axis=(1, 2)), (decided == -1).sum(axis=(1, 2))]
        pairs += decided[0].size
        shares.append(_shares(decided.sum(axis=0), len(active) + len(control) if strata else 1))
    wins, losses = (int(row.sum()) for row in levels)
    if wins == 0 or losses == 0:
        fix = "Report the net benefit's exact or permutation test instead."
        raise AnalysisError.must("hierarchy", "give both wins and losses", f"{wins} wins, {losses} losses", fix=fix)
    total = _Shares(
        sum(s.wins for s in shares),
        sum(s.losses for s in shares),
        sum(s.ties for s in shares),
        np.sum([s.covariance for s in shares], axis=0),
    )
    ratio, odds, benefit = _measures(total, level, len(table))
    by_level = tuple(levels[0].tolist()), tuple(levels[1].tolist())
    return WinRatio(wins, losses, pairs - wins - losses, *by_level, ratio, odds, benefit)


def _shares(outcome: np.ndarray, size: int) -> _Shares:
    """Count one stratum, divided by `size`; each participant's mean outcome carries the first-order variance."""
    n1, n0 = outcome.shape
    kernels = [(outcome == sign).astype(float) for sign in (1, -1)]
    by_active = np.stack([k.mean(axis=1) - k.mean() for k in kernels])
    by_control = np.stack([k.mean(axis=0) - k.mean() for k in kernels])
    weight = n1 * n0 / size
    covariance = weight**2 * (by_active @ by_active.T / n1**2 + by_control @ by_control.T / n0**2)
    won, lost = (float(k.sum()) / size for k in kernels)
    return _Shares(won, lost, outcome.size / size - won - lost, covariance)


def _measures(total: _Shares, level: float, n: int) -> tuple[Estimate, Estimate, Estimate]:
    z = float(norm.ppf((1 + level) / 2))
    w, lost, t = total.wins, total.losses, total.ties

    def estimate(label: str, value: float, slope: tuple[float, float], *, logarithmic: bool) -> Estimate:
        se = sqrt(float(np.array(slope) @ total.covariance @ np.array(slope)))
        if se == 0:
            fix = "All pairs of a participant end alike: there is nothing to estimate the variance from."
            raise AnalysisError.must("hierarchy", "give outcomes that vary", "no variance", fix=fix)
        limits = (value - z * se, value + z * se)
        return Estimate(
            label=label,
            estimate=exp(value) if logarithmic else value,
            se=se,
            lower=exp(limits[0]) if logarithmic else limits[0],
            upper=exp(limits[1]) if logarithmic else limits[1],
            level=level,
            p_value=float(2 * norm.sf(abs(value) / se)),
            scale="ratio" if logarithmic else "difference",
            method=label,
            n=n,
        )

    pairs = w + lost + t
    better, worse = w + t / 2, lost + t / 2
    to_odds = (0.5 / better + 0.5 / worse, -0.5 / better - 0.5 / worse)
    return (
        estimate("win ratio", log(w / lost), (1 / w, -1 / lost), logarithmic=True),
        estimate("win odds", log(better / worse), to_odds, logarithmic=True),
        estimate("net benefit", (w - lost) / pairs, (1 / pairs, -1 / pairs), logarithmic=False),
    )
