"""The style sheet (the report's colors and type as variables, then the pages' own rules) and other shipped files."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from django.contrib.staticfiles.views import serve
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from calor.report.style import css_variables
from calor.web.pages.page import anyone


@anyone
@require_safe
def style(_request: Any) -> Any:
    """Return the style sheet."""
    response = HttpResponse(_sheet(), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "max-age=600"
    return response


@anyone
@require_safe
def static_file(request: Any, path: str) -> Any:
    """Return a shipped file, such as htmx; they are few and small, so no other server is needed for them."""
    response = serve(request, path, insecure=True)
    response["Cache-Control"] = "max-age=3600"
    return response


@cache
def _sheet() -> str:
    return css_variables() + "\n" + (files("calor.web") / "static/calor/pages.css").read_text(encoding="utf-8")
