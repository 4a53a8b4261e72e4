"""Estimands with the five attributes of ICH E9(R1), and the sets of participants they are estimated in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from calor.protocol.value import Identifier, Text, Value

Strategy = Literal["treatment_policy", "hypothetical", "composite", "while_on_treatment", "principal_stratum"]
"""The five strategies of ICH E9(R1) A.3.2."""


class AnalysisSet(Value):
    """Participants who carry a population flag in `ADSL`."""

    id: Identifier
    label: Text
    flag: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{0,5}FL$")]


class IntercurrentEvent(Value):
    """One intercurrent event and what is done about it."""

    event: Text
    strategy: Strategy
    how: Text


class Treatment(Value):
    """The arms compared: each of `active` with `control`."""

    active: tuple[Identifier, ...] = Field(min_length=1)
    control: Identifier


class Estimand(Value):
    """What is estimated: treatment, population, endpoint, intercurrent events, summary (ICH E9(R1) A.3.3)."""

    id: Identifier
    label: Text
    treatment: Treatment
    population: Text
    endpoint: Identifier
    intercurrent_events: tuple[IntercurrentEvent, ...]
    summary: Text
