"""What the baseline table describes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calor.protocol.value import Value

Column = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,7}$")]


class BaselineTable(Value):
    """Columns of ADSL that describe the arms.

    Attributes:
        continuous: Described by mean (SD) and median (quartiles).
        categorical: Described by counts.
    """

    continuous: tuple[Column, ...] = ("AGE",)
    categorical: tuple[Column, ...] = ("SEX",)
