"""What every part of a protocol is: a frozen value that refuses unknown keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""A name that other parts of the protocol refer to: a letter, then letters, digits and underscores."""

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Probability = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
DayWindow = tuple[int, int]
"""First and last study day, both included. Day 1 is the day of the first dose, day 0 the day before it."""


class Value(BaseModel):
    """A part of the protocol: frozen; an unknown key is an error, and so is a number that is not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
