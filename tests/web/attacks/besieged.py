"""The besieged trial, and what each parameter of an address can be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from tests.web.routes import Route
from tests.web.running_trial import PASSWORD, Running, open_running_trial

from calor.web.models import Participant, Site
from calor.web.permissions import AT_A_SITE, Action, Role
from calor.web.services import accounts, activation, corrections, enrollment, unblinding, visits

CODE = "IVORY"
DAYS = 20
THERE = "02-001"


@dataclass(frozen=True)
class Besieged:
    """A trial with two sites.

    Attributes:
        running: Site 01, with one person in each role, and a participant about whom nothing is known.
        there: People of site 02, by role; those of the whole trial are the same.
        candidate: A person in the records of site 02 who is eligible.
        randomized: When the participant of site 02 was randomized.
    """

    running: Running
    there: Mapping[Role, Any]
    candidate: int
    randomized: datetime

    @property
    def day_12(self) -> date:
        """The day of visit V8."""
        return self.randomized.date() + timedelta(11)

    @property
    def sites(self) -> dict[str, Any]:
        """The trial's sites by code."""
        return {site.code: site for site in Site.objects.filter(trial=self.running.trial)}

    @property
    def attackers(self) -> dict[str, Any]:
        """People who have no business at site 02."""
        outsider = User.objects.get(username="outsider")
        return {**{role: self.running.people[role] for role in AT_A_SITE}, "outsider": outsider}


def besiege(monkeypatch: pytest.MonkeyPatch, *, candidate: int) -> Besieged:
    """Open the trial and let a participant of each site be randomized."""
    running = open_running_trial(code=CODE, strata=("all",), length=20)
    administrator = running.people[Role.ADMINISTRATOR]
    site = accounts.add_site(administrator, running.trial, "02")
    there = {role: running.people[role] for role in Role}
    for role in AT_A_SITE:
        name = f"{role.value.replace(' ', '.')}.of.02"
        there[role] = accounts.create_account("operator", name, PASSWORD, full_name=f"{role.value.title()} Of Two")
        accounts.change_role(administrator, there[role], role, running.trial, site=site, reason="delegation log")
    accounts.create_account("operator", "outsider", PASSWORD, full_name="An Outsider")
    activation.receive_kits(there[Role.PHARMACIST], site, [0, 1] * 10)
    start = datetime.now(UTC) - timedelta(DAYS)
    with monkeypatch.context() as clock:
        clock.setattr("django.utils.timezone.now", lambda: start)
        running.register("01-001", "all")
        running.allocate("01-001")
        made = Besieged(running, there, candidate, start)
        _randomize(made, site)
    _record_what_pages_do_not(made, site)
    return made


def _randomize(besieged: Besieged, site: Any) -> None:
    from calor.web.services import allocation  # noqa: PLC0415

    coordinator = besieged.there[Role.COORDINATOR]
    allocation.register(coordinator, site, THERE, stratum="all", consent_version="2", eligible=True)
    allocation.allocate(coordinator, besieged.running.trial, THERE, key="key of site 02")


def _record_what_pages_do_not(besieged: Besieged, site: Any) -> None:
    """Record the visits at which values are taken, and what the JSON interface alone can do."""
    coordinator, investigator = (besieged.there[role] for role in (Role.COORDINATOR, Role.INVESTIGATOR))
    participant = Participant.objects.select_related("trial", "site").get(identifier=THERE)
    for visit, on in (("V3", besieged.randomized.date()), ("V8", besieged.day_12)):
        visits.record_visit(coordinator, participant, visit, on=on)
    corrections.correct(coordinator, participant, "eligible", False, reason="misread")
    me = {"username": investigator.username, "password": PASSWORD}
    unblinding.unblind(investigator, participant, confirm=THERE, reason="leak", **me)
    enrollment.consent(coordinator, site, 7, version="2", signed_on=besieged.randomized.date())


# What a parameter of an address can be: the first values belong to site 02, the last to nobody.
KNOWN: Mapping[str, tuple[tuple[object, ...], object]] = {
    "trial": ((CODE,), "NONE"),
    "identifier": ((THERE,), "99-999"),
    "site": (("02",), "99"),
    "kind": (("adam", "odm", "csv"), "arms"),
    "visit": (("V3", "V8"), "V99"),
    "number": (tuple(range(1, 5)), 999),
    "person": ((7,), 10**6),
    "analysis": (("primary",), "none"),
    "path": (("calor/pages.css",), "calor/none.css"),
}


def addresses(route: Route, *, absent: bool = False) -> list[str]:
    """Return an address with the values of site 02 filled in, or with one value that nobody has."""
    unknown = route.parameters - set(KNOWN)
    assert not unknown, (
        f"{route.template} takes {unknown}, which the attacks do not know. Name in KNOWN "
        "(tests/web/attacks/besieged.py) values that exist at site 02 and one that exists nowhere."
    )
    values = {name: [nowhere] if absent else list(there) for name, (there, nowhere) in KNOWN.items()}
    if absent and len(route.parameters) > 1 and "trial" in route.parameters:
        values["trial"] = [CODE]  # the trial is there, what is asked of it is not
    return route.paths(values)


def of_action(route: Route, method: str) -> Action | None:
    """Return the action of an address, for a method; None where anyone may."""
    action = route.view.action
    return action.get(method) if isinstance(action, dict) else action
