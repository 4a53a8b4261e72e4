"""Two worlds: swap every arm, do the same things, and nothing that a blinded person can obtain differs by a byte."""

from __future__ import annotations

import itertools
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone
from tests.web.databases import sql, use
from tests.web.routes import post, routes, signed_in
from tests.web.running_trial import ARMS, PASSWORD, Running, open_running_trial
from tests.web.superuser import without_triggers
from tests.web.test_concealment import columns_in_the_clear

from calor.web.encryption import open_arm, seal_arm
from calor.web.models import Kit, Participant, Slot
from calor.web.permissions import UNBLINDED, Role
from calor.web.services import exports, laboratory, unblinding
from calor.web.services.laboratory import Typed

FOLDER = Path(__file__).parents[2] / "examples" / "ivory"
CODE = "IVORY"  # the trial of that folder, which the pages serve
BLINDED = tuple(role for role in Role if role not in UNBLINDED)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00)?")  # of libraries with a clock of their own
# Tokens against forged requests, and the key that a new authenticator is given.
RANDOM = re.compile(r"(csrfmiddlewaretoken\W+value=\W|X-CSRFToken\W+|secret=|class=\"key\">)(\w{4} ?)+")
SEALED = re.compile(r"(name=\"sealed\" value=\")[\w=-]+")
DAY = timedelta(days=1)
# Of more digits than any time has, lest a timestamp holds one.
VALUES = ("0.211592653", "0.341828459")


