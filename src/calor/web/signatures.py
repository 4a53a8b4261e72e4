"""Electronic signatures: who, when, with what meaning, bound to the record as it then was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from calor.web.audit import digest_of, name_of
from calor.web.models import Correction, Participant, Signature


def signable_digest(record: Any) -> str:
    """Return the digest that a signature binds: the record with all corrections made to it."""
    parts = [digest_of(record)]
    if isinstance(record, Participant):
        parts += [digest_of(correction) for correction in Correction.objects.filter(participant=record).order_by("pk")]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def holds(signature: Any, record: Any) -> bool:
    """Say whether a signature is this record's and the record is still as it was signed."""
    return bool(signature.record == name_of(record) and signature.record_digest == signable_digest(record))


def corrections_that_count(corrections: Sequence[Any]) -> list[Any]:
    """Return the corrections that a person other than the one who made them has signed."""
    signed: dict[str, list[Any]] = {}
    names = [name_of(correction) for correction in corrections]
    for signature in Signature.objects.filter(record__in=names) if names else ():
        signed.setdefault(signature.record, []).append(signature)
    return [correction for correction in corrections if _counts(correction, signed.get(name_of(correction), []))]


def _counts(correction: Any, signatures: Sequence[Any]) -> bool:
    return any(each.by_id != correction.by_id and holds(each, correction) for each in signatures)
