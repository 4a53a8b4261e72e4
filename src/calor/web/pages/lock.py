"""Lock the data, or see when they were locked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from calor.errors import CalorError
from calor.web.capture.models import DataLock, Query
from calor.web.pages.form import SignedForm
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services.lock import MEANING, lock_data
from calor.web.services.queries import CLOSE


class LockForm(SignedForm):
    """The signature under a lock."""

    confirm = forms.CharField(
        label="The trial's code, typed again", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


@page(Action.LOCK_DATA, "GET", "POST")
@sensitive_post_parameters("password")
def lock(request: Any) -> Any:
    """Lock the data with a signature."""
    trial = request.visitor.trial
    form = LockForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            lock_data(request.user, trial, **form.cleaned_data)
        except CalorError as error:
            form.add_error(None, str(error))
        else:
            return redirect("lock")
    context = {
        "form": form,
        "locked": DataLock.objects.filter(trial=trial).select_related("by").first(),
        "waiting": Query.objects.filter(participant__trial=trial).exclude(steps__kind=CLOSE).count(),
        "meaning": MEANING,
    }
    return render(request, "lock.html", context, status=422 if form.is_bound else 200)
