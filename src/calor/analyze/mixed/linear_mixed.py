"""Linear mixed model with random intercepts and slopes of participants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.mixed.covariance.structures import random_effects_covariance
from calor.analyze.mixed.inference import Inference
from calor.analyze.mixed.kenward_roger import kenward_roger
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.analyze.mixed.marginal_model import MarginalFit, fit_marginal_model
from calor.analyze.mixed.satterthwaite import satterthwaite
from calor.errors import AnalysisError

MixedDf = Literal["kenward-roger", "satterthwaite"]


@dataclass(frozen=True)
class LinearMixed(Drawable):
    """A fitted linear mixed model.

    Attributes:
        fixed: Fixed effects.
        random: Covariance of the random effects.
        residual_variance: Variance within participants.
        log_likelihood: Log restricted likelihood.
        inference: For contrasts and joint tests of the fixed effects.
        n: Participants.
    """

    fixed: tuple[Estimate, ...]
    random: Float[np.ndarray, "effect effect"]
    residual_variance: float
    log_likelihood: float
    inference: Inference
    n: int

    def __str__(self) -> str:
        return "\n".join(map(str, self.fixed))

    def to_frame(self) -> pd.DataFrame:
        """Return the fixed effects as a table, one row each."""
        return pd.concat([estimate.to_frame() for estimate in self.fixed], ignore_index=True)


def linear_mixed(
    response: Float[np.ndarray, " row"],
    fixed: dict[str, Float[np.ndarray, " row"]],
    random: Float[np.ndarray, "row effect"],
    *,
    participant: Int[np.ndarray, " row"],
    df: MixedDf = "kenward-roger",
    level: float = 0.95,
) -> LinearMixed:
    """Fit Y = X beta + Z b + e by REML, with correlated random effects b of each participant.

    The model is fitted as its marginal covariance Z G Z' + s^2 I. Kenward-Roger uses the expected information and, the
    covariance being linear in its variances, no second derivatives.

    Args:
        response: What was measured.
        fixed: Columns of X by name, the intercept among them if wanted.
        random: Columns of Z: ones for a random intercept, time for a random slope.
        participant: Identifier of each row's participant.
        df: Degrees of freedom.
        level: Confidence level, 0 to 1.

    Raises:
        AnalysisError: A column is unfit, effects are not estimable, or a random effect's variance is estimated as zero.

    >>> rng = np.random.default_rng(2)
    >>> who, day = np.repeat(np.arange(12), 5), np.tile(np.arange(5.0), 12)
    >>> y = 2 * rng.normal(size=12)[who] + 0.5 * day + rng.normal(size=60)
    >>> one = np.ones(60)
    >>> fit = linear_mixed(y, {"intercept": one, "day": day}, one[:, None], participant=who)
    >>> print(fit.fixed[1])
    day: 0.677 (95 % CI 0.497 to 0.857; p < 0.001; linear mixed model, Kenward-Roger (linear), n = 12)

    Reference: Laird and Ware, Biometrics 1982; Kenward and Roger, Biometrics 1997.
    """
    if df not in get_args(MixedDf):
        raise AnalysisError.must("df", "be kenward-roger or satterthwaite", df, fix="Choose one of them.")
    check_level(level)
    data, effects = _arranged(response, fixed, random, participant)
    fit = fit_marginal_model(data, random_effects_covariance(data, effects))
    inference = (
        kenward_roger(fit, form="linear", information="expected") if df == "kenward-roger" else satterthwaite(fit)
    )
    count = effects.shape[-1]
    return LinearMixed(
        fixed=tuple(
            inference.estimate(row, label, level=level, n=data.unit.size, model="linear mixed model")
            for row, label in zip(np.eye(len(fixed)), fixed, strict=True)
        ),
        random=_effects_covariance(fit, count),
        residual_variance=float(np.exp(2.0 * fit.parameters[-1])),
        log_likelihood=fit.log_likelihood,
        inference=inference,
        n=data.unit.size,
    )


def _arranged(
    response: Float[np.ndarray, " row"],
    fixed: dict[str, Float[np.ndarray, " row"]],
    random: Float[np.ndarray, "row effect"],
    participant: Int[np.ndarray, " row"],
) -> tuple[Longitudinal, Float[np.ndarray, "unit occasion effect"]]:
    """Number each participant's rows as occasions; participants with the same Z share a unit."""
    rows = {len(response), len(random), len(participant), *map(len, fixed.values())}
    if len(rows) != 1:
        raise AnalysisError.must("response", "be as long as every column", f"lengths {sorted(rows)}", fix="Align them.")
    if not (np.isfinite(random).all() and random.any(axis=0).all()):
        got = "an infinite or missing value, or a column of zeros"
        raise AnalysisError.must("random", "be finite and not zero throughout", got, fix="Leave it out.")
    who, identifiers = pd.factorize(participant)
    participants = len(identifiers)
    order = np.argsort(who, kind="stable")
    counts = np.bincount(who, minlength=participants)
    if participants < 2 or counts.max() < 2:
        raise AnalysisError.must(
            "participant", "repeat, in two or more", f"{participants} participants", fix="Use a linear model."
        )
    occasion = np.empty(who.size, dtype=np.int64)
    occasion[order] = np.arange(who.size) - np.repeat(np.cumsum(counts) - counts, counts)
    padded = np.zeros((participants, counts.max(), random.shape[1]))
    padded[who, occasion] = random
    _, first, unit = np.unique(padded.reshape(participants, -1), axis=0, return_index=True, return_inverse=True)
    data = Longitudinal(
        response=np.asarray(response, dtype=float),
        design=np.column_stack(list(fixed.values())).astype(float),
        names=tuple(fixed),
        participant=who.astype(np.int64),
        occasion=occasion,
        unit=unit.reshape(-1),
        weight=np.ones(who.size),
    )
    return data, padded[first]


def _effects_covariance(fit: MarginalFit, effects: int) -> Float[np.ndarray, "effect effect"]:
    """Read the random effects' covariance off the parameters."""
    lower = np.eye(effects)
    lower[np.tril_indices(effects, -1)] = fit.parameters[effects:-1]
    lower *= np.exp(fit.parameters[:effects])[:, None]
    return lower @ lower.T
