"""Every method of events, counts, multiplicity and safety has a page, or is named on the page it belongs to."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHAPTERS = ("counts", "survival", "safety", "multiplicity")
MODULES = [
    path
    for chapter in CHAPTERS
    for path in sorted((ROOT / "src/calor/analyze" / chapter).glob("*.py"))
    if path.stem != "__init__"
]


def _cites_a_paper(path: Path) -> bool:
    functions = (node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef))
    return any("Reference:" in (ast.get_docstring(f) or "") for f in functions if not f.name.startswith("_"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_method_has_a_page(path: Path) -> None:
    if not _cites_a_paper(path):
        return
    pages = {page.stem: page.read_text(encoding="utf-8") for page in (ROOT / "docs/methods").glob("*.md")}
    named = [stem for stem, text in pages.items() if f"`{path.stem}`" in text]
    assert path.stem in pages or named


def test_pages_say_what_they_were_checked_against() -> None:
    silent = []
    for path in MODULES:
        page = ROOT / "docs/methods" / f"{path.stem}.md"
        if page.exists() and "hecked against" not in page.read_text(encoding="utf-8"):
            silent.append(path.stem)
    assert silent == []
