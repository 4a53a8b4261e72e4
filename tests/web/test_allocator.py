"""Two processes on PostgreSQL: the one that serves blinded people can read no arm, whatever it tries."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import override_settings
from tests.web.databases import use
from tests.web.routes import post, routes, signed_in
from tests.web.running_trial import PASSWORD, Running, open_running_trial

from calor.errors import ConductError
from calor.web.audit_check import verify
from calor.web.blinded_role import grant_blinded
from calor.web.encryption import open_arm
from calor.web.keys import write_master_key
from calor.web.models import Allocation, Slot
from calor.web.permissions import UNBLINDED, Role
from calor.web.services import accounts, allocation

# SQLite has no roles.
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

SOURCE = Path(__file__).parents[2] / "src"
HASHERS = [f"django.contrib.auth.hashers.{name}PasswordHasher" for name in ("MD5", "PBKDF2")]
BASE = "/api/trials/IVORY-2"


@dataclass(frozen=True)
class Split:
    """A trial whose pages run apart from its arms.

    Attributes:
        running: The trial.
        owner: Address of the database with all rights.
        blinded: The same with the rights of the pages, which Django now uses.
        arms_key: File of the key that the pages do not have.
    """

    running: Running
    owner: str
    blinded: str
    arms_key: Path


@pytest.fixture
def split(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Split]:
    """Start the process with the key, and go on without it under a role of fewer rights."""
    arms_key, listening = tmp_path / "arms.key", tmp_path / "allocator.sock"
    write_master_key(arms_key)
    monkeypatch.setenv("CALOR_ARMS_KEY_FILE", str(arms_key))
    running = open_running_trial()
    investigator = running.people[Role.INVESTIGATOR]
    with override_settings(PASSWORD_HASHERS=HASHERS):
        # The other process knows the product's hash only.
        investigator.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    investigator.save(update_fields=["password"])
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE pages LOGIN")
    grant_blinded(connection, "pages")
    monkeypatch.delenv("CALOR_ARMS_KEY_FILE")
    monkeypatch.setenv("CALOR_ALLOCATOR", str(listening))
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "CALOR_ARMS_KEY_FILE": str(arms_key)}
    command = [sys.executable, "-m", "calor", "allocator", "serve", database, str(listening)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(1200):
            if listening.exists():
                break
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            time.sleep(0.05)
        blinded = database.replace("calor@", "pages@")
        use(blinded)
        with override_settings(PASSWORD_HASHERS=HASHERS):
            yield Split(running, database, blinded, arms_key)
        process.terminate()
    use(database)
    with connection.cursor() as cursor:
        cursor.execute("DROP OWNED BY pages")
        cursor.execute("DROP ROLE pages")


def test_blinded_people_work_without_a_key_or_a_right_to_the_arms(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = split.running.people
    coordinator, investigator = signed_in(people[Role.COORDINATOR]), signed_in(people[Role.INVESTIGATOR])
    me = {"username": people[Role.INVESTIGATOR].username, "password": PASSWORD}
    for identifier in ("01-001", "01-002"):
        new = {"site": "01", "identifier": identifier, "stratum": "other", "consent_version": "2", "eligible": True}
        assert post(coordinator, f"{BASE}/participants", **new).status_code == 200
    asked = {"key": "k", "stratum": "other"}
    told = post(coordinator, f"{BASE}/participants/01-001/allocation", **asked)
    assert told.status_code == 200, told.content
    assert post(coordinator, f"{BASE}/participants/01-001/allocation", **asked).json() == told.json()
    change = {"field": "stratum", "new": "anterior", "reason": "misread ECG"}
    number = post(coordinator, f"{BASE}/participants/01-002/corrections", **change).json()["correction"]
    assert post(investigator, f"{BASE}/corrections/{number}/signature", **me).status_code == 200
    assert post(investigator, f"{BASE}/participants/01-001/signatures", meaning="reviewed", **me).status_code == 200
    changed = "staple right horse"
    accounts.change_password(people[Role.INVESTIGATOR], old=PASSWORD, new=changed)
    me["password"] = changed
    investigator = signed_in(User.objects.get(pk=people[Role.INVESTIGATOR].pk))
    emergency = {"confirm": "01-001", "reason": "capillary leak", **me}
    wrong = {**emergency, "password": "wrong horse battery"}
    assert post(investigator, f"{BASE}/participants/01-001/unblinding", **wrong).status_code == 409
    arm = post(investigator, f"{BASE}/participants/01-001/unblinding", **emergency).json()["arm"]
    monkeypatch.setenv("CALOR_ARMS_KEY_FILE", str(split.arms_key))
    use(split.owner)
    slot = Allocation.objects.get().slot
    assert split.running.trial.arms[open_arm(slot.sealed_arm, "IVORY-2", "slot", slot.stratum, 0)] == arm
    assert verify().problem is None


def test_every_address_answers_blinded_people_in_that_process(split: Split) -> None:
    split.running.register("01-001")
    split.running.allocate("01-001")
    values = {
        "trial": ["IVORY-2"],
        "identifier": ["01-001"],
        "site": ["01"],
        "kind": ["csv", "odm"],
        "int": [1],
        "path": ["x"],
    }
    for role in set(Role) - UNBLINDED:
        client = signed_in(split.running.people[role])
        for route in routes():
            for path in route.paths(values):
                answer = client.get(path)
                assert answer.status_code < 500, f"{role}: {path}"
        for odd in ("%00", "01-001%00", "9" * 500, "%F0%9F%92%A5"):  # some are no text to PostgreSQL
            assert client.get(f"{BASE}/participants/{odd}").status_code == 404
    client = Client(SERVER_NAME="localhost")
    me = {"username": split.running.people[Role.MONITOR].username, "password": PASSWORD}
    assert client.post("/sign-in/", me).status_code == 302


def test_what_would_bring_arms_through_that_process_is_refused(split: Split) -> None:
    split.running.register("01-001")
    split.running.allocate("01-001")
    pharmacist = signed_in(split.running.people[Role.PHARMACIST])
    administrator = signed_in(split.running.people[Role.ADMINISTRATOR])
    role = {"username": split.running.people["second"].username, "role": "monitor", "reason": "delegation"}
    for answer in (
        post(pharmacist, f"{BASE}/participants/01-001/arm"),
        pharmacist.get(f"{BASE}/sites/01/kits"),
        post(pharmacist, f"{BASE}/kits", site="01", arms=[0]),
        post(administrator, f"{BASE}/roles", **role),
    ):
        assert answer.status_code == 409
        assert "unblinded people" in answer.json()["detail"]
    people, trial = split.running.people, split.running.trial
    for service, how in ((accounts.switch_account, {"on": False}), (accounts.take_authenticator, {})):
        with pytest.raises(ConductError, match="unblinded people"):
            service(people[Role.ADMINISTRATOR], people["second"], trial, reason="left", **how)


FORBIDDEN = (
    "SELECT sealed_arm FROM calor_web_slot",
    "SELECT * FROM calor_web_kit",
    "SELECT sealed FROM calor_web_sealeddraw",
    "UPDATE calor_web_stratumhead SET next_position = 1",
    "INSERT INTO calor_web_rolechange (role, granted) VALUES ('investigator', true)",
    "INSERT INTO calor_web_allocation (key) VALUES ('x')",
    "UPDATE auth_user SET password = 'x'",
    "INSERT INTO auth_user (username) VALUES ('x')",
    "UPDATE calor_web_auditrow SET actor = 'x'",
    "DELETE FROM calor_web_auditrow",
    "TRUNCATE calor_web_auditrow",
    "ALTER TABLE calor_web_auditrow DISABLE TRIGGER ALL",
    "DROP TRIGGER calor_auditrow_update ON calor_web_auditrow",
    "CREATE TABLE x (y integer)",
    "COPY calor_web_slot TO STDOUT",
)


def test_that_process_cannot_read_an_arm_or_write_what_is_not_its_own(split: Split) -> None:
    with psycopg.connect(split.blinded, autocommit=True) as session:
        assert session.execute("SELECT count(position) FROM calor_web_slot").fetchone() == (16,)
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)  # type: ignore[arg-type]


def test_rows_that_process_may_lock_it_still_cannot_change(split: Split) -> None:
    split.running.register("01-001")
    with (
        psycopg.connect(split.blinded, autocommit=True) as session,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        session.execute("UPDATE calor_web_participant SET id = 77")


def test_with_the_key_to_the_audit_trail_only_no_arm_opens(split: Split) -> None:
    use(split.owner)  # a stolen copy of the database
    slot = Slot.objects.first()
    with pytest.raises(ConductError, match="sealed for this place"):
        open_arm(slot.sealed_arm, "IVORY-2", "slot", slot.stratum, slot.position)


def test_without_the_other_process_nothing_is_allocated_and_the_message_says_what_to_do(
    split: Split, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    split.running.register("01-001")
    monkeypatch.setenv("CALOR_ALLOCATOR", str(tmp_path / "nobody.sock"))
    with pytest.raises(ConductError, match="calor allocator serve"):
        split.running.allocate("01-001")
    assert Allocation.objects.count() == 0


def test_that_process_answers_nothing_but_its_own_services(split: Split) -> None:
    from calor.web.allocator import _ASKED, _ask  # noqa: PLC0415

    assert set(_ASKED) == {allocation.allocate.__name__, "activate", "unblind", "judge_harm", "change_password"}
    for service in ("read_arm", "open_arm", "eval"):
        with pytest.raises(ConductError, match="no answer"):
            _ask(os.environ["CALOR_ALLOCATOR"], service, (), {})
