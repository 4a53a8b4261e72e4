"""c-for-benefit: how well predictions order participants by their benefit."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from calor.analyze.benefit.benefit_calibration import check_predictions
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError


def c_for_benefit(
    effects: Float[np.ndarray, " n"],
    response: Float[np.ndarray, " n"],
    arm: Int[np.ndarray, " n"],
    *,
    rng: np.random.Generator,
    bootstraps: int = 500,
    level: float = 0.95,
) -> Estimate:
    """Estimate the chance that of two matched pairs the one predicted to benefit more does.

    Each participant of the smaller arm is matched with one of the other by rank of predicted effect; a pair's
    observed effect is the difference of its endpoints. 0.5 is no information. A larger arm is thinned at random.

    Args:
        effects: Predicted effect of each participant, from other participants.
        response: Endpoint.
        arm: 0 for control, 1 for active.
        rng: Source of thinning and bootstrap samples (drawn within arms).
        bootstraps: Number of bootstrap samples.
        level: Level of the percentile interval.

    Raises:
        AnalysisError: Lengths differ, an arm has fewer than five participants, or predictions are all equal.

    Example:
        >>> rng = np.random.default_rng(2)
        >>> arm, effects = np.arange(400) % 2, rng.normal(-0.2, 0.4, 400)
        >>> found = c_for_benefit(effects, 2.2 + arm * effects + rng.normal(0, 0.25, 400), arm, rng=rng)
        >>> found.lower > 0.5
        True

    Reference:
        van Klaveren et al., Journal of Clinical Epidemiology 2018.
    """
    check_level(level)
    bootstraps = whole_number("bootstraps", bootstraps, least=2, fix="Use 500.")
    check_predictions(effects, response, arm)
    control, active = np.flatnonzero(arm == 0), np.flatnonzero(arm == 1)
    if min(len(control), len(active)) < 5:
        raise AnalysisError.must(
            "arm", "have five or more of 0 and of 1", [len(control), len(active)], fix="Recode it."
        )
    point = _concordance(effects, response, control, active, rng)
    resampled = [
        _concordance(effects, response, rng.choice(control, len(control)), rng.choice(active, len(active)), rng)
        for _ in range(bootstraps)
    ]
    lower, upper = np.quantile(resampled, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(
        label="c-for-benefit",
        estimate=point,
        lower=float(lower),
        upper=float(upper),
        level=level,
        scale="proportion",
        method="matched pairs, bootstrap",
        n=len(arm),
        se=float(np.std(resampled, ddof=1)),
    )


def _concordance(
    effects: Float[np.ndarray, " n"],
    response: Float[np.ndarray, " n"],
    control: Int[np.ndarray, " c"],
    active: Int[np.ndarray, " a"],
    rng: np.random.Generator,
) -> float:
    pairs = min(len(control), len(active))
    c, a = (np.sort(rng.choice(rows, pairs, replace=False)) for rows in (control, active))
    c, a = c[np.argsort(effects[c], kind="stable")], a[np.argsort(effects[a], kind="stable")]
    predicted, observed = (effects[c] + effects[a]) / 2, response[a] - response[c]
    sign = np.sign(np.subtract.outer(predicted, predicted))[np.triu_indices(pairs, 1)]
    agree = sign * np.sign(np.subtract.outer(observed, observed))[np.triu_indices(pairs, 1)]
    informative = sign != 0
    if not informative.any():  # a bootstrap sample may repeat one prediction: it says nothing either way
        return 0.5
    return float(np.mean((agree[informative] + 1) / 2))
