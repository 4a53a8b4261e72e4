"""One candidate: why, consent, eligibility judged again at the click, randomization, kit."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django import forms
from django.core import signing
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone

from calor.errors import ConductError
from calor.web import screening, served
from calor.web.capture.models import Consent
from calor.web.models import Allocation
from calor.web.pages.form import PageForm
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.screening import Answer, Judged
from calor.web.services import enrollment
from calor.web.strata import stratum_name

_SEEN = "what was seen of a candidate"


class ConsentForm(PageForm):
    """What the signed form says."""

    version = forms.CharField(label="Version of the consent form", max_length=40, help_text="It stands at its foot.")
    signed_on = forms.DateField(
        label="Signed on", widget=forms.DateInput(attrs={"type": "date"}), help_text="Not in the future."
    )

    def clean_signed_on(self) -> Any:
        """Refuse a day to come."""
        day = self.cleaned_data["signed_on"]
        if day > timezone.now().date():
            raise forms.ValidationError("This day lies in the future. Give the day of the signature.")
        return day


class RandomizeForm(PageForm):
    """What the records cannot say: the protocol's criteria in words, and the stratum."""

    seen = forms.CharField(widget=forms.HiddenInput)
    key = forms.CharField(widget=forms.HiddenInput, max_length=80)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        protocol = served.protocol()
        for rule in protocol.eligibility:
            label = rule.text if rule.kind == "include" else f"Excluded: none of “{rule.text}”"
            self.fields[f"rule_{rule.id}"] = forms.BooleanField(
                label=label,
                error_messages={"required": "Confirm it, or do not randomize."},
            )
        for factor in protocol.randomization.strata:
            choices = [("", "Choose"), *((level, level) for level in factor.levels)]
            self.fields[f"factor_{factor.id}"] = forms.ChoiceField(label=factor.label, choices=choices)

    @property
    def rules(self) -> list[Any]:
        """The criteria to confirm."""
        return [self[name] for name in self.fields if name.startswith("rule_")]

    @property
    def factors(self) -> list[Any]:
        """The factors of the stratum."""
        return [self[name] for name in self.fields if name.startswith("factor_")]

    def confirmed(self) -> dict[str, bool]:
        """Return the criteria that were confirmed."""
        return {n.removeprefix("rule_"): v for n, v in self.cleaned_data.items() if n.startswith("rule_")}

    def stratum(self) -> str:
        """Return the name of the stratum."""
        levels = [value for name, value in self.cleaned_data.items() if name.startswith("factor_")]
        return stratum_name(*levels)


@page(Action.SCREEN)
def candidate(request: Any, person: int) -> Any:
    """Show a candidate as last screened, and the next step."""
    site, row = _found(request, person)
    return _show(request, site, row)


@page(Action.CONSENT, "POST")
def consent(request: Any, person: int) -> Any:
    """Record consent."""
    site, row = _found(request, person)
    form = ConsentForm(request.POST)
    if not form.is_valid():
        return _show(request, site, row, consent_form=form)
    enrollment.consent(request.user, site, person, **form.cleaned_data)
    return redirect("candidate", person)


@page(Action.ALLOCATE, "POST")
def randomize(request: Any, person: int) -> Any:
    """Judge the criteria again; when they are as they were seen and all are met, randomize."""
    site, row = _found(request, person)
    given = Consent.objects.filter(site=site, person=person).first()
    if given is None:
        raise Http404
    form = RandomizeForm(request.POST)
    if not form.is_valid():
        return _show(request, site, row, randomize_form=form)
    now = screening.judge(person)
    if now is None:
        fix = "Look the person up in the records; nobody was randomized."
        raise ConductError.must("candidate", "be in the health records", "nobody", fix=fix)
    changed = now.differences(_seen(form.cleaned_data["seen"]))
    if changed and not hasattr(given, "enrollment"):
        return _show(request, site, row, now=now, randomize_form=form, changed=changed)
    try:
        enrollment.randomize(
            request.user, given, now,
            confirmed=form.confirmed(), stratum=form.stratum(), key=form.cleaned_data["key"],
        )  # fmt: skip
    except ConductError as error:
        form.add_error(None, str(error))
        return _show(request, site, row, now=now, randomize_form=form)
    return redirect("candidate", person)


def _found(request: Any, person: int) -> tuple[Any, dict[str, Any] | None]:
    """Return the records' site and the candidate's row of the worklist."""
    site = served.records_site(request.visitor.trial)
    if site is None or not request.visitor.may(Action.SCREEN, site):
        raise Http404
    row = screening.candidate(person)
    if row is None and not Consent.objects.filter(site=site, person=person).exists():
        raise Http404
    return site, row


def _show(request: Any, site: Any, row: dict[str, Any] | None, *, now: Judged | None = None, **more: Any) -> Any:
    """Show the candidate: as judged a moment ago, else as last screened."""
    judged_now = now is not None
    person = int(request.resolver_match.kwargs["person"])
    given = Consent.objects.filter(site=site, person=person).select_related("enrollment__participant").first()
    enrolled = getattr(given, "enrollment", None)
    told = None if enrolled is None else _allocation(enrolled.participant)
    now = now or screening.as_screened(person)
    words = screening.words_of(served.protocol())
    context = {
        "judged_now": judged_now,
        "screened_on": screening.screened_on(),
        "person": person,
        "row": row,
        "status": now.status if now else "not in the records",
        "answers": [(words[answer.criterion], answer) for answer in (now.answers if now else ())],
        "given": given,
        "enrolled": enrolled,
        "told": told,
        "consent_form": ConsentForm(initial={"signed_on": timezone.now().date()}),
        "confirmed_by_hand": served.protocol().eligibility,
        **more,
    }
    if given is not None and told is None and now is not None:
        context["randomize_form"] = _randomize_form(more.get("randomize_form"), now)
    context["changed"] = [(words[new.criterion], new, old) for new, old in more.get("changed", ())]
    refused = bool(more)
    return render(request, "candidate.html", context, status=422 if refused else 200)


def _randomize_form(filled: RandomizeForm | None, now: Judged) -> RandomizeForm:
    """Return the form with what is now shown written into it, and what was typed kept."""
    seen = signing.dumps([now.status, [asdict(answer) for answer in now.answers]], salt=_SEEN)
    if filled is None:
        return RandomizeForm(initial={"seen": seen, "key": str(uuid.uuid4())})
    filled.data = filled.data.copy()
    filled.data["seen"] = seen
    return filled


def _seen(token: str) -> Judged:
    try:
        status, answers = signing.loads(token, salt=_SEEN)
    except signing.BadSignature as error:
        raise ConductError.must("seen", "be what the page held", "something else", fix="Reload the page.") from error
    return Judged(status, tuple(Answer(**answer) for answer in answers))


def _allocation(participant: Any) -> Any:
    return Allocation.objects.filter(participant=participant).select_related("kit").defer("kit__sealed_arm").first()
