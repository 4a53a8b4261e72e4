"""Arms, and how participants are allocated to them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from calor.protocol.value import Identifier, Text, Value


class Arm(Value):
    """One treatment group.

    Attributes:
        id: The protocol's own name for the arm.
        label: The arm as datasets (`TRT01P`, `TRTA`) and reports write it.
        role: `control` or `active`.
        ratio: Share in the allocation, relative to the other arms.
        dose: Dose as a number, where a dose-response is analyzed.
    """

    id: Identifier
    label: Text
    role: Literal["control", "active"]
    ratio: int = Field(default=1, ge=1)
    dose: float | None = Field(default=None, ge=0)


class Stratum(Value):
    """One stratification factor with its levels."""

    id: Identifier
    label: Text
    levels: tuple[Text, ...] = Field(min_length=2)


class Randomization(Value):
    """How arms are allocated."""

    method: Literal["permuted_blocks", "minimization", "not_stated"]
    block_sizes: tuple[int, ...] = ()
    strata: tuple[Stratum, ...] = ()
