"""Profile-likelihood limits of one coefficient among several."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.stats import chi2

from calor.analyze.survival.newton import Point, newton

Objective = Callable[[Float[np.ndarray, " p"]], Point]

# Standard errors away from the estimate at which a limit counts as infinite.
_FAR = 64


def profile(objective: Objective, beta: Float[np.ndarray, " p"], i: int) -> Callable[[float], float]:
    """Return the log-likelihood, maximized over the other coefficients, as a function of coefficient i.

    Args:
        objective: Log-likelihood, with score and information.
        beta: Its maximum, where the search starts.
        i: The coefficient.

    Returns:
        The profile.

    Example:
        >>> peak = lambda b: Point(-float((b**2).sum()), -2 * b, 2 * np.eye(2))
        >>> profile(peak, np.zeros(2), 0)(3.0)
        -9.0
    """
    free = np.arange(len(beta)) != i
    best = beta.copy()

    def at(value: float) -> float:
        if free.any():  # the others move along, or the start may lie where the likelihood is flat
            information = objective(best).information
            best[free] -= np.linalg.lstsq(information[np.ix_(free, free)], information[free, i])[0] * (value - best[i])
        best[i] = value
        best[:], _ = newton(objective, best, free=free)
        return objective(best).loglik

    return at


def profile_limits(
    objective: Objective, beta: Float[np.ndarray, " p"], top: Point, i: int, level: float
) -> tuple[float, float]:
    """Find where the profile has fallen by half the chi-square quantile on each side of the maximum.

    Args:
        objective: Log-likelihood, with score and information.
        beta: Its maximum.
        top: The likelihood there.
        i: The coefficient.
        level: Confidence level.

    Returns:
        Lower and upper limit; minus infinity or infinity where the profile does not fall so far.

    Reference:
        Venzon and Moolgavkar, Applied Statistics 1988 (the limits; found here by bracketing).

    Example:
        >>> peak = lambda b: Point(-float((b**2).sum()) / 2, -b, np.eye(1))
        >>> lower, upper = profile_limits(peak, np.zeros(1), peak(np.zeros(1)), 0, 0.95)
        >>> round(upper, 4)
        1.96
    """
    floor = top.loglik - float(chi2.ppf(level, 1)) / 2
    width = float(np.sqrt(np.linalg.inv(top.information)[i, i]))
    limits = []
    for side in (-width, width):
        at = profile(objective, beta, i)
        near, far = float(beta[i]), float(beta[i]) + side
        height = at(far)
        while height > floor and abs(far - beta[i]) < _FAR * width:
            near, far = far, float(beta[i]) + 2 * (far - float(beta[i]))
            height = at(far)
        if height > floor:
            limits.append(np.sign(side) * inf)
        else:
            limits.append(float(brentq(lambda value, at=at: at(value) - floor, near, far, xtol=1e-11)))
    return limits[0], limits[1]
