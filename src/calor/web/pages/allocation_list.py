"""The trial's list: how well it could be guessed, before it is drawn, sealed, once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.shortcuts import redirect, render

from calor.errors import CalorError
from calor.web import served
from calor.web.models import ActiveMethod
from calor.web.pages.form import PageForm
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services import activation
from calor.web.services.plans import ListPlan
from calor.web.strata import strata


class PlanForm(PageForm):
    """Block sizes and length; ratio and strata stand in the protocol."""

    sizes = forms.RegexField(
        r"^\s*\d{1,3}(\s*,\s*\d{1,3})*\s*$", label="Block sizes",
        help_text="With commas between; one of them is drawn for each block.",
        error_messages={"invalid": "Give numbers with commas between, as 4, 6."},
    )  # fmt: skip
    length = forms.IntegerField(label="Places in each stratum", min_value=1, max_value=100_000)
    configuration = forms.CharField(widget=forms.HiddenInput, required=False)

    def plan(self) -> ListPlan:
        """Return the plan."""
        protocol = served.protocol()
        sizes = tuple(int(size) for size in self.cleaned_data["sizes"].split(","))
        ratio = tuple(arm.ratio for arm in protocol.arms)
        return ListPlan(ratio, sizes, strata(protocol), self.cleaned_data["length"])


@page(Action.ACTIVATE_LIST, "GET", "POST")
def allocation_list(request: Any) -> Any:
    """Show how a plan can be guessed; activate it once it was seen."""
    trial, protocol = request.visitor.trial, served.protocol()
    ratio = sum(arm.ratio for arm in protocol.arms)
    sizes = protocol.randomization.block_sizes or (2 * ratio, 3 * ratio)
    initial = {"sizes": ", ".join(map(str, sizes)), "length": 2 * protocol.trial.planned_size}
    form, previewed = PlanForm(request.POST or None, initial=initial), None
    if form.is_bound and form.is_valid():
        try:
            plan = form.plan()
            guessable, digest = activation.preview(plan)
            if form.cleaned_data["configuration"] == digest:
                activation.activate(request.user, trial, plan, configuration=digest)
                return redirect("allocation-list")
            form.data = form.data.copy()
            form.data["configuration"] = digest
            previewed = guessable
        except CalorError as error:
            form.add_error(None, str(error))
    context = {
        "form": form,
        "previewed": previewed,
        "active": ActiveMethod.objects.filter(trial=trial).first(),
        "ratio": ":".join(str(arm.ratio) for arm in protocol.arms),
        "strata": strata(protocol),
    }
    return render(request, "allocation_list.html", context, status=422 if form.errors else 200)
