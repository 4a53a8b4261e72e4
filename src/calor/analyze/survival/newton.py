"""Newton's method with step halving: the one optimizer of the hazard and the penalized models."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from calor.errors import AnalysisError

# Relative to the log-likelihood: what is left to gain at the maximum, and what rounding may hide.
_DONE, _BLUR = 1e-19, 1e-8


class Point(NamedTuple):
    """A log-likelihood at some coefficients.

    Attributes:
        loglik: Its value.
        score: Its first derivative.
        information: Minus its second derivative, or a matrix that stands in for it.
    """

    loglik: float
    score: Float[np.ndarray, " p"]
    information: Float[np.ndarray, "p p"]


def newton(
    objective: Callable[[Float[np.ndarray, " p"]], Point],
    start: Float[np.ndarray, " p"],
    *,
    free: Bool[np.ndarray, " p"] | None = None,
    max_steps: int = 500,
) -> tuple[Float[np.ndarray, " p"], Point]:
    """Maximize a concave log-likelihood over its free coefficients.

    Args:
        objective: Value, score and information at given coefficients.
        start: Where to begin; coefficients that are not free stay there.
        free: Which coefficients move; None moves all.
        max_steps: Steps after which to give up.

    Returns:
        The maximum and the likelihood there.

    Raises:
        AnalysisError: The information is singular, or the steps do not settle: the data do not determine the
            coefficients.

    Example:
        >>> peak = lambda b: Point(-float((b[0] - 2) ** 2), -2 * (b - 2), np.array([[2.0]]))
        >>> newton(peak, np.array([0.0]))[0]
        array([2.])
    """
    moving = np.ones(len(start), dtype=bool) if free is None else free
    beta = start.astype(float).copy()
    here = objective(beta)
    step = _step(here, moving)
    for _ in range(max_steps):
        promise = float(step @ here.score)
        if promise < _DONE * max(1.0, abs(here.loglik)):
            return beta + step, here
        found = _halve(objective, beta, here, step, moving)
        if found is None:
            break
        beta, here = found
        step = _step(here, moving)
    if float(step @ here.score) > _BLUR * max(1.0, abs(here.loglik)):
        raise _unsettled()
    return beta, here


def _halve(
    objective: Callable[[Float[np.ndarray, " p"]], Point],
    beta: Float[np.ndarray, " p"],
    here: Point,
    step: Float[np.ndarray, " p"],
    moving: Bool[np.ndarray, " p"],
) -> tuple[Float[np.ndarray, " p"], Point] | None:
    """Shorten the step until the likelihood rises by a tenth of what its slope promises (Armijo).

    A step that rises less may land where the likelihood is flat. Close to the maximum, where rounding hides the rise, a
    step counts that leaves less to gain. None if no step will do.
    """
    promise = float(step @ here.score)
    near = promise < _BLUR * max(1.0, abs(here.loglik))
    for halving in range(25):
        share = 0.5**halving
        there = objective(beta + step * share)
        if not np.isfinite(there.loglik):
            continue
        if there.loglik > here.loglik + 0.1 * share * promise:
            return beta + step * share, there
        if near and float(_step(there, moving) @ there.score) < promise:
            return beta + step * share, there
    return None


def _step(here: Point, moving: Bool[np.ndarray, " p"]) -> Float[np.ndarray, " p"]:
    step = np.zeros_like(here.score)
    if moving.any():
        step[moving] = _solve(here.information[np.ix_(moving, moving)], here.score[moving])
    return step


def _solve(information: Float[np.ndarray, "p p"], score: Float[np.ndarray, " p"]) -> Float[np.ndarray, " p"]:
    size = np.sqrt(np.diag(information).clip(min=0))
    if not np.isfinite(information).all() or not size.all():
        raise _unsettled()
    scaled = information / np.outer(size, size)  # covariates' units must not decide what is singular
    if np.linalg.eigvalsh(scaled)[0] < 1e-11:
        raise _unsettled()
    return np.asarray(np.linalg.solve(scaled, score / size) / size)


def _unsettled() -> AnalysisError:
    fix = "A covariate is constant, repeats others, or separates all events: drop it, or use the Firth penalty."
    return AnalysisError.must("covariates", "determine their coefficients", "a likelihood without one maximum", fix=fix)
