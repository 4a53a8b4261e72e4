"""What could reveal an arm after baseline is in no byte that a blinded person can get, and in no table of theirs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import override_settings
from tests.web.databases import use
from tests.web.routes import routes, signed_in
from tests.web.running_trial import Running, open_running_trial
from tests.web.test_follow_up import FOLDER

from calor.web.blinded_role import WITHHELD, grant_blinded
from calor.web.capture.models import Alert
from calor.web.models import Participant
from calor.web.permissions import PERMITTED, UNBLINDED, Action, Role
from calor.web.services import alerts, laboratory, visits
from calor.web.services.laboratory import Typed

CANARY, CORRECTED, REASON, DONE = "7.314159265", "8.471828182", "canary of a reason", "canary of a deed"
SECRETS = (CANARY, CORRECTED, REASON, DONE, "Eosinophils at or above", "eosinophils 7", "Eosinophilia")


@pytest.fixture
def running(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A participant with a withheld value, its correction, and a withheld alert that was taken up."""
    start = datetime.now(UTC) - timedelta(days=20)
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        trial = open_running_trial(code="IVORY")
        trial.register("01-001")
        with monkeypatch.context() as clock:
            clock.setattr("django.utils.timezone.now", lambda: start)
            trial.allocate("01-001")
        participant = Participant.objects.select_related("trial", "site").get()
        visits.record_visit(trial.people[Role.COORDINATOR], participant, "V8", on=start.date() + timedelta(days=11))
        unblinded = trial.people[Role.UNBLINDED_MONITOR]
        laboratory.record_withheld(unblinded, participant, "V8", {"eosinophils": Typed(CANARY, 0.5)})
        corrected = {"eosinophils": Typed(CORRECTED, 0.5, seen=1)}
        laboratory.record_withheld(unblinded, participant, "V8", corrected, reason=REASON)
        alerts.acknowledge_withheld(unblinded, participant.withheldalert_set.first(), done=DONE)
        yield trial


def _obtained(user: Any) -> Iterator[str]:
    """Ask for every address as a person; return what came, with its headers."""
    client = signed_in(user)
    values = {
        "identifier": ["01-001"], "visit": ["V3", "V8"], "number": [1, 2], "trial": ["IVORY"], "site": ["01"],
        "kind": ["adam", "odm", "csv"],
        "path": ["calor/pages.css"], "int": [1], "str": ["IVORY", "01-001", "V8"],
    }  # fmt: skip
    for route in routes():
        if not route.template.startswith("static"):
            for path in route.paths(values):
                answer = client.get(path)
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                yield f"{path} {answer.status_code} {dict(answer.headers)} {body.decode('utf-8', 'replace')}"


@pytest.mark.parametrize("role", [role for role in Role if role not in UNBLINDED])
def test_a_blinded_role_gets_no_byte_of_it(running: Running, role: Role) -> None:
    """A15: of what could reveal an arm."""
    answers = list(_obtained(running.people[role]))
    found = [(secret, answer[:80]) for answer in answers for secret in SECRETS if secret in answer]
    protocol = {"Eosinophils at or above"}  # words of the protocol that a page may print without a value
    assert [pair for pair in found if pair[0] not in protocol or "/participants/" in pair[1]] == []


@pytest.mark.parametrize("role", [Role.UNBLINDED_MONITOR, Role.PHARMACIST])
def test_an_unblinded_role_does_see_it(running: Running, role: Role) -> None:
    text = signed_in(running.people[role]).get("/participants/01-001/visits/V8/").content.decode()
    assert CORRECTED in text
    assert REASON in text


def test_scans_after_baseline_are_told_to_unblinded_people_only(running: Running, tmp_path: Path) -> None:
    shutil.copy(FOLDER / "protocol.toml", tmp_path / "protocol.toml")
    (tmp_path / "results/imaging").mkdir(parents=True)
    head = "USUBJID,PARAMCD,PARAM,AVISIT,ADT,ADY,AVAL,AVALU,CHG\n"
    rows = (
        "01-001,TBRIDX,Index,Baseline,2026-01-01,-1,2.11,1,\n",
        "01-001,TBRIDX,Index,Day 61,2026-03-01,61,1.93,1,-0.18\n",
    )
    (tmp_path / "results/imaging/adpet.csv").write_text(head + "".join(rows), encoding="utf-8")
    told = {}
    with override_settings(TRIAL_FOLDER=str(tmp_path)):
        for role in (Role.COORDINATOR, Role.UNBLINDED_MONITOR):
            text = signed_in(running.people[role]).get("/participants/01-001/").content.decode()
            told[role] = ["2.11" in text, "1.93" in text or "0.18" in text]
    assert told == {Role.COORDINATOR: [True, False], Role.UNBLINDED_MONITOR: [True, True]}


def test_only_unblinded_roles_may_see_or_write_it() -> None:
    for action in (Action.VIEW_WITHHELD, Action.RECORD_WITHHELD, Action.ACKNOWLEDGE_WITHHELD):
        assert PERMITTED[action] <= UNBLINDED


def test_the_blinded_role_of_postgresql_cannot_read_the_withheld_tables(running: Running, database: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS blinded_too")
        cursor.execute("CREATE ROLE blinded_too LOGIN")
    grant_blinded(connection, "blinded_too")
    with psycopg.connect(database.replace("calor@", "blinded_too@"), autocommit=True) as session:
        assert session.execute("SELECT count(*) FROM calor_capture_labvalue").fetchone() == (0,)
        assert session.execute("SELECT count(*) FROM calor_capture_alert").fetchone() == (1,)
        for table in WITHHELD:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(f"SELECT * FROM calor_capture_{table}")  # noqa: S608  (a name of ours)
    use(database.replace("calor@", "blinded_too@"))
    client = signed_in(running.people[Role.COORDINATOR])
    for path in ("", "visits/V8/", "alerts/"):
        address = "/alerts/" if path == "alerts/" else f"/participants/01-001/{path}"
        assert client.get(address).status_code == 200, address
    participant = Participant.objects.select_related("trial", "site").get()
    high = {"alt": Typed("140", 40), "bilirubin": Typed("60", 20)}
    laboratory.record_values(running.people[Role.COORDINATOR], participant, "V8", high)
    assert set(Alert.objects.values_list("rule", flat=True)) == {"review", "liver"}
    use(database)
    with connection.cursor() as cursor:
        cursor.execute("DROP OWNED BY blinded_too")
        cursor.execute("DROP ROLE blinded_too")
