"""The trial that is served: its folder, its protocol, and its row in the database."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from calor.errors import ConductError
from calor.protocol import read_protocol
from calor.protocol.protocol import Protocol
from calor.web.models import Site, Trial


def folder() -> Path:
    """Return the trial's folder.

    Raises:
        ConductError: None is named.
    """
    if not settings.TRIAL_FOLDER:
        fix = "Start the pages with `calor serve DIR`."
        raise ConductError.must("CALOR_TRIAL_FOLDER", "name the trial's folder", "nothing", fix=fix)
    return Path(settings.TRIAL_FOLDER)


def protocol() -> Protocol:
    """Return the protocol as it now stands on disk."""
    path = folder() / "protocol.toml"
    return _protocol(path, path.stat().st_mtime_ns if path.exists() else 0)


def trial() -> Any:
    """Return the trial's row.

    Raises:
        ConductError: The database holds no trial of the protocol's name.
    """
    code = protocol().trial.id
    found = Trial.objects.filter(code=code).first()
    if found is None:
        raise ConductError.must("trial", "have been opened", code, fix="Run `calor serve DIR`, which opens it.")
    return found


def protocol_of(trial: Any) -> Protocol:
    """Return the protocol of a trial.

    Raises:
        ConductError: The folder that is served is another trial's, or none is named.
    """
    found = protocol()
    if found.trial.id != trial.code:
        fix = "Its folder is served elsewhere."
        raise ConductError.must("trial", "be the one whose folder is served", trial.code, fix=fix)
    return found


def records_site(trial: Any) -> Any:
    """Return the site whose health records the folder screens; None where the trial has several and none is named."""
    sites = list(Site.objects.filter(trial=trial).order_by("pk"))
    if settings.RECORDS_SITE:
        return next((site for site in sites if site.code == settings.RECORDS_SITE), None)
    return sites[0] if len(sites) == 1 else None


@lru_cache(maxsize=4)
def _protocol(path: Path, _changed: int) -> Protocol:
    return read_protocol(path)
