"""Every form of the pages, filled in as somebody at site 02 does, in an order in which all are accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice
from tests.web.attacks.besieged import THERE, Besieged
from tests.web.routes import signed_in
from tests.web.running_trial import PASSWORD

from calor.web.capture.models import Alert, Query, WithheldAlert, WithheldFile
from calor.web.models import ImpactAssessment
from calor.web.permissions import Role
from calor.web.services import exports

Fields = Mapping[str, object]


@dataclass(frozen=True)
class Form:
    """One form.

    Attributes:
        route: Name of its address.
        role: Who of site 02 sends it.
        takes: What its address takes.
        fields: What is typed that is no free text.
        texts: Its fields of free text, with the most characters that each takes.
        status: How it is answered: written (302), shown (200) or refused for what it says (422).
    """

    route: str
    role: Role
    takes: Callable[[Besieged], Fields] = lambda _: {}
    fields: Callable[[Besieged, Client, str], Fields] = lambda *_: {}
    texts: Mapping[str, int] = field(default_factory=dict)
    status: int = 302

    def address(self, besieged: Besieged) -> str:
        """Return its address."""
        return reverse(self.route, kwargs=dict(self.takes(besieged)))

    def filled(self, besieged: Besieged, client: Client, text: str) -> dict[str, object]:
        """Return what is sent, with a text wherever text is free."""
        free = {name: text[:most] for name, most in self.texts.items()}
        return {**self.fields(besieged, client, self.address(besieged)), **free}

    def send(self, besieged: Besieged, text: str, **more: object) -> Any:
        """Send it, and see that it was answered as it must be."""
        client = signed_in(besieged.there[self.role])
        answer = client.post(self.address(besieged), self.filled(besieged, client, text) | more)
        told = re.findall(r"(?s)(?:errorlist|refusal)[^>]*>.*?</(?:ul|div)", answer.content.decode(errors="replace"))
        assert answer.status_code == self.status, f"{self.route}: {answer.status_code} {told}"
        return answer


def _of(**takes: object) -> Callable[[Besieged], Fields]:
    return lambda _: {"identifier": THERE, **takes}


def _newest(model: Any) -> Callable[[Besieged], Fields]:
    return lambda _: {"number": model.objects.latest("pk").pk}


def _randomization(besieged: Besieged, client: Client, _: str) -> Fields:
    form = client.get(reverse("candidate", args=[besieged.candidate])).context["randomize_form"]
    return {"seen": form["seen"].value(), "key": form["key"].value()} | {rule.name: "on" for rule in form.rules}


def _event(besieged: Besieged, *_: Any) -> Fields:
    day = besieged.day_12
    return {
        "seen": 0, "onset": day, "grade": 3, "criteria": ["hospital"], "related": "on",
        "learned_at": f"{day + timedelta(1)}T08:00",
    }  # fmt: skip


def _medication(besieged: Besieged, *_: Any) -> Fields:
    return {"seen": 0, "started": besieged.randomized.date()}


def _person(_besieged: Besieged, *_: Any) -> Fields:
    return {"person": "stranger", "role": Role.MONITOR.value, "site": ""}


def _with_authenticator(*_: Any) -> Fields:
    TOTPDevice.objects.create(user=User.objects.get(username="stranger"), name="authenticator", confirmed=True)
    return {"person": "stranger"}


def _signed(besieged: Besieged, *_: Any) -> Fields:
    return {"username": besieged.there[Role.UNBLINDED_STATISTICIAN].username, "password": PASSWORD}


def _emergency(besieged: Besieged, *_: Any) -> Fields:
    return {"confirm": THERE, "username": besieged.there[Role.INVESTIGATOR].username, "password": PASSWORD}


def _concluded(besieged: Besieged, *_: Any) -> Fields:
    return {"username": besieged.there[Role.MONITOR].username, "password": PASSWORD}


def _cut(besieged: Besieged, *rest: Any) -> Fields:
    return {**_signed(besieged, *rest), "cutoff": besieged.day_12 + timedelta(5)}


def _values(name: str, typed: Fields) -> Callable[[Besieged, Client, str], Fields]:
    def filled(_besieged: Besieged, client: Client, address: str) -> Fields:
        form = client.get(address.rsplit("/", 2)[0] + "/").context[name]
        return {field.name: "" if field.value() is None else field.value() for field in form} | dict(typed)

    return filled


def _file(*rows: str) -> Callable[[Besieged, Client, str], Fields]:
    """Choose a laboratory's file."""

    def chosen(*_: Any) -> Fields:
        lines = ["participant,visit,analyte,value,unit", *(f"{THERE},V8,{row}" for row in rows)]
        return {"file": SimpleUploadedFile("laboratory.csv", "\n".join(lines).encode())}

    return chosen


def _previewed(choose: Callable[[Besieged, Client, str], Fields]) -> Callable[[Besieged, Client, str], Fields]:
    """Choose a file and take over what its preview sealed."""

    def sealed(besieged: Besieged, client: Client, address: str) -> Fields:
        preview = client.post(address, dict(choose(besieged, client, address)))
        return {"sealed": preview.context["form"]["sealed"].value()}

    return sealed


