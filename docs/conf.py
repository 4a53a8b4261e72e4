"""How the documentation is built: `make docs`.

A page of docs/methods/ bears the name of its module; the module's functions with their docstrings are appended here, so
that formula and signature stand on one page and neither is written twice.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

import calor

SOURCE = Path(calor.__file__).parent
METHODS = ("analyze", "design", "enroll", "image", "monitor", "screen", "simulate")
"""The folders whose modules are methods; `analyze/declared` only joins them to protocols."""

project = "Calor"
author = "The Calor developers"
copyright = author  # noqa: A001
release = version = calor.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["build", "decisions/README.md"]
html_theme = "furo"
html_title = "Calor"
html_static_path: list[str] = []
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#b3391f", "color-brand-content": "#b3391f"},
    "dark_css_variables": {"color-brand-primary": "#f0836a", "color-brand-content": "#f0836a"},
}
myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_member_order = "bysource"
default_role = "literal"
suppress_warnings = ["myst.xref_missing"]


def modules_of(page: str) -> list[str]:
    """Return the dotted names of the modules that a methods page describes."""
    found = [path for folder in METHODS for path in sorted((SOURCE / folder).rglob(f"{page}.py"))]
    found = [path for path in found if path.parent.name != "declared"]
    return [".".join(("calor", *path.relative_to(SOURCE).with_suffix("").parts)) for path in found]


def append_signatures(_app: Sphinx, name: str, source: list[str]) -> None:
    """Append the public functions and results of a method's module to its page."""
    folder, _, page = name.partition("/")
    if folder != "methods":
        return
    for module in modules_of(page):
        source[0] += f"\n\n## `{module}`\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n```\n"


def setup(app: Sphinx) -> None:
    """Register what is done to a page when it is read."""
    app.connect("source-read", append_signatures)
