"""What a service refuses becomes a page that says why and what to do, and keeps what was typed; nothing was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.shortcuts import render

from calor.errors import CalorError

_FREE_TEXT = ("about", "text", "done", "aside", "reason")  # of forms that are one line on a page


def refusals(get_response: Callable[[Any], Any]) -> Any:
    """Show refusals (Django middleware)."""

    def answer(request: Any) -> Any:
        return get_response(request)

    def process_exception(request: Any, error: Exception) -> Any:
        if not isinstance(error, CalorError):
            return None
        typed = [text for name in _FREE_TEXT if (text := request.POST.get(name, "").strip())]
        return render(request, "refused.html", {"why": str(error), "typed": typed}, status=409)

    answer.process_exception = process_exception  # type: ignore[attr-defined]  # where Django looks for it
    return answer


def no_csrf_token(request: Any, reason: str = "") -> Any:
    """Answer a form whose token is missing or old: the page was open for long, or the form is another site's."""
    why = "This form is no longer valid; nothing was written. Go back, reload the page and send it again."
    return render(request, "refused.html", {"why": why}, status=403)
