"""The pages as a production server serves them, in a process of its own, and a client that speaks plain HTTP to it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.test import Client as DjangoClient
from django.test import override_settings
from tests.ports import reserved_port

from calor.web.keys import derived_key

SOURCE = Path(__file__).parents[2] / "src"
TOKEN = "t" * 32


@dataclass(frozen=True)
class Served:
    """A server.

    Attributes:
        port: Where, on this machine.
        process: Its process.
    """

    port: int
    process: int


@contextmanager
def served(database: str, folder: Path, log: Path) -> Iterator[Served]:
    """Serve a trial: on PostgreSQL as docs/how-to/production.md says, on SQLite as `calor serve` does."""
    port = reserved_port()
    environment = {
        **os.environ, "PYTHONPATH": str(SOURCE), "CALOR_DATABASE": database, "CALOR_HOSTS": "127.0.0.1",
        "CALOR_TRIAL_FOLDER": str(folder),
    }  # fmt: skip
    command = ["-m", "waitress", "--listen", f"127.0.0.1:{port}", "--threads", "8", "calor.web.wsgi:application"]
    if database.startswith("sqlite"):
        environment["CALOR_PLAIN_HTTP"] = "1"
        command = ["-c", f"from calor.web import serve; serve.serve('127.0.0.1', {port})"]
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, *command], env=environment, stdout=out, stderr=out)
    try:
        _wait(port, process, log)
        yield Served(port, process.pid)
        assert process.poll() is None, "the server died"
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            if Client(port).get("/sign-in/")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def session_of(person: Any) -> str:
    """Sign a person in as the server will understand it, without a password; return the session's key."""
    with override_settings(SECRET_KEY=derived_key("sessions").hex()):
        client = DjangoClient()
        client.force_login(person)
        return str(client.cookies["sessionid"].value)


class Client:
    """A session over HTTP; cookies that are marked for TLS are sent too, as the proxy's side does."""

    def __init__(self, port: int, session: str = "") -> None:
        self._at = ("127.0.0.1", port)
        self._cookies = {"sessionid": session, "csrftoken": TOKEN} if session else {}

    def get(self, path: str) -> tuple[int, bytes]:
        """Ask for a page."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, fields: Mapping[str, Any]) -> tuple[int, bytes]:
        """Send a form to a page, or JSON to the interface."""
        if path.startswith("/api/"):
            return self._ask("POST", path, json.dumps(fields), {"Content-Type": "application/json"})
        body = urlencode(fields, doseq=True)
        return self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        connection = http.client.HTTPConnection(*self._at, timeout=30)
        try:
            connection.request(method, path, body, {**headers, "Cookie": cookies, "X-CSRFToken": TOKEN})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
