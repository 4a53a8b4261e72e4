"""Minimization and Hu-Hu in a running trial: each place follows from all earlier ones and a sealed random element.

The elements were drawn before the first participant, so a refused or interrupted request, asked again, gives the same
arm, and whoever holds the key can allocate everyone again and compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calor.web.encryption import open_draw, seal_arm
from calor.web.models import SealedDraw, Slot
from calor.web.services.plans import AdaptivePlan


def next_slot(trial: Any, plan: AdaptivePlan, n: int, stratum: str) -> Any:
    """Store and return the n-th place of a trial whose head is locked; None where no random element is left.

    Args:
        trial: The trial.
        plan: Its active plan.
        n: How many were allocated before.
        stratum: The newcomer's.
    """
    if not SealedDraw.objects.filter(trial=trial, n=n).exists():
        return None
    strata = Slot.objects.filter(trial=trial).order_by("position").values_list("stratum", flat=True)
    arm = arms_of(trial, plan, [*strata, stratum])[n]
    slot = Slot(trial=trial, stratum=stratum, position=n, sealed_arm=seal_arm(arm, trial.code, "slot", stratum, n))
    slot.save(force_insert=True)
    return slot


def arms_of(trial: Any, plan: AdaptivePlan, strata: Sequence[str]) -> list[int]:
    """Return the arms that the plan gives to participants of these strata, in their order."""
    import numpy as np  # noqa: PLC0415

    sealed = SealedDraw.objects.filter(trial=trial, n__lt=len(strata)).order_by("n").values_list("n", "sealed")
    return plan.arms(strata, np.array([open_draw(content, trial.code, n) for n, content in sealed]))
