"""Safety limits: what makes somebody look at a participant or at the trial."""

from __future__ import annotations

from typing import Literal

from calor.protocol.biomarkers import Comparator
from calor.protocol.value import Identifier, Text, Value


class SafetyLimit(Value):
    """One limit on a biomarker or on a count, and the action it starts."""

    id: Identifier
    text: Text
    level: Literal["participant", "trial"]
    action: Text
    biomarker: Identifier | None = None
    comparator: Comparator | None = None
    value: float | None = None
