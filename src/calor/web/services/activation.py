"""Before the first participant: see how the list can be guessed, draw it sealed, and receive kits."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.allocator import with_arms
from calor.web.audit import contents_digest, save_audited
from calor.web.audit_check import draws_of, kits_of, slots_of
from calor.web.encryption import open_arm, seal_arm, seal_draw
from calor.web.models import ActiveMethod, Delivery, Kit, SealedDraw, Slot, StratumHead
from calor.web.permissions import Action, check
from calor.web.services.plans import ListPlan, Plan

_DIGITS = "0123456789"


def preview(plan: Plan) -> tuple[str, str]:
    """Return how well a plan's allocations could be guessed, and the configuration's digest that activates it.

    Raises:
        EnrollError: The method cannot keep the ratio.
    """
    return plan.guessable()[1], plan.digest


@with_arms(asked=True)
def activate(actor: Any, trial: Any, plan: Plan, *, configuration: str) -> Any:
    """Draw the trial's list, or its random elements, from the operating system, sealed; this happens once.

    Nothing drawn elsewhere can be given: what was drawn for development can never be the trial's own.

    Raises:
        ConductError: The actor may not, a method is active, the plan does not fit the trial, or the configuration is
            not the previewed.
        EnrollError: The method cannot keep the ratio.
    """
    check(actor, Action.ACTIVATE_LIST, trial)
    if len(plan.ratio) != len(trial.arms):
        raise ConductError.must("ratio", f"have {len(trial.arms)} parts", plan.ratio, fix="Take the protocol's ratio.")
    if not 1 <= len(set(plan.strata)) == len(plan.strata) or not all(0 < len(name) <= 100 for name in plan.strata):
        rule = "have different names of 1 to 100 characters"
        raise ConductError.must("strata", rule, len(plan.strata), fix="Shorten the names of levels.")
    if plan.length < 1:
        raise ConductError.must("length", "be positive", plan.length, fix="Give more places than participants planned.")
    method, guessable = plan.guessable()
    if configuration != plan.digest:
        fix = "Preview the plan again and look at how it can be guessed."
        raise ConductError.must("configuration", "be the one previewed", "another", fix=fix)
    with transaction.atomic():
        type(trial).objects.select_for_update(no_key=True).get(pk=trial.pk)
        if ActiveMethod.objects.filter(trial=trial).exists():
            raise ConductError.must("trial", "have no list yet", trial.code, fix="A list is drawn once.")
        StratumHead.objects.bulk_create(StratumHead(trial=trial, stratum=head) for head in plan.heads)
        record = ActiveMethod(
            trial=trial,
            method=method,
            guessable=guessable,
            parameters=plan.parameters,
            configuration=plan.digest,
            contents=_draw_list(trial, plan) if isinstance(plan, ListPlan) else _draw_elements(trial, plan.length),
            at=timezone.now(),
        )
        save_audited(record, chain=trial.code, actor=actor.username, action=Action.ACTIVATE_LIST)
    return record


@with_arms(asked=False)
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


@with_arms(asked=False)
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


def _draw_list(trial: Any, plan: ListPlan) -> str:
    from calor.enroll.allocation_list import check_production, draw_production_list  # noqa: PLC0415
    from calor.enroll.blocks import PermutedBlocks  # noqa: PLC0415

    drawn = draw_production_list(PermutedBlocks(plan.ratio, plan.sizes), plan.strata, plan.length)
    check_production(drawn)
    Slot.objects.bulk_create(
        Slot(trial=trial, stratum=stratum, position=position, sealed_arm=sealed)
        for stratum, position, sealed in sorted(
            (stratum, position, seal_arm(arm, trial.code, "slot", stratum, position))
            for stratum, arms in drawn.arms.items()
            for position, arm in enumerate(arms)
        )
    )
    return contents_digest(slots_of(trial.pk))


def _draw_elements(trial: Any, length: int) -> str:
    from calor.enroll.allocation_list import operating_system_draws  # noqa: PLC0415

    SealedDraw.objects.bulk_create(
        SealedDraw(trial=trial, n=n, sealed=seal_draw((float(first), float(second)), trial.code, n))
        for n, (first, second) in enumerate(operating_system_draws(length))
    )
    return contents_digest(draws_of(trial.pk))


def _new_numbers(count: int, taken: set[str]) -> list[str]:
    numbers: set[str] = set()
    while len(numbers) < count:
        number = "".join(secrets.choice(_DIGITS) for _ in range(8))
        if number not in taken:
            numbers.add(number)
    shuffled = sorted(numbers)
    secrets.SystemRandom().shuffle(shuffled)
    return shuffled
