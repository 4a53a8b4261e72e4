"""The own password, changed by whoever is signed in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from calor.errors import CalorError
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services import accounts

_CHANGED = "password changed"  # in the session, until it has been told


class OwnPasswordForm(PasswordChangeForm):
    """The old password and, twice, the new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["old_password"].label = "Password until now"
        self.fields["new_password1"].help_text = "12 characters or more, and none of your names."
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        """Leave it to the service, which counts failures and locks."""
        return str(self.cleaned_data["old_password"])


@page(Action.ENTER, "GET", "POST")
@sensitive_post_parameters("old_password", "new_password1", "new_password2")
def password(request: Any) -> Any:
    """Change the own password; this session goes on, all others end."""
    form = OwnPasswordForm(request.user, request.POST or None)
    if form.is_valid():
        told = form.cleaned_data
        try:
            accounts.change_password(request.user, old=told["old_password"], new=told["new_password1"])
        except CalorError as error:
            form.add_error("old_password", str(error))
        else:
            request.user.refresh_from_db()
            update_session_auth_hash(request, request.user)
            request.session[_CHANGED] = True
            return redirect("password")
    context = {"form": form, "changed": request.session.pop(_CHANGED, False)}
    return render(request, "password.html", context, status=422 if form.is_bound else 200)
