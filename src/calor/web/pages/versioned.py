"""Forms that know what they were filled from: who sends second sees what changed and loses nothing typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from calor.web.pages.form import PageForm


@dataclass(frozen=True)
class Difference:
    """What somebody else wrote while a form was open.

    Attributes:
        label: Of what.
        was: What the form was filled from.
        now: What stands there now.
        by: Who wrote it.
        at: When.
    """

    label: str
    was: str
    now: str
    by: str
    at: Any


class VersionedForm(PageForm):
    """A form of one record, filled from its version `seen`; 0 where there was none."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    changed: Sequence[Difference] = ()

    def meets(self, rows: Sequence[Any], told: Callable[[Any], Mapping[str, str]]) -> bool:
        """Say whether the latest version is still the one seen; else note what changed, to be sent again.

        Args:
            rows: All versions of the record, in order.
            told: What a version says, by label.
        """
        newest, seen = (rows[-1] if rows else None), self.cleaned_data["seen"]
        if newest is None or newest.version == seen:
            return True
        was = told(rows[seen - 1]) if 0 < seen <= len(rows) else {}
        self.changed = [
            Difference(label, was.get(label, "nothing"), now, newest.by.last_name, newest.at)
            for label, now in told(newest).items()
            if was.get(label) != now
        ]
        self.data = self.data.copy()
        self.data["seen"] = str(newest.version)
        self.add_error(None, "Somebody else wrote here while your form was open; nothing of yours was written yet.")
        return False


def day_input() -> forms.DateInput:
    """Return the input of a day."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def day(value: Any) -> str:
    """Write a day, or that there is none."""
    return value.isoformat() if value else "none"
