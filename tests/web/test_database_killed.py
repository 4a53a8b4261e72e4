"""PostgreSQL dies in the midst of work and comes back: what was told is there, nothing is half written, no restart."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import NamedTuple

import pytest
from tests.web.databases import Server, migrate, postgresql, postgresql_programs, sql, use
from tests.web.running_trial import open_running_trial
from tests.web.serving import TOKEN, Client, served, session_of
from tests.web.test_follow_up import FOLDER

from calor.web.audit_check import verify
from calor.web.capture.models import Medication
from calor.web.models import Allocation, Participant
from calor.web.permissions import Role

WORKERS = 4


class Told(NamedTuple):
    """What a person was told, and when."""

    at: float
    what: str
    number: int
    status: int
    said: str


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of its own, which writes to the disk at each commit."""
    if postgresql_programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with postgresql(fsync=True) as started:
        yield started


def _allocate(client: Client, number: int) -> tuple[int, str]:
    status, body = client.post(
        f"/api/trials/IVORY/participants/01-{number:04}/allocation", {"key": f"key {number}", "stratum": "anterior"}
    )
    return status, json.loads(body)["kit"] if status == 200 else ""


def _medicate(client: Client, number: int) -> tuple[int, str]:
    name = f"Drug {number}"
    today = datetime.now(UTC).date().isoformat()
    sent = {"csrfmiddlewaretoken": TOKEN, "seen": 0, "name": name, "dose": "1", "indication": "x", "started": today}
    status, _ = client.post("/participants/01-0000/medication/new/", sent)
    return status, name if status == 302 else ""


def _work(client: Client, numbers: range, told: list[Told], end: Event) -> None:
    """Allocate and record, one after the other; what was refused by the fault is sent again, as a person does."""
    for number in numbers:
        for what, do in (("allocate", _allocate), ("medicate", _medicate)):
            while not end.is_set():
                try:
                    status, said = do(client, number)
                except OSError:
                    status, said = 0, ""
                told.append(Told(time.monotonic(), what, number, status, said))
                if said or what == "medicate":
                    break
                end.wait(0.1)


def _wait_for(enough: Callable[[], bool], what: str) -> None:
    for _ in range(1200):
        if enough():
            return
        time.sleep(0.1)
    pytest.fail(what)


@pytest.mark.slow
def test_nothing_that_was_told_is_lost_and_the_server_goes_on(server: Server, tmp_path: Path) -> None:
    """A17: SIGKILL to every process of PostgreSQL while four people work over HTTP."""
    sql(server.address, "CREATE DATABASE killed")
    database = f"{server.address}killed"
    migrate(database)
    use(database)
    running = open_running_trial(code="IVORY", length=1200, kits=1600, strata=("anterior",))
    for number in range(WORKERS * 60):
        running.register(f"01-{number:04}")
    session = session_of(running.people[Role.COORDINATOR])
    running.allocate("01-0000", "key 0")
    told: list[Told] = []
    end = Event()
    with served(database, FOLDER, tmp_path / "log") as pages, ThreadPoolExecutor(WORKERS) as pool:
        shares = [range(i, WORKERS * 60, WORKERS) for i in range(WORKERS)]
        work = [pool.submit(_work, Client(pages.port, session), share, told, end) for share in shares]
        try:
            _wait_for(lambda: sum(bool(one.said) for one in list(told)) > 2 * WORKERS, "nothing was told before")
            server.kill()
            _wait_for(lambda: bool(told) and not told[-1].said, "nobody noticed")
            server.start()
            back = time.monotonic()
            _wait_for(lambda: any(one.said and one.at > back for one in list(told)), "the server did not go on")
        finally:
            end.set()
        for done in work:
            done.result(60)
    use(database)
    _check(told)
    use("sqlite:///:memory:")


def _check(told: list[Told]) -> None:
    kits = dict(Allocation.objects.values_list("participant__identifier", "kit__number"))
    acknowledged = {(one.number, one.said) for one in told if one.what == "allocate" and one.said}
    assert {(number, kits.get(f"01-{number:04}")) for number, _ in acknowledged} == acknowledged
    assert len(set(kits.values())) == len(kits)
    positions = sorted(Allocation.objects.values_list("position", flat=True))
    assert positions == list(range(len(positions)))
    names = list(Medication.objects.values_list("name", flat=True))
    assert {one.said for one in told if one.what == "medicate" and one.said} <= set(names)
    assert len(names) == len(set(names))
    assert verify().problem is None  # no record without its audit row, and no row without its record
    assert Participant.objects.count() == WORKERS * 60
    assert {one.status for one in told if one.status} <= {200, 302, 500}
