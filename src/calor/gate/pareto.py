"""The Pareto front: options that no other beats in assurance, months, participants and cost at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calor.gate.option import Option

TOLERANCE = (0.005, 0.5, 25.0, 250.0)
"""Differences in assurance, months, participants and cost that nobody would act on."""


def pareto_front(options: Sequence[Option]) -> tuple[Option, ...]:
    """Return the options within the limits that no other dominates, highest assurance first.

    An option dominates another if it is no worse in any of the four by more than the tolerance, and better in one by
    more than it.

    Args:
        options: All that were evaluated.
    """
    kept = [option for option in options if option.feasible]
    if not kept:
        return ()
    table = np.array([[-o.assurance, o.months, o.participants, o.cost] for o in kept]) / TOLERANCE
    front = []
    for i, own in enumerate(table):
        difference = table - own
        dominated = ((difference <= 1).all(axis=1) & (difference < -1).any(axis=1) & (difference.sum(axis=1) < 0)).any()
        if not dominated:
            front.append(kept[i])
    return tuple(sorted(front, key=lambda option: -option.assurance))
