"""What makes a group-sequential design one that can exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from calor.design.classical import ClassicalBoundary
from calor.design.spending import SpendingFunction
from calor.errors import DesignError

if TYPE_CHECKING:
    from calor.design.group_sequential import GroupSequential


def check(design: GroupSequential, fractions: Float[np.ndarray, " look"], times: Float[np.ndarray, " look"]) -> None:
    """Refuse arguments that contradict each other.

    Args:
        design: The design with its arguments as given.
        fractions: Its information fractions.
        times: Its spending times.

    Raises:
        DesignError: Two arguments do not go together, or one is none of its values.

    >>> from calor.design import GroupSequential, spending
    >>> GroupSequential([0.5, 0.9], efficacy=spending.pocock(0.025))
    Traceback (most recent call last):
    calor.errors.DesignError: `information_fractions` must end at 1, got [0.5, 0.9]. Divide by the information at ...
    """
    if design.sides not in (1, 2):
        raise DesignError.must("sides", "be 1 or 2", design.sides, fix="Give 2 for a two-sided design.")
    if not isinstance(design.efficacy, SpendingFunction | ClassicalBoundary):
        raise DesignError.must(
            "efficacy",
            "be a spending function or a classical boundary",
            design.efficacy,
            fix="See calor.design.spending.",
        )
    if design.efficacy.alpha is not None and not design.efficacy.alpha < 0.5:
        raise DesignError.must("alpha", "lie below 0.5", design.efficacy.alpha, fix="Give 0.025, or 0.05 two-sided.")
    if times.size != fractions.size:
        raise DesignError.must(
            "spending_times", f"have one time per look ({fractions.size})", times.size, fix="Give as many as looks."
        )
    if abs(times[-1] - 1.0) > 1e-9:
        argument = "information_fractions" if design.spending_times is None else "spending_times"
        raise DesignError.must(argument, "end at 1", times.tolist(), fix="Divide by the information at the last look.")
    if design.binding and design.futility is None:
        raise DesignError.must("binding", "be False without futility bounds", True, fix="Give `futility`.")
    if design.futility_under not in ("alternative", "null"):
        raise DesignError.must(
            "futility_under", "be 'alternative' or 'null'", repr(design.futility_under), fix="See GroupSequential."
        )
    if isinstance(design.futility, SpendingFunction):
        _check_futility_spending(design, design.futility)
    elif design.futility_under == "null":
        raise DesignError.must("futility_under", "go with a futility spending function", "'null'", fix="Drop it.")


def _check_futility_spending(design: GroupSequential, futility: SpendingFunction) -> None:
    alpha = design.efficacy.alpha
    if design.binding and not isinstance(design.efficacy, SpendingFunction):
        raise DesignError.must(
            "binding", "be False when futility is spent and efficacy is not", True,
            fix="Spend alpha too, or let the futility bound be non-binding.",
        )  # fmt: skip
    if design.futility_under == "null":
        if design.sides == 2:
            raise DesignError.must("sides", "be 1 when futility is spent under the null", 2, fix="Spend beta instead.")
    elif alpha is not None and not futility.total < 1 - alpha:
        raise DesignError.must(
            "futility", "spend a beta below 1 - alpha", futility.total, fix="Give beta, 0.1 for 90 % power."
        )
