"""Analyses: each names its estimand and its method before the data are seen."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calor.protocol.analyses.analysis import Role
from calor.protocol.analyses.benefit import (
    EffectCurveAnalysis,
    IndividualBenefitAnalysis,
    InteractionAnalysis,
    JointInteractionAnalysis,
    MediationAnalysis,
    ModifierAnalysis,
    ModifiersAnalysis,
    ResponderAnalysis,
    SubgroupsAnalysis,
    SurrogacyAnalysis,
    ThresholdSearchAnalysis,
)
from calor.protocol.analyses.continuous import (
    AncovaAnalysis,
    Beside,
    Covariance,
    DoseTrendAnalysis,
    ImputationStrategy,
    MissingDataAnalysis,
    MmrmAnalysis,
    RepeatedAnalysis,
    TobitAnalysis,
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
    | JointInteractionAnalysis
    | IndividualBenefitAnalysis
    | MediationAnalysis
    | SurrogacyAnalysis
    | TobitAnalysis
    | LaboratorySafetyAnalysis
    | EventsOfInterestAnalysis,
    Field(discriminator="method"),
]

__all__ = [
    "AdverseEventsAnalysis",
    "Analysis",
    "AncovaAnalysis",
    "Beside",
    "BorrowingAcrossTerms",
    "CompetingRisksAnalysis",
    "Covariance",
    "DoseTrendAnalysis",
    "EffectCurveAnalysis",
    "EventsAnalysis",
    "EventsOfInterestAnalysis",
    "ImputationStrategy",
    "IndividualBenefitAnalysis",
    "InteractionAnalysis",
    "JointInteractionAnalysis",
    "LaboratorySafetyAnalysis",
    "LandmarkAnalysis",
    "MediationAnalysis",
    "MissingDataAnalysis",
    "MmrmAnalysis",
    "ModifierAnalysis",
    "ModifiersAnalysis",
    "ProportionsAnalysis",
    "RecurrentEventsAnalysis",
    "RepeatedAnalysis",
    "ResponderAnalysis",
    "Role",
    "SubgroupsAnalysis",
    "SurrogacyAnalysis",
    "ThresholdSearchAnalysis",
    "TobitAnalysis",
    "WinRatioAnalysis",
]
