"""Allocation ratios."""

from __future__ import annotations

from fractions import Fraction

from calor.errors import EnrollError


def check_ratio(ratio: tuple[int, ...]) -> None:
    """Refuse what is no allocation ratio of two or more arms.

    Raises:
        EnrollError: A part is no positive integer, or there are fewer than two.

    Example:
        >>> check_ratio((2, 1))
    """
    whole = all(isinstance(part, int) and not isinstance(part, bool) and part > 0 for part in ratio)
    if len(ratio) < 2 or not whole:
        fix = "Give whole numbers, as (2, 1) for two to one."
        raise EnrollError.must("ratio", "hold one positive integer for each of two or more arms", ratio, fix=fix)


def shares(ratio: tuple[int, ...]) -> tuple[Fraction, ...]:
    """Return each arm's target probability.

    Raises:
        EnrollError: `ratio` is no ratio of two or more arms.

    Example:
        >>> shares((2, 1))
        (Fraction(2, 3), Fraction(1, 3))
    """
    check_ratio(ratio)
    return tuple(Fraction(part, sum(ratio)) for part in ratio)
