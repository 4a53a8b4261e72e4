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


def with_error(value: float, se: float, digits: int) -> str:
    """Write a number with its standard error in brackets; none is written where there is none.

    >>> with_error(4123.4, 12.34, 0), with_error(90.0, 0.0, 1)
    ('4,123 (12)', '90.0')
    """
    error = f" ({number(se, digits)})" if se > 0 else ""
    return f"{number(value, digits)}{error}"


def ratio(value: float) -> str:
    """Write a ratio: two decimals, three where it is small, and never 0.00 for what is not zero.

    >>> ratio(0.8), ratio(0.0213), ratio(0.0001), ratio(0.0)
    ('0.80', '0.021', '<0.001', '0')
    """
    if value == 0:
        return "0"
    if value < 0.001:
        return "<0.001"
    return number(value, 3 if value < 0.1 else 2)


def interval(estimate: str, lower: str, upper: str) -> str:
    """Write an estimate and its interval, each already written.

    >>> interval(number(-0.171, 3), number(-0.308, 3), number(-0.034, 3))
    '−0.171 (−0.308 to −0.034)'
    """
    return f"{estimate} ({lower} to {upper})"
