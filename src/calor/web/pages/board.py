"""The safety board: cuts of the data, the two reports of each, results, and which letter stands for which arm."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from calor.errors import CalorError
from calor.report.section import Section
from calor.report.sections.words import capital
from calor.web import served
from calor.web.capture.models import DataCut
from calor.web.pages.form import SignedForm
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services import cuts

_ROLES = (("primary", "Primary"), ("secondary", "Secondary"), ("sensitivity", "Sensitivity"),
          ("exploratory", "Exploratory"), ("safety", "Safety"))  # fmt: skip


class CutForm(SignedForm):
    """What a cut takes."""

    name = forms.CharField(
        label="Name of the cut", max_length=80, help_text="As the board's agenda calls it, such as “Meeting 2”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    cutoff = forms.DateField(
        label="Cut-off", help_text="The last day of what counts.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip
    look = forms.ChoiceField(label="Planned look", required=False)
    reason = forms.CharField(label="Reason", max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan = served.protocol().looks
        if plan is None:
            del self.fields["look"]
        else:
            looks = [(each.id, f"{each.purpose}, {100 * each.information_fraction:g} %") for each in plan.looks]
            self.fields["look"].choices = [("", "None: safety only"), *looks]


class CodesForm(SignedForm):
    """What it takes to be told which arm a letter stands for."""

    reason = forms.CharField(label="Reason", max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"}))


@page(Action.READ_OPEN)
def board(request: Any) -> Any:
    """List the cuts, with the reports that the person may open."""
    return _board(request, CutForm(initial={"cutoff": timezone.now().date()}))


@page(Action.MAKE_CUT, "POST")
@sensitive_post_parameters("password")
def make_cut(request: Any) -> Any:
    """Cut the data."""
    form = CutForm(request.POST)
    if form.is_valid():
        try:
            cuts.make_cut(request.user, request.visitor.trial, **form.cleaned_data)
        except CalorError as error:
            form.add_error(None, str(error))
        else:
            return redirect("board")
    return _board(request, form)


@page(Action.READ_OPEN)
def open_report(request: Any, number: int) -> Any:
    """Show the report without arms."""
    cut = _cut(request, number)
    return _report(request, cut, cuts.read_open(request.user, cut), closed=False)


@page(Action.READ_CLOSED)
def closed_report(request: Any, number: int) -> Any:
    """Show the report by coded arms."""
    cut = _cut(request, number)
    return _report(request, cut, cuts.read_closed(request.user, cut), closed=True)


@page(Action.READ_RESULTS)
def results(request: Any, number: int, analysis: str = "") -> Any:
    """Show one declared analysis by coded arms; the primary one where none is named."""
    cut, protocol = _cut(request, number), served.protocol()
    chosen = analysis or protocol.primary.id
    if chosen not in {each.id for each in protocol.analyses}:
        raise Http404
    try:
        section = cuts.read_result(request.user, cut, chosen)
    except CalorError as error:
        title = capital(protocol.analysis(chosen).label)
        section = Section("result", title, "The data of this cut do not support it yet.", notes=(str(error),))
    groups = [
        (word, [(each.id, capital(each.label), each.id == chosen) for each in protocol.analyses if each.role == role])
        for role, word in _ROLES
    ]
    context = {"cut": cut, "section": section, "groups": groups}
    return render(request, "results.html", context)


@page(Action.READ_CODES, "GET", "POST")
@sensitive_post_parameters("password")
def codes(request: Any) -> Any:
    """Tell which letter stands for which arm."""
    form, told = CodesForm(request.POST or None), None
    if form.is_bound and form.is_valid():
        try:
            told = cuts.read_codes(request.user, request.visitor.trial, **form.cleaned_data)
        except CalorError as error:
            form.add_error(None, str(error))
    status = 422 if form.is_bound and told is None else 200
    return render(request, "codes.html", {"form": form, "told": told}, status=status)


def _cut(request: Any, number: int) -> Any:
    found = DataCut.objects.filter(trial=request.visitor.trial, number=number).select_related("by", "trial").first()
    if found is None:
        raise Http404
    return found


def _board(request: Any, form: CutForm) -> Any:
    visitor = request.visitor
    context = {
        "cuts": DataCut.objects.filter(trial=visitor.trial).defer("content").select_related("by").order_by("-number"),
        "form": form if visitor.may(Action.MAKE_CUT) else None,
        "meaning": cuts.MEANING,
        "may_closed": visitor.may(Action.READ_CLOSED),
        "may_results": visitor.may(Action.READ_RESULTS),
        "may_codes": visitor.may(Action.READ_CODES),
    }
    return render(request, "board.html", context, status=422 if form.is_bound else 200)


def _report(request: Any, cut: Any, sections: tuple[Section, ...], *, closed: bool) -> Any:
    return render(request, "board_report.html", {"cut": cut, "sections": sections, "closed": closed})
