"""Who may do what: one table, and everything that is not in it is forbidden."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Any

from calor.errors import ConductError
from calor.web.models import RoleChange, Site, Trial


class Role(StrEnum):
    """What a person is in a trial."""

    COORDINATOR = "coordinator"
    INVESTIGATOR = "investigator"
    PHARMACIST = "unblinded pharmacist"
    UNBLINDED_MONITOR = "unblinded monitor"
    MONITOR = "monitor"
    STATISTICIAN = "statistician"
    UNBLINDED_STATISTICIAN = "unblinded statistician"
    SAFETY_BOARD = "safety board"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """What can be done in a trial."""

    ENTER = "enter"
    GRANT_ROLE = "grant role"
    CHANGE_ACCOUNT = "change account"
    ADD_SITE = "add site"
    ACTIVATE_LIST = "activate list"
    RECEIVE_KITS = "receive kits"
    REGISTER = "register participant"
    ALLOCATE = "allocate"
    WITHDRAW = "record a withdrawal"
    CORRECT = "correct"
    SIGN_CORRECTION = "sign correction"
    SIGN = "sign"
    VIEW = "view blinded data"
    EXPORT = "export blinded data"
    EXPORT_UNBLINDED = "export unblinded data"
    VIEW_AUDIT = "view audit trail"
    READ_ARM = "read arm"
    UNBLIND = "unblind in an emergency"
    SCREEN = "view worklist"
    CONSENT = "record consent"
    CLOSE_ASSESSMENT = "close impact assessment"
    RECORD_VISIT = "record visit"
    RECORD_VALUE = "record laboratory value"
    RECORD_WITHHELD = "record withheld value"
    VIEW_WITHHELD = "view withheld data"
    RECORD_EVENT = "record adverse event"
    REPORT_SERIOUS = "report serious event"
    RECORD_MEDICATION = "record medication"
    ACKNOWLEDGE = "acknowledge alert"
    ACKNOWLEDGE_WITHHELD = "acknowledge withheld alert"
    ASK = "ask query"
    ANSWER = "answer query"
    CLOSE = "close query"
    LOCK_DATA = "lock data"
    MAKE_CUT = "make data cut"
    READ_OPEN = "read open report"
    READ_CLOSED = "read closed report"
    READ_RESULTS = "read results"
    READ_CODES = "read arm codes"


AT_A_SITE = frozenset({Role.COORDINATOR, Role.INVESTIGATOR, Role.PHARMACIST})
UNBLINDED = frozenset({Role.PHARMACIST, Role.UNBLINDED_MONITOR, Role.UNBLINDED_STATISTICIAN, Role.SAFETY_BOARD})

_AT_BEDSIDE = frozenset({Role.COORDINATOR, Role.INVESTIGATOR})
_FOR_THE_BOARD = frozenset({Role.SAFETY_BOARD, Role.UNBLINDED_STATISTICIAN})
PERMITTED = MappingProxyType(
    {
        Action.ENTER: frozenset(Role),
        Action.GRANT_ROLE: frozenset({Role.ADMINISTRATOR}),
        Action.CHANGE_ACCOUNT: frozenset({Role.ADMINISTRATOR}),
        Action.ADD_SITE: frozenset({Role.ADMINISTRATOR}),
        Action.ACTIVATE_LIST: frozenset({Role.ADMINISTRATOR}),
        Action.RECEIVE_KITS: frozenset({Role.PHARMACIST}),
        Action.REGISTER: _AT_BEDSIDE,
        Action.ALLOCATE: _AT_BEDSIDE,
        Action.WITHDRAW: _AT_BEDSIDE,
        Action.CORRECT: _AT_BEDSIDE,
        Action.SIGN_CORRECTION: frozenset({Role.INVESTIGATOR}),
        Action.SIGN: frozenset({Role.INVESTIGATOR}),
        Action.VIEW: frozenset(Role) - {Role.SAFETY_BOARD},  # the board reads its reports only
        Action.EXPORT: frozenset({Role.MONITOR, Role.STATISTICIAN, Role.INVESTIGATOR}),
        Action.EXPORT_UNBLINDED: frozenset({Role.UNBLINDED_MONITOR}),
        Action.VIEW_AUDIT: frozenset({Role.MONITOR, Role.ADMINISTRATOR}),
        Action.READ_ARM: frozenset({Role.PHARMACIST}),
        Action.UNBLIND: frozenset({Role.INVESTIGATOR}),
        Action.SCREEN: _AT_BEDSIDE,
        Action.CONSENT: _AT_BEDSIDE,
        Action.CLOSE_ASSESSMENT: frozenset({Role.MONITOR, Role.ADMINISTRATOR}),
        Action.RECORD_VISIT: _AT_BEDSIDE,
        Action.RECORD_VALUE: _AT_BEDSIDE,
        # Whoever writes a value knows it: what could reveal an arm is written by people who may know arms.
        Action.RECORD_WITHHELD: frozenset({Role.UNBLINDED_MONITOR, Role.PHARMACIST}),
        Action.VIEW_WITHHELD: UNBLINDED,
        Action.RECORD_EVENT: _AT_BEDSIDE,
        Action.REPORT_SERIOUS: _AT_BEDSIDE,
        Action.RECORD_MEDICATION: _AT_BEDSIDE,
        Action.ACKNOWLEDGE: frozenset({Role.INVESTIGATOR}),
        Action.ACKNOWLEDGE_WITHHELD: frozenset({Role.UNBLINDED_MONITOR}),
        Action.ASK: frozenset({Role.MONITOR}),
        Action.ANSWER: _AT_BEDSIDE,
        Action.CLOSE: frozenset({Role.MONITOR}),
        Action.LOCK_DATA: frozenset({Role.STATISTICIAN}),
        Action.MAKE_CUT: frozenset({Role.UNBLINDED_STATISTICIAN}),
        # Pooled over arms, and without what is withheld: the sponsor's side of the board's meeting.
        Action.READ_OPEN: _FOR_THE_BOARD | {Role.STATISTICIAN, Role.MONITOR, Role.ADMINISTRATOR},
        Action.READ_CLOSED: _FOR_THE_BOARD,
        Action.READ_RESULTS: _FOR_THE_BOARD,
        Action.READ_CODES: frozenset({Role.UNBLINDED_STATISTICIAN}),
    }
)


def held(user: Any, trial: Any) -> dict[Role, set[int | None]]:
    """Return the roles that a person may now use in a trial: none while the account is switched off."""
    return granted_to(user, trial) if user.is_active else {}


def granted_to(user: Any, trial: Any) -> dict[Role, set[int | None]]:
    """Return the roles that a person has in a trial, each with the keys of its sites; None is the whole trial."""
    now: dict[tuple[str, int | None], bool] = {}
    changes = RoleChange.objects.filter(user=user, trial=trial).order_by("pk")
    for role, at, granted in changes.values_list("role", "site_id", "granted"):
        now[role, at] = granted
    roles: dict[Role, set[int | None]] = {}
    for (role, at), granted in now.items():
        if granted:
            roles.setdefault(Role(role), set()).add(at)
    return roles


def roles_of(user: Any, trial: Any, site: Any = None) -> frozenset[Role]:
    """Return the roles that a person now holds in a trial, at a site or for the whole trial."""
    here = {None, None if site is None else site.pk}
    return frozenset(role for role, places in held(user, trial).items() if places & here)


def can(user: Any, action: Action, trial: Any, site: Any = None) -> bool:
    """Say whether a person may do something in a trial (at a site)."""
    return bool(PERMITTED[action] & roles_of(user, trial, site))


def can_change_account(user: Any, person: Any, trial: Any) -> bool:
    """Say whether a user may change a person's account: another's, of this trial, and of no other user's trial."""
    trials = Trial.objects.filter(rolechange__user=person).distinct()
    touched = [other for other in trials if other == trial or granted_to(person, other)]
    allowed = all(can(user, Action.CHANGE_ACCOUNT, each) for each in touched)
    return user.pk != person.pk and trial in touched and allowed


def sites_for(user: Any, action: Action, trial: Any) -> list[Any]:
    """Return the sites of a trial at which a person may do something, by code.

    Raises:
        ConductError: There is none.
    """
    places = {at for role, where in held(user, trial).items() if role in PERMITTED[action] for at in where}
    sites = [s for s in Site.objects.filter(trial=trial).order_by("code") if None in places or s.pk in places]
    if not sites:
        check(user, action, trial)
    return sites


def check(user: Any, action: Action, trial: Any, site: Any = None) -> None:
    """Refuse what a person may not do.

    Raises:
        ConductError: No role that the person holds there permits it.
    """
    if not can(user, action, trial, site):
        fix = "Ask the trial's administrator for the role."
        raise ConductError.must("user", f"hold a role that may {action}", user.username, fix=fix)
