"""Locked data: what belongs to a trial's data, its digest, and the refusal of anything more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from django.apps import apps

from calor.errors import ConductError
from calor.web.audit import digest_of, name_of

# Beside everything that is captured; roles, signatures, unblindings and notices go on after the lock.
_NO_DATA = frozenset({"datalock", "datacut", "withheldcut", "unblindedexport"})  # copies of data, and none themselves
_BESIDE = frozenset({"participant", "allocation", "correction", "withdrawal"})


def refuse_frozen(record: Any) -> None:
    """Refuse a record of a trial whose data are locked.

    Raises:
        ConductError: They are.
    """
    from calor.web.capture.models import DataLock  # noqa: PLC0415  (the trail knows no tables of its own accord)

    if not _is_data(type(record)):
        return
    locked = DataLock.objects.filter(trial=_trial_id(record)).first()
    if locked is not None:
        fix = "Nothing was written. A change now is an amendment of the analysis, not of the data."
        raise ConductError.must("data", "not be locked", f"locked {locked.at:%Y-%m-%d}", fix=fix)


def data_digest(trial: Any) -> tuple[str, int]:
    """Return the SHA-256 over every record of a trial's data, and how many there are."""
    digests = [f"{name_of(record)} {digest_of(record)}" for record in _records(trial)]
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest(), len(digests)


def _records(trial: Any) -> Iterator[Any]:
    for app in ("calor_web", "calor_capture"):
        for model in apps.get_app_config(app).get_models():
            if _is_data(model):
                yield from (record for record in model.objects.iterator() if _trial_id(record) == trial.pk)


def _is_data(model: Any) -> bool:
    meta = model._meta
    captured = meta.app_label == "calor_capture" and meta.model_name not in _NO_DATA
    return captured or meta.model_name in _BESIDE


def _trial_id(record: Any) -> int:
    """Follow a record to its trial."""
    if hasattr(record, "trial_id"):
        return int(record.trial_id)
    owner = next(
        name for name in ("participant", "consent", "event", "alert", "query", "file") if hasattr(record, f"{name}_id")
    )
    return _trial_id(getattr(record, owner))
