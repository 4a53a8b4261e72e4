"""Safety limits: what makes somebody look at a participant or at the trial."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.biomarkers import Comparator
from calor.protocol.value import Identifier, Probability, Text, Value

Share = Annotated[float, Field(ge=0, lt=1)]


class BetaBinomialBoundary(Value):
    """Stop when the posterior probability of a rate above the acceptable one exceeds a threshold.

    Attributes:
        prior: Parameters of the beta prior: events and non-events it is worth.
    """

    kind: Literal["beta_binomial"]
    threshold: Probability
    prior: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = (1.0, 1.0)


class ExactBoundary(Value):
    """Spend at most a given chance of a false alarm by each look, exactly.

    Attributes:
        alpha_spent: Chance of having stopped by each look at the acceptable rate, not decreasing.
    """

    kind: Literal["exact_binomial"]
    alpha_spent: tuple[Share, ...] = Field(min_length=1)


class HarmRule(Value):
    """When events of one arm stop the trial.

    Attributes:
        analysis: Id of the events_of_interest analysis that names the group; its set and estimand hold here too.
        group: Label of the group of terms.
        arm: Arm whose participants are counted, in the order of their first dose.
        acceptable: Acceptable share of participants with an event.
        looks: Participants of the arm at each look.
        boundary: How the limits are found.
        judged_at: True shares at which the operating characteristics are printed, beside the acceptable one.
    """

    analysis: Identifier
    group: Text
    arm: Identifier
    acceptable: Probability
    looks: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)
    boundary: Annotated[BetaBinomialBoundary | ExactBoundary, Field(discriminator="kind")]
    judged_at: tuple[Probability, ...] = ()


class SafetyLimit(Value):
    """One limit on a biomarker or on a count, and the action it starts."""

    id: Identifier
    text: Text
    level: Literal["participant", "trial"]
    action: Text
    biomarker: Identifier | None = None
    comparator: Comparator | None = None
    value: float | None = None
    harm: HarmRule | None = None
