"""Every module of `analyze` that gives a result has a page: its formula or idea, its source, when not to use it."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

from calor import analyze
from calor.analyze.drawable import Drawable

PAGES = Path(__file__).parents[3] / "docs" / "methods"
CHAPTERS = ("benefit", "continuous", "missing", "mixed")


def _modules() -> list[str]:
    """Find the modules that define a result."""
    found = []
    for info in pkgutil.walk_packages(analyze.__path__, "calor.analyze."):
        if info.name.split(".")[2] in CHAPTERS and not info.ispkg:
            module = import_module(info.name)
            classes = [c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == module.__name__]
            if any(issubclass(c, Drawable) for c in classes):
                found.append(info.name.rsplit(".", 1)[1])
    return found


@pytest.mark.parametrize("module", _modules())
def test_a_method_has_a_page_with_source_limits_and_checks(module: str) -> None:
    page = (PAGES / f"{module}.md").read_text(encoding="utf-8")
    for heading in ("**Source.**", "**When not.**", "**Checked against**"):
        assert heading in page, f"{module}.md lacks {heading}"
