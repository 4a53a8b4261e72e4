"""What is believed before the next trial: of the marker, the effect, what it does to events, and how surely."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.value import Identifier, Positive, Probability, Text, Value

Share = Annotated[float, Field(ge=0, le=1)]
BeliefName = Literal["flat", "winners_curse", "sceptical"]


class MarkerWindow(Value):
    """A time after infarction in which candidates can be tested and enrolled, and how the marker behaves there.

    Attributes:
        days: First and last day after infarction, both included.
        median: Of one test among all candidates, in the biomarker's unit.
        log_sd: SD of the logarithm of one test, between persons and within a person together.
        icc: Share of that variance that is the person's own long-term level.
        outcome_trials: Published trials (`calor.gate.outcome_rates`) whose control event rate holds here.
        link_factor: Times the link to events, if treatment begins in this window: what an early or a late start does.
        link_log_sd: SD of its logarithm; what nobody knows of it.
    """

    id: Identifier
    days: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
    median: Positive
    log_sd: Positive
    icc: Annotated[float, Field(gt=0, lt=1)]
    outcome_trials: tuple[Identifier, ...] = Field(min_length=1)
    link_factor: Positive = 1.0
    link_log_sd: Annotated[float, Field(ge=0)] = 0.0


class EffectSource(Value):
    """Where the effect on inflammation comes from, and how far it is believed.

    Attributes:
        analysis: Interaction analysis of the finished trial.
        window: Window of `windows` in which the finished trial took the marker.
        belief: Posterior by which gates are ranked; the others are shown beside it.
        sceptical_sd: SD of the sceptical prior of the average effect, centered at none, in the endpoint's unit.
    """

    analysis: Identifier
    window: Identifier
    belief: BeliefName = "winners_curse"
    sceptical_sd: Positive


class EventLink(Value):
    """How a change of inflammation becomes a hazard ratio of events; it may not at all.

    Attributes:
        probability_none: Probability that the effect on inflammation does nothing to events.
        effect: An effect on inflammation, in the unit of the finished trial's endpoint.
        hazard_ratio: Of events that goes with it where the link acts.
        log_sd: SD of the logarithm of the link's strength.
    """

    probability_none: Share
    effect: float
    hazard_ratio: Annotated[float, Field(gt=0, lt=1)]
    log_sd: Annotated[float, Field(ge=0)]


class Prognosis(Value):
    """How control's event rate rises with the marker, and how surely the published rates hold here.

    Attributes:
        hazard_ratio_per_sd: Per SD of one test in the reference window.
        log_sd: SD of its logarithm.
        rate_log_sd: SD of the logarithm of the rate at a given marker.
        death_per_year: Share who die in a year of what is not part of the endpoint, which ends their follow-up.
    """

    hazard_ratio_per_sd: Positive
    log_sd: Annotated[float, Field(ge=0)] = 0.0
    rate_log_sd: Annotated[float, Field(ge=0)] = 0.0
    death_per_year: Annotated[float, Field(ge=0, lt=1)] = 0.0


class Sensitivity(Value):
    """What is moved to see how far the choice holds: each pair is a worse and a better value.

    Attributes:
        link_hazard_ratio: Of `link`.
        probability_none: Of `link`.
        icc: Of the gate's window.
        effect_slope: Times the finished trial's.
        event_rate: Times the published one.
        recruitment: Times `candidates_per_site_month`.
        death: Times `death_per_year`.
        assay_log_sd: Error of the assay itself on the log scale, which a perfect assay would take away.
        more_participants: Of a finished trial that went on, for the value of that information.
    """

    link_hazard_ratio: tuple[Positive, Positive]
    probability_none: tuple[Share, Share]
    icc: tuple[Probability, Probability]
    effect_slope: tuple[float, float] = (0.0, 1.5)
    event_rate: tuple[Positive, Positive] = (0.75, 1.25)
    recruitment: tuple[Positive, Positive] = (0.6, 1.3)
    death: tuple[Positive, Positive] = (2.0, 0.5)
    assay_log_sd: Annotated[float, Field(ge=0)] = 0.05
    more_participants: Annotated[int, Field(ge=4)] = 30


class StatedSource(Value):
    """Where a stated value comes from.

    Attributes:
        of: A part of `[gate_design]` (`persistent_from`), one of its values (`link.hazard_ratio`) or a window
            (`windows.month_one`).
        source: Publication, or what else it rests on.
    """

    of: Text
    source: Text
