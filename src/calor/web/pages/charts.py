"""The library that draws figures in a page: Vega with all it needs, served from here, as it draws the report."""

from __future__ import annotations

from functools import cache
from typing import Any

import vl_convert
from django.http import HttpResponse

from calor.web.pages.page import page
from calor.web.permissions import Action

_GLOBAL = "window.vegaEmbed = vegaEmbed;"


@page(Action.ENTER)
def charts(_request: Any) -> Any:
    """Return the library as one script."""
    response = HttpResponse(_library(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "private, max-age=86400"
    return response


@cache
def _library() -> str:
    return vl_convert.javascript_bundle(_GLOBAL)
