"""What is believed of the effect on inflammation after the finished trial, as curves over the long-term marker."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from calor.analyze.benefit.effect_posterior import EffectPosterior
from calor.analyze.benefit.winners_curse import chance_of_significance
from calor.errors import DesignError
from calor.protocol.gate_beliefs import BeliefName
from calor.simulate.marker import Marker

Draws = Float[np.ndarray, " draw"]
BELIEFS: tuple[BeliefName, ...] = ("flat", "winners_curse", "sceptical")


@dataclass(frozen=True, eq=False)
class EffectCurves:
    """Draws of effect(u) = level + slope u, u the long-term marker in SDs between persons, level outside `seen`.

    Attributes:
        level: Effect at the median.
        slope: Change per SD of the long-term marker.
        seen: Range of u that the finished trial's markers speak for.
    """

    level: Draws
    slope: Draws
    seen: tuple[float, float]

    def at(self, u: Float[np.ndarray, " node"]) -> Float[np.ndarray, "draw node"]:
        """Return the effect at each long-term marker under each draw.

        >>> EffectCurves(np.array([-0.2]), np.array([-0.1]), (-1.0, 1.0)).at(np.array([0.0, 2.0]))
        array([[-0.2, -0.3]])
        """
        return np.asarray(self.level[:, None] + self.slope[:, None] * np.clip(u, *self.seen))


def effect_curves(posterior: EffectPosterior, marker: Marker, seen: tuple[float, float]) -> EffectCurves:
    """Turn a posterior over the marker as tested once into curves over the long-term marker.

    If the effect follows the long-term marker, its slope over one noisy test is flatter by the square root of the
    intraclass correlation (in SDs); it is made as steep again (regression dilution). Beyond the markers that the
    finished trial saw the effect is held level: nothing is extrapolated.

    Args:
        posterior: Of one biomarker on the log scale.
        marker: The marker in the window in which the finished trial took it.
        seen: Lowest and highest marker of the finished trial, in the biomarker's unit.

    Raises:
        DesignError: More than one biomarker, or one on a linear scale; a range that does not increase.

    Reference:
        Spearman C. American Journal of Psychology 1904;15:72-101 (attenuation). Frost C, Thompson SG. Journal of the
        Royal Statistical Society A 2000;163:173-189 (correcting for it).

    >>> posterior = EffectPosterior({"crp": "log"}, np.array([0.0]), np.array([1.0]), np.array([[-0.2, -0.1]]), n=60)
    >>> curves = effect_curves(posterior, Marker(1.0, 1.0, 0.25), (0.5, 20.0))
    >>> curves.level, curves.slope
    (array([-0.2]), array([-0.2]))
    """
    if list(posterior.biomarkers.values()) != ["log"]:
        raise DesignError.must(
            "posterior", "be over one biomarker on the log scale", posterior.biomarkers, fix="Name such an analysis."
        )
    if not 0 < seen[0] < seen[1]:
        raise DesignError.must("seen", "be positive and increase", seen, fix="Give lowest and highest marker.")
    root = math.sqrt(marker.icc)
    per_log = posterior.draws[:, 1] / posterior.spreads[0]
    level = posterior.draws[:, 0] + per_log * (math.log(marker.median) - posterior.centers[0])
    low, high = (root * math.log(value / marker.median) / marker.log_sd for value in seen)
    return EffectCurves(level, per_log * marker.log_sd / root, (low, high))


def believed(average: Draws, belief: BeliefName, *, sceptical_sd: float, alpha: float = 0.05) -> Draws:
    """Return each draw's weight under a belief; the weights add up to 1.

    Args:
        average: Draws of the finished trial's average effect under a flat prior.
        belief: `flat` as they are; `winners_curse`, given that the trial is looked at because it was significant;
            `sceptical`, with a normal prior about no effect.
        sceptical_sd: Its SD.
        alpha: Two-sided level at which the finished trial was called significant.

    Reference:
        Zhong H, Prentice RL. Biostatistics 2008;9:621-634 (likelihood given significance). Spiegelhalter DJ, Freedman
        LS, Parmar MKB. Journal of the Royal Statistical Society A 1994;157:357-416 (sceptical prior).

    >>> draws = np.random.default_rng(1).normal(-0.17, 0.07, 4000)
    >>> {belief: round(float(believed(draws, belief, sceptical_sd=0.1) @ draws), 2) for belief in BELIEFS}
    {'flat': -0.17, 'winners_curse': -0.11, 'sceptical': -0.11}
    """
    weights = np.ones(average.size)
    if belief == "sceptical":
        weights = np.exp(-((average / sceptical_sd) ** 2) / 2)
    elif belief == "winners_curse":
        se, critical = float(average.std(ddof=1)), float(-ndtri(alpha / 2))
        if abs(average.mean()) > critical * se:  # otherwise nothing was selected
            weights = 1 / chance_of_significance(np.abs(average) / se, critical)
    return np.asarray(weights / weights.sum())


def resampled(weights: Draws, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return draws, by number, in proportion to their weights (systematic sampling, then shuffled).

    >>> resampled(np.array([0.5, 0.0, 0.5]), 4, np.random.default_rng(1)).tolist().count(1)
    0
    """
    at = (np.arange(size) + rng.random()) / size
    return rng.permutation(np.searchsorted(np.cumsum(weights)[:-1], at))
