"""Looks: when the data are analyzed, and how the type I error is spent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.value import Identifier, Probability, Text, Value


class Look(Value):
    """One planned look at a share of the planned information."""

    id: Identifier
    information_fraction: Annotated[float, Field(gt=0, le=1)]
    purpose: Text


class Spending(Value):
    """An error-spending function by name, with its parameter where it has one."""

    function: Literal["obrien_fleming", "pocock", "hwang_shih_decani", "kim_demets"]
    parameter: float | None = None


class Futility(Value):
    """Futility by beta spending."""

    spending: Spending
    binding: bool


class LookPlan(Value):
    """The sequential plan of one analysis."""

    analysis: Identifier
    alpha: Annotated[float, Field(gt=0, lt=0.5)]
    sides: Literal[1, 2]
    power: Probability
    efficacy: Spending
    futility: Futility | None = None
    looks: tuple[Look, ...] = Field(min_length=1)
