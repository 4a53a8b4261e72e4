"""The administrator's people: accounts, who holds which role where, and sites."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import user_has_device

from calor.errors import CalorError
from calor.web.models import Site
from calor.web.pages.form import PageForm
from calor.web.pages.page import page
from calor.web.permissions import AT_A_SITE, UNBLINDED, Action, Role, can_change_account, granted_to
from calor.web.services import accounts


class AccountForm(PageForm):
    """A new person."""

    username = forms.CharField(
        label="Name to sign in with",
        max_length=150,
        help_text="Never given to anybody else.",
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )
    full_name = forms.CharField(
        label="Full name", max_length=150, help_text="As signatures print it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    password = forms.CharField(
        label="First password", strip=False, help_text="12 characters or more; hand it over in person.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip


class RoleForm(PageForm):
    """A role for a person."""

    person = forms.ModelChoiceField(User.objects.none(), label="Person", to_field_name="username", empty_label="Choose")
    role = forms.ChoiceField(label="Role", choices=[("", "Choose"), *((role.value, role.value) for role in Role)])
    site = forms.ModelChoiceField(
        Site.objects.none(), label="Site", to_field_name="code", required=False, empty_label="The whole trial",
        help_text=f"For {', '.join(sorted(AT_A_SITE))}.",
    )  # fmt: skip
    reason = forms.CharField(label="Reason", max_length=300, help_text="For example: delegation log, 3 May.")

    def __init__(self, *args: Any, trial: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = User.objects.order_by("username")
        self.fields["person"].label_from_instance = lambda user: f"{user.last_name} ({user.username})"
        self.fields["site"].queryset = Site.objects.filter(trial=trial).order_by("code")
        self.fields["site"].label_from_instance = lambda site: site.code


class ChangeForm(PageForm):
    """A change of a person's account, and why."""

    person = forms.ModelChoiceField(User.objects.all(), to_field_name="username")
    reason = forms.CharField(max_length=300)


class SiteForm(PageForm):
    """A new site."""

    code = forms.CharField(label="Code of the site", max_length=40)


@page(Action.GRANT_ROLE)
def people(request: Any) -> Any:
    """List people with their roles."""
    return _show(request)


@page(Action.GRANT_ROLE, "POST")
@sensitive_post_parameters("password")
def new_account(request: Any) -> Any:
    """Create an account."""
    form = AccountForm(request.POST)
    return _done(request, "account_form", form, lambda told: accounts.create_account(request.user.username, **told))


@page(Action.GRANT_ROLE, "POST")
def grant(request: Any) -> Any:
    """Grant a role."""
    trial = request.visitor.trial
    form = RoleForm(request.POST, trial=trial)
    return _done(request, "role_form", form, lambda told: accounts.change_role(
        request.user, told["person"], Role(told["role"]), trial, site=told["site"], reason=told["reason"]))  # fmt: skip


@page(Action.GRANT_ROLE, "POST")
def take_back(request: Any) -> Any:
    """Take a role back."""
    trial = request.visitor.trial
    form = RoleForm(request.POST, trial=trial)
    return _done(request, "row_form", form, lambda told: accounts.change_role(
        request.user, told["person"], Role(told["role"]), trial, site=told["site"], granted=False,
        reason=told["reason"]))  # fmt: skip


@page(Action.CHANGE_ACCOUNT, "POST")
def switch_off(request: Any) -> Any:
    """Switch an account off."""
    return _change(request, accounts.switch_account, on=False)


@page(Action.CHANGE_ACCOUNT, "POST")
def switch_on(request: Any) -> Any:
    """Switch an account on again."""
    return _change(request, accounts.switch_account, on=True)


@page(Action.CHANGE_ACCOUNT, "POST")
def take_authenticator(request: Any) -> Any:
    """Take an authenticator away."""
    return _change(request, accounts.take_authenticator)


@page(Action.ADD_SITE, "POST")
def new_site(request: Any) -> Any:
    """Add a site."""
    form = SiteForm(request.POST)
    return _done(request, "site_form", form, lambda told: accounts.add_site(
        request.user, request.visitor.trial, told["code"]))  # fmt: skip


def _change(request: Any, service: Any, **how: bool) -> Any:
    return _done(request, "row_form", ChangeForm(request.POST), lambda told: service(
        request.user, told["person"], request.visitor.trial, reason=told["reason"], **how))  # fmt: skip


def _done(request: Any, name: str, form: Any, write: Any) -> Any:
    """Write what a form says, and show the page again with what was refused."""
    if form.is_valid():
        try:
            write(form.cleaned_data)
        except CalorError as error:
            form.add_error(None, str(error))
        else:
            return redirect("people")
    return _show(request, **{name: form})


def _show(request: Any, **forms_: Any) -> Any:
    trial = request.visitor.trial
    sites = {site.pk: site for site in Site.objects.filter(trial=trial)}
    rows = []
    for user in User.objects.order_by("last_name", "username"):
        roles = [
            {"role": role, "site": sites[at].code if at else "", "unblinded": role in UNBLINDED}
            for role, places in granted_to(user, trial).items()
            for at in sorted(places, key=lambda at: at or 0)
        ]  # fmt: skip
        changeable = can_change_account(request.user, user, trial)
        rows.append({
            "user": user, "roles": roles, "self": user.pk == request.user.pk, "changeable": changeable,
            "authenticator": changeable and user_has_device(user),
        })  # fmt: skip
    context = {
        "rows": rows,
        "sites": sorted(site.code for site in sites.values()),
        "account_form": AccountForm(),
        "role_form": RoleForm(trial=trial),
        "site_form": SiteForm(),
        **forms_,
    }
    return render(request, "people.html", context, status=422 if forms_ else 200)
