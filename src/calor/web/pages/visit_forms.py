"""The forms of a visit; each carries the versions it was filled from, so that nobody's work is overwritten unseen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone

from calor.analyze.safety.ctcae import grading_rules
from calor.errors import CalorError
from calor.protocol.biomarkers import Biomarker
from calor.protocol.visits import Visit
from calor.web.calendar import Planned
from calor.web.pages.form import PageForm
from calor.web.pages.versioned import Difference, VersionedForm, day, day_input
from calor.web.services.laboratory import Typed, parsed
from calor.web.services.visits import needs_reason


class VisitForm(VersionedForm):
    """The day of a visit."""

    on = forms.DateField(label="Took place on", required=False, widget=day_input())
    missed = forms.BooleanField(label="It did not take place", required=False)
    reason = forms.CharField(
        label="Reason", required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For a day outside the window, a visit that did not take place, or a correction.",
    )  # fmt: skip

    def __init__(self, *args: Any, planned: Visit, randomized: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._planned, self._randomized = planned, randomized

    @classmethod
    def of(cls, now: Planned, randomized: Any) -> VisitForm:
        """Return the form filled with what stands recorded."""
        record, today = now.record, timezone.now().date()
        initial = {"seen": record.version if record else 0}
        if record is not None:
            initial |= {"on": record.on, "missed": record.on is None}
        elif now.opens <= today <= now.closes:
            initial["on"] = today
        return cls(initial=initial, planned=now.visit, randomized=randomized)

    def clean(self) -> dict[str, Any]:
        """Ask for a day or a missed visit, and for the reasons that are owed."""
        told: dict[str, Any] = super().clean() or {}
        on, missed, reason = told.get("on"), told.get("missed"), (told.get("reason") or "").strip()
        if "on" in self.errors:
            return told
        if (on is None) == (not missed):
            self.add_error("on", "Give the day, or say that the visit did not take place.")
        elif on is not None and on > timezone.now().date():
            self.add_error("on", "This day lies in the future. Record a visit when it has taken place.")
        elif not reason and needs_reason(self._planned, self._randomized, on):
            self.add_error("reason", "Say why: the day lies outside the window, or there was no visit.")
        elif not reason and told.get("seen"):
            self.add_error("reason", "Say why the record is corrected.")
        return told

    def told(self) -> dict[str, Any]:
        """Return what the service takes."""
        told = self.cleaned_data
        return {"on": None if told["missed"] else told["on"], "reason": told["reason"], "seen": told["seen"]}


def told(row: Any) -> dict[str, str]:
    """Say in words what a version of a visit holds."""
    return {"Took place on": day(row.on), "Reason": row.reason or "none"}


class ValuesForm(PageForm):
    """Laboratory values of one visit; only what was changed is written."""

    reason = forms.CharField(
        label="Reason for the correction", required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Where a value that stands is changed.",
    )  # fmt: skip

    def __init__(self, *args: Any, analytes: Sequence[Biomarker], rows: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._analytes = analytes
        self._versions = {(row.biomarker, row.version): row for row in rows}
        self._newest = {row.biomarker: row for row in rows}  # rows come in the order of versions
        self.corrects = bool(rows)
        graded = {rule.analyte for rule in grading_rules()}
        for biomarker in analytes:
            self._add(biomarker, self._newest.get(biomarker.id), limited=biomarker.paramcd in graded)

    def _add(self, biomarker: Biomarker, row: Any, *, limited: bool) -> None:
        low, high = biomarker.plausible
        below = f"; type <{biomarker.limit_of_detection:g} for less" if biomarker.limit_of_detection else ""
        self.fields[f"told_{biomarker.id}"] = forms.CharField(
            label=f"{biomarker.label} [{biomarker.unit}]", max_length=20, required=False,
            initial=row.told if row else "", help_text=f"{low:g} to {high:g}{below}",
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        )  # fmt: skip
        if limited:
            self.fields[f"upper_{biomarker.id}"] = forms.FloatField(
                label=f"Upper limit of normal, {biomarker.label}", min_value=0, required=False,
                initial=f"{row.upper:g}" if row and row.upper is not None else None, help_text="The laboratory's own",
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )  # fmt: skip
        self.fields[f"seen_{biomarker.id}"] = forms.IntegerField(
            initial=row.version if row else 0, min_value=0, widget=forms.HiddenInput
        )

    @property
    def lines(self) -> list[dict[str, Any]]:
        """One line for each analyte: its fields and what stands there now."""
        return [
            {
                "told": self[f"told_{b.id}"],
                "upper": self[f"upper_{b.id}"] if f"upper_{b.id}" in self.fields else None,
                "seen": self[f"seen_{b.id}"],
                "biomarker": b,
                "row": self._newest.get(b.id),
            }
            for b in self._analytes
        ]

    def clean(self) -> dict[str, Any]:
        """Look at each changed value; stop at what somebody else changed, and let the form be sent again."""
        told: dict[str, Any] = super().clean() or {}
        self.changed: list[Difference] = []
        self._touched: dict[str, Typed] = {}
        for biomarker in self._analytes:
            self._look_at(biomarker, told)
        if self.changed:
            self.add_error(None, "Somebody else wrote here while your form was open; nothing of yours was written yet.")
        elif not self._touched and not self.errors:
            self.add_error(None, "No value is new or changed.")
        if any(typed.seen for typed in self._touched.values()) and not told.get("reason", "").strip():
            self.add_error("reason", "Say why the value is corrected.")
        return told

    def typed(self) -> dict[str, Typed]:
        """Return what the service takes: the values that were changed."""
        return self._touched

    def _look_at(self, biomarker: Biomarker, told: dict[str, Any]) -> None:
        name, seen = biomarker.id, told.get(f"seen_{biomarker.id}") or 0
        text, upper = (told.get(f"told_{name}") or "").strip(), told.get(f"upper_{name}")
        basis, newest = self._versions.get((name, seen)), self._newest.get(name)
        untouched = (text, upper) == ((basis.told, basis.upper) if basis else ("", None))
        if newest is not None and newest.version != seen:
            self.data = self.data.copy()
            self.data[f"seen_{name}"] = str(newest.version)
            if untouched:  # the other's value is shown; there is nothing of one's own to lose
                self.data[f"told_{name}"], self.data[f"upper_{name}"] = newest.told, newest.upper or ""
            elif (text, upper) != (newest.told, newest.upper):
                was = basis.told if basis else "nothing"
                self.changed.append(Difference(biomarker.label, was, newest.told, newest.by.last_name, newest.at))
            return
        if untouched or f"told_{name}" in self.errors:
            return
        if not text:
            self.add_error(f"told_{name}", "A value that stands can be corrected, not taken away.")
            return
        try:
            parsed(biomarker, text)
        except CalorError as error:
            self.add_error(f"told_{name}", str(error).split("`", 2)[-1].strip().capitalize())
        self._touched[name] = Typed(text, upper, seen)
