"""Start a PostgreSQL server, lead Django to a database, and make one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connections
from tests.ports import reserved_port

from calor.web.database import database as described

POSTGRESQL_FOLDERS = ("/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin")


def postgresql_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, if they are installed."""
    folders = [Path(folder) for folder in POSTGRESQL_FOLDERS]
    found = shutil.which("initdb")
    return Path(found).parent if found else next((each for each in folders if (each / "initdb").exists()), None)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server of one's own.

    Attributes:
        address: Without a database's name.
        folder: Where its data lie.
        programs: The folder of PostgreSQL's programs.
    """

    address: str
    folder: Path
    programs: Path

    def start(self) -> None:
        """Start it, and wait until it answers; after a kill it first makes good what was under way."""
        port = self.address.rstrip("/").rsplit(":", 1)[1]
        options = f"-p {port} -k {self.folder} -c listen_addresses=127.0.0.1"
        for _ in range(60):  # until the system has taken away what the killed left behind
            with suppress(subprocess.CalledProcessError):
                return self._control("-o", options, "-l", f"{self.folder}/log", "start")
            time.sleep(0.5)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        """Stop it."""
        self._control("-m", "immediate", "stop")

    def kill(self) -> None:
        """Kill all its processes at once, as when the machine loses power."""
        parent = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for process in (parent, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        (self.folder / "data/postmaster.pid").unlink()  # where nobody collects the dead, it would take them for alive

    def _control(self, *arguments: str) -> None:
        _as_owner(f"{self.programs}/pg_ctl", "-D", f"{self.folder}/data", "-w", *arguments)


def _as_owner(*command: str) -> None:
    """Run a command as another user where one is root, whom the server refuses."""
    owner = [shutil.which("runuser", path=f"{os.defpath}:/usr/sbin:/sbin") or "runuser", "-u", "postgres", "--"]
    subprocess.run([*(owner if os.geteuid() == 0 else ()), *command], check=True, capture_output=True, cwd="/")


@contextmanager
def postgresql(*, fsync: bool = False) -> Iterator[Server]:
    """Start a server of one's own."""
    programs = postgresql_programs()
    assert programs is not None
    # Not under pytest's own folder, whose parents only the tests' user may enter.
    folder = Path(tempfile.mkdtemp(prefix="calor-postgresql-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server = Server(f"postgresql://calor@127.0.0.1:{reserved_port()}/", folder, programs)
    data = folder / "data"
    _as_owner(f"{programs}/initdb", "-D", str(data), "-A", "trust", "-U", "calor", "-E", "UTF8", "--no-locale")
    (data / "postgresql.auto.conf").write_text(f"fsync = {'on' if fsync else 'off'}\n")
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@contextmanager
def postgresql_server(*, fsync: bool = False) -> Iterator[str]:
    """Start a server of one's own, and yield its address without a database's name."""
    with postgresql(fsync=fsync) as server:
        yield server.address


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
