"""The process that holds the key to the arms, apart from the process that serves blinded people.

Services that need an arm are declared `with_arms`. Where CALOR_ALLOCATOR names a socket, they are asked of the process
that listens there, or refused when they would bring more than one arm through the process that asks.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db import close_old_connections, connection, models

from calor.errors import CalorError, ConductError

ALLOCATOR = "CALOR_ALLOCATOR"
_LONGEST = 1_000_000
_WAIT_S = 60
_ASKED: dict[str, Callable[..., Any]] = {}


def with_arms(*, asked: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a service that needs the key to the arms.

    Args:
        asked: Whether a process without the key may ask for it; else it is refused there.
    """

    def declare(service: Callable[..., Any]) -> Callable[..., Any]:
        if asked:
            _ASKED[service.__name__] = service

        @wraps(service)
        def call(*args: Any, **kwargs: Any) -> Any:
            address = os.environ.get(ALLOCATOR)
            if not address:
                return service(*args, **kwargs)
            if not asked:
                fix = "Sign in at the address for unblinded people."
                raise ConductError.must("address", "be the one that serves unblinded people", "another", fix=fix)
            return _ask(address, service.__name__, args, kwargs)

        return call

    return declare


def serve(path: Path) -> None:
    """Listen on a Unix socket, for its owner and group only, until interrupted.

    Raises:
        ConductError: The path is taken.
    """
    from calor.web.services import accounts, activation, allocation, harm, unblinding  # noqa: F401, PLC0415  (they declare)

    if path.exists():
        fix = "Stop the other process, or remove the file if there is none."
        raise ConductError.must("socket", "not exist yet", path.name, fix=fix)
    before = os.umask(0o117)
    try:
        server = _Server(str(path), _Answer)
    finally:
        os.umask(before)
    try:
        server.serve_forever()
    finally:
        server.server_close()
        path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


class _Answer(socketserver.StreamRequestHandler):
    """One question a connection: a line of JSON, answered by one."""

    timeout = 5

    def handle(self) -> None:
        close_old_connections()
        try:
            question = json.loads(self.rfile.readline(_LONGEST))
            service = _ASKED[question["service"]]
            args = [_decoded(value) for value in question["args"]]
            kwargs = {name: _decoded(value) for name, value in question["kwargs"].items()}
            answer = {"answer": _encoded(service(*args, **kwargs))}
        except CalorError as error:
            answer = {"refused": str(error)}
        finally:
            connection.close()
        self.wfile.write(json.dumps(answer).encode() + b"\n")


def _ask(address: str, service: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    question = {
        "service": service,
        "args": [_encoded(value) for value in args],
        "kwargs": {name: _encoded(value) for name, value in kwargs.items()},
    }
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_WAIT_S)
            line.connect(address)
            line.sendall(json.dumps(question).encode() + b"\n")
            answer = json.loads(line.makefile("rb").readline(_LONGEST))
    except (OSError, ValueError) as error:
        # What was asked may have been done: asking again with the same key tells it.
        fix = "Ask again with the same key; if this lasts, have `calor allocator serve` started."
        raise ConductError.must("allocator", "answer", "no answer", fix=fix) from error
    if "refused" in answer:
        raise ConductError(answer["refused"])
    return _decoded(answer["answer"])


def _encoded(value: Any) -> Any:
    """Turn what services take and return into JSON: plain values, records by number, plans and answers by fields."""
    from calor.web.services.allocation import Allocated  # noqa: PLC0415  (it declares services)
    from calor.web.services.plans import KINDS  # noqa: PLC0415

    if isinstance(value, models.Model):
        return {"record": value._meta.model_name, "number": value.pk}
    if isinstance(value, KINDS):
        return {"plan": value.parameters}
    if isinstance(value, Allocated):
        return {"allocated": asdict(value)}
    return value


def _decoded(value: Any) -> Any:
    from calor.web.services.allocation import Allocated  # noqa: PLC0415
    from calor.web.services.plans import plan_of  # noqa: PLC0415

    if not isinstance(value, dict):
        return value
    if "plan" in value:
        return plan_of(value["plan"])
    if "allocated" in value:
        return Allocated(**value["allocated"])
    record = value["record"]
    model = User if record == "user" else apps.get_model("calor_web", record)
    return model.objects.get(pk=value["number"])
