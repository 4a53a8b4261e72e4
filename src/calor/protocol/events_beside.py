"""What a protocol may show beneath a primary time-to-event method, each with all that it needs stated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.value import Value


class RmstBeside(Value):
    """Difference in restricted mean time free of the event, up to a horizon named before the data are seen."""

    method: Literal["rmst"]
    horizon_days: float = Field(gt=0)


class ProportionalHazardsBeside(Value):
    """Score test that the hazard ratio is constant in time, along a transform of time."""

    method: Literal["proportional_hazards"]
    transform: Literal["km", "identity", "rank", "log"] = "km"


class BayesianRateBeside(Value):
    """Posterior event rate of each arm from a gamma prior that is as if events had been seen in participant-years."""

    method: Literal["bayesian_rate"]
    prior_events: float = Field(gt=0)
    prior_years: float = Field(ge=0)


EventsBeside = Annotated[
    RmstBeside | ProportionalHazardsBeside | BayesianRateBeside,
    Field(discriminator="method"),
]
