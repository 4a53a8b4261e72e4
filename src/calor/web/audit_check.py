"""Check the audit trail and every record against it; name the first thing that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any

from django.db import connection

from calor.errors import ConductError
from calor.web.append_only import missing
from calor.web.audit import audited_models, chained, contents_digest, digest_of, name_of
from calor.web.audit_head import Head
from calor.web.encryption import open_slot
from calor.web.models import (
    ActiveMethod,
    Allocation,
    AuditHead,
    AuditRow,
    Delivery,
    Kit,
    SealedDraw,
    Slot,
    StratumHead,
)
from calor.web.services.adaptive import arms_of
from calor.web.services.plans import WHOLE_TRIAL, AdaptivePlan, ListPlan, plan_of


@dataclass(frozen=True)
class Verdict:
    """What a check of the audit trail found.

    Attributes:
        rows: Audit rows read.
        records: Records compared with their audit rows.
        problem: The first thing that is wrong, or None.
        clock_set_back: Rows whose time is before that of the row before; the order of rows is not the clock's.
    """

    rows: int
    records: int
    problem: str | None
    clock_set_back: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.problem:
            return f"audit trail broken: {self.problem}"
        flags = "".join(f"; the server's clock was set back before {row}" for row in self.clock_set_back)
        return f"audit trail whole: {self.rows} rows, {self.records} records agree{flags}"


def verify(heads: Sequence[Head] = ()) -> Verdict:
    """Check chains, exported heads, triggers, records, lists, adaptive allocations and counters, in this order.

    Args:
        heads: Heads exported earlier; without them, a tail that was cut together with its head cannot be seen.
    """
    records = sum(model.objects.count() for model in audited_models())
    return Verdict(AuditRow.objects.count(), records, next(_problems(heads), None), tuple(_clock_set_back()))


def _problems(heads: Sequence[Head]) -> Iterator[str]:
    digests: dict[tuple[str, int], str] = {}
    chains = {*AuditHead.objects.values_list("chain", flat=True), *AuditRow.objects.values_list("chain", flat=True)}
    for chain in sorted(chains):
        yield from _chain(chain, digests)
    for head in heads:
        found = digests.get((head.chain, head.n)) if head.n else head.digest
        if found is None:
            last = max((n for chain, n in digests if chain == head.chain), default=0)
            yield f"row {last + 1} of chain {head.chain} is missing: {head.n} rows were exported at {head.at}"
        elif found != head.digest:
            yield f"row {head.n} of chain {head.chain} is not the one exported at {head.at}"
    for trigger in missing(connection):
        yield f"trigger {trigger} is missing or switched off"
    yield from _records()
    yield from _contents()
    yield from _counters()


def _chain(chain: str, digests: dict[tuple[str, int], str]) -> Iterator[str]:
    previous, last = "", 0
    for expected, row in enumerate(AuditRow.objects.filter(chain=chain).order_by("n"), start=1):
        if row.n != expected:
            yield f"row {expected} of chain {chain} is missing"
            return
        if row.digest != chained(previous, row):
            yield f"row {row.n} of chain {chain} was altered, inserted or moved"
            return
        previous, last = row.digest, row.n
        digests[chain, row.n] = row.digest
    head = AuditHead.objects.filter(chain=chain).first()
    if head is None or head.n > last:
        yield f"row {last + 1} of chain {chain} is missing: its tail was cut"
    elif (head.n, head.digest) != (last, previous):
        yield f"row {head.n + 1} of chain {chain} is not known to its head"


def _clock_set_back() -> Iterator[str]:
    rows = AuditRow.objects.order_by("chain", "n").values_list("chain", "n", "at")
    for (chain, _, before), (same, n, at) in pairwise(rows.iterator()):
        if chain == same and at < before:
            yield f"row {n} of chain {chain} ({at})"


def _records() -> Iterator[str]:
    rows = AuditRow.objects.exclude(record_digest="").order_by("chain", "n")
    vouched = {row.record: row for row in rows}
    for model in audited_models():
        for record in model.objects.order_by("pk").iterator():
            row = vouched.pop(name_of(record), None)
            if row is None:
                yield f"{name_of(record)} has no audit row"
            elif row.record_digest != digest_of(record):
                yield f"{name_of(record)} is not as row {row.n} of chain {row.chain} saw it"
    for row in vouched.values():
        yield f"{row.record} is gone: row {row.n} of chain {row.chain} saw it"


def _contents() -> Iterator[str]:
    for active in ActiveMethod.objects.select_related("trial"):
        plan = plan_of(active.parameters)
        listed = isinstance(plan, ListPlan)
        if active.contents != contents_digest(slots_of(active.trial_id) if listed else draws_of(active.trial_id)):
            yield f"the list of trial {active.trial.code} is not the one that was drawn"
        elif not isinstance(plan, ListPlan):
            yield from _replay(active.trial, plan)
    for delivery in Delivery.objects.order_by("pk"):
        if delivery.contents != contents_digest(kits_of(delivery.pk)):
            yield f"the kits of delivery {delivery.pk} are not the ones received"


def _replay(trial: Any, plan: AdaptivePlan) -> Iterator[str]:
    """Allocate everyone again from the sealed random elements; each arm must come out as it was."""
    slots = list(Slot.objects.filter(trial=trial).order_by("position"))
    known = [slot.stratum for slot in slots if slot.stratum in plan.strata]
    arms = arms_of(trial, plan, known) if known else []
    for slot, arm in zip_longest(slots, arms):
        if _arm_of(trial, slot) != arm:
            yield f"allocation {slot.position} of trial {trial.code} is not what its method gives"
            return


def _arm_of(trial: Any, slot: Any) -> int | None:
    try:
        return open_slot(slot, trial.code)
    except ConductError:
        return None


def _counters() -> Iterator[str]:
    for head in StratumHead.objects.order_by("trial", "stratum"):
        given = Allocation.objects.filter(trial=head.trial_id).order_by("position")
        if head.stratum != WHOLE_TRIAL:
            given = given.filter(stratum=head.stratum)
        positions = given.values_list("position", flat=True)
        for expected, position in zip_longest(range(head.next_position), positions):
            if expected != position:
                yield f"the allocations of a stratum are not the first {head.next_position} of its list"
                return


def slots_of(trial: int) -> list[tuple[tuple[str, int], bytes]]:
    """Return the places of a trial's list with their sealed arms, in a fixed order."""
    # Ordered here and not by the database, whose collation may differ from the other's.
    slots = Slot.objects.filter(trial=trial).values_list("stratum", "position", "sealed_arm")
    return sorted(((stratum, position), bytes(sealed)) for stratum, position, sealed in slots)


def draws_of(trial: int) -> list[tuple[tuple[int], bytes]]:
    """Return the sealed random elements of a trial, in order."""
    draws = SealedDraw.objects.filter(trial=trial).order_by("n").values_list("n", "sealed")
    return [((n,), bytes(sealed)) for n, sealed in draws]


def kits_of(delivery: int) -> list[tuple[tuple[str], bytes]]:
    """Return the kits of a delivery with their sealed arms, in a fixed order."""
    kits = Kit.objects.filter(delivery=delivery).values_list("number", "sealed_arm")
    return sorted(((number,), bytes(sealed)) for number, sealed in kits)
