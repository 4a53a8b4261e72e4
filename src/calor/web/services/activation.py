"""Before the first participant: see how the list can be guessed, draw it sealed, and receive kits."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.audit import contents_digest, save_audited
from calor.web.audit_check import kits_of, slots_of
from calor.web.encryption import open_arm, seal_arm
from calor.web.models import Delivery, DrawnList, Kit, Slot, StratumHead
from calor.web.permissions import Action, check

_DIGITS = "0123456789"


@dataclass(frozen=True)
class ListPlan:
    """A list before it is drawn.

    Attributes:
        ratio: Allocation ratio of the trial's arms.
        sizes: Block sizes.
        strata: Names of the strata.
        length: Places in each stratum.
    """

    ratio: tuple[int, ...]
    sizes: tuple[int, ...]
    strata: tuple[str, ...]
    length: int

    @property
    def digest(self) -> str:
        """SHA-256 of the configuration, which the activation must repeat."""
        content = [self.ratio, sorted(self.sizes), sorted(self.strata), self.length]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def preview(plan: ListPlan) -> tuple[str, str]:
    """Return how well the list could be guessed, and the configuration's digest that activates it.

    Raises:
        EnrollError: The blocks cannot hold the ratio.
    """
    from calor.enroll.blocks import PermutedBlocks  # noqa: PLC0415  (numba is slow to start and needed only here)
    from calor.enroll.predictability import expected_guesses  # noqa: PLC0415

    return str(expected_guesses(PermutedBlocks(plan.ratio, plan.sizes))), plan.digest


def activate(actor: Any, trial: Any, plan: ListPlan, *, configuration: str) -> Any:
    """Draw the trial's list from the operating system, seal it and store it; this happens once.

    No list can be given: what was drawn for development can never be the trial's own.

    Raises:
        ConductError: The actor may not, a list exists, the arms do not fit, or the configuration is not the previewed.
        EnrollError: The blocks cannot hold the ratio.
    """
    check(actor, Action.ACTIVATE_LIST, trial)
    if len(plan.ratio) != len(trial.arms):
        raise ConductError.must("ratio", f"have {len(trial.arms)} parts", plan.ratio, fix="Take the protocol's ratio.")
    guessable, digest = preview(plan)
    if configuration != digest:
        fix = "Preview the plan again and look at how it can be guessed."
        raise ConductError.must("configuration", "be the one previewed", "another", fix=fix)
    return _store(actor, trial, plan, guessable)


def receive_kits(actor: Any, site: Any, arms: Sequence[int]) -> Any:
    """Enter a delivery of kits at a site under random numbers.

    Args:
        actor: An unblinded pharmacist of the site.
        site: Where the kits arrived.
        arms: Index of each kit's arm.

    Raises:
        ConductError: The actor may not, there is no kit, or an arm does not exist.
    """
    trial = site.trial
    check(actor, Action.RECEIVE_KITS, trial, site)
    if not arms or not all(0 <= arm < len(trial.arms) for arm in arms):
        raise ConductError.must("arms", "name arms of the trial", f"{len(arms)} kits", fix="Number arms from 0.")
    taken = set(Kit.objects.filter(trial=trial).values_list("number", flat=True))
    numbers = _new_numbers(len(arms), taken)
    # In order of number, so that row numbers do not tell in which order the arms were entered.
    numbered = sorted(zip(numbers, arms, strict=True))
    sealed = [((number,), seal_arm(arm, trial.code, "kit", number)) for number, arm in numbered]
    with transaction.atomic():
        delivery = Delivery(site=site, contents=contents_digest(sealed), at=timezone.now())
        save_audited(delivery, chain=trial.code, actor=actor.username, action=Action.RECEIVE_KITS)
        Kit.objects.bulk_create(
            Kit(trial=trial, delivery=delivery, number=number, sealed_arm=content) for (number,), content in sealed
        )
        if contents_digest(kits_of(delivery.pk)) != delivery.contents:
            raise RuntimeError("the kits stored are not the kits sealed")
    return delivery


def stock(actor: Any, site: Any) -> dict[str, int]:
    """Count the kits left at a site by arm, for its unblinded pharmacist.

    Raises:
        ConductError: The actor may not.
    """
    trial = site.trial
    check(actor, Action.RECEIVE_KITS, trial, site)
    left = dict.fromkeys(trial.arms, 0)
    for kit in Kit.objects.filter(delivery__site=site, allocation=None):
        left[trial.arms[open_arm(kit.sealed_arm, trial.code, "kit", kit.number)]] += 1
    return left


def _store(actor: Any, trial: Any, plan: ListPlan, guessable: str) -> Any:
    from calor.enroll.allocation_list import check_production, draw_production_list  # noqa: PLC0415
    from calor.enroll.blocks import PermutedBlocks  # noqa: PLC0415

    drawn = draw_production_list(PermutedBlocks(plan.ratio, plan.sizes), plan.strata, plan.length)
    check_production(drawn)
    sealed = sorted(
        ((stratum, position), seal_arm(arm, trial.code, "slot", stratum, position))
        for stratum, arms in drawn.arms.items()
        for position, arm in enumerate(arms)
    )
    with transaction.atomic():
        type(trial).objects.select_for_update().get(pk=trial.pk)
        if DrawnList.objects.filter(trial=trial).exists():
            raise ConductError.must("trial", "have no list yet", trial.code, fix="A list is drawn once.")
        Slot.objects.bulk_create(
            Slot(trial=trial, stratum=stratum, position=position, sealed_arm=content)
            for (stratum, position), content in sealed
        )
        StratumHead.objects.bulk_create(StratumHead(trial=trial, stratum=stratum) for stratum in plan.strata)
        record = DrawnList(
            trial=trial,
            method=str(drawn.blocks),
            guessable=guessable,
            configuration=plan.digest,
            contents=contents_digest(slots_of(trial.pk)),
            at=timezone.now(),
        )
        save_audited(record, chain=trial.code, actor=actor.username, action=Action.ACTIVATE_LIST)
    return record


def _new_numbers(count: int, taken: set[str]) -> list[str]:
    numbers: set[str] = set()
    while len(numbers) < count:
        number = "".join(secrets.choice(_DIGITS) for _ in range(8))
        if number not in taken:
            numbers.add(number)
    shuffled = sorted(numbers)
    secrets.SystemRandom().shuffle(shuffled)
    return shuffled
