"""Looks: when the data are analyzed, and how the type I error is spent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.value import Identifier, Probability, Text, Value


class Look(Value):
    """One planned look at a share of the planned information."""

    id: Identifier
    information_fraction: Annotated[float, Field(gt=0, le=1)]
    purpose: Text


class Spending(Value):
    """An error-spending function by name, with its parameter where it has one."""

    function: Literal["obrien_fleming", "pocock", "hwang_shih_decani", "kim_demets"]
    parameter: float | None = None


class Futility(Value):
    """Futility by beta spending."""

    spending: Spending
    binding: bool


class PopulationPlanning(Value):
    """What is assumed of a population that the looks decide on beside the one of all participants.

    Attributes:
        set: Its analysis set.
        share: Of the participants.
        hazard_ratio: Treatment over control.
        control_rate_per_year: Events per participant-year under control.
    """

    set: Identifier
    share: Annotated[float, Field(gt=0, lt=1)]
    hazard_ratio: Annotated[float, Field(gt=0)]
    control_rate_per_year: Annotated[float, Field(gt=0)]


class EventsPlanning(Value):
    """What is assumed to size a time-to-event trial; time in months.

    Attributes:
        hazard_ratio: Treatment over control, among all participants.
        control_rate_per_year: Events per participant-year under control.
        accrual_months: Duration of recruitment, at an even rate.
        follow_up_months: From the last randomization to the last look.
        dropout_per_year: Share of participants lost in a year, the same in both arms.
        events: At the last look, where something else than `power` for all participants sets them, such as a closed
            test of several populations; None to size by that power.
        populations: Others that the looks decide on.
    """

    kind: Literal["time_to_event"]
    hazard_ratio: Annotated[float, Field(gt=0)]
    control_rate_per_year: Annotated[float, Field(gt=0)]
    accrual_months: Annotated[float, Field(gt=0)]
    follow_up_months: Annotated[float, Field(ge=0)]
    dropout_per_year: Annotated[float, Field(ge=0, lt=1)] = 0.0
    events: Annotated[float, Field(gt=0)] | None = None
    populations: tuple[PopulationPlanning, ...] = ()


class MeansPlanning(Value):
    """What is assumed to size a trial of means.

    Attributes:
        difference: Mean under treatment less mean under control.
        sd: Standard deviation of the endpoint.
        baseline_correlation: Correlation with the baseline that the ANCOVA adjusts for.
    """

    kind: Literal["continuous"]
    difference: float
    sd: Annotated[float, Field(gt=0)]
    baseline_correlation: Annotated[float, Field(gt=-1, lt=1)] = 0.0


Planning = Annotated[EventsPlanning | MeansPlanning, Field(discriminator="kind")]


class LookPlan(Value):
    """The sequential plan of one analysis."""

    analysis: Identifier
    alpha: Annotated[float, Field(gt=0, lt=0.5)]
    sides: Literal[1, 2]
    power: Probability
    efficacy: Spending
    futility: Futility | None = None
    looks: tuple[Look, ...] = Field(min_length=1)
    planning: Planning | None = None
