"""The whole protocol, and how its parts are found by name."""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import Field

from calor.errors import ProtocolError
from calor.protocol.analyses import Analysis
from calor.protocol.arms import Arm, Randomization
from calor.protocol.baseline import BaselineTable
from calor.protocol.biomarkers import Biomarker, Gate
from calor.protocol.data import DataSources
from calor.protocol.eligibility import Criterion
from calor.protocol.endpoints import DatasetEndpoint, Endpoint, HierarchicalEndpoint
from calor.protocol.estimands import AnalysisSet, Estimand
from calor.protocol.gate_design import GateDesign
from calor.protocol.imaging import Imaging
from calor.protocol.looks import LookPlan
from calor.protocol.multiplicity import Multiplicity
from calor.protocol.regimen import Regimen
from calor.protocol.safety_limits import SafetyLimit
from calor.protocol.screening import Screening
from calor.protocol.value import Identifier, Text, Value
from calor.protocol.visits import Visit

Part = TypeVar("Part", Arm, Visit, Biomarker, AnalysisSet, Endpoint, Estimand, Analysis)


class TrialHead(Value):
    """Name, title and conduct of the trial.

    Attributes:
        participants: `synthetic` marks every report and figure as such.
        planned_size: Participants to be randomized.
        recruitment_months: Planned duration of recruitment, at an even rate from the activation of the list on.
        follow_up_days: Last study day on which anything is measured.
    """

    id: Identifier
    title: Text
    phase: Literal["1", "2", "3", "4"]
    registrations: tuple[Text, ...] = ()
    blinding: Literal["open", "single", "double"]
    participants: Literal["real", "synthetic"]
    planned_size: int = Field(ge=2)
    recruitment_months: float | None = Field(default=None, gt=0)
    follow_up_days: int = Field(ge=1)


class Protocol(Value):
    """A trial as written in `protocol.toml`; everything else follows from it."""

    schema_version: Literal[1]
    trial: TrialHead
    data: DataSources = DataSources()
    arms: tuple[Arm, ...] = Field(min_length=2)
    randomization: Randomization
    regimens: tuple[Regimen, ...] = ()
    visits: tuple[Visit, ...] = Field(min_length=1)
    biomarkers: tuple[Biomarker, ...] = ()
    gate: Gate | None = None
    eligibility: tuple[Criterion, ...] = ()
    screening: Screening | None = None
    sets: tuple[AnalysisSet, ...] = Field(min_length=1)
    endpoints: tuple[Endpoint, ...] = Field(min_length=1)
    baseline: BaselineTable = BaselineTable()
    estimands: tuple[Estimand, ...] = Field(min_length=1)
    analyses: tuple[Analysis, ...] = ()
    multiplicity: Multiplicity | None = None
    looks: LookPlan | None = None
    safety_limits: tuple[SafetyLimit, ...] = ()
    imaging: Imaging | None = None
    gate_design: GateDesign | None = None

    def arm(self, name: str) -> Arm:
        """Return the arm with this id."""
        return _named("arm", self.arms, name)

    def visit(self, name: str) -> Visit:
        """Return the visit with this id."""
        return _named("visit", self.visits, name)

    def biomarker(self, name: str) -> Biomarker:
        """Return the biomarker with this id."""
        return _named("biomarker", self.biomarkers, name)

    def analysis_set(self, name: str) -> AnalysisSet:
        """Return the analysis set with this id."""
        return _named("analysis set", self.sets, name)

    def endpoint(self, name: str) -> Endpoint:
        """Return the endpoint with this id."""
        return _named("endpoint", self.endpoints, name)

    def estimand(self, name: str) -> Estimand:
        """Return the estimand with this id."""
        return _named("estimand", self.estimands, name)

    def analysis(self, name: str) -> Analysis:
        """Return the analysis with this id."""
        return _named("analysis", self.analyses, name)

    @property
    def dataset_endpoints(self) -> tuple[DatasetEndpoint, ...]:
        """The endpoints that a dataset holds: all but those made of others."""
        return tuple(e for e in self.endpoints if not isinstance(e, HierarchicalEndpoint))

    @property
    def primary(self) -> Analysis:
        """The one analysis whose role is primary."""
        for analysis in self.analyses:
            if analysis.role == "primary":
                return analysis
        raise ProtocolError.must(
            "analyses", "hold one with role primary", "none", fix='Give one analysis role = "primary".'
        )


def _named(kind: str, parts: tuple[Part, ...], name: str) -> Part:
    for part in parts:
        if part.id == name:
            return part
    known = ", ".join(part.id for part in parts) or "none"
    raise ProtocolError.must(kind, "be one that the protocol declares", repr(name), fix=f"Declared: {known}.")
