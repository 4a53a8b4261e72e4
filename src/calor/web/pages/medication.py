"""Concomitant medication of one participant."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404
from django.shortcuts import redirect, render

from calor.errors import CalorError
from calor.web.capture.models import Medication
from calor.web.pages.page import page
from calor.web.pages.versioned import VersionedForm, day, day_input
from calor.web.permissions import Action
from calor.web.services import adverse_events


class MedicationForm(VersionedForm):
    """A medication."""

    name = forms.CharField(label="Medication", max_length=200)
    dose = forms.CharField(label="Dose", max_length=100, help_text="With unit and frequency, as 40 mg once daily.")
    indication = forms.CharField(label="Taken for", max_length=200)
    started = forms.DateField(label="Since", widget=day_input())
    ended = forms.DateField(label="Until", widget=day_input(), required=False, help_text="Empty while it is taken.")
    reason = forms.CharField(label="Reason for the change", required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean(self) -> dict[str, Any]:
        """Ask for the reason of a change."""
        told: dict[str, Any] = super().clean() or {}
        if told.get("seen") and not told.get("reason", "").strip():
            self.add_error("reason", "Say why it is changed.")
        if told.get("started") and told.get("ended") and told["ended"] < told["started"]:
            self.add_error("ended", "It cannot end before it began.")
        return told


@page(Action.RECORD_MEDICATION, "GET", "POST")
def new_medication(request: Any, identifier: str) -> Any:
    """Record a medication."""
    participant = request.visitor.participant(identifier, Action.RECORD_MEDICATION)
    return _write(request, participant, MedicationForm(request.POST or None, initial={"seen": 0}), [])


@page(Action.RECORD_MEDICATION, "GET", "POST")
def medication(request: Any, identifier: str, number: int) -> Any:
    """Show a medication, and write a further version."""
    participant = request.visitor.participant(identifier, Action.RECORD_MEDICATION)
    mine = Medication.objects.filter(participant=participant, number=number)
    rows = list(mine.select_related("by").order_by("version"))
    if not rows:
        raise Http404
    names = ("name", "dose", "indication", "started", "ended")
    initial = {name: getattr(rows[-1], name) for name in names} | {"seen": rows[-1].version}
    return _write(request, participant, MedicationForm(request.POST or None, initial=initial), rows)


def told(row: Any) -> dict[str, str]:
    """Say in words what a version of a medication holds."""
    return {"Medication": row.name, "Dose": row.dose, "Taken for": row.indication, "Since": day(row.started),
            "Until": day(row.ended)}  # fmt: skip


def _write(request: Any, participant: Any, form: MedicationForm, rows: list[Any]) -> Any:
    if form.is_bound and form.is_valid() and form.meets(rows, told):
        drug = {n: v for n, v in form.cleaned_data.items() if n not in ("seen", "reason")}
        try:
            adverse_events.record_medication(
                request.user, participant, adverse_events.Drug(**drug), number=rows[-1].number if rows else None,
                reason=form.cleaned_data["reason"], seen=form.cleaned_data["seen"],
            )  # fmt: skip
        except CalorError as error:
            form.add_error(None, str(error))
        else:
            return redirect("participant", participant.identifier)
    context = {"participant": participant, "form": form, "medication": rows[-1] if rows else None}
    return render(request, "medication.html", context, status=422 if form.is_bound else 200)
