"""Electronic signatures: who, when, with what meaning, bound to the record as it then was."""

from __future__ import annotations

import hashlib
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


def signed_by_another(correction: Any) -> bool:
    """Say whether a correction counts: a person other than the one who made it has signed it."""
    signatures = Signature.objects.filter(record=name_of(correction)).exclude(by=correction.by_id)
    return any(holds(signature, correction) for signature in signatures)
