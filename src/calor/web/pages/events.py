"""Adverse events of one participant: a new one, a further version, and the reports that a serious one owes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone

from calor.errors import CalorError
from calor.web.capture.models import AdverseEvent
from calor.web.pages.page import page
from calor.web.pages.versioned import VersionedForm, day, day_input
from calor.web.permissions import Action
from calor.web.safety_rules import graded
from calor.web.seriousness import CRITERIA, deadlines
from calor.web.services import adverse_events
from calor.web.services.alerts import values_of

GRADES = {1: "1 mild", 2: "2 moderate", 3: "3 severe", 4: "4 life-threatening", 5: "5 death"}


class EventForm(VersionedForm):
    """An adverse event."""

    term = forms.CharField(label="What happened", max_length=200, help_text="In the participant's or your own words.")
    onset = forms.DateField(label="Began on", widget=day_input())
    ended = forms.DateField(label="Ended on", widget=day_input(), required=False, help_text="Empty while it lasts.")
    grade = forms.TypedChoiceField(label="CTCAE grade", choices=[("", "Choose"), *GRADES.items()], coerce=int)
    criteria = forms.MultipleChoiceField(
        label="Serious, because of", choices=list(CRITERIA.items()), required=False,
        widget=forms.CheckboxSelectMultiple, help_text="None: not serious.",
    )  # fmt: skip
    infection = forms.BooleanField(label="It is an infection", required=False)
    related = forms.BooleanField(label="A relation to the treatment is possible", required=False)
    expected = forms.BooleanField(label="The reference safety information lists it", required=False)
    learned_at = forms.DateTimeField(
        label="You learned of it (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="The reports of a serious event count from here.",
    )
    reason = forms.CharField(label="Reason for the change", required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean(self) -> dict[str, Any]:
        """Refuse what contradicts itself, beside the field."""
        told: dict[str, Any] = super().clean() or {}
        onset, ended, learned = told.get("onset"), told.get("ended"), told.get("learned_at")
        if onset and onset > timezone.now().date():
            self.add_error("onset", "This day lies in the future.")
        if onset and ended and ended < onset:
            self.add_error("ended", "It cannot end before it began.")
        if (onset and learned and not onset <= learned.date()) or (learned and learned > timezone.now()):
            self.add_error("learned_at", "This must lie between its begin and now.")
        if told.get("grade") and (told["grade"] == adverse_events.FATAL) != ("death" in told.get("criteria", ())):
            self.add_error("grade", "Grade 5 and the criterion death go together.")
        if told.get("seen") and not told.get("reason", "").strip():
            self.add_error("reason", "Say why it is changed.")
        return told

    def event(self) -> adverse_events.Event:
        """Return what was told."""
        return adverse_events.Event(**{n: v for n, v in self.cleaned_data.items() if n not in ("seen", "reason")})


@page(Action.RECORD_EVENT, "GET", "POST")
def new_event(request: Any, identifier: str) -> Any:
    """Record an adverse event."""
    participant = request.visitor.participant(identifier, Action.RECORD_EVENT)
    now = timezone.now().strftime("%Y-%m-%dT%H:%M")
    form = EventForm(request.POST or None, initial={"seen": 0, "learned_at": now, **_proposed(request)})
    return _write(request, participant, form, None)


@page(Action.RECORD_EVENT, "GET", "POST")
def event(request: Any, identifier: str, number: int) -> Any:
    """Show an adverse event, and write a further version."""
    participant = request.visitor.participant(identifier, Action.RECORD_EVENT)
    rows = _versions(participant, number)
    latest = rows[-1]
    initial = {name: getattr(latest, name) for name in EventForm.base_fields if name not in ("seen", "reason")}
    return _write(
        request, participant, EventForm(request.POST or None, initial={**initial, "seen": latest.version}), rows
    )


@page(Action.REPORT_SERIOUS, "POST")
def report_serious(request: Any, identifier: str, number: int) -> Any:
    """Note that a report was sent."""
    participant = request.visitor.participant(identifier, Action.REPORT_SERIOUS)
    adverse_events.report_serious(request.user, _versions(participant, number)[-1], request.POST.get("kind", ""))
    return redirect("event", identifier, number)


def told(row: Any) -> dict[str, str]:
    """Say in words what a version of an event holds."""
    return {
        "What happened": row.term,
        "Began on": day(row.onset),
        "Ended on": day(row.ended),
        "Grade": str(row.grade),
        "Serious": ", ".join(CRITERIA[c] for c in row.criteria) or "no",
        "Infection": "yes" if row.infection else "no",
        "Related": "possible" if row.related else "no",
        "Expected": "yes" if row.expected else "no",
    }


def _versions(participant: Any, number: int) -> list[Any]:
    rows = AdverseEvent.objects.filter(participant=participant, number=number).select_related("by").order_by("version")
    if not rows:
        raise Http404
    return list(rows)


def _proposed(request: Any) -> dict[str, Any]:
    """Take over a proposal that a laboratory value made."""
    term, grade = request.GET.get("term", "")[:200], request.GET.get("grade", "")
    return {"term": term, "grade": int(grade) if grade in set("12345") else ""}


def proposals(participant: Any, *, may_see: bool) -> list[dict[str, Any]]:
    """Return the grades above 0 that laboratory values propose, unless an event says the same already."""
    known = {row.term.casefold() for row in AdverseEvent.objects.filter(participant=participant)}
    return [
        {"term": found.term, "grade": found.grade or found.least, "value": value}
        for value, found in graded(values_of(participant, withheld=may_see))
        if found.term.casefold() not in known
    ]


def _write(request: Any, participant: Any, form: EventForm, rows: list[Any] | None) -> Any:
    if form.is_bound and form.is_valid() and form.meets(rows or [], told):
        try:
            written = adverse_events.record_event(
                request.user, participant, form.event(), number=rows[-1].number if rows else None,
                reason=form.cleaned_data["reason"], seen=form.cleaned_data["seen"],
            )  # fmt: skip
        except CalorError as error:
            form.add_error(None, str(error))
        else:
            if written.criteria:
                return redirect("event", participant.identifier, written.number)
            return redirect("participant", participant.identifier)
    now = timezone.now()
    latest = rows[-1] if rows else None
    owed = deadlines(latest, adverse_events.sent(latest)) if latest else ()
    context = {
        "participant": participant,
        "form": form,
        "event": latest,
        "rows": rows,
        "deadlines": [(one, one.overdue(now)) for one in owed],
        "proposals": [] if rows else proposals(participant, may_see=False),
    }
    return render(request, "event.html", context, status=422 if form.is_bound else 200)
