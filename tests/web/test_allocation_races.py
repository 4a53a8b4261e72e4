"""Eight processes at once, and processes killed at every statement: no participant is lost and no place skipped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.web.running_trial import Running, open_running_trial

from calor.web.audit_check import verify
from calor.web.models import Allocation, AuditRow, StratumHead
from calor.web.permissions import Role

WORKER = Path(__file__).with_name("allocating_process.py")
SOURCE = Path(__file__).parents[2] / "src"
PROCESSES = 8

Told = list[tuple[str, str, float]]


def _start(database: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "CALOR_DATABASE": database, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, str(WORKER), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def race(database: str, running: Running, lists: list[list[str]]) -> Told:
    """Let one process allocate each list, all starting together."""
    return at_once(database, running, [[("allocate", identifier) for identifier in each] for each in lists])


def at_once(database: str, running: Running, lists: list[list[tuple[str, str]]]) -> Told:
    """Let one process do each list of tasks, all starting together."""
    user = running.people[Role.COORDINATOR].username
    with _start(database, "race", running.trial.code, user, json.dumps(lists)) as process:
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return [(identifier, kit, seconds) for identifier, kit, seconds in json.loads(out)]


def _check_400(told: Told, identifiers: list[str]) -> None:
    assert sorted(identifier for identifier, _, _ in told) == sorted(identifiers)
    errors = [kit for _, kit, _ in told if kit.startswith("error")]
    assert not errors, errors[:3]
    held = dict(Allocation.objects.values_list("participant__identifier", "kit__number"))
    assert held == {identifier: kit for identifier, kit, _ in told}
    assert len(set(held.values())) == len(identifiers)
    in_order_of_writing = list(Allocation.objects.order_by("pk").values_list("position", flat=True))
    assert in_order_of_writing == list(range(len(identifiers)))
    assert StratumHead.objects.get().next_position == len(identifiers)
    assert verify().problem is None


@pytest.mark.usefixtures("on_disk")
def test_eight_processes_give_400_participants_400_places_in_list_order(database: str) -> None:
    running = open_running_trial(length=400, kits=400, strata=("anterior",))
    identifiers = [f"01-{i:03}" for i in range(400)]
    for identifier in identifiers:
        running.register(identifier)
    told = race(database, running, [identifiers[i::PROCESSES] for i in range(PROCESSES)])
    _check_400(told, identifiers)


def test_the_same_participants_from_eight_processes_get_one_place_each(database: str) -> None:
    """A17"""
    running = open_running_trial(length=20, strata=("anterior",))
    identifiers = [f"01-{i:03}" for i in range(10)]
    for identifier in identifiers:
        running.register(identifier)
    told = race(database, running, [identifiers] * PROCESSES)
    assert len(told) == 80
    assert len({(identifier, kit) for identifier, kit, _ in told}) == 10
    assert Allocation.objects.count() == StratumHead.objects.get().next_position == 10
    assert verify().problem is None


def test_registering_and_allocating_at_once_never_wait_for_each_other_in_a_circle(database: str) -> None:
    """A17: whoever registers holds the end of the audit trail and, at the commit, asks for the site's key."""
    running = open_running_trial(length=40, kits=80, strata=("anterior",))
    waiting, new = [f"01-{i:03}" for i in range(40)], [f"01-{i:03}" for i in range(100, 140)]
    for identifier in waiting:
        running.register(identifier)
    tasks = [[("allocate", i) for i in waiting[k::2]] for k in (0, 1)] + [
        [("register", i) for i in new[k::2]] for k in (0, 1)
    ]
    told = at_once(database, running, tasks)
    assert [answer for _, answer, _ in told if answer.startswith("error")] == []
    assert Allocation.objects.count() == 40
    assert verify().problem is None


def test_a_process_killed_at_any_statement_leaves_none_or_one_and_the_retry_is_right(database: str) -> None:
    """A17"""
    running = open_running_trial(length=60, kits=120, strata=("anterior",))
    with _start(database, "kill", running.trial.code, running.people[Role.COORDINATOR].username) as killer:
        running.register("01-000")
        statements = int(_ask(killer, "01-000 0"))  # told nobody, but committed
        assert _answer(killer) == str(int(signal.SIGKILL))
        held = Allocation.objects.get().kit.number
        assert running.allocate("01-000").kit == held
        assert statements > 8
        for statement in range(1, statements + 1):
            identifier = f"01-{statement:03}"
            running.register(identifier)
            before = Allocation.objects.count(), AuditRow.objects.count()
            assert _ask(killer, f"{identifier} {statement}") == str(int(signal.SIGKILL))
            assert (Allocation.objects.count(), AuditRow.objects.count()) == before, f"statement {statement}"
            assert verify().problem is None
            running.allocate(identifier)
            assert Allocation.objects.get(participant__identifier=identifier).position == statement
        assert killer.stdin is not None
        killer.stdin.close()
    assert verify().problem is None


def _ask(process: subprocess.Popen[str], line: str) -> str:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return _answer(process)


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
