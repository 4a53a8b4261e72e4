"""Ridge R-learner: individual benefit, predicted for participants the model has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from calor.analyze.continuous.comparison import Comparison, complete_cases
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Exclusion
from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError

PENALTIES = np.geomspace(1e-2, 1e4, 25)


@dataclass(frozen=True)
class RLearner(Drawable):
    """Predicted individual effects.

    Attributes:
        effects: Out-of-fold effect (active minus control) of each participant used, in the order of the table.
        response: Endpoint of the same participants.
        arm: Their arm, 0 for control.
        coefficients: Change of the effect per standard deviation of each covariate, from all participants.
        average: Average effect, from all participants.
        penalty: Ridge penalty of the effect model, chosen by cross-validation.
    """

    effects: Float[np.ndarray, " n"]
    response: Float[np.ndarray, " n"]
    arm: Int[np.ndarray, " n"]
    coefficients: dict[str, float]
    average: float
    penalty: float
    excluded: tuple[Exclusion, ...]

    def __str__(self) -> str:
        low, high = np.quantile(self.effects, [0.1, 0.9])
        return (
            f"Ridge R-learner: average effect {self.average:.3f}; predicted individual effects {low:.3f} (P10) to "
            f"{high:.3f} (P90), n = {len(self.effects)}. Check them with `benefit_calibration`."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return arm, endpoint and predicted effect, one row per participant."""
        return pd.DataFrame({"arm": self.arm, "response": self.response, "effect": self.effects})


def r_learner(
    table: pd.DataFrame,
    comparison: Comparison,
    *,
    effect_covariates: Sequence[str],
    rng: np.random.Generator,
    folds: int = 5,
) -> RLearner:
    """Predict who benefits by a ridge regression of residual on residual.

    Endpoint and arm are stripped of what covariates and allocation ratio predict, in participants held out; the
    effect is a linear function of standardized covariates whose ridge penalty spares its average. At some 60
    participants expect the
    penalty to leave little but the average: that is the honest answer.

    Args:
        table: One row per participant.
        comparison: Two arms, endpoint, and the covariates and factors that predict it.
        effect_covariates: Numeric columns on which the effect may depend.
        rng: Source of the folds.
        folds: Number of folds, stratified by arm.

    Raises:
        AnalysisError: No covariate for the effect, fewer participants of an arm than folds, or what `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(4)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 100, "crp": rng.normal(2.2, 1.3, 200)})
        >>> table["tbr"] = 2.2 - 0.3 * (table.arm == "active") * table.crp + rng.normal(0, 0.25, 200)
        >>> two = Comparison("tbr", "arm", ("placebo", "active"), ("crp",))
        >>> found = r_learner(table, two, effect_covariates=["crp"], rng=rng)
        >>> bool(np.corrcoef(found.effects, table.crp)[0, 1] < -0.9)
        True

    Reference:
        Nie and Wager, Biometrika 2021 (equation 4); Robinson, Econometrica 1988.
    """
    comparison.require_two_arms()
    if not effect_covariates:
        raise AnalysisError.must("effect_covariates", "name a column", "none", fix="Name the biomarkers.")
    cases = complete_cases(table, comparison, extra=list(dict.fromkeys(effect_covariates)))
    folds = whole_number("folds", folds, least=2, fix="Use 5.")
    if min(cases.n_per_arm) < 2 * folds:
        got = f"{folds} folds for {min(cases.n_per_arm)} participants"
        raise AnalysisError.must("folds", "have two participants of each arm in each", got, fix="Use fewer.")
    z = _standardized(np.column_stack(list(cases.extra.values())), list(cases.extra))
    x = np.hstack([z, _standardized(cases.adjustment, cases.adjustment_names)])
    fold = _folds(cases.arm, folds, rng)
    y = cases.response - _held_out_means(x, cases.response, fold)
    a = cases.arm - cases.arm.mean()
    penalty = _best_penalty(z, y, a, fold)
    b = _ridge_effect(z, y, a, penalty)
    # One average for all: that of the others is low where a fold's own is high, and would turn predictions around.
    effects = np.full(cases.n, b[0])
    for k in range(folds):
        inside, outside = fold != k, fold == k
        own = _best_penalty(z[inside], y[inside], a[inside], _folds(cases.arm[inside], folds, rng))
        effects[outside] += z[outside] @ _ridge_effect(z[inside], y[inside], a[inside], own)[1:]
    slopes = dict(zip(cases.extra, (float(v) for v in b[1:]), strict=True))
    return RLearner(effects, cases.response, cases.arm, slopes, float(b[0]), penalty, cases.excluded)


