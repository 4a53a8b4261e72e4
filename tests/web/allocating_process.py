"""A process of its own that allocates; run by the tests, killed by some of them.

race TRIAL USER IDENTIFIER...   allocate each, starting together, and print what was told with its time in seconds
kill TRIAL USER IDENTIFIER K    allocate, and die by SIGKILL just before the K-th statement (K = 0: just after the end)
"""

# ruff: noqa: T201, BLE001  (it talks to the tests over its output, errors too)

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from calor.web.models import Trial  # first of all: it starts Django
from calor.web.services.allocation import allocate

# isort: split
from django.contrib.auth.models import User
from django.db import connection


def race(trial: Any, user: Any, identifiers: list[str]) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    told = []
    for identifier in identifiers:
        began = time.perf_counter()
        try:
            answer = allocate(user, trial, identifier, key=f"key of {identifier}").kit
        except Exception as error:
            answer = f"error {type(error).__name__}: {error}"
        told.append([identifier, answer, time.perf_counter() - began])
    print(json.dumps(told))


def kill(trial: Any, user: Any, identifier: str, at: int) -> None:
    statements = 0

    def die_before(execute: Callable[..., Any], *call: Any) -> Any:
        nonlocal statements
        statements += 1
        if statements == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*call)

    with connection.execute_wrapper(die_before):
        allocate(user, trial, identifier, key=f"key of {identifier}")
    print(statements, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    what, code, username, *rest = sys.argv[1:]
    trial, user = Trial.objects.get(code=code), User.objects.get(username=username)
    if what == "race":
        race(trial, user, rest)
    else:
        kill(trial, user, rest[0], int(rest[1]))


if __name__ == "__main__":
    main()
