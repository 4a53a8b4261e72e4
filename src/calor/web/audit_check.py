"""Check the audit trail and every record against it; name the first thing that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from django.db import connection

from calor.web.append_only import missing
from calor.web.audit import audited_models, chained, contents_digest, digest_of, name_of
from calor.web.audit_head import Head
from calor.web.models import Allocation, AuditHead, AuditRow, Delivery, DrawnList, Kit, Slot, StratumHead


@dataclass(frozen=True)
class Verdict:
    """What a check of the audit trail found.

    Attributes:
        rows: Audit rows read.
        records: Records compared with their audit rows.
        problem: The first thing that is wrong, or None.
    """

    rows: int
    records: int
    problem: str | None

    def __str__(self) -> str:
        if self.problem:
            return f"audit trail broken: {self.problem}"
        return f"audit trail whole: {self.rows} rows, {self.records} records agree"


def verify(heads: Sequence[Head] = ()) -> Verdict:
    """Check chains, exported heads, triggers, records, lists and counters, in this order.

    Args:
        heads: Heads exported earlier; without them, a tail that was cut together with its head cannot be seen.
    """
    problems = _problems(heads)
    return Verdict(AuditRow.objects.count(), sum(m.objects.count() for m in audited_models()), next(problems, None))


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
    for drawn in DrawnList.objects.select_related("trial"):
        if drawn.contents != contents_digest(slots_of(drawn.trial_id)):
            yield f"the list of trial {drawn.trial.code} is not the one that was drawn"
    for delivery in Delivery.objects.order_by("pk"):
        if delivery.contents != contents_digest(kits_of(delivery.pk)):
            yield f"the kits of delivery {delivery.pk} are not the ones received"


def _counters() -> Iterator[str]:
    for head in StratumHead.objects.order_by("trial", "stratum"):
        given = Allocation.objects.filter(trial=head.trial_id, stratum=head.stratum).order_by("position")
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


def kits_of(delivery: int) -> list[tuple[tuple[str], bytes]]:
    """Return the kits of a delivery with their sealed arms, in a fixed order."""
    kits = Kit.objects.filter(delivery=delivery).values_list("number", "sealed_arm")
    return sorted(((number,), bytes(sealed)) for number, sealed in kits)
