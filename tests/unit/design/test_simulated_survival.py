"""Power of log-rank, weighted log-rank, MaxCombo and RMST against trials drawn from the same assumptions."""

from __future__ import annotations

import numpy as np

from calor.design import average_hazard_ratio, max_combo, rmst, spending, weighted_logrank
from calor.design.accrual import Accrual
from calor.design.expected_events import Stratum
from calor.design.fleming_harrington import FlemingHarrington
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard

LOGRANK, LATE = FlemingHarrington(0, 0), FlemingHarrington(0, 0.5)
OBF = spending.obrien_fleming(0.025)
CONTROL, DELAYED = PiecewiseHazard.from_median(9), HazardRatio((0, 4), (1.0, 0.6))
TRIAL = Stratum(Accrual.uniform(12, 300), CONTROL, DELAYED, Dropout.by(12, 0.05, 0.05))


def _simulated(trials: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return z of two weighted log-rank tests and of RMST to 24 in trials drawn from TRIAL's assumptions."""
    rng, n, end, tau = np.random.default_rng(7), 300, 36.0, 24.0
    arm = np.tile([0, 1], n // 2)
    entry = rng.uniform(0, 12, (trials, n))
    hazard = rng.exponential(size=(trials, n))
    rate, lost = CONTROL.rates[0], TRIAL.dropout.control.rates[0]
    late = np.maximum(hazard - 4 * rate, 0) / (0.6 * rate)
    event = np.where(arm == 1, np.minimum(hazard / rate, 4) + late, hazard / rate)
    cut = np.minimum(rng.exponential(1 / lost, (trials, n)), end - entry)
    time, happened = np.minimum(event, cut), event <= cut
    order = np.argsort(time, axis=1)
    time, happened = np.take_along_axis(time, order, 1), np.take_along_axis(happened, order, 1)
    treated = arm[order]
    at_risk = np.arange(n, 0, -1.0)
    at_risk_treated = np.cumsum(treated[:, ::-1], axis=1)[:, ::-1]
    share = at_risk_treated / at_risk
    survival_before = np.cumprod(1 - happened / at_risk, axis=1)
    survival_before = np.hstack([np.ones((trials, 1)), survival_before[:, :-1]])
    z = []
    for gamma in (0.0, 0.5):
        w = (1 - survival_before) ** gamma * happened
        z.append((w * (share - treated)).sum(1) / np.sqrt((w**2 * share * (1 - share)).sum(1)))
    areas = [_area(time, happened & (treated == a), np.where(treated == a, 1, 0), tau) for a in (0, 1)]
    rmst_z = (areas[1][0] - areas[0][0]) / np.sqrt(areas[0][1] + areas[1][1])
    return z[0], z[1], rmst_z


def _area(time: np.ndarray, happened: np.ndarray, member: np.ndarray, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """Return each trial's area under one arm's Kaplan-Meier curve up to tau, and its Greenwood variance."""
    at_risk = np.cumsum(member[:, ::-1], axis=1)[:, ::-1]
    d = happened & (time <= tau)
    curve = np.cumprod(1 - d / np.maximum(at_risk, 1), axis=1)
    clipped = np.minimum(time, tau)
    widths = np.diff(clipped, axis=1, append=tau)
    to_come = np.cumsum((curve * widths)[:, ::-1], axis=1)[:, ::-1]
    variance = (d * to_come**2 / np.maximum(at_risk * (at_risk - 1), 1)).sum(1)
    return clipped[:, 0] + to_come[:, 0], variance


def test_simulated_trials_have_the_power_computed() -> None:
    trials = 4000
    logrank, late, restricted = _simulated(trials)
    combo = max_combo.power([TRIAL], weights=[LOGRANK, LATE], time=36)
    told = {
        "weighted log-rank": (late, 1.959964, weighted_logrank.power([TRIAL], times=[36], weight=LATE, efficacy=OBF)),
        "log-rank": (logrank, 1.959964, average_hazard_ratio.power([TRIAL], times=[36], efficacy=OBF)),
        "MaxCombo": (np.maximum(logrank, late), combo.bound, combo),
        "RMST": (restricted, 1.959964, rmst.power(TRIAL, tau=24, time=36)),
    }
    for name, (z, bound, table) in told.items():
        got, said = float(np.mean(z > bound)), table.power  # type: ignore[attr-defined]
        interval = 3.5 * np.sqrt(said * (1 - said) / trials)
        # the formulas are asymptotic: a trial of 300 may differ by another hundredth
        assert abs(got - said) < interval + 0.01, f"{name}: simulated {got:.4f}, computed {said:.4f} +- {interval:.4f}"