def _standardized(columns: Float[np.ndarray, "n k"], names: Sequence[str]) -> Float[np.ndarray, "n k"]:
    spread = columns.std(axis=0)
    if np.any(spread == 0):
        flat = names[int(np.argmin(spread))]
        raise AnalysisError.must(flat, "vary", "one value", fix="Leave it out.")
    return np.asarray((columns - columns.mean(axis=0)) / spread)


def _folds(arm: Int[np.ndarray, " n"], folds: int, rng: np.random.Generator) -> Int[np.ndarray, " n"]:
    fold = np.empty(len(arm), dtype=np.int64)
    for value in (0, 1):
        rows = np.flatnonzero(arm == value)
        fold[rows] = rng.permutation(len(rows)) % folds
    return fold


def _held_out_means(
    x: Float[np.ndarray, "n k"], y: Float[np.ndarray, " n"], fold: Int[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Predict the endpoint by ridge from participants in other folds, the penalty by generalized cross-validation."""
    predicted = np.empty(len(y))
    for k in np.unique(fold):
        inside, outside = fold != k, fold == k
        center, mean = x[inside].mean(axis=0), float(y[inside].mean())
        u, d, vt = np.linalg.svd(x[inside] - center, full_matrices=False)
        rotated = u.T @ (y[inside] - mean)
        shrunk = d**2 / (d**2 + PENALTIES[:, None])
        rss = np.sum((y[inside] - mean) ** 2) - np.sum((2 * shrunk - shrunk**2) * rotated**2, axis=1)
        m = inside.sum()
        best = int(np.argmin(rss / (m - 1 - shrunk.sum(axis=1)).clip(1e-9) ** 2))
        b = vt.T @ (d / (d**2 + PENALTIES[best]) * rotated)
        predicted[outside] = mean + (x[outside] - center) @ b
    return predicted


def _effect_design(z: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n 1+k"]:
    return np.hstack([np.ones((len(z), 1)), z])


def _ridge_effect(
    z: Float[np.ndarray, "n k"], y: Float[np.ndarray, " n"], a: Float[np.ndarray, " n"], penalty: float
) -> Float[np.ndarray, " 1+k"]:
    """Minimize sum (y - a effect(z))^2 + penalty |slopes|^2; the average effect is not penalized."""
    design = a[:, None] * _effect_design(z)
    gram = design.T @ design + np.diag(np.r_[0.0, np.full(z.shape[1], penalty)])
    return np.asarray(np.linalg.solve(gram, design.T @ y))


def _best_penalty(
    z: Float[np.ndarray, "n k"], y: Float[np.ndarray, " n"], a: Float[np.ndarray, " n"], fold: Int[np.ndarray, " n"]
) -> float:
    losses = np.zeros(len(PENALTIES))
    for k in np.unique(fold):
        inside, outside = fold != k, fold == k
        for j, penalty in enumerate(PENALTIES):
            effect = _effect_design(z[outside]) @ _ridge_effect(z[inside], y[inside], a[inside], float(penalty))
            losses[j] += float(np.sum((y[outside] - a[outside] * effect) ** 2))
    return float(PENALTIES[int(np.argmin(losses))])
