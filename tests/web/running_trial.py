"""A trial ready for its first participant, with one person in each role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from calor.web.permissions import AT_A_SITE, Role
from calor.web.services import accounts, activation, allocation, plans

PASSWORD = "correct horse battery"  # noqa: S105
ARMS = ["aldesleukin", "placebo"]


@dataclass(frozen=True)
class Running:
    """A trial with its people."""

    trial: Any
    site: Any
    people: dict[str, Any]

    def register(self, identifier: str, stratum: str = "anterior", *, eligible: bool = True, consent: str = "2") -> Any:
        """Register a participant as the coordinator does."""
        coordinator = self.people[Role.COORDINATOR]
        return allocation.register(
            coordinator, self.site, identifier, stratum=stratum, consent_version=consent, eligible=eligible
        )

    def allocate(self, identifier: str, key: str = "") -> allocation.Allocated:
        """Allocate as the coordinator does."""
        coordinator = self.people[Role.COORDINATOR]
        return allocation.allocate(coordinator, self.trial, identifier, key=key or f"key of {identifier}")


@transaction.atomic  # one wait for the disk instead of thirty
def open_running_trial(
    *,
    length: int = 8,
    kits: int = 40,
    strata: tuple[str, ...] = ("anterior", "other"),
    code: str = "IVORY-2",
    plan: plans.Plan | None = None,
    arms: Sequence[str] = ARMS,
) -> Running:
    """Open a trial, appoint people, draw its list and receive kits."""
    people = {role: _person(f"{role.value.replace(' ', '.')}.{code.lower()}") for role in Role}
    people["second"] = _person(f"second.investigator.{code.lower()}")
    administrator = people[Role.ADMINISTRATOR]
    trial = accounts.open_trial("operator", code, list(arms), administrator=administrator)
    site = accounts.add_site(administrator, trial, "01")
    for role in set(Role) - {Role.ADMINISTRATOR}:
        _grant(administrator, people[role], role, trial, site)
    _grant(administrator, people["second"], Role.INVESTIGATOR, trial, site)
    plan = plan or plans.ListPlan((1, 1), (4,), strata, length)
    _, configuration = activation.preview(plan)
    activation.activate(administrator, trial, plan, configuration=configuration)
    activation.receive_kits(people[Role.PHARMACIST], site, [i % 2 for i in range(kits)])
    return Running(trial, site, people)


def _person(username: str) -> Any:
    return accounts.create_account("operator", username, PASSWORD, full_name=username.title())


def _grant(administrator: Any, person: Any, role: Role, trial: Any, site: Any) -> None:
    where = site if role in AT_A_SITE else None
    accounts.change_role(administrator, person, role, trial, site=where, reason="delegation log")
