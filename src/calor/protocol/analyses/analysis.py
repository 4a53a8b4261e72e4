"""What every declared analysis names."""

from __future__ import annotations

from typing import Literal

from calor.protocol.value import Identifier, Probability, Text, Value

Role = Literal["primary", "secondary", "sensitivity", "exploratory", "safety"]


class DeclaredAnalysis(Value):
    """What every analysis names."""

    id: Identifier
    label: Text
    role: Role
    estimand: Identifier
    set: Identifier
    level: Probability = 0.95
