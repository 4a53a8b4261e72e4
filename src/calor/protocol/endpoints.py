"""Endpoints: the variable measured, and where the analysis datasets hold it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from calor.protocol.biomarkers import Comparator
from calor.protocol.value import Identifier, Text, Value

ParamCd = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{0,7}$")]
DatasetName = Annotated[str, StringConstraints(pattern=r"^ad[a-z0-9]{1,6}$")]


class ContinuousEndpoint(Value):
    """A measurement at one visit, with its baseline in `BASE`.

    Attributes:
        plausible: Lowest and highest value that can be; None where nothing is known.
        where: Further column values that select the analyzed records, such as `ANL01FL = "Y"`.
    """

    kind: Literal["continuous"]
    id: Identifier
    label: Text
    dataset: DatasetName
    paramcd: ParamCd
    visit: Identifier
    unit: Text
    better: Literal["lower", "higher"]
    plausible: tuple[float, float] | None = None
    where: dict[str, str] = Field(default_factory=dict)


class BinaryEndpoint(Value):
    """Whether a value at one visit lies on the good or bad side of a cut-off, such as hs-CRP below 2 mg/L.

    Attributes:
        comparator: How the value is compared with the cut-off; the endpoint is met where the comparison holds.
        cutoff: The cut-off, in the unit of the values; for values coded 0 and 1, `>= 1`.
        better: Whether it is better when more or fewer participants meet it.
    """

    kind: Literal["binary"]
    id: Identifier
    label: Text
    dataset: DatasetName
    paramcd: ParamCd
    visit: Identifier
    unit: Text
    comparator: Comparator
    cutoff: float
    better: Literal["fewer", "more"]
    where: dict[str, str] = Field(default_factory=dict)


class CompetingEvent(Value):
    """An event after which the endpoint's own can no longer happen, such as death from another cause.

    Attributes:
        cnsr: The value of `CNSR` that marks it; 0 is the endpoint's own event, values not named here are censoring.
        label: The event in words.
    """

    cnsr: int = Field(gt=0)
    label: Text


class TimeToEventEndpoint(Value):
    """Days from randomization or first dose to an event, censored where `CNSR` is not 0.

    Attributes:
        competing: Events that compete with it; analyses that do not ask for them censor there.
    """

    kind: Literal["time_to_event"]
    id: Identifier
    label: Text
    dataset: DatasetName
    paramcd: ParamCd
    horizon_days: int = Field(gt=0)
    better: Literal["fewer", "more"] = "fewer"
    competing: tuple[CompetingEvent, ...] = ()
    where: dict[str, str] = Field(default_factory=dict)


AFTER_LAST_DOSE_DAYS = 30
"""Days after the last dose that count as treated, unless the protocol says otherwise."""


class RecurrentEventsEndpoint(Value):
    """Events that may happen to a participant more than once.

    Attributes:
        paramcd: With it, the dataset's rows are times: every event (`CNSR` 0) and the end of follow-up (`CNSR` not 0)
            at the study day `AVAL`. Without it, the rows are events that began on the study day `ASTDY`, and
            follow-up is the time at risk while treated.
        horizon_days: Study day after which nothing counts.
        after_last_dose_days: Without `paramcd`, days after the last dose on which a participant is still at risk.
    """

    kind: Literal["recurrent_events"]
    id: Identifier
    label: Text
    dataset: DatasetName
    paramcd: ParamCd | None = None
    horizon_days: int = Field(gt=0)
    after_last_dose_days: int = Field(default=AFTER_LAST_DOSE_DAYS, ge=0)
    where: dict[str, str] = Field(default_factory=dict)


class Component(Value):
    """One level of a hierarchical composite.

    Attributes:
        endpoint: Id of a time-to-event or continuous endpoint.
        response: For a continuous one, the value (`AVAL`) or its change from baseline (`CHG`).
        margin: Difference of a continuous one that counts as none.
    """

    endpoint: Identifier
    response: Literal["AVAL", "CHG"] = "AVAL"
    margin: float = Field(default=0.0, ge=0)


class HierarchicalEndpoint(Value):
    """A composite whose components are compared in order of importance, pair by pair.

    Attributes:
        components: The most important first; the next one decides where it does not.
    """

    kind: Literal["hierarchical"]
    id: Identifier
    label: Text
    components: tuple[Component, ...] = Field(min_length=2)


class AdverseEventEndpoint(Value):
    """Treatment-emergent adverse events of an occurrence dataset.

    Attributes:
        after_last_dose_days: Days after the last dose on which a participant is still at risk, unless gone earlier;
            every rate of the dataset is per this time.
    """

    kind: Literal["adverse_events"]
    id: Identifier
    label: Text
    dataset: DatasetName
    after_last_dose_days: int = Field(default=AFTER_LAST_DOSE_DAYS, ge=0)
    where: dict[str, str] = Field(default_factory=dict)


class LaboratoryEndpoint(Value):
    """All values of a laboratory dataset, whatever the analyte."""

    kind: Literal["laboratory"]
    id: Identifier
    label: Text
    dataset: DatasetName
    where: dict[str, str] = Field(default_factory=dict)


DatasetEndpoint = (
    ContinuousEndpoint
    | BinaryEndpoint
    | TimeToEventEndpoint
    | RecurrentEventsEndpoint
    | AdverseEventEndpoint
    | LaboratoryEndpoint
)
"""An endpoint that one analysis dataset holds; a hierarchical one takes its components' datasets."""

Endpoint = Annotated[DatasetEndpoint | HierarchicalEndpoint, Field(discriminator="kind")]
