"""Whole numbers, as counts, seeds and sizes must be."""

from __future__ import annotations

import numpy as np

from calor.errors import SimulationError

_BEYOND = 2**63  # what a kernel's integer holds


def check_whole_number(argument: str, value: object, least: int, *, fix: str) -> None:
    """Refuse what is no whole number from `least` on.

    Raises:
        SimulationError: The value is a fraction, below `least`, or beyond 63 bits.

    >>> check_whole_number("trials", 1000, 1, fix="Give 10_000.")
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not least <= int(value) < _BEYOND:
        raise SimulationError.must(argument, f"be a whole number from {least} on", value, fix=fix)
