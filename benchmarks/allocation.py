"""Allocate 400 participants of one stratum from 8 processes, beside the usual pattern: read a free row, then save it.

    python benchmarks/allocation.py [--participants 400] [--processes 8]

Both write to the disk at every commit. "lost" counts people who were told a place that another holds in the end. Goals:
at least 10 allocations a second, p99 under 1 s, no error, nobody lost. CPU is that of the allocating processes, the
figure to trust on a busy machine. The last column compares how long the two arms took (Kolmogorov-Smirnov): a small p
would mean that the time of an answer tells the arm.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
FOLDER = Path(tempfile.mkdtemp(prefix="calor-allocation-"))
os.environ["CALOR_KEY_FILE"] = str(FOLDER / "master.key")
(FOLDER / "master.key").write_text(os.urandom(32).hex())
(FOLDER / "master.key").chmod(0o600)

from calor.web.encryption import open_arm  # first of all: it starts Django  # noqa: E402

# isort: split
from django.db import connection  # noqa: E402
from scipy.stats import ks_2samp  # noqa: E402
from tests.web.databases import migrate, postgresql_programs, postgresql_server, sql, use  # noqa: E402
from tests.web.running_trial import Running, open_running_trial  # noqa: E402

from calor.web.models import Allocation  # noqa: E402
from calor.web.permissions import Role  # noqa: E402

Told = list[tuple[str, str, float]]
Run = tuple[Told, float, dict[str, str]]


def read_then_save(identifiers: list[str]) -> Told:
    """Take the first free row and save it, as an ORM's `filter(...).first()` and `save()` do."""
    told = []
    for identifier in identifiers:
        began = time.perf_counter()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT id FROM read_then_save WHERE subject = '' ORDER BY id LIMIT 1")
                (place,) = cursor.fetchone()
                cursor.execute("UPDATE read_then_save SET subject = %s WHERE id = %s", [identifier, place])
            answer = str(place)
        except Exception as error:  # noqa: BLE001  (counted)
            answer = f"error {type(error).__name__}"
        told.append((identifier, answer, time.perf_counter() - began))
    return told


def at_once(work: Callable[[list[str]], Told], lists: list[list[str]]) -> Told:
    """Fork a process for each list, all starting together."""
    connection.close()
    start, go = os.pipe()
    answers, children = [], []
    for each in lists:
        answer, told = os.pipe()
        children.append(os.fork())
        if children[-1] == 0:
            os.close(go)
            connection.ensure_connection()
            os.read(start, 1)
            os.write(told, json.dumps(work(each)).encode())
            os._exit(0)
        os.close(told)
        answers.append(answer)
    time.sleep(0.3)
    os.close(go)
    all_told = [tuple(one) for answer in answers for one in json.load(os.fdopen(answer))]
    for child in children:
        os.waitpid(child, 0)
    return all_told


def baseline(lists: list[list[str]]) -> Run:
    """Run the usual pattern."""
    identifiers = [identifier for each in lists for identifier in each]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE read_then_save (id integer PRIMARY KEY, subject text NOT NULL)")
        cursor.executemany("INSERT INTO read_then_save VALUES (%s, '')", [[i] for i in range(len(identifiers))])
    told = at_once(read_then_save, lists)
    wall = _wall(told, lists)
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject, id FROM read_then_save WHERE subject <> ''")
        return told, wall, {subject: str(place) for subject, place in cursor.fetchall()}


def calor(database: str, running: Running, lists: list[list[str]]) -> Run:
    """Run `calor.web.services.allocation.allocate`."""
    command = [sys.executable, str(ROOT / "tests/web/allocating_process.py"), "race", running.trial.code]
    tasks = [[("allocate", identifier) for identifier in each] for each in lists]
    environment = {**os.environ, "CALOR_DATABASE": database, "PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run(
        [*command, running.people[Role.COORDINATOR].username, json.dumps(tasks)],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    told = [tuple(one) for one in json.loads(run.stdout)]
    return told, _wall(told, lists), dict(Allocation.objects.values_list("participant__identifier", "kit__number"))


def _with_cpu(run: Callable[[], Run]) -> tuple[Told, float, dict[str, str], float]:
    """Run, and add the CPU seconds of the processes started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (*done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _wall(told: Told, lists: list[list[str]]) -> float:
    """Return how long the slowest process was busy."""
    taken = {who: seconds for who, _, seconds in told}
    return max(sum(taken[who] for who in each) for each in lists)


def show(name: str, told: Told, wall: float, held: dict[str, str], cpu: float, arms: dict[str, int]) -> None:
    """Print one line."""
    seconds = sorted(taken for _, _, taken in told)
    errors = sum(answer.startswith("error") for _, answer, _ in told)
    lost = sum(held.get(who) != answer for who, answer, _ in told if not answer.startswith("error"))
    p50, p99 = (1000 * seconds[int(share * (len(seconds) - 1))] for share in (0.5, 0.99))
    by_arm = [[taken for who, _, taken in told if arms.get(who) == arm] for arm in (0, 1)]
    p = f"{ks_2samp(*by_arm).pvalue:.2f}" if all(by_arm) else "-"
    times = f"{len(told) / wall:8.0f}/s{p50:8.0f} ms{p99:8.0f} ms{1000 * cpu / len(told):8.1f} ms"
    print(f"{name:34}{times}{errors:8}{lost:6}{p:>8}")


def measure(database: str, participants: int, processes: int) -> None:
    """Run both patterns on one database."""
    use(database)
    kind = database.split(":", 1)[0]
    identifiers = [f"01-{i:04}" for i in range(participants)]
    lists = [identifiers[i::processes] for i in range(processes)]
    show(f"read, then save; {kind}", *_with_cpu(lambda: baseline(lists)), {})
    running = open_running_trial(length=participants, kits=participants, strata=("anterior",))
    for identifier in identifiers:
        running.register(identifier)
    done = _with_cpu(lambda: calor(database, running, lists))
    slots = Allocation.objects.select_related("slot", "participant")
    arms = {
        each.participant.identifier: open_arm(
            each.slot.sealed_arm, running.trial.code, "slot", each.slot.stratum, each.slot.position
        )
        for each in slots
    }
    show(f"calor; {kind}", *done, arms)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=400)
    parser.add_argument("--processes", type=int, default=8)
    given = parser.parse_args()
    machine = f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} CPUs"
    print(f"{given.participants} participants, {given.processes} processes; {machine}, load {os.getloadavg()[0]:.1f}")
    print(f"{'':34}{'':10}{'p50':>11}{'p99':>11}{'CPU each':>11}{'errors':>8}{'lost':>6}{'KS p':>8}")
    sqlite = f"sqlite:///{FOLDER / 'trial.sqlite3'}"
    migrate(sqlite)
    measure(sqlite, given.participants, given.processes)
    if postgresql_programs() is None:
        print("PostgreSQL is not installed")
        return
    with postgresql_server(fsync=True) as server:
        sql(server, "CREATE DATABASE trial")
        migrate(server + "trial")
        measure(server + "trial", given.participants, given.processes)
        connection.close()


if __name__ == "__main__":
    main()
