"""Accounts, trials, sites and roles."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.allocator import with_arms
from calor.web.audit import SYSTEM, append, save_audited
from calor.web.models import RoleChange, Site, Trial
from calor.web.permissions import AT_A_SITE, UNBLINDED, Action, Role, check, held


def create_account(operator: str, username: str, password: str, *, full_name: str) -> Any:
    """Create a person's account; its name is never given to anyone else.

    Args:
        operator: Who runs the command, for the audit trail.
        username: Name to log in with.
        password: At least 12 characters.
        full_name: Name as signatures print it.

    Raises:
        ConductError: The name is taken or the password too weak.
    """
    if User.objects.filter(username__iexact=username).exists():
        raise ConductError.must("username", "be new", username, fix="Choose another; names are never given again.")
    user = User(username=username, last_name=full_name)
    try:
        validate_password(password, user)
    except ValidationError as error:
        fix = " ".join(error.messages)
        raise ConductError.must("password", "be hard to guess", "a weak one", fix=fix) from error
    user.set_password(password)
    with transaction.atomic():
        user.save(force_insert=True)
        append(SYSTEM, actor=operator, action="create account", record=f"user/{user.pk}", reason=username)
    return user


def open_trial(operator: str, code: str, arms: list[str], *, administrator: Any) -> Any:
    """Open a trial with its first administrator; from here on only its roles act in it.

    Raises:
        ConductError: The code is taken or reserved, or there are fewer than two arms.
    """
    if code == SYSTEM or Trial.objects.filter(code=code).exists():
        raise ConductError.must("code", "be new", code, fix="Choose another code.")
    if not 2 <= len(set(arms)) == len(arms) <= 255:
        raise ConductError.must("arms", "name two or more different arms", len(arms), fix="Take the protocol's.")
    now = timezone.now()
    with transaction.atomic():
        trial = Trial(code=code, arms=arms, opened_at=now)
        save_audited(trial, chain=code, actor=operator, action="open trial")
        role = RoleChange(user=administrator, trial=trial, role=Role.ADMINISTRATOR, granted=True, at=now)
        save_audited(role, chain=code, actor=operator, action="grant role", reason="first administrator")
    return trial


def add_site(actor: Any, trial: Any, code: str) -> Any:
    """Add a site.

    Raises:
        ConductError: The actor may not, or the site exists.
    """
    check(actor, Action.ADD_SITE, trial)
    if Site.objects.filter(trial=trial, code=code).exists():
        raise ConductError.must("code", "be new in the trial", code, fix="Choose another code.")
    site = Site(trial=trial, code=code)
    save_audited(site, chain=trial.code, actor=actor.username, action=Action.ADD_SITE)
    return site


@with_arms(asked=False)  # who could grant roles here could let any account unblind
def change_role(
    actor: Any, user: Any, role: Role, trial: Any, *, site: Any = None, granted: bool = True, reason: str
) -> None:
    """Grant a role or take it back.

    Raises:
        ConductError: The actor may not, or acts on the own account; the role needs a site or suits none; the person
            would hold a blinded and an unblinded role of the trial.
    """
    check(actor, Action.GRANT_ROLE, trial)
    check_reason(reason)
    if actor.pk == user.pk:
        raise ConductError.must("user", "be another person", user.username, fix="Ask another administrator.")
    if (role in AT_A_SITE) != (site is not None) or (site is not None and site.trial_id != trial.pk):
        rule = "be one of this trial's for roles at a site, and absent for the others"
        raise ConductError.must("site", rule, getattr(site, "code", "none"), fix=f"See the role: {role}.")
    change = RoleChange(user=user, trial=trial, site=site, role=role, granted=granted, at=timezone.now())
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two grants at once must see each other
        if granted and any((role in UNBLINDED) != (other in UNBLINDED) for other in held(user, trial)):
            fix = "Give the unblinded role to another person."
            raise ConductError.must("role", "not join blinded and unblinded work", role, fix=fix)
        action = "grant role" if granted else "take role back"
        save_audited(change, chain=trial.code, actor=actor.username, action=action, reason=reason)


def check_reason(reason: str) -> None:
    """Refuse a change without a reason.

    Raises:
        ConductError: The reason is blank.
    """
    if not reason.strip():
        raise ConductError.must("reason", "say why", repr(reason), fix="Write a sentence.")
