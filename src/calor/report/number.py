"""Numbers as print wants them: fixed decimals, a true minus sign, words where there is no number."""

from __future__ import annotations

import math


def number(value: float, digits: int) -> str:
    """Write a number with fixed decimals and a true minus sign.

    >>> number(-0.1708, 3), number(-0.0001, 2), number(1234.5, 0), number(float("inf"), 1)
    ('−0.171', '0.00', '1,234', '∞')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:,.{digits}f}"
    # Rounding may leave a sign on nothing ("-0.00").
    if text.startswith("-") and not any(character in "123456789" for character in text):
        text = text[1:]
    return text.replace("-", "−")


def interval(estimate: float, lower: float, upper: float, digits: int) -> str:
    """Write an estimate and its interval.

    >>> interval(-0.171, -0.308, -0.034, 3)
    '−0.171 (−0.308 to −0.034)'
    """
    return f"{number(estimate, digits)} ({number(lower, digits)} to {number(upper, digits)})"