_OPEN_FILE = _file("AST,33,U/L", "EOS,0.4,10*9/L")  # the second row waits for the unblinded
_SECRET_FILE = _file("HSCRP,2.5,mg/L")
_REASON = {"reason": 300}
_LIVER = {"told_alt": "140", "upper_alt": "40", "told_bilirubin": "60", "upper_bilirubin": "20"}
_COUNTED = {"told_eosinophils": "1.9", "upper_eosinophils": "0.5"}

FORMS = (
    Form(
        "new-account",
        Role.ADMINISTRATOR,
        fields=lambda *_: {"username": "stranger", "password": PASSWORD},
        texts={"full_name": 150},
    ),
    Form("grant-role", Role.ADMINISTRATOR, fields=_person, texts=_REASON),
    Form("take-role-back", Role.ADMINISTRATOR, fields=_person, texts=_REASON),
    Form("switch-off", Role.ADMINISTRATOR, fields=_person, texts=_REASON),
    Form("switch-on", Role.ADMINISTRATOR, fields=_person, texts=_REASON),
    Form("take-authenticator", Role.ADMINISTRATOR, fields=_with_authenticator, texts=_REASON),
    Form("new-site", Role.ADMINISTRATOR, texts={"code": 40}),
    Form("allocation-list", Role.ADMINISTRATOR, texts={"sizes": 40}, fields=lambda *_: {"length": 9}, status=422),
    Form(
        "consent",
        Role.COORDINATOR,
        lambda b: {"person": b.candidate},
        lambda b, *_: {"signed_on": b.day_12},
        {"version": 40},
    ),
    Form("randomize", Role.COORDINATOR, lambda b: {"person": b.candidate}, _randomization),
    Form("record-visit", Role.COORDINATOR, _of(visit="V7"), lambda *_: {"seen": 0, "missed": "on"}, _REASON),
    Form("record-values", Role.COORDINATOR, _of(visit="V8"), _values("open_form", _LIVER), _REASON),
    Form("record-withheld", Role.UNBLINDED_MONITOR, _of(visit="V8"), _values("secret_form", _COUNTED), _REASON),
    Form("new-event", Role.COORDINATOR, _of(), _event, {"term": 200}),
    Form("event", Role.COORDINATOR, _of(number=1), lambda *a: {**_event(*a), "seen": 1}, {"term": 200, **_REASON}),
    Form("report-serious", Role.COORDINATOR, _of(number=1), lambda *_: {"kind": "24 hours"}),
    Form(
        "new-medication", Role.COORDINATOR, _of(), _medication, {"name": 200, "dose": 100, "indication": 200, **_REASON}
    ),
    Form(
        "medication",
        Role.COORDINATOR,
        _of(number=1),
        lambda *a: {**_medication(*a), "seen": 1},
        {"name": 200, "dose": 99, "indication": 200, **_REASON},
    ),
    Form("ask", Role.MONITOR, _of(), texts={"about": 80, "text": 2000}),
    Form("answer", Role.COORDINATOR, _newest(Query), texts={"text": 2000}),
    Form("close", Role.MONITOR, _newest(Query), texts={"text": 2000}),
    Form("acknowledge", Role.INVESTIGATOR, _newest(Alert), texts={"done": 2000}),
    Form("acknowledge-withheld", Role.UNBLINDED_MONITOR, _newest(WithheldAlert), texts={"done": 2000}),
    Form("imports", Role.COORDINATOR, fields=_OPEN_FILE, status=200),
    Form("imports", Role.COORDINATOR, fields=_previewed(_OPEN_FILE), texts=_REASON),
    Form("withheld-imports", Role.UNBLINDED_MONITOR, fields=_previewed(_SECRET_FILE), texts=_REASON),
    Form("waiting-import", Role.UNBLINDED_MONITOR, _newest(WithheldFile), texts={"aside": 300}),
    # Once more: a file that goes on waiting.
    Form("imports", Role.COORDINATOR, fields=_previewed(_file("EOS,0.6,10*9/L")), texts=_REASON),
    Form("exports", Role.MONITOR, fields=lambda *_: {"kind": exports.CSV}, status=200),
    Form("unblinded-exports", Role.UNBLINDED_MONITOR, fields=lambda *_: {"kind": exports.ODM}, status=200),
    Form("unblind", Role.INVESTIGATOR, _of(), _emergency, {"reason": 2000}, status=200),
    Form("assessment", Role.MONITOR, _newest(ImpactAssessment), _concluded, {"conclusion": 2000}),
    Form("withdraw", Role.COORDINATOR, _of(), texts=_REASON),
    Form("make-cut", Role.UNBLINDED_STATISTICIAN, fields=_cut, texts={"name": 80, "reason": 300}),
    Form("codes", Role.UNBLINDED_STATISTICIAN, fields=_signed, texts=_REASON, status=200),
    Form(
        "lock",
        Role.STATISTICIAN,
        fields=lambda *_: {"password": "wrong horse battery"},
        texts={"confirm": 40, "username": 150},
        status=422,
    ),
)
# What anybody can send, or nobody else's account can see; test_session.py attacks these.
OWN = {"sign-in", "second-factor", "sign-out", "authenticator", "password"}


def send_all(besieged: Besieged, text: str, **more: object) -> list[tuple[str, Any]]:
    """Send every form, with a text wherever text is free, and more fields; return each route's name with its answer."""
    return [(form.route, form.send(besieged, text, **more)) for form in FORMS]
