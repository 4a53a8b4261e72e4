"""Sign in, the second factor, sign out; five failures lock a name for 15 minutes."""

from __future__ import annotations

from base64 import b32encode
from typing import Any

import django_otp
from django import forms
from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from calor.web.audit import SYSTEM, append
from calor.web.pages.form import PageForm
from calor.web.pages.page import anyone, page
from calor.web.permissions import Action

_NEW_KEY = "key of a new authenticator"  # in the session, until a code shows that the telephone has it


class SignInForm(AuthenticationForm):
    """Name and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)

    error_messages = {  # noqa: RUF012  (Django's own form has it so)
        "invalid_login": "Name and password do not match. After five failures the name is locked for 15 minutes.",
        "inactive": "Name and password do not match. After five failures the name is locked for 15 minutes.",
    }


class CodeForm(PageForm):
    """The six digits of an authenticator."""

    code = forms.RegexField(
        r"^\d{6}$",
        label="Code",
        help_text="The six digits that your authenticator shows now.",
        error_messages={"invalid": "A code has six digits."},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": 6}),
    )


@anyone
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: Any) -> Any:
    """Ask for name and password."""
    form = SignInForm(request, request.POST or None)
    if form.is_valid():
        login(request, form.get_user())  # the session gets a new key
        return redirect(_next(request))
    return render(request, "sign_in.html", {"form": form, "next": request.GET.get("next", "")})


def locked_out(request: Any, *_: Any, **__: Any) -> Any:
    """Answer whoever failed too often; right or wrong, no password is looked at until the time is over."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    why = f"Too many failures. This name is locked for {minutes} minutes; the administrator can see it."
    return render(request, "sign_in.html", {"form": SignInForm(request), "locked": why}, status=429)


@anyone
@require_http_methods(["GET", "POST"])
def second_factor(request: Any) -> Any:
    """Ask a person who has an authenticator for its code."""
    if not request.user.is_authenticated:
        return redirect_to_login("/")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        device = django_otp.match_token(request.user, form.cleaned_data["code"])
        if device is not None:
            _verified(request, device)
            return redirect("dashboard")
        append(SYSTEM, actor=request.user.username, action="second factor refused")
        form.add_error("code", "This code is not right, or was used already. Wait for the next one.")
    return render(request, "second_factor.html", {"form": form})


@page(Action.ENTER, "GET", "POST")
def authenticator(request: Any) -> Any:
    """Let a person add an authenticator to the own account."""
    user = request.user
    if django_otp.user_has_device(user):
        return render(request, "authenticator.html", {"done": True})
    device = TOTPDevice(user=user, name="authenticator", key=request.session.setdefault(_NEW_KEY, random_hex()))
    form = CodeForm(request.POST or None)
    if form.is_valid():
        if _added(device, form.cleaned_data["code"]):
            del request.session[_NEW_KEY]
            _verified(request, device)
            return redirect("authenticator")
        form.add_error("code", "This code is not right. Check the key and the clock of your telephone.")
    key = b32encode(device.bin_key).decode()
    grouped = " ".join(key[i : i + 4] for i in range(0, len(key), 4))
    return render(request, "authenticator.html", {"form": form, "key": grouped})


def _added(device: Any, code: str) -> bool:
    """Store an authenticator if a code is its own; looking at the code would store it in any case."""
    with transaction.atomic():
        right = bool(device.verify_token(code))
        if right:
            append(SYSTEM, actor=device.user.username, action="add second factor")
        transaction.set_rollback(not right)
    return right


@anyone
@require_http_methods(["POST"])
def sign_out(request: Any) -> Any:
    """End the session."""
    logout(request)
    return redirect("sign-in")


def _verified(request: Any, device: Any) -> None:
    """Go on under a new key: the one from before the code may be in other hands."""
    request.session.cycle_key()
    django_otp.login(request, device)


def _next(request: Any) -> str:
    wanted = request.POST.get("next", "")
    inside = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if inside else "dashboard"
