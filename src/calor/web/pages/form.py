"""Forms as the pages draw them: the label says what, the help beneath it how, the error what to mend."""

from __future__ import annotations

from typing import Any

from django import forms


class PageForm(forms.Form):
    """A form whose labels end without a colon."""

    data: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
