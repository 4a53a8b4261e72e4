"""Bayesian posterior of an event rate, and what it predicts of events to come."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import pandas as pd
from scipy.stats import beta, gamma, nbinom

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError


@dataclass(frozen=True)
class GammaPrior:
    """Belief about an event rate before the data: as if `events` had been seen in `follow_up`.

    Attributes:
        events: Shape of the gamma distribution, above zero; 0.5 with follow-up 0 is Jeffreys' prior.
        follow_up: Rate of the gamma distribution, zero or above, in the unit of the data's follow-up.
    """

    events: float
    follow_up: float

    def __post_init__(self) -> None:
        if not (0 < self.events < inf and 0 <= self.follow_up < inf):
            got = f"events {self.events}, follow-up {self.follow_up}"
            fix = "Jeffreys' prior is GammaPrior(0.5, 0)."
            raise AnalysisError.must("prior", "have events above zero and follow-up from zero", got, fix=fix)

    def __str__(self) -> str:
        return f"Gamma({self.events:g}, {self.follow_up:g})"


@dataclass(frozen=True)
class RatePosterior(Drawable):
    """Belief about an event rate after the data: a gamma distribution.

    Attributes:
        prior: Belief before.
        events: Events seen.
        follow_up: Time they were seen in.
        n: Participants.
    """

    prior: GammaPrior
    events: int
    follow_up: float
    n: int

    @property
    def shape(self) -> float:
        """Shape of the gamma distribution."""
        return self.prior.events + self.events

    @property
    def rate(self) -> float:
        """Rate of the gamma distribution."""
        return self.prior.follow_up + self.follow_up

    def estimate(self, level: float = 0.95) -> Estimate:
        """Return the posterior median with its equal-tailed credible interval."""
        check_level(level)
        lower, middle, upper = (
            float(gamma.ppf(q, self.shape, scale=1 / self.rate)) for q in ((1 - level) / 2, 0.5, (1 + level) / 2)
        )
        return Estimate(
            label="event rate",
            estimate=middle,
            lower=lower,
            upper=upper,
            level=level,
            scale="rate",
            method=f"posterior median, credible interval, prior {self.prior}",
            n=self.n,
        )

    def probability_below(self, rate: float) -> float:
        """Return the posterior probability that the rate is below a value."""
        return float(gamma.cdf(rate, self.shape, scale=1 / self.rate))

    def probability_below_rate_of(self, other: RatePosterior, *, ratio: float = 1.0) -> float:
        """Return the posterior probability that this rate is below `ratio` times another's."""
        if not 0 < ratio < inf:
            raise AnalysisError.must("ratio", "be positive", ratio, fix="Give 1 to ask which rate is lower.")
        # This gamma over the sum of both, each in its own unit, is beta distributed.
        cut = ratio * self.rate / (ratio * self.rate + other.rate)
        return float(beta.cdf(cut, self.shape, other.shape))

    def predictive_probability(self, *, at_most: int, follow_up: float) -> float:
        """Return the probability of at most so many events in further follow-up, the rate being uncertain."""
        whole_number("at_most", at_most, fix="Give a number of future events.")
        if not 0 < follow_up < inf:
            raise AnalysisError.must("follow_up", "be positive", follow_up, fix="Give the time still to be followed.")
        return float(nbinom.cdf(at_most, self.shape, self.rate / (self.rate + follow_up)))

    def __str__(self) -> str:
        return str(self.estimate())

    def to_frame(self) -> pd.DataFrame:
        """Return the posterior as a table with one row."""
        return self.estimate().to_frame().assign(shape=self.shape, rate=self.rate, prior=str(self.prior))


def gamma_poisson(events: int, follow_up: float, *, prior: GammaPrior, n: int) -> RatePosterior:
    """Update the belief about an event rate by events seen in some follow-up.

    Args:
        events: Events seen.
        follow_up: Follow-up summed over participants.
        prior: Belief before, stated in every result.
        n: Participants.

    Returns:
        The posterior.

    Raises:
        AnalysisError: A count that is not a whole number from 0, follow-up that is not positive.

    Reference:
        Gelman et al., Bayesian Data Analysis, 3rd ed. 2013, section 2.6.

    Example:
        >>> posterior = gamma_poisson(0, 64.0, prior=GammaPrior(0.5, 0), n=32)
        >>> print(posterior)
        event rate: 0.004 (95 % CI 0.000 to 0.039; posterior median, credible interval, prior Gamma(0.5, 0), n = 32)
        >>> round(posterior.predictive_probability(at_most=0, follow_up=64.0), 4)  # sqrt(1/2)
        0.7071
    """
    whole_number("events", events, fix="Count events.")
    if not 0 < follow_up < inf:
        raise AnalysisError.must("follow_up", "be positive", follow_up, fix="Sum the follow-up of the participants.")
    return RatePosterior(prior, int(events), follow_up, n)
