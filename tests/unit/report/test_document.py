"""A document is one file that needs nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.unit.report.example import FIGURES, HOSTILE, document

from calor.errors import ReportError
from calor.report.document import Document
from calor.report.section import Section
from calor.report.table import Column, Table


@pytest.fixture(scope="module")
def example() -> Document:
    return document()


@pytest.fixture(scope="module")
def page(example: Document) -> str:
    return example.to_html()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(page)
    return parser.seen


def test_the_page_holds_no_script_and_names_no_other_place(page: str) -> None:
    for tag, attributes in tags(page):
        assert tag not in {"script", "link", "iframe", "object", "img"}
        assert not {"src", "srcset", "onload", "onclick"} & set(attributes)
        assert not (attributes.get("href") or "#").startswith(("http", "//", "data", "javascript"))
    assert "http:" not in re.sub(r'xmlns(:xlink)?="http://www.w3.org/[^"]+"', "", page)
    assert "@import" not in page
    assert "url(http" not in page


def test_every_id_is_there_once(page: str) -> None:
    ids = [attributes["id"] for _, attributes in tags(page) if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_hostile_text_stays_text(page: str) -> None:
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 3


def test_the_banner_stands_first(page: str) -> None:
    assert page.index("Synthetic participants") < page.index("<h1>")


def test_without_a_banner_there_is_none() -> None:
    assert 'class="banner"' not in Document("T", "S", "H.", ()).to_html()


def test_a_section_is_sentence_then_figures_then_tables(page: str) -> None:
    safety = page[page.index('<section id="safety"') :]
    assert safety.index('class="sentence"') < safety.index("<figure") < safety.index("<table")


def test_two_parts_of_one_name_are_refused() -> None:
    table = Table("events", "T.", (Column("a", "A"),), ())
    with pytest.raises(ReportError, match="name every section, figure and table once, got events"):
        Document("T", "S", "H.", (Section("events", "Events", "None.", tables=(table,)),))


def test_everything_is_saved_beside_the_page(example: Document, tmp_path: Path) -> None:
    path = example.save(tmp_path / "results")
    assert path == tmp_path / "results" / "report.html"
    assert len(list((tmp_path / "results" / "figures").glob("*.svg"))) == len(FIGURES)
    assert len(list((tmp_path / "results" / "figures").glob("*.png"))) == len(FIGURES)
    assert {p.name for p in (tmp_path / "results" / "tables").iterdir()} == {
        "baseline.csv",
        "adverse-events-by-grade.csv",
    }
    assert not list(tmp_path.rglob(".*"))


def test_a_hostile_title_is_escaped_everywhere() -> None:
    page = Document(HOSTILE, HOSTILE, HOSTILE, (), banner=HOSTILE, footer=HOSTILE).to_html()
    assert "<script" not in page
