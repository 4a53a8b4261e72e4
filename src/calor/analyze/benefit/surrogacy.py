"""Surrogacy across trials: does the effect on a biomarker predict the effect on the endpoint?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtri, stdtr, stdtrit

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Surrogacy(Drawable):
    """Effects on the endpoint regressed on effects on the biomarker, trial by trial.

    Attributes:
        slope: Effect on the endpoint per unit of effect on the biomarker.
        intercept: Effect on the endpoint where the biomarker does not move; zero for a perfect surrogate.
        between_sd: Standard deviation of true endpoint effects about the line.
        r_squared: Share of the variance of true endpoint effects that the line explains.
        threshold_effect: Smallest biomarker effect whose prediction interval excludes no effect; None if there is none.
        trials: Number of trials.
        covariance: Of intercept and slope.
        effects: Columns biomarker, endpoint, lower, upper: what each trial showed.
    """

    slope: Estimate
    intercept: Estimate
    between_sd: float
    r_squared: float
    threshold_effect: float | None
    trials: int
    covariance: Float[np.ndarray, "2 2"]
    effects: pd.DataFrame = field(compare=False, repr=False)

    def __str__(self) -> str:
        threshold = "none" if self.threshold_effect is None else f"{self.threshold_effect:.3f}"
        return (
            f"{self.slope}. R squared across {self.trials} trials {self.r_squared:.2f}; surrogate threshold effect "
            f"{threshold}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return slope and intercept, one row each."""
        return pd.concat([self.slope.to_frame(), self.intercept.to_frame()], ignore_index=True)

    def predict(self, biomarker_effect: float, level: float = 0.95) -> tuple[float, float, float]:
        """Return the endpoint effect predicted for a new, large trial, with its prediction limits."""
        row = np.array([1.0, biomarker_effect])
        middle = self.intercept.estimate + self.slope.estimate * biomarker_effect
        spread = float(np.sqrt(row @ self.covariance @ row + self.between_sd**2))
        half = float(stdtrit(self.trials - 2, 0.5 + level / 2)) * spread
        return middle, middle - half, middle + half


def surrogacy(
    biomarker_effects: Float[np.ndarray, " trials"],
    endpoint_effects: Float[np.ndarray, " trials"],
    endpoint_se: Float[np.ndarray, " trials"],
    *,
    level: float = 0.95,
) -> Surrogacy:
    """Regress endpoint effects on biomarker effects with a variance between trials (REML).

    Biomarker effects are taken as known: their own error draws the slope towards zero. Use it where they are precise.

    Args:
        biomarker_effects: Effect on the biomarker in each trial.
        endpoint_effects: Effect on the endpoint in each trial (log hazard ratio, difference).
        endpoint_se: Standard error of the latter.
        level: Confidence level.

    Raises:
        AnalysisError: Fewer than four trials, standard errors not positive, or biomarker effects all equal.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> x = np.linspace(-0.6, 0.0, 12)
        >>> found = surrogacy(x, 0.5 * x + rng.normal(0, 0.05, 12), np.full(12, 0.05))
        >>> found.slope.lower < 0.5 < found.slope.upper, found.threshold_effect is not None
        (True, True)

    Reference:
        Daniels and Hughes, Statistics in Medicine 1997; Burzykowski and Buyse, Pharmaceutical Statistics 2006
        (surrogate threshold effect).
    """
    _check(biomarker_effects, endpoint_effects, endpoint_se, level)
    x = np.column_stack([np.ones(len(biomarker_effects)), biomarker_effects])
    total = float(np.var(endpoint_effects, ddof=1))
    tau2 = _reml(x, endpoint_effects, endpoint_se**2, max(total, float(np.mean(endpoint_se**2))))
    b, covariance, _ = _weighted(x, endpoint_effects, endpoint_se**2 + tau2)
    explained = float(b[1] ** 2 * np.var(biomarker_effects, ddof=1))
    found = Surrogacy(
        slope=_estimate("Endpoint effect per unit of biomarker effect", b[1], covariance[1, 1], len(x), level, True),
        intercept=_estimate("Endpoint effect without biomarker effect", b[0], covariance[0, 0], len(x), level, False),
        between_sd=float(np.sqrt(tau2)),
        r_squared=explained / (explained + tau2) if explained + tau2 > 0 else 0.0,
        threshold_effect=None,
        trials=len(x),
        covariance=covariance,
        effects=_effects(biomarker_effects, endpoint_effects, endpoint_se, level),
    )
    return _with_threshold(found, biomarker_effects, level)


