"""Counts that a caller gives: events, permutations, draws."""

from __future__ import annotations

from math import nan
from numbers import Real

from calor.errors import AnalysisError


def whole_number(argument: str, value: object, *, least: int = 0, fix: str) -> int:
    """Return a whole number of at least `least`; 3.0 is one, True is not.

    Raises:
        AnalysisError: `value` is no such number.

    >>> whole_number("events", 3.0, fix="Count events.")
    3
    """
    number = nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    if not (number >= least and number.is_integer()):
        raise AnalysisError.must(argument, f"be a whole number from {least}", value, fix=fix)
    return int(number)
