"""Eligibility criteria in the protocol's words."""

from __future__ import annotations

from typing import Literal

from calor.protocol.value import Identifier, Text, Value


class Criterion(Value):
    """One inclusion or exclusion criterion."""

    id: Identifier
    kind: Literal["include", "exclude"]
    text: Text
