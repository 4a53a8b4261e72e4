"""Size of the next stage from conditional power."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from calor.kernels.counter_random import quantile
from calor.kernels.interim import FISHER, Plan


@njit(cache=True, inline="always", error_model="numpy")
def next_drift(plan: Plan, stage: int, out: np.ndarray, followed: int) -> float:
    """Return the next stage's expected statistic as planned, at the effect assumed or the least estimate followed.

    A population that is followed alone gets the whole stage, so that its information grows by the stage's units.
    """
    ratio = (plan.planned[stage + 1] - plan.planned[stage]) / plan.planned[stage]
    drift = math.inf
    most = 0.0
    for g in range(out.shape[1]):
        most = max(most, out[3, g])
    for g in range(out.shape[1]):
        if followed >> g & 1:
            effect = out[2, g] if math.isnan(plan.assumed) else plan.assumed
            drift = min(drift, effect * math.sqrt(most * ratio))
    return drift


@njit(cache=True, inline="always", error_model="numpy")
def stage_factor(plan: Plan, stage: int, evidence: float, drift: float) -> float:
    """Return how many times the planned next stage reaches the conditional power aimed at.

    Args:
        plan: The design.
        stage: The stage done, counted from 0.
        evidence: Of the intersection of everyone by Bonferroni's test, as `judge` leaves it.
        drift: Expected statistic of the next stage as planned.

    Returns:
        Between `plan.least` and `plan.most`. Fisher's product is read as the level that the next p-value must reach.

    Reference: Proschan MA, Hunsberger SA. Biometrics 1995;51:1315-1324.
    """
    if plan.power <= 0.0:
        return 1.0
    after = stage + 1
    if plan.combination == FISHER:
        level = math.exp((plan.bounds[after] - evidence) / plan.weights[after])
        critical = -quantile(max(1e-300, level)) if level < 1.0 else -8.0
    else:
        critical = (plan.bounds[after] * plan.norms[after] - evidence) / plan.weights[after]
    factor = plan.most[after]
    if drift > 1e-9:
        needed = max(0.0, critical + quantile(plan.power)) / drift
        factor = min(factor, max(plan.least[after], needed * needed))
    return float(factor)
