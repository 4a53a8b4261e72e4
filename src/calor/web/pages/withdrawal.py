"""A participant withdraws consent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.shortcuts import redirect, render

from calor.errors import CalorError
from calor.web.pages.form import PageForm
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services.consent import withdraw as record


class WithdrawalForm(PageForm):
    """What is known of it."""

    reason = forms.CharField(
        label="Reason", max_length=300, help_text="As far as she or he gives one; else “none given”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


@page(Action.WITHDRAW, "GET", "POST")
def withdraw(request: Any, identifier: str) -> Any:
    """Record that consent was withdrawn."""
    participant = request.visitor.participant(identifier, Action.WITHDRAW)
    form = WithdrawalForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            record(request.user, participant, **form.cleaned_data)
        except CalorError as error:
            form.add_error(None, str(error))
        else:
            return redirect("participant", identifier)
    context = {"participant": participant, "form": form}
    return render(request, "withdraw.html", context, status=422 if form.is_bound else 200)
