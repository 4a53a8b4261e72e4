"""Assurance: the probability that the next trial succeeds, averaged over what is known of the effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import norm

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import check_alpha
from calor.errors import AnalysisError

Benefit = Literal["lower", "higher"]


@dataclass(frozen=True)
class NormalBelief:
    """Describe what is known of the effect by a normal distribution.

    Attributes:
        mean: Expected effect.
        sd: Standard deviation of the belief; the standard error, after a trial and no prior.

    Raises:
        AnalysisError: A number is not finite, or `sd` is not positive.

    >>> round(NormalBelief(0, 0.1).updated(-0.171, 0.0686).mean, 4)
    -0.1163
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and 0 < self.sd < np.inf):
            raise AnalysisError.must(
                "mean and sd", "be finite, sd above 0", f"{self.mean} and {self.sd}", fix="Give effect and its SE."
            )

    def updated(self, estimate: float, se: float) -> NormalBelief:
        """Return the belief after a trial: the precision-weighted mean of belief and estimate."""
        trial = NormalBelief(estimate, se)
        precision = 1 / self.sd**2 + 1 / trial.sd**2
        mean = (self.mean / self.sd**2 + trial.mean / trial.sd**2) / precision
        return NormalBelief(float(mean), float(1 / np.sqrt(precision)))


@dataclass(frozen=True)
class Assurance(Drawable):
    """Hold the outlook of the next trial.

    Attributes:
        assurance: Probability of success, averaged over the belief.
        power_at_mean: Probability of success if the effect is exactly the belief's mean.
        probability_of_benefit: Probability that the effect is in the direction of benefit.
        curve: Columns se, assurance, power: the same for trials half to twice as precise.
    """

    assurance: float
    power_at_mean: float
    probability_of_benefit: float
    curve: pd.DataFrame = field(compare=False, repr=False)

    def __str__(self) -> str:
        return (
            f"Assurance {100 * self.assurance:.1f} % (power at the expected effect {100 * self.power_at_mean:.1f} %; "
            f"probability of any benefit {100 * self.probability_of_benefit:.1f} %)"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the three probabilities as a table with one row."""
        return pd.DataFrame(
            [
                {
                    "assurance": self.assurance,
                    "power_at_mean": self.power_at_mean,
                    "probability_of_benefit": self.probability_of_benefit,
                }
            ]
        )


def assurance(
    belief: NormalBelief, next_se: float, *, alpha: float = 0.05, benefit: Benefit = "lower", margin: float = 0.0
) -> Assurance:
    """Return the probability that the next trial is significant in the direction of benefit.

    Args:
        belief: What is known of the effect.
        next_se: Standard error that the next trial will have; for two arms of n with standard deviation s it is
            s * sqrt(2 / n), for a log hazard ratio with d events 2 / sqrt(d).
        alpha: Two-sided level of the next trial; success is significance in the direction of benefit.
        benefit: Whether a `"lower"` or a `"higher"` value is better.
        margin: Effect that the next trial must beat; 0 for superiority.

    Raises:
        AnalysisError: `next_se` is not positive and finite, `alpha` is outside 0 to 1, `benefit` is unknown or `margin`
            infinite.

    Example:
        >>> print(assurance(NormalBelief(-0.171, 0.0686), 0.27 * np.sqrt(2 / 250)))
        Assurance 95.5 % (power at the expected effect 100.0 %; probability of any benefit 99.4 %)

    Reference:
        O'Hagan A, Stevens JW, Campbell MJ. Pharm Stat 2005;4:187-201.
    """
    if not 0 < next_se < np.inf:
        raise AnalysisError.must("next_se", "be positive and finite", next_se, fix="Give s * sqrt(2 / n).")
    check_alpha(alpha)
    if not np.isfinite(margin):
        raise AnalysisError.must("margin", "be finite", margin, fix="Give 0 for superiority.")
    if benefit not in get_args(Benefit):
        raise AnalysisError.must("benefit", 'be "lower" or "higher"', repr(benefit), fix="Say which is better.")
    gain = (margin - belief.mean) if benefit == "lower" else (belief.mean - margin)
    critical = float(norm.isf(alpha / 2))

    def outlook(se: Float[np.ndarray, " trials"]) -> tuple[Float[np.ndarray, " trials"], Float[np.ndarray, " trials"]]:
        beyond = gain - critical * se
        return norm.cdf(beyond / np.hypot(belief.sd, se)), norm.cdf(beyond / se)

    sizes = next_se * np.geomspace(0.5, 2.0, 41)
    averaged, at_mean = outlook(sizes)
    (own,), (own_power,) = outlook(np.array([next_se]))
    return Assurance(
        assurance=float(own),
        power_at_mean=float(own_power),
        probability_of_benefit=float(norm.cdf(gain / belief.sd)),
        curve=pd.DataFrame({"se": sizes, "assurance": averaged, "power": at_mean}),
    )
