"""Endpoints: the variable measured, and where the analysis datasets hold it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

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


class TimeToEventEndpoint(Value):
    """Days from randomization or first dose to an event, censored where `CNSR` is not 0."""

    kind: Literal["time_to_event"]
    id: Identifier
    label: Text
    dataset: DatasetName
    paramcd: ParamCd
    horizon_days: int = Field(gt=0)
    better: Literal["fewer", "more"] = "fewer"
    where: dict[str, str] = Field(default_factory=dict)


class AdverseEventEndpoint(Value):
    """Treatment-emergent adverse events of an occurrence dataset."""

    kind: Literal["adverse_events"]
    id: Identifier
    label: Text
    dataset: DatasetName
    where: dict[str, str] = Field(default_factory=dict)


class LaboratoryEndpoint(Value):
    """All values of a laboratory dataset, whatever the analyte."""

    kind: Literal["laboratory"]
    id: Identifier
    label: Text
    dataset: DatasetName
    where: dict[str, str] = Field(default_factory=dict)


Endpoint = Annotated[
    ContinuousEndpoint | TimeToEventEndpoint | AdverseEventEndpoint | LaboratoryEndpoint,
    Field(discriminator="kind"),
]