Clock = Callable[[int], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the server's clock to some days before one instant; it goes on by a millisecond each time it is asked."""
    start = datetime.now(UTC)

    def set_to(days_before: int) -> None:
        ticks = itertools.count()
        then = start - days_before * DAY
        monkeypatch.setattr("django.utils.timezone.now", lambda: then + timedelta(milliseconds=next(ticks)))

    return set_to


def _copy_database(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Copy a database as it is, and return the copy's address."""
    use("sqlite:///:memory:")
    if database.startswith("sqlite"):
        copy = tmp_path / "copy.sqlite3"
        shutil.copy(database.removeprefix("sqlite:///"), copy)
        return f"sqlite:///{copy}"
    original = database.rsplit("/", 1)[1]
    sql(request.getfixturevalue("postgresql"), f"CREATE DATABASE {original}_copy TEMPLATE {original}")
    return f"{database}_copy"


def _swap_all_arms(trial: str) -> None:
    with without_triggers():
        for slot in Slot.objects.all():
            place = ("slot", slot.stratum, slot.position)
            arm = 1 - open_arm(slot.sealed_arm, trial, *place)
            Slot.objects.filter(pk=slot.pk).update(sealed_arm=seal_arm(arm, trial, *place))
        for kit in Kit.objects.all():
            arm = 1 - open_arm(kit.sealed_arm, trial, "kit", kit.number)
            Kit.objects.filter(pk=kit.pk).update(sealed_arm=seal_arm(arm, trial, "kit", kit.number))


class Observer:
    """Everything that blinded people obtain, in order: answers with headers, sizes and queries, and the log."""

    def __init__(self, running: Running, log: pytest.LogCaptureFixture) -> None:
        self.log, self.seen, self.running = log, list[str](), running
        self.sign_in()

    def sign_in(self) -> None:
        """Sign everybody in, as of the clock."""
        self.clients = {role: signed_in(self.running.people[role]) for role in BLINDED}
        self.log.clear()

    def get(self, role: Role, path: str) -> Any:
        return self._note(f"{role} GET {path}", lambda: self.clients[role].get(path))

    def post(self, role: Role, path: str, **body: object) -> Any:
        return self._note(f"{role} POST {path}", lambda: post(self.clients[role], path, **body))

    def form(self, role: Role, path: str, **fields: object) -> Any:
        return self._note(f"{role} FORM {path}", lambda: self.clients[role].post(path, fields))

    def _note(self, asked: str, send: Callable[[], Any]) -> Any:
        with CaptureQueriesContext(connection) as queries:
            answer = send()
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        headers = [f"{name}: {value}" for name, value in sorted(answer.headers.items())]
        # Their values are random and their end is a time; both are of one length.
        cookies = [f"{name}: {len(cookie.OutputString())}" for name, cookie in sorted(answer.cookies.items())]
        size = f"{answer.status_code}, {len(body)} bytes, {len(queries)} queries"
        log = TIME.sub("TIME", self.log.text)
        parts = [asked, size, *headers, *cookies, body.decode("utf-8", "replace"), log]
        self.seen.append(SEALED.sub(r"\1RANDOM", RANDOM.sub(r"\1RANDOM", "\n".join(parts))))
        self.log.clear()
        return answer


def _live(running: Running, log: pytest.LogCaptureFixture, clock: Clock, withheld: str) -> tuple[list[str], list[str]]:
    """Run a trial over HTTP; return all that blinded people obtain, and the arms that are not theirs.

    `withheld` is a value that only the unblinded see; it is another in the other world.
    """
    clock(20)
    observer, base = Observer(running, log), f"/api/trials/{CODE}"
    coordinator, investigator = Role.COORDINATOR, Role.INVESTIGATOR
    for i in range(6):
        new = {"identifier": f"01-{i:03}", "stratum": ("anterior", "other")[i % 2], "consent_version": "2"}
        observer.post(coordinator, f"{base}/participants", site="01", eligible=True, **new)
        observer.post(coordinator, f"{base}/participants/01-{i:03}/allocation", key=f"key {i}", stratum=new["stratum"])
    _err(observer, base)
    me = {"username": running.people[investigator].username, "password": PASSWORD}
    correction = {"field": "stratum", "new": "other", "reason": "misread ECG"}
    number = observer.post(coordinator, f"{base}/participants/01-000/corrections", **correction).json()["correction"]
    observer.post(investigator, f"{base}/corrections/{number}/signature", **me)
    observer.post(investigator, f"{base}/participants/01-001/signatures", meaning="reviewed", **me)
    _unblind(running, base, me)
    clock(0)
    observer.sign_in()
    _capture(observer, f"{base}/participants/01-001", withheld)
    for role, path in _every_address():
        observer.get(role, path)
    observer.seen += columns_in_the_clear()
    allocated = Participant.objects.filter(allocation__isnull=False).order_by("pk")
    arms = [unblinding.read_arm(running.people[Role.PHARMACIST], participant) for participant in allocated]
    return observer.seen, arms


def _capture(observer: Observer, one: str, withheld: str) -> None:
    """Follow a participant: visits, values, events, a laboratory's file, queries, alerts, exports."""
    running, coordinator, investigator = observer.running, Role.COORDINATOR, Role.INVESTIGATOR
    randomized = timezone.now().date() - 20 * DAY
    for visit, day in (("V3", 0), ("V8", 11)):
        observer.post(coordinator, f"{one}/visits/{visit}", on=str(randomized + day * DAY))
    high = {"alt": {"told": "140", "upper": 40}, "bilirubin": {"told": "60", "upper": 20}}
    observer.post(coordinator, f"{one}/visits/V8/values", values=high)
    participant = Participant.objects.select_related("trial", "site").get(identifier="01-001")
    eosinophils = {"eosinophils": Typed(withheld, 0.5)}
    laboratory.record_withheld(running.people[Role.UNBLINDED_MONITOR], participant, "V8", eosinophils)
    observer.post(coordinator, f"{one}/visits/V8/values", values={"eosinophils": {"told": "0.9"}})
    told = {"onset": str(randomized), "learned_at": f"{randomized}T23:59:00Z", "grade": 3, "criteria": ["hospital"]}
    observer.post(coordinator, f"{one}/events", term="Fever", **told)
    drug = {"name": "Aspirin", "dose": "75 mg", "indication": "Prevention", "started": str(randomized)}
    observer.post(coordinator, f"{one}/medication", **drug)
    observer.post(Role.MONITOR, f"{one}/queries", about="Day 12", text="Is the day right?")
    rows = ("01-001,V8,AST,33,U/L", "01-001,V8,BILI,61,umol/L", "01-001,V8,EOS,0.4,10*9/L", "01-001,V8,HSCRP,2.5,mg/L")
    content = "\n".join(["participant,visit,analyte,value,unit", *rows]).encode()
    preview = observer.form(coordinator, "/laboratory-files/", file=SimpleUploadedFile("a.csv", content))
    sealed = preview.context["form"]["sealed"].value()
    observer.form(coordinator, "/laboratory-files/", sealed=sealed, reason="Repeated")
    observer.form(investigator, "/laboratory-files/", sealed=sealed, reason="Repeated")
    for role in (Role.MONITOR, Role.STATISTICIAN, investigator):
        for kind in exports.Kind:
            observer.form(role, "/exports/", kind=kind)
    for kind in exports.Kind:
        exports.export_unblinded(running.people[Role.UNBLINDED_MONITOR], running.trial, kind)


def _err(observer: Observer, base: str) -> None:
    """Do what is refused: unknown, repeated, malformed, forbidden, and once the list is exhausted."""
    observer.post(Role.COORDINATOR, f"{base}/participants/01-999/allocation", key="x", stratum="anterior")
    observer.post(Role.COORDINATOR, f"{base}/participants/01-000/allocation", key="key 1", stratum="anterior")
    observer.post(Role.COORDINATOR, f"{base}/participants/01-000/allocation", key="x", arm=1)
    observer.post(Role.STATISTICIAN, f"{base}/participants/01-000/unblinding", confirm="01-000", reason="curious")
    observer.post(Role.MONITOR, f"{base}/participants/01-000/arm")
    for i in range(10, 14):
        new = {"identifier": f"01-{i:03}", "stratum": "anterior", "consent_version": "2", "eligible": True}
        observer.post(Role.COORDINATOR, f"{base}/participants", site="01", **new)
    for i in range(10, 13):  # of five places, three are used
        observer.post(Role.COORDINATOR, f"{base}/participants/01-{i:03}/allocation", key=f"key {i}", stratum="anterior")


def _unblind(running: Running, base: str, me: dict[str, str]) -> None:
    """Unblind one participant; the one who is told is blinded to her no longer, and not observed here."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(running.people[Role.INVESTIGATOR])
    asked = {"confirm": "01-000", "reason": "capillary leak", **me}
    assert post(client, f"{base}/participants/01-000/unblinding", **asked).json()["arm"] in ARMS


def _every_address() -> Iterator[tuple[Role, str]]:
    values = {
        "trial": [CODE],
        "site": ["01"],
        "identifier": ["01-000", "01-001", "01-999"],  # one was unblinded
        "kind": ["adam", "odm", "csv", "arms"],
        "path": ["calor/pages.css"],
        "int": [1, 999],
        "visit": ["V8", "V99"],
        "str": [CODE, "01-000", "absent"],
    }
    for role in BLINDED:
        for route in routes():
            read = not isinstance(route.view.action, dict) or "GET" in route.view.action
            for path in route.paths(values) if read else route.paths(values)[:1]:
                yield role, path


def test_two_worlds_with_arms_swapped_look_the_same_to_blinded_people(
    database: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
    clock: Clock,
) -> None:
    """A5.1: bytes, headers, sizes, numbers of queries and logs."""
    caplog.set_level(logging.DEBUG)
    # Statements are counted instead, and codecs tell what they find when they are first loaded.
    for chatty in ("django.db.backends", "pylibjpeg", "openjpeg", "libjpeg"):
        logging.getLogger(chatty).setLevel(logging.INFO)
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        running = open_running_trial(code=CODE, length=5)
        copy = _copy_database(database, tmp_path, request)
        use(database)
        seen, arms = _live(running, caplog, clock, VALUES[0])
        use(copy)
        _swap_all_arms(running.trial.code)
        seen_swapped, arms_swapped = _live(running, caplog, clock, VALUES[1])
    use("sqlite:///:memory:")
    assert [ARMS[1 - ARMS.index(arm)] for arm in arms] == arms_swapped  # the worlds do differ
    for one, other in zip(seen, seen_swapped, strict=True):
        assert one == other
    assert not any("\n500, " in one for one in seen)
    assert not any(value in one for value, world in ((VALUES[0], seen), (VALUES[1], seen_swapped)) for one in world)
    downloads = [one for one in seen if "attachment" in one]
    assert len(downloads) == 9
    answered = [one for one in seen if "\n200, " in one]
    assert len(answered) > 60
    told = [one for one in seen if " /api/" in one]  # pages may print the protocol, and with it the names of arms
    assert not any(arm in one for arm in ARMS for one in told)
