"""Analyses: each names its estimand and its method before the data are seen."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calor.protocol.analyses.analysis import Role
from calor.protocol.analyses.benefit import (
    EffectCurveAnalysis,
    InteractionAnalysis,
    ModifierAnalysis,
    ResponderAnalysis,
    SubgroupsAnalysis,
    ThresholdSearchAnalysis,
)
from calor.protocol.analyses.continuous import (
    AncovaAnalysis,
    Covariance,
    DoseTrendAnalysis,
    ImputationStrategy,
    MissingDataAnalysis,
    MmrmAnalysis,
    RepeatedAnalysis,
)
from calor.protocol.analyses.events import EventsAnalysis
from calor.protocol.analyses.safety import (
    AdverseEventsAnalysis,
    BorrowingAcrossTerms,
    EventsOfInterestAnalysis,
    LaboratorySafetyAnalysis,
)

Analysis = Annotated[
    AncovaAnalysis
    | DoseTrendAnalysis
    | InteractionAnalysis
    | EventsAnalysis
    | AdverseEventsAnalysis
    | MmrmAnalysis
    | MissingDataAnalysis
    | SubgroupsAnalysis
    | EffectCurveAnalysis
    | ThresholdSearchAnalysis
    | ResponderAnalysis
    | LaboratorySafetyAnalysis
    | EventsOfInterestAnalysis,
    Field(discriminator="method"),
]

__all__ = [
    "AdverseEventsAnalysis",
    "Analysis",
    "AncovaAnalysis",
    "BorrowingAcrossTerms",
    "Covariance",
    "DoseTrendAnalysis",
    "EffectCurveAnalysis",
    "EventsAnalysis",
    "EventsOfInterestAnalysis",
    "ImputationStrategy",
    "InteractionAnalysis",
    "LaboratorySafetyAnalysis",
    "MissingDataAnalysis",
    "MmrmAnalysis",
    "ModifierAnalysis",
    "RepeatedAnalysis",
    "ResponderAnalysis",
    "Role",
    "SubgroupsAnalysis",
    "ThresholdSearchAnalysis",
]
