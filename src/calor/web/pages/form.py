"""Forms as the pages draw them: the label says what, the help beneath it how, the error what to mend."""

from __future__ import annotations

from typing import Any

from django import forms


class PageForm(forms.Form):
    """A form whose labels end without a colon."""

    data: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)


class SignedForm(PageForm):
    """A form that is signed with name and password; what else it asks for comes first."""

    username = forms.CharField(
        label="Your name to sign in with", widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label="Your password", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), strip=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = [name for name in self.fields if name not in SignedForm.base_fields]
        self.order_fields([*own, *SignedForm.base_fields])
