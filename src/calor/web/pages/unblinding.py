"""Emergency unblinding of one participant, by the investigator alone; and the assessments that unblindings owe."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from calor.errors import CalorError
from calor.web import blinded
from calor.web.models import ImpactAssessment
from calor.web.pages.form import SignedForm
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services import unblinding as service


class UnblindForm(SignedForm):
    """Why one participant's arm must be known now."""

    reason = forms.CharField(
        label="Reason", max_length=2000, help_text="Why the treatment depends on it.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    confirm = forms.CharField(
        label="The participant's identifier, typed again", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class ConclusionForm(SignedForm):
    """What an assessment concluded."""

    conclusion = forms.CharField(label="Conclusion", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


@page(Action.UNBLIND, "GET", "POST")
@sensitive_post_parameters("password")
def unblind(request: Any, identifier: str) -> Any:
    """Tell the arm once it is asked for; it stands in this one answer and on no page."""
    participant = request.visitor.participant(identifier, Action.UNBLIND)
    form, arm = UnblindForm(request.POST or None), None
    if form.is_bound and form.is_valid():
        try:
            arm = service.unblind(request.user, participant, **form.cleaned_data)
        except CalorError as error:
            form.add_error(None, str(error))
    context = {"participant": participant, "form": form, "arm": arm}
    return render(request, "unblind.html", context, status=422 if form.is_bound and arm is None else 200)


@page(Action.CLOSE_ASSESSMENT)
def assessments(request: Any) -> Any:
    """List what unblindings owe, the open ones first."""
    rows = blinded.assessments(request.user, request.visitor.trial)
    context = {
        "waiting": [row for row in rows if row["conclusion"] is None],
        "closed": [row for row in rows if row["conclusion"] is not None],
    }
    return render(request, "assessments.html", context)


@page(Action.CLOSE_ASSESSMENT, "GET", "POST")
@sensitive_post_parameters("password")
def assessment(request: Any, number: int) -> Any:
    """Conclude an assessment, signed."""
    owed = ImpactAssessment.objects.filter(unblinding__participant__trial=request.visitor.trial, pk=number)
    found = owed.select_related("unblinding__participant__trial", "unblinding__by").first()
    if found is None:
        raise Http404
    form = ConclusionForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            service.close_assessment(request.user, found, **form.cleaned_data)
        except CalorError as error:
            form.add_error(None, str(error))
        else:
            return redirect("assessments")
    context = {"found": found, "form": form, "closing": getattr(found, "assessmentclosing", None)}
    return render(request, "assessment.html", context, status=422 if form.is_bound else 200)
