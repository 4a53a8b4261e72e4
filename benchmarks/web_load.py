# ruff: noqa: E402 (the environment comes before Django)
"""Fifty coordinators at work for a minute, over HTTP, on SQLite and on PostgreSQL.

    python benchmarks/web_load.py [--coordinators 50] [--seconds 60] [--think 5]

The server is a process of its own: for PostgreSQL as docs/how-to/production.md starts it, for SQLite as `calor serve`
does. Each coordinator has a session and, again and again, thinks for some seconds (exponential, as stated), then reads
a page (today, worklist, a participant, a visit, the alerts) or, once in five, writes: a medication, a participant with
an allocation, or a candidate randomized, whose criteria are judged again on the records. Baseline in the same run: one
coordinator alone. Goals: no error, p95 under 500 ms, flat memory. CPU is that of the server, the figure to trust on a
busy machine; memory is its resident set after the baseline and at the end.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
PLACE = Path(tempfile.mkdtemp(prefix="calor-load-"))
os.environ["CALOR_KEY_FILE"] = str(PLACE / "master.key")
(PLACE / "master.key").write_text(os.urandom(32).hex())
(PLACE / "master.key").chmod(0o600)
os.environ["CALOR_TRIAL_FOLDER"] = str(PLACE)

from calor.web.permissions import Role  # first of all: it starts Django

# isort: split
from tests.web.databases import migrate, postgresql, postgresql_programs, sql, use
from tests.web.running_trial import open_running_trial
from tests.web.serving import TOKEN, Client, served, session_of

from calor.simulate.candidates import candidate_records
from calor.trial.screening import WORKLIST, screen

READ = ("/", "/screening/", "/participants/", "/participants/01-0001/", "/participants/01-0001/visits/V8/", "/alerts/")
Answer = tuple[int, bytes]


@dataclass(frozen=True)
class Asked:
    """One request: what it was for, how long it took [s], and what was wrong with the answer."""

    what: str
    took_s: float
    wrong: str


class Coordinator:
    """One person at work."""

    def __init__(self, client: Client, seed: int, numbers: count[int], candidates: list[int]) -> None:
        self.client, self.draw, self.numbers, self.candidates = client, random.Random(seed), numbers, candidates

    def work(self, until: float, think_s: float) -> list[Asked]:
        """Think and ask until the time is over."""
        told: list[Asked] = []
        time.sleep(self.draw.uniform(0, think_s))
        while time.monotonic() < until:
            if self.draw.random() < 0.8:
                self._ask(told, "read", lambda: self.client.get(self.draw.choice(READ)))
            else:
                self.draw.choice([self._medicate, self._allocate, self._randomize])(told)
            time.sleep(self.draw.expovariate(1 / think_s))
        return told

    def _ask(self, told: list[Asked], what: str, ask: Callable[[], Answer]) -> bytes:
        began = time.perf_counter()
        try:
            status, body = ask()
        except OSError as error:
            status, body = 0, str(error).encode()
        wrong = "" if status in (200, 302) else f"{status} {body[-300:]!r}"
        told.append(Asked(what, time.perf_counter() - began, wrong))
        return body

    def _medicate(self, told: list[Asked]) -> None:
        sent = {"csrfmiddlewaretoken": TOKEN, "seen": 0, "name": "Aspirin", "dose": "75 mg", "indication": "Prevention"}
        sent["started"] = datetime.now(UTC).date().isoformat()
        self._ask(told, "write", lambda: self.client.post("/participants/01-0001/medication/new/", sent))

    def _allocate(self, told: list[Asked]) -> None:
        identifier, base = f"01-{1000 + next(self.numbers)}", "/api/trials/IVORY/participants"
        new = {"site": "01", "identifier": identifier, "stratum": "all", "consent_version": "2", "eligible": True}
        self._ask(told, "write", lambda: self.client.post(base, new))
        asked = {"key": identifier, "stratum": "all"}
        self._ask(told, "allocate", lambda: self.client.post(f"{base}/{identifier}/allocation", asked))

    def _randomize(self, told: list[Asked]) -> None:
        """Take the next eligible candidate through consent and the click, as the page does."""
        if not self.candidates:
            return
        page = f"/screening/{self.candidates.pop()}/"
        today = {"version": "2", "signed_on": datetime.now(UTC).date().isoformat(), "csrfmiddlewaretoken": TOKEN}
        self._ask(told, "write", lambda: self.client.post(f"{page}consent/", today))
        shown = self._ask(told, "read", lambda: self.client.get(page)).decode()
        fields = {name: _value(shown, name) for name in ("seen", "key")} | {"csrfmiddlewaretoken": TOKEN}
        rules = {part.split('"')[0]: "on" for part in shown.split('name="rule_')[1:]}
        sent = fields | {f"rule_{name}": on for name, on in rules.items()}
        self._ask(told, "judge and allocate", lambda: self.client.post(f"{page}randomize/", sent))


def _value(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="')[1].split('"', maxsplit=1)[0]


def resident_mib(process: int) -> float:
    """Return a process's resident set."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_s(process: int) -> float:
    """Return the time that a process has computed."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def prepare(database: str) -> list[str]:
    """Open a trial with a participant; return sessions of as many coordinators as work at once."""
    migrate(database)
    use(database)
    running = open_running_trial(code="IVORY", length=1000, kits=600, strata=("all",))
    running.register("01-0001", "all")
    running.allocate("01-0001")
    return [session_of(running.people[Role.COORDINATOR]) for _ in range(2)]


def measure(name: str, database: str, given: argparse.Namespace, candidates: list[int]) -> None:
    """Let one coordinator work alone, then all together, and print a line for each kind of request."""
    sessions, numbers = prepare(database), count()
    with served(database, PLACE, PLACE / "log") as server:
        for people, seconds in ((1, max(5.0, given.seconds / 4)), (given.coordinators, given.seconds)):
            before_s, before_mib, until = (
                cpu_s(server.process),
                resident_mib(server.process),
                time.monotonic() + seconds,
            )
            work = [
                Coordinator(Client(server.port, sessions[i % 2]), i, numbers, candidates).work for i in range(people)
            ]
            with ThreadPoolExecutor(people) as pool:
                think = given.think if people > 1 else 0.2
                told = [one for done in pool.map(lambda go: go(until, think), work) for one in done]  # noqa: B023
            spent = (cpu_s(server.process) - before_s, before_mib, resident_mib(server.process))
            report(f"{name}, {people} at once", told, seconds, spent)
    use("sqlite:///:memory:")


def report(title: str, told: list[Asked], seconds: float, spent: tuple[float, float, float]) -> None:
    """Print what came back."""
    wrong = [one for one in told if one.wrong]
    computed_s, before_mib, after_mib = spent
    print(
        f"\n{title}: {len(told)} requests in {seconds:.0f} s, {len(wrong)} errors; server: {computed_s:.1f} s CPU, "
        f"{1000 * computed_s / max(len(told), 1):.0f} ms a request; memory {before_mib:.0f} to {after_mib:.0f} MiB"
    )
    for what in sorted({one.what for one in told} | {"all"}):
        took_ms = [1000 * one.took_s for one in told if what in (one.what, "all")]
        p50, p95, p99 = np.percentile(took_ms, (50, 95, 99))
        print(f"  {what:20} {len(took_ms):6}  p50 {p50:6.0f} ms  p95 {p95:6.0f} ms  p99 {p99:6.0f} ms")
    for one in wrong[:3]:
        print(f"  {one.what}: {one.wrong}")


def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coordinators", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=5)
    given = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; think {given.think:g} s")
    candidates = screened_candidates()
    measure("SQLite", f"sqlite:///{PLACE / 'trial.sqlite3'}", given, list(candidates))
    if postgresql_programs() is None:
        print("PostgreSQL is not installed")
        return
    with postgresql(fsync=True) as server:
        sql(server.address, "CREATE DATABASE trial")
        measure("PostgreSQL", f"{server.address}trial", given, list(candidates))


def screened_candidates() -> list[int]:
    """Write the trial's folder with screened records, and return who is eligible."""
    import pandas as pd  # noqa: PLC0415

    protocol = (ROOT / "examples/ivory/protocol.toml").read_text(encoding="utf-8")
    (PLACE / "protocol.toml").write_text(protocol, encoding="utf-8")
    (PLACE / "records").mkdir()
    for name, table in candidate_records(np.random.default_rng(3), datetime.now(UTC).date(), persons=300).items():
        table.to_parquet(PLACE / "records" / f"{name}.parquet", index=False)
    screen(PLACE)
    table = pd.read_parquet(PLACE / "results/screening" / WORKLIST.rsplit("/", 1)[-1])
    return [int(person) for person in table[table["status"] == "eligible"]["person_id"]]


if __name__ == "__main__":
    main()
