"""Accounts, trials, sites and roles."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django_otp import user_has_device
from django_otp.plugins.otp_totp.models import TOTPDevice

from calor.errors import ConductError
from calor.web.access import authenticate_again
from calor.web.allocator import with_arms
from calor.web.audit import SYSTEM, append, name_of, save_audited
from calor.web.models import RoleChange, Site, Trial
from calor.web.permissions import AT_A_SITE, UNBLINDED, Action, Role, can_change_account, check, granted_to


@with_arms(asked=False)  # the database refuses it to the pages of blinded people
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
    _set_password(user, password)
    with transaction.atomic():
        user.save(force_insert=True)
        append(SYSTEM, actor=operator, action="create account", record=name_of(user), reason=username)
    return user


@with_arms(asked=True)  # blinded people change theirs too, and their pages may write no password
def change_password(user: Any, *, old: str, new: str) -> None:
    """Change a person's own password, which ends all sessions begun with the old one.

    Raises:
        ConductError: The old password is wrong, the new one too weak, or the person is locked out.
    """
    authenticate_again(user, user.username, old)
    _set_password(user, new)
    with transaction.atomic():
        user.save(update_fields=["password"])
        append(SYSTEM, actor=user.username, action="password changed", record=name_of(user))


def _set_password(user: Any, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        fix = " ".join(error.messages)
        raise ConductError.must("password", "be hard to guess", "a weak one", fix=fix) from error
    user.set_password(password)


@with_arms(asked=False)
def switch_account(actor: Any, user: Any, trial: Any, *, on: bool, reason: str) -> None:
    """Switch a person's account off, which ends its sessions at once, or on again.

    Raises:
        ConductError: The actor may not, or acts on the own account; the account is not the trial's, or is so already.
    """
    with transaction.atomic():
        account = _account_to_change(actor, user, trial, reason)
        if account.is_active == on:
            rule = "be switched off" if on else "be switched on"
            raise ConductError.must("account", rule, account.username, fix="Nothing has to be done.")
        account.is_active = on
        account.save(update_fields=["is_active"])
        _end_sessions(account)
        action = "switch account on" if on else "switch account off"
        append(SYSTEM, actor=actor.username, action=action, record=name_of(account), reason=reason)


@with_arms(asked=False)
def take_authenticator(actor: Any, user: Any, trial: Any, *, reason: str) -> None:
    """Take the authenticator of a person away, who then signs in again with the password alone.

    Raises:
        ConductError: The actor may not, or acts on the own account; the account is not the trial's, or has none.
    """
    with transaction.atomic():
        account = _account_to_change(actor, user, trial, reason)
        if not user_has_device(account):
            fix = "The password alone signs in."
            raise ConductError.must("account", "have an authenticator", account.username, fix=fix)
        TOTPDevice.objects.filter(user=account).delete()
        _end_sessions(account)
        append(SYSTEM, actor=actor.username, action="take second factor", record=name_of(account), reason=reason)


def _account_to_change(actor: Any, user: Any, trial: Any, reason: str) -> Any:
    """Lock an account and return it as it now is; two administrators who switch each other off must see that."""
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=[actor.pk, user.pk]).order_by("pk")
    people = {person.pk: person for person in locked}
    check(people[actor.pk], Action.CHANGE_ACCOUNT, trial)
    check_reason(reason)
    _check_another(actor, user)
    if not can_change_account(people[actor.pk], people[user.pk], trial):
        fix = "Ask whoever administers all trials of the person."
        raise ConductError.must("user", "be of this trial and of none that is not yours", user.username, fix=fix)
    return people[user.pk]


def _check_another(actor: Any, user: Any) -> None:
    if actor.pk == user.pk:
        raise ConductError.must("user", "be another person", user.username, fix="Ask another administrator.")


def _end_sessions(user: Any) -> None:
    """End a person's sessions for good; those of an account switched off would go on when it is on again."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


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
    _check_another(actor, user)
    if (role in AT_A_SITE) != (site is not None) or (site is not None and site.trial_id != trial.pk):
        rule = "be one of this trial's for roles at a site, and absent for the others"
        raise ConductError.must("site", rule, getattr(site, "code", "none"), fix=f"See the role: {role}.")
    change = RoleChange(user=user, trial=trial, site=site, role=role, granted=granted, at=timezone.now())
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two grants at once must see each other
        if granted and any((role in UNBLINDED) != (other in UNBLINDED) for other in granted_to(user, trial)):
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
