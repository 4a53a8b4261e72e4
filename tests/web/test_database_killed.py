"""PostgreSQL dies in the midst of work and comes back: what was told is there, nothing is half written, no restart."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

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
BEFORE_S, AFTER_S = 2.0, 3.0


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


def _work(client: Client, numbers: range, until: Callable[[], bool]) -> list[tuple[float, str, int, int, str]]:
    """Allocate and record, one after the other; what was refused by the fault is sent again, as a person does."""
    told = []
    for number in numbers:
        for what, do in (("allocate", _allocate), ("medicate", _medicate)):
            while True:
                try:
                    status, said = do(client, number)
                except OSError:
                    status, said = 0, ""
                told.append((time.monotonic(), what, number, status, said))
                if said or what == "medicate" or until():
                    break
                time.sleep(0.1)
            if until():
                return told
    return told


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
    with served(database, FOLDER, tmp_path / "log") as pages, ThreadPoolExecutor(WORKERS) as pool:
        end = [float("inf")]
        work = [
            pool.submit(
                _work, Client(pages.port, session), range(i, WORKERS * 60, WORKERS), lambda: time.monotonic() > end[0]
            )
            for i in range(WORKERS)
        ]
        try:
            time.sleep(BEFORE_S)
            died = time.monotonic()
            server.kill()
            time.sleep(0.5)
            server.start()
            back = time.monotonic()
        finally:
            end[0] = time.monotonic() + AFTER_S
        told = [one for done in work for one in done.result(60)]
    use(database)
    _check(told, died, back)
    use("sqlite:///:memory:")


def _check(told: list[tuple[float, str, int, int, str]], died: float, back: float) -> None:
    kits = dict(Allocation.objects.values_list("participant__identifier", "kit__number"))
    acknowledged = {(number, said) for _, what, number, _, said in told if what == "allocate" and said}
    assert {(number, kits.get(f"01-{number:04}")) for number, _ in acknowledged} == acknowledged
    assert len(set(kits.values())) == len(kits)
    positions = sorted(Allocation.objects.values_list("position", flat=True))
    assert positions == list(range(len(positions)))
    names = list(Medication.objects.values_list("name", flat=True))
    assert {said for _, what, _, _, said in told if what == "medicate" and said} <= set(names)
    assert len(names) == len(set(names))
    assert verify().problem is None  # no record without its audit row, and no row without its record
    assert Participant.objects.count() == WORKERS * 60
    assert [one for one in told if one[0] < died and one[4]], "nothing was told before"
    assert [one for one in told if one[0] > back + 0.5 and one[4]], "the server did not go on"
    assert {status for at, _, _, status, _ in told if status} <= {200, 302, 500}
