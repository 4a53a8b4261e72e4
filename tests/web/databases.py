"""Start a PostgreSQL server, lead Django to a database, and make one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connections

from calor.web.database import database as described

POSTGRESQL_FOLDERS = ("/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin")


def postgresql_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, if they are installed."""
    folders = [Path(folder) for folder in POSTGRESQL_FOLDERS]
    found = shutil.which("initdb")
    return Path(found).parent if found else next((each for each in folders if (each / "initdb").exists()), None)


@contextmanager
def postgresql_server(*, fsync: bool = False) -> Iterator[str]:
    """Start a server of one's own, and yield its address without a database's name."""
    programs = postgresql_programs()
    # Not under pytest's own folder, whose parents only the tests' user may enter.
    folder = Path(tempfile.mkdtemp(prefix="calor-postgresql-"))
    as_owner: list[str] = []
    if os.geteuid() == 0:  # the server refuses root
        as_owner = [shutil.which("runuser", path=f"{os.defpath}:/usr/sbin:/sbin") or "runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"

    def call(*command: str) -> None:
        subprocess.run([*as_owner, *command], check=True, capture_output=True, cwd="/")

    call(f"{programs}/initdb", "-D", str(data), "-A", "trust", "-U", "calor", "-E", "UTF8", "--no-locale")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    (data / "postgresql.auto.conf").write_text(f"fsync = {'on' if fsync else 'off'}\n")
    call(f"{programs}/pg_ctl", "-D", str(data), "-o", options, "-l", f"{folder}/log", "-w", "start")
    try:
        yield f"postgresql://calor@127.0.0.1:{port}/"
    finally:
        call(f"{programs}/pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


def use(url: str) -> None:
    """Let Django's default connection lead to another database."""
    connections["default"].close()
    connections.settings["default"] = connections.configure_settings({"default": described(url)})["default"]
    del connections["default"]


def migrate(url: str) -> None:
    """Create all tables and triggers."""
    use(url)
    call_command("migrate", verbosity=0)
    connections.close_all()


def sql(server: str, statement: str) -> None:
    """Run one statement on the server's own database."""
    with psycopg.connect(server + "postgres", autocommit=True) as connection:
        connection.execute(statement)