def _check(
    x: Float[np.ndarray, " trials"], y: Float[np.ndarray, " trials"], se: Float[np.ndarray, " trials"], level: float
) -> None:
    check_level(level)
    if not len(x) == len(y) == len(se) >= 4:
        got = f"{len(x)}, {len(y)} and {len(se)}"
        raise AnalysisError.must(
            "endpoint_effects", "come from four trials or more, all listed", got, fix="Add trials."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(se).all() and se.min() > 0):
        raise AnalysisError.must("endpoint_se", "be positive, and all effects finite", se, fix="Check each trial.")
    if np.ptp(x) == 0:
        raise AnalysisError.must("biomarker_effects", "differ", "one value for all", fix="Surrogacy cannot be judged.")


def _effects(
    x: Float[np.ndarray, " trials"], y: Float[np.ndarray, " trials"], se: Float[np.ndarray, " trials"], level: float
) -> pd.DataFrame:
    half = float(ndtri(0.5 + level / 2)) * se
    return pd.DataFrame({"biomarker": x, "endpoint": y, "lower": y - half, "upper": y + half})


def _weighted(
    x: Float[np.ndarray, "t 2"], y: Float[np.ndarray, " t"], variance: Float[np.ndarray, " t"]
) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, "2 2"], float]:
    covariance = np.linalg.inv(x.T @ (x / variance[:, None]))
    b = covariance @ (x.T @ (y / variance))
    return b, covariance, float(np.sum((y - x @ b) ** 2 / variance))


def _reml(
    x: Float[np.ndarray, "t 2"], y: Float[np.ndarray, " t"], within: Float[np.ndarray, " t"], upper: float
) -> float:
    """Maximize the restricted likelihood over the variance between trials, zero included."""

    def minus_twice(tau2: float) -> float:
        _, covariance, q = _weighted(x, y, within + tau2)
        return float(np.sum(np.log(within + tau2)) - np.linalg.slogdet(covariance)[1] + q)

    found = minimize_scalar(minus_twice, bounds=(0.0, 10 * upper), method="bounded", options={"xatol": 1e-10 * upper})
    return float(found.x) if minus_twice(float(found.x)) < minus_twice(0.0) else 0.0


def _estimate(label: str, value: float, variance: float, trials: int, level: float, slope: bool) -> Estimate:
    se, df = float(np.sqrt(variance)), float(trials - 2)
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    return Estimate(
        label=label,
        estimate=float(value),
        lower=float(value) - half,
        upper=float(value) + half,
        level=level,
        scale="slope" if slope else "difference",
        method="random-effects meta-regression (REML)",
        n=trials,
        se=se,
        p_value=float(2 * stdtr(df, -abs(value) / se)),
        df=df,
    )


def _with_threshold(found: Surrogacy, x: Float[np.ndarray, " trials"], level: float) -> Surrogacy:
    """Find the biomarker effect nearest to zero, on the trials' side, whose prediction limits exclude zero."""
    side = -1.0 if abs(x.min()) >= abs(x.max()) else 1.0
    limit = 3 * float(np.abs(x).max())

    def clearance(size: float) -> float:
        middle, lower, upper = found.predict(side * size, level)
        return lower if middle > 0 else -upper

    grid = np.linspace(0.0, limit, 400)
    clear = np.array([clearance(g) for g in grid]) > 0
    if not clear.any():
        return found
    first = int(np.argmax(clear))
    size = 0.0 if first == 0 else float(brentq(clearance, grid[first - 1], grid[first]))
    return replace(found, threshold_effect=side * size)
