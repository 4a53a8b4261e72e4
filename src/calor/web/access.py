"""Access: log in, log out, failures and the password asked again, all written to the audit trail."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model, user_logged_in, user_logged_out, user_login_failed
from django.contrib.auth.hashers import check_password
from django.utils import timezone

from calor.errors import ConductError
from calor.web.keys import derived_key

REFUSED, UNKNOWN = "access refused", "unknown name"
ATTEMPTS, LOCKED_FOR = 5, timedelta(minutes=15)


def record_logins() -> None:
    """Listen to Django's own signals of access."""
    user_logged_in.connect(_logged_in, dispatch_uid="calor")
    user_logged_out.connect(_logged_out, dispatch_uid="calor")
    user_login_failed.connect(_failed, dispatch_uid="calor")


def authenticate_again(user: Any, username: str, password: str) -> None:
    """Check both parts of a person's signature, name and password; five failures lock the person out for 15 minutes.

    Raises:
        ConductError: The name is another person's, the password is wrong, or the person is locked out.
    """
    from calor.web.audit import SYSTEM, append  # noqa: PLC0415  (models exist only after start)

    refuse_locked(user.username)
    if username == user.username and user.is_active and check_password(password, user.password):
        return
    append(SYSTEM, actor=user.username, action=REFUSED)
    fix = "Type your own name and password again."
    raise ConductError.must("password", "be the signer's own", "another", fix=fix)


def refuse_locked(username: str) -> None:
    """Refuse a person with too many failures of late.

    Raises:
        ConductError: The person is locked out.
    """
    from calor.web.audit import SYSTEM, moment  # noqa: PLC0415
    from calor.web.models import AuditRow  # noqa: PLC0415

    since = moment(timezone.now() - LOCKED_FOR)
    failures = AuditRow.objects.filter(chain=SYSTEM, actor=username, action=REFUSED, at__gt=since).count()
    if failures >= ATTEMPTS:
        fix = "Wait 15 minutes, or ask the administrator whether someone tries your password."
        raise ConductError.must("user", f"fail fewer than {ATTEMPTS} times in 15 minutes", failures, fix=fix)


def name_to_lock(request: Any, credentials: dict[str, Any] | None = None) -> str:
    """Return the name that failures lock: an account's, or else a keyed digest, as a password may have been typed."""
    typed = _typed(request.POST if credentials is None else credentials)
    if _is_known(typed):
        return typed
    return hmac.new(derived_key("unknown names"), typed.encode(), hashlib.sha256).hexdigest()


def _logged_in(sender: Any, user: Any, **_: Any) -> None:
    _append(user.username, "logged in")


def _logged_out(sender: Any, user: Any, **_: Any) -> None:
    if user is not None:
        _append(user.username, "logged out")


def _failed(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    typed = _typed(credentials)
    _append(typed if _is_known(typed) else UNKNOWN, REFUSED)


def _typed(fields: Any) -> str:
    return str(fields.get("username", ""))[:150]


def _is_known(name: str) -> bool:
    return bool(get_user_model().objects.filter(username=name).exists())


def _append(username: str, action: str) -> None:
    from calor.web.audit import SYSTEM, append  # noqa: PLC0415

    append(SYSTEM, actor=username, action=action)
