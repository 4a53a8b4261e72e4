"""Where an axis carries its numbers: round values on a logarithmic axis, visits that have room on a time axis."""

from __future__ import annotations

import math
from collections.abc import Iterable

from calor.report import style
from calor.report.lettering import text_width_px

_FEW = 3  # ticks that let a reader see the scale


def log_ticks(low: float, high: float) -> list[float]:
    """Return the values 1, 2 and 5 times a power of ten within limits; powers alone over three decades or more.

    Limits too close for three of them get equal steps.

    >>> log_ticks(0.4, 30), log_ticks(0.001, 2), log_ticks(0.93, 1.28)
    ([0.5, 1.0, 2.0, 5.0, 10.0, 20.0], [0.001, 0.01, 0.1, 1.0], [1.0, 1.1, 1.2])
    """
    steps = (1,) if math.log10(high / low) >= 3 else (1, 2, 5)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    # Text to float, because 2 * 10**-1 is not 0.2.
    ticks = [float(f"{step}e{power}") for power in powers for step in steps]
    within = [tick for tick in ticks if low <= tick <= high]
    return within if len(within) >= _FEW else _even_ticks(low, high)


def _even_ticks(low: float, high: float) -> list[float]:
    """Return three to seven multiples of 1, 2 or 5 times a power of ten within limits."""
    power = math.floor(math.log10(high - low))
    sizes = [float(f"{step}e{p}") for p in (power, power - 1) for step in (5, 2, 1)]
    for size in sizes:
        ticks = [round(k * size, 12) for k in range(math.ceil(low / size), math.floor(high / size) + 1)]
        if len(ticks) >= _FEW:
            break
    return ticks


def roomy(times: Iterable[float], counts: Iterable[float], domain: tuple[float, float], width_px: float) -> list[float]:
    """Choose, from the left, the times whose labels, and the counts beneath them, do not touch.

    >>> roomy([0, 1, 6, 12], [31, 31, 30, 29], (0, 12), width_px=120)
    [0.0, 6.0, 12.0]
    """
    times = list(times)
    label_px = 8 + max(text_width_px(f"{value:,.6g}", style.TEXT_PX) for value in (*times, *counts))
    px_per_unit = width_px / (domain[1] - domain[0])
    chosen: list[float] = []
    for time in sorted(set(times)):
        if not chosen or (time - chosen[-1]) * px_per_unit >= label_px:
            chosen.append(float(time))
    return chosen
