"""`calor serve`: one trial folder on this machine, over an embedded database."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calor.errors import ConductError
from calor.protocol import read_protocol
from calor.web.keys import write_master_key

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_THREADS = 8


@dataclass(frozen=True)
class Served:
    """A trial folder that is ready to be served.

    Attributes:
        folder: The trial's folder.
        database: The embedded database's file.
        synthetic: Whether the protocol says that its participants are synthetic: only then are there demo users.
    """

    folder: Path
    database: Path
    synthetic: bool


def prepare(folder: Path) -> Served:
    """Name database and key of a trial folder, make what is missing, and bring the tables up to date.

    The database and its key lie in `web/` of the folder; the key is for the owner only. Call it before anything else
    of `calor.web`, which reads the environment once.

    Raises:
        ProtocolError: The folder has no valid protocol.
    """
    protocol = read_protocol(folder / "protocol.toml")
    web = folder / "web"
    web.mkdir(exist_ok=True, mode=0o700)
    database, key = web / "calor.sqlite3", web / "master.key"
    if not key.exists():
        if database.exists():
            fix = "Restore web/master.key from the backup: without it no allocation can be read."
            raise ConductError.must("web/master.key", "lie beside the database", "nothing", fix=fix)
        write_master_key(key)
    os.environ.update(
        CALOR_DATABASE=f"sqlite:///{database.resolve()}",
        CALOR_KEY_FILE=str(key.resolve()),
        CALOR_TRIAL_FOLDER=str(folder.resolve()),
        CALOR_PLAIN_HTTP="1",
    )
    import calor.web  # noqa: F401, PLC0415  (starts Django with the environment named above)

    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    return Served(folder, database, protocol.trial.participants == "synthetic")


def open_for_work(served: Served, administrator: tuple[str, str, str] | None = None) -> None:
    """Open the folder's trial with its first administrator, unless it is open.

    Args:
        served: What `prepare` made.
        administrator: Name to sign in with, password, full name.

    Raises:
        ConductError: The trial is not open and no administrator is named.
    """
    from calor.web.models import Trial  # noqa: PLC0415
    from calor.web.services import accounts  # noqa: PLC0415

    protocol = read_protocol(served.folder / "protocol.toml")
    if Trial.objects.filter(code=protocol.trial.id).exists():
        return
    if administrator is None:
        fix = "Name one with --administrator; the password is asked for."
        raise ConductError.must("trial", "have a first administrator", "none", fix=fix)
    name, password, full_name = administrator
    person = accounts.create_account("calor serve", name, password, full_name=full_name)
    accounts.open_trial(
        "calor serve", protocol.trial.id, [arm.label for arm in protocol.arms], administrator=person
    )


def serve(host: str, port: int) -> None:
    """Serve the pages until interrupted, on this machine only.

    Raises:
        ConductError: The host is not this machine: beyond it there must be TLS.
    """
    if host not in LOOPBACK:
        fix = "Put a TLS proxy before it; docs/how-to/production.md shows how."
        raise ConductError.must("host", "be this machine", host, fix=fix)
    import waitress  # noqa: PLC0415

    waitress.serve(application(), host=host, port=port, threads=_THREADS, ident="Calor", _quiet=True)


def application() -> Any:
    """Return the WSGI application."""
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415

    return get_wsgi_application()
