"""Laboratory files: choose one, see what it would change, import it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404
from django.shortcuts import redirect, render

from calor.errors import CalorError
from calor.web.laboratory_file import COLUMNS, MOST_BYTES, MOST_ROWS
from calor.web.models import AuditRow
from calor.web.pages.form import PageForm
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.sealed_upload import Upload, opened, seal
from calor.web.services import imports as service
from calor.web.services.import_rows import Plan


class FileForm(PageForm):
    """A file to look at."""

    file = forms.FileField(
        label="Laboratory file", help_text=f"CSV in UTF-8, at most {MOST_ROWS:,} values.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )  # fmt: skip

    def clean_file(self) -> bytes:
        """Read no more than a file may hold."""
        file = self.cleaned_data["file"]
        content: bytes = file.read(MOST_BYTES + 1)
        return content


class ImportForm(PageForm):
    """A file that was previewed, to be imported."""

    sealed = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(label="Reason for the corrections", required=False, max_length=300)


@dataclass(frozen=True)
class _Side:
    """How the site, or the unblinded, import.

    Attributes:
        name: Name of the page's address, and whom a sealed file is for.
        plan: What says what a file would change.
        write: What imports it.
        secret: Whether it is the unblinded.
    """

    name: str
    plan: Callable[..., Plan]
    write: Callable[..., Plan]
    secret: bool


_SITE = _Side("imports", service.plan_values, service.import_values, secret=False)
_UNBLINDED = _Side("withheld-imports", service.plan_withheld, service.import_withheld, secret=True)


@page(Action.RECORD_VALUE, "GET", "POST")
def imports(request: Any) -> Any:
    """Import a file at the site."""
    return _answer(request, _SITE)


@page(Action.RECORD_WITHHELD, "GET", "POST")
def withheld_imports(request: Any) -> Any:
    """Import the values that blinded people never see."""
    return _answer(request, _UNBLINDED)


@page(Action.RECORD_WITHHELD, "GET", "POST")
def waiting(request: Any, number: int) -> Any:
    """Import what a site handed on, or set it aside."""
    file = next((f for f in service.files_waiting(request.user, request.visitor.trial) if f.pk == number), None)
    if file is None:
        raise Http404
    if request.method == "POST" and "aside" in request.POST:
        service.set_file_aside(request.user, file, reason=request.POST["aside"])
        return redirect("withheld-imports")
    if request.method == "POST":
        return _import(request, _UNBLINDED, file)
    return _preview(request, _UNBLINDED, file.content.encode(), file=file)


def _answer(request: Any, side: _Side) -> Any:
    if request.method == "POST" and "sealed" in request.POST:
        return _import(request, side)
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _preview(request, side, form.cleaned_data["file"])
        except CalorError as error:
            form.add_error("file", str(error))
    return _show(request, side, form)


def _import(request: Any, side: _Side, file: Any = None) -> Any:
    form = ImportForm(request.POST)
    upload = opened(request.POST.get("sealed", ""), *_whose(request, side))
    if form.is_valid():
        told = {"seen": upload.seen, "reason": form.cleaned_data["reason"]}
        try:
            side.write(
                request.user, request.visitor.trial, upload.content, **told, **({"waiting": file} if file else {})
            )
        except CalorError as error:
            form.add_error(None, str(error))
        else:
            return redirect(side.name)
    return _preview(request, side, upload.content, form=form, file=file)


def _preview(request: Any, side: _Side, content: bytes, *, form: Any = None, file: Any = None) -> Any:
    plan = side.plan(request.user, request.visitor.trial, content)
    sealed = seal(Upload(content, plan.digest, _whose(request, side)))
    refused = form is not None
    if form is not None:
        form.data = {**form.data.dict(), "sealed": sealed}
    form = form or ImportForm(initial={"sealed": sealed})
    context = {"plan": plan, "form": form, "side": side, "file": file, "back": side.name}
    return render(request, "import_preview.html", context, status=422 if refused or plan.refused else 200)


def _show(request: Any, side: _Side, form: FileForm) -> Any:
    trial = request.visitor.trial
    mine = AuditRow.objects.filter(chain=trial.code, actor=request.user.username, action=service.IMPORT, record="")
    context = {
        "form": form,
        "side": side,
        "columns": COLUMNS,
        "waiting": service.files_waiting(request.user, trial) if side.secret else [],
        "mine": [(row.at[:16].replace("T", " "), *row.reason.split(", SHA-256 ")) for row in mine.order_by("-n")[:10]],
    }
    return render(request, "imports.html", context, status=422 if form.is_bound else 200)


def _whose(request: Any, side: _Side) -> tuple[str, ...]:
    return request.user.username, request.visitor.trial.code, side.name
