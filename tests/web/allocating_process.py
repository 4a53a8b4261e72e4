"""Processes of their own that allocate; run by the tests, killed by some of them.

race TRIAL USER LISTS     a process for each list of tasks (JSON), all starting together; prints what was told;
                          a task is [WHAT, IDENTIFIER], to allocate, to register or to withdraw consent
kill TRIAL USER           reads lines IDENTIFIER K: a process allocates and dies by SIGKILL before its K-th statement
                          (K = 0: just after the end, printing the number of statements); prints the signal it died of

Each process is forked before it opens the database.
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

from calor.web.models import Participant, Trial  # first of all: it starts Django
from calor.web.services.allocation import allocate, register
from calor.web.services.consent import withdraw
from calor.web.services.plans import ListPlan, active_plan

# isort: split
import numpy as np
from django.contrib.auth.models import User
from django.db import connection


def race(trial: Any, user: Any, lists: list[list[tuple[str, str]]]) -> None:
    start, go = os.pipe()
    ready, connected = os.pipe()
    answers, children = [], []
    for tasks in lists:
        answer, told = os.pipe()
        children.append(os.fork())
        if children[-1] == 0:
            os.close(go)
            connection.ensure_connection()
            os.write(connected, b".")
            os.read(start, 1)  # returns when the parent closes its end
            os.write(told, json.dumps(_do_all(trial, user, tasks)).encode())
            os._exit(0)
        os.close(told)
        answers.append(answer)
    for _ in children:
        os.read(ready, 1)
    os.close(go)
    print(json.dumps([one for answer in answers for one in json.load(os.fdopen(answer))]))
    for child in children:
        os.waitpid(child, 0)


def _do_all(trial: Any, user: Any, tasks: list[tuple[str, str]]) -> list[tuple[str, str, float]]:
    told = []
    for what, identifier in tasks:
        began = time.perf_counter()
        try:
            if what == "allocate":
                answer = allocate(user, trial, identifier, key=f"key of {identifier}").kit
            elif what == "register":
                site = trial.site_set.get()
                new = register(user, site, identifier, stratum="anterior", consent_version="2", eligible=True)
                answer = new.identifier
            else:
                withdraw(user, Participant.objects.get(trial=trial, identifier=identifier), reason="asked to")
                answer = "withdrawn"
        except Exception as error:
            answer = f"error {type(error).__name__}: {error}"[:200]
        told.append((identifier, answer, time.perf_counter() - began))
    return told


def kill_on_request(trial: Any, user: Any) -> None:
    for line in sys.stdin:
        identifier, at = line.split()
        child = os.fork()
        if child == 0:
            _allocate_and_die(trial, user, identifier, int(at))
        _, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status), flush=True)


def _allocate_and_die(trial: Any, user: Any, identifier: str, at: int) -> None:
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
    plan = active_plan(trial)
    if not isinstance(plan, ListPlan):
        plan.arms(plan.strata[:1], np.zeros((1, 2)))  # loads the compiled method once, for all processes
    connection.close()
    if what == "race":
        race(trial, user, json.loads(rest[0]))
    else:
        kill_on_request(trial, user)


if __name__ == "__main__":
    main()
