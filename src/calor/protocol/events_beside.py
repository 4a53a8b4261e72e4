"""What a protocol may show beneath a primary time-to-event method, each with all that it needs stated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.baseline import Column
from calor.protocol.value import Value


class RmstBeside(Value):
    """Difference in restricted mean time free of the event, up to a horizon named before the data are seen."""

    method: Literal["rmst"]
    horizon_days: float = Field(gt=0)


class ProportionalHazardsBeside(Value):
    """Score test that the hazard ratio is constant in time, along a transform of time."""

    method: Literal["proportional_hazards"]
    transform: Literal["km", "identity", "rank", "log"] = "km"


class LogrankBeside(Value):
    """Another log-rank test: with a Fleming-Harrington weight, within strata, or both.

    Attributes:
        weight: Powers of survival and of its complement; (1, 0) stresses early differences, (0, 1) late ones.
        strata: Columns of ADSL.
    """

    method: Literal["logrank"]
    weight: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]] = (0.0, 0.0)
    strata: tuple[Column, ...] = ()


class WeibullBeside(Value):
    """Weibull regression: the hazard ratio, and by what treatment multiplies the time to the event."""

    method: Literal["weibull"]


class BayesianRateBeside(Value):
    """Posterior event rate of each arm from a gamma prior that is as if events had been seen in participant-years.

    Attributes:
        prior_events: Events that the prior is worth.
        prior_years: Participant-years that they were seen in.
        predict_at_most: The predictive probability of at most so many events ...
        predict_years: ... in so many further participant-years.
    """

    method: Literal["bayesian_rate"]
    prior_events: float = Field(gt=0)
    prior_years: float = Field(ge=0)
    predict_at_most: int = Field(default=0, ge=0)
    predict_years: float = Field(default=100.0, gt=0)


EventsBeside = Annotated[
    RmstBeside | ProportionalHazardsBeside | LogrankBeside | WeibullBeside | BayesianRateBeside,
    Field(discriminator="method"),
]
