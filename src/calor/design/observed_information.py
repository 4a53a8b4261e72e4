"""Bounds recomputed from the information observed, when looks come earlier or later than planned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from calor.design import classical
from calor.design.group_sequential import GroupSequential
from calor.design.looks import rising
from calor.design.spending import SpendingFunction
from calor.errors import DesignError


def recompute(
    design: GroupSequential, information: Sequence[float], planned_information: float, *, final: bool
) -> GroupSequential:
    """Return the design as it stands after the looks done, with the correlation that the information really gives.

    Before the end the spending function is read at the observed fractions of the planned information, and the looks
    still to come stay as planned. At the end whatever is left of the error is spent, be the information less than
    planned (under-running) or more (over-running). A boundary that spends no error keeps its early bounds and solves
    the last one for the level. Futility that spends beta keeps the drift it was planned for.

    Args:
        design: The design as planned.
        information: Information at each look done: events, participants, or the inverse of a variance.
        planned_information: Information planned for the last look, in the same unit.
        final: The last of `information` belongs to the final analysis.

    Raises:
        DesignError: Information that does not increase, an interim look with all the planned information or more, or
            more looks than a boundary given look by look has values for.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([0.5, 0.75, 1.0], efficacy=spending.obrien_fleming(0.025))
    >>> recompute(design, [140, 222, 305], 300, final=True).efficacy_bounds.round(3)
    array([3.08 , 2.372, 2.014])

    Reference: Lan KKG, DeMets DL. Biometrics 1989;45:1017-1020. Wassmer G, Brannath W. Group Sequential and
        Confirmatory Adaptive Designs in Clinical Trials. Springer 2016.
    """
    done = rising("information", information)
    if not planned_information > 0:
        raise DesignError.must("planned_information", "be positive", planned_information, fix="Give the final target.")
    fractions = done / planned_information
    early = fractions[:-1] if final else fractions
    if np.any(early >= 1.0):
        look = int(np.argmax(early >= 1.0)) + 1
        raise DesignError.must(
            "information",
            f"stay below the planned {planned_information:g} before the final look",
            float(done[look - 1]),
            where=f"look {look}",
            fix="Say final=True if the trial ends here.",
        )
    if not final:
        planned = design.information_fractions
        later = planned[min(done.size, planned.size - 1) :]
        fractions = np.concatenate((fractions, later[later > fractions[-1] + 1e-6]))
    times = np.append(fractions[:-1], 1.0)
    return GroupSequential(
        fractions,
        efficacy=design.efficacy if isinstance(design.efficacy, SpendingFunction) else _kept(design, fractions.size),
        futility=_futility(design, fractions.size),
        binding=design.binding and fractions.size > 1,
        sides=design.sides,
        futility_under=design.futility_under,
        spending_times=times,
        planned_drift=design.futility_drift,
    )


def _kept(design: GroupSequential, looks: int) -> classical.ClassicalBoundary:
    """Return the design's early bounds with a last one to be solved."""
    if looks > design.efficacy_bounds.size:
        raise DesignError.must(
            "information", f"have at most {design.efficacy_bounds.size} looks", looks, fix="Use a spending function."
        )
    return classical.early_bounds(design.alpha, design.efficacy_bounds[: looks - 1].tolist())


def _futility(design: GroupSequential, looks: int) -> SpendingFunction | Float[np.ndarray, " look"] | None:
    """Return the futility rule for a number of looks."""
    if design.futility is None or isinstance(design.futility, SpendingFunction):
        return design.futility
    bounds = np.asarray(design.futility, dtype=float)
    if looks - 1 > bounds.size:
        raise DesignError.must(
            "information", f"have at most {bounds.size + 1} looks with fixed futility bounds", looks, fix="Spend beta."
        )
    return bounds[: looks - 1]
