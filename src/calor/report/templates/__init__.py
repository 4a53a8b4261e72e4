"""The HTML templates and the stylesheet, and the Jinja environment that fills them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def environment() -> Environment:
    """Return the Jinja environment: everything is escaped, an unknown name is an error.

    >>> environment().from_string("{{ text }}").render(text="<script>")
    '&lt;script&gt;'
    """
    return Environment(
        loader=PackageLoader("calor.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def stylesheet() -> str:
    """Return the report's stylesheet.

    >>> "@media print" in stylesheet()
    True
    """
    return files("calor.report.templates").joinpath("report.css").read_text(encoding="utf-8")
