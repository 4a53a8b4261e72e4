"""A demonstration to click through: synthetic people, a trial under way, and one user in each role.

Only a trial whose protocol says that its participants are synthetic can have any of this.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.protocol.protocol import Protocol
from calor.trial.demo_records import write_admitted
from calor.trial.screening import screen
from calor.web import served
from calor.web.demo_follow_up import Step, follow_up
from calor.web.demo_pet import write_pet
from calor.web.models import Participant, Trial
from calor.web.permissions import AT_A_SITE, Role
from calor.web.services import accounts, activation, allocation
from calor.web.services.plans import ListPlan
from calor.web.strata import strata

OPERATOR = "calor demo"
PEOPLE = {
    Role.COORDINATOR: ("coordinator", "Carla Coordinator"),
    Role.INVESTIGATOR: ("investigator", "Ivan Investigator"),
    Role.PHARMACIST: ("pharmacist", "Petra Pharmacist"),
    Role.UNBLINDED_MONITOR: ("unblinded", "Uma Unblinded"),
    Role.MONITOR: ("monitor", "Mona Monitor"),
    Role.STATISTICIAN: ("statistician", "Stella Statistician"),
    Role.UNBLINDED_STATISTICIAN: ("independent", "Irene Independent"),
    Role.SAFETY_BOARD: ("board", "Boris Board"),
    Role.ADMINISTRATOR: ("administrator", "Ada Administrator"),
}
_PASSWORDS = "demo-people.txt"
_SITE, _PARTICIPANTS, _DAYS = "01", 22, 126


def prepare_demo(folder: Path) -> dict[str, str]:
    """Make the demonstration unless it is there, screen its records as of today, and return user names and passwords.

    Raises:
        ConductError: The protocol does not say that its participants are synthetic.
    """
    protocol = served.protocol()
    if protocol.trial.participants != "synthetic":
        fix = "Demo users exist in synthetic trials only."
        raise ConductError.must("participants", "be synthetic", protocol.trial.participants, fix=fix)
    write_admitted(folder / "records", datetime.now(UTC).date())
    screen(folder)
    listing = folder / "web" / _PASSWORDS
    if not Trial.objects.filter(code=protocol.trial.id).exists():
        passwords = {name: _password() for name, _ in PEOPLE.values()}
        listing.touch(mode=0o600)
        listing.write_text("\n".join(" ".join(pair) for pair in passwords.items()), encoding="utf-8")
        _begin(protocol, passwords)
    write_pet(protocol, served.trial(), folder / "results/imaging/adpet.csv")
    return dict(line.split(" ", 1) for line in listing.read_text(encoding="utf-8").splitlines())


def _password() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(3))


@contextmanager
def _clock(start: datetime) -> Iterator[Any]:
    """Let the server's clock show the past, forward only, while a history is being made up."""
    now = start

    def to(at: datetime) -> None:
        nonlocal now
        now = max(now, at)

    def told() -> datetime:
        nonlocal now
        now += timedelta(milliseconds=20)
        return now

    real, timezone.now = timezone.now, told
    try:
        yield to
    finally:
        timezone.now = real


def _begin(protocol: Protocol, passwords: dict[str, str]) -> None:
    """Open the trial some months ago and let it run until now."""
    rng, now = np.random.default_rng(61), timezone.now()
    today = now.replace(hour=9, minute=0, second=0, microsecond=0)
    start = today - timedelta(days=_DAYS)
    with _clock(start - timedelta(days=10)) as to:
        people = {
            role: accounts.create_account(OPERATOR, name, passwords[name], full_name=full)
            for role, (name, full) in PEOPLE.items()
        }
        with transaction.atomic():
            trial, site = _opened(protocol, people)
            offsets = np.sort(rng.uniform(0, _DAYS - 3, _PARTICIPANTS))
        steps: list[Step] = []
        for number, offset in enumerate(offsets, start=1):
            at = start + timedelta(days=float(offset))
            found = partial(_participant, trial, site, number)
            steps.append((at, partial(_randomized, protocol, trial, site, people[Role.COORDINATOR], number, rng)))
            steps += follow_up(protocol, people, found, number, at, now)
        for at, step in sorted(steps, key=itemgetter(0)):
            to(at)
            step()


def _opened(protocol: Protocol, people: dict[Role, Any]) -> tuple[Any, Any]:
    administrator = people[Role.ADMINISTRATOR]
    trial = accounts.open_trial(
        OPERATOR, protocol.trial.id, [arm.label for arm in protocol.arms], administrator=administrator
    )
    site = accounts.add_site(administrator, trial, _SITE)
    for role in set(Role) - {Role.ADMINISTRATOR}:
        where = site if role in AT_A_SITE else None
        accounts.change_role(administrator, people[role], role, trial, site=where, reason="demonstration")
    ratio = tuple(arm.ratio for arm in protocol.arms)
    plan = ListPlan(ratio, (2 * sum(ratio), 3 * sum(ratio)), strata(protocol), 2 * protocol.trial.planned_size)
    activation.activate(administrator, trial, plan, configuration=activation.preview(plan)[1])
    arms = [arm for arm, share in enumerate(ratio) for _ in range(share)]
    activation.receive_kits(people[Role.PHARMACIST], site, arms * protocol.trial.planned_size)
    return trial, site


def _participant(trial: Any, site: Any, number: int) -> Any:
    return Participant.objects.select_related("trial", "site").get(trial=trial, identifier=_identifier(site, number))


def _identifier(site: Any, number: int) -> str:
    return f"{site.code}-{number:03d}"


def _randomized(
    protocol: Protocol, trial: Any, site: Any, coordinator: Any, number: int, rng: np.random.Generator
) -> None:
    identifier = _identifier(site, number)
    stratum = str(rng.choice(strata(protocol)))
    allocation.register(coordinator, site, identifier, stratum=stratum, consent_version="2.0", eligible=True)
    allocation.allocate(coordinator, trial, identifier, key=f"demonstration {number}")
