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
from calor.protocol.analyses.events import (
    CompetingRisksAnalysis,
    EventsAnalysis,
    LandmarkAnalysis,
    RecurrentEventsAnalysis,
    WinRatioAnalysis,
)
from calor.protocol.analyses.proportions import ProportionsAnalysis
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
    | CompetingRisksAnalysis
    | RecurrentEventsAnalysis
    | WinRatioAnalysis
    | LandmarkAnalysis
    | ProportionsAnalysis
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
    "CompetingRisksAnalysis",
    "Covariance",
    "DoseTrendAnalysis",
    "EffectCurveAnalysis",
    "EventsAnalysis",
    "EventsOfInterestAnalysis",
    "ImputationStrategy",
    "InteractionAnalysis",
    "LaboratorySafetyAnalysis",
    "LandmarkAnalysis",
    "MissingDataAnalysis",
    "MmrmAnalysis",
    "ModifierAnalysis",
    "ProportionsAnalysis",
    "RecurrentEventsAnalysis",
    "RepeatedAnalysis",
    "ResponderAnalysis",
    "Role",
    "SubgroupsAnalysis",
    "ThresholdSearchAnalysis",
    "WinRatioAnalysis",
]
