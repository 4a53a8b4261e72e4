"""`calor serve`: one trial folder on this machine, over an embedded database."""

from __future__ import annotations

import os
from pathlib import Path

import waitress
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

from calor.errors import ConductError
from calor.web import served
from calor.web.keys import write_master_key
from calor.web.models import Trial
from calor.web.services import accounts

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_THREADS = 8
_LARGEST_BODY_BYTES = 16 * 2**20  # what is larger is refused before it fills the disk


def prepare() -> None:
    """Make the master key if there is no database yet, and bring the tables up to date.

    Raises:
        ConductError: A database lies there without its key.
    """
    key, database = Path(os.environ["CALOR_KEY_FILE"]), Path(settings.DATABASES["default"]["NAME"])
    if not key.exists():
        if database.exists():
            fix = "Restore it from the backup: without it no allocation can be read."
            raise ConductError.must(key.name, "lie beside the database", "nothing", fix=fix)
        write_master_key(key)
    call_command("migrate", verbosity=0)


def is_open() -> bool:
    """Say whether the folder's trial has been opened."""
    return Trial.objects.filter(code=served.protocol().trial.id).exists()


def open_with(name: str, password: str, *, full_name: str) -> None:
    """Open the folder's trial with its first administrator.

    Raises:
        ConductError: The password is weak, or the name is taken.
    """
    protocol = served.protocol()
    person = accounts.create_account("calor serve", name, password, full_name=full_name)
    arms = [arm.label for arm in protocol.arms]
    accounts.open_trial("calor serve", protocol.trial.id, arms, administrator=person)


def serve(host: str, port: int) -> None:
    """Serve the pages until interrupted, on this machine only.

    Raises:
        ConductError: The host is not this machine: beyond it there must be TLS.
    """
    if host not in LOOPBACK:
        fix = "Put a TLS proxy before it; docs/how-to/production.md shows how."
        raise ConductError.must("host", "be this machine", host, fix=fix)
    waitress.serve(
        get_wsgi_application(),
        host=host,
        port=port,
        threads=_THREADS,
        max_request_body_size=_LARGEST_BODY_BYTES,
        ident="Calor",
        _quiet=True,
    )
