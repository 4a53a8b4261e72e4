"""The audit trail: rows chained by HMAC-SHA256, written in the transaction of what they tell."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, date, datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from calor.web.keys import derived_key
from calor.web.models import AuditHead, AuditRow

SYSTEM = "system"  # the chain of accounts and access, which belong to no trial


def save_audited(record: Any, *, chain: str, actor: str, action: str, reason: str = "") -> None:
    """Insert a record and, in the same transaction, the audit row that vouches for its content.

    Raises:
        ConductError: The record belongs to data that are locked.
    """
    from calor.web.frozen import refuse_frozen  # noqa: PLC0415  (it reads the digests made here)

    with transaction.atomic(savepoint=False):
        record.save(force_insert=True)
        append(chain, actor=actor, action=action, record=name_of(record), digest=digest_of(record), reason=reason)
        refuse_frozen(record)  # now that the head is held, no lock of the data can slip in between


def append(chain: str, *, actor: str, action: str, record: str = "", digest: str = "", reason: str = "") -> None:
    """Add a row to the end of a chain."""
    with transaction.atomic(savepoint=False):
        head = _locked_head(chain)
        row = AuditRow(
            chain=chain,
            n=head.n + 1,
            at=moment(timezone.now()),
            actor=actor,
            action=action,
            record=record,
            record_digest=digest,
            reason=reason,
        )
        row.digest = chained(head.digest, row)
        row.save(force_insert=True)
        head.n, head.digest = row.n, row.digest
        head.save(update_fields=("n", "digest"))


def _locked_head(chain: str) -> Any:
    heads = AuditHead.objects.select_for_update()
    head = heads.filter(chain=chain).first()
    if head is None:
        # Of two first writers one makes it; the other waits here and then finds it.
        AuditHead.objects.bulk_create([AuditHead(chain=chain)], ignore_conflicts=True)
        head = heads.get(chain=chain)
    return head


def chained(previous: str, row: Any) -> str:
    """Return the digest that a row must have after the row whose digest is `previous`."""
    told = [row.chain, row.n, row.at, row.actor, row.action, row.record, row.record_digest, row.reason]
    return hmac.new(derived_key("audit"), json.dumps([previous, *told]).encode(), hashlib.sha256).hexdigest()


def name_of(record: Any) -> str:
    """Return how audit rows and signatures call a record: table and number."""
    return f"{record._meta.model_name}/{record.pk}"


def digest_of(record: Any) -> str:
    """Return the SHA-256 of a record's name and values, the same on both databases."""
    values = {field.attname: _plain(getattr(record, field.attname)) for field in record._meta.concrete_fields}
    return hashlib.sha256(json.dumps([name_of(record), values], sort_keys=True).encode()).hexdigest()


def contents_digest(sealed: Any) -> str:
    """Return the SHA-256 over the sealed arms of a list or a delivery: pairs of a place and its bytes."""
    parts = [[list(place), bytes(content).hex()] for place, content in sealed]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def moment(at: datetime) -> str:
    """Write an instant in UTC, in one form that sorts."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def audited_models() -> list[type[models.Model]]:
    """Return the tables whose every row must have an audit row with its digest."""
    from django.apps import apps  # noqa: PLC0415

    # Slots, draws and kits are vouched for together, by the digest of their list or delivery; the rest is the trail
    # itself and counters that it checks.
    others = {"slot", "sealeddraw", "kit", "stratumhead", "audithead", "auditrow"}
    models_ = [model for app in ("calor_web", "calor_capture") for model in apps.get_app_config(app).get_models()]
    return [model for model in models_ if model._meta.model_name not in others]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value.isoformat() if isinstance(value, date) else value
