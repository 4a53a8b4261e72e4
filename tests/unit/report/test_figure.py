"""A figure saves in four formats, speaks to a screen reader and lets no text break out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import altair as alt
import pytest

from calor.errors import ReportError
from calor.report.figure import Figure, draw
from calor.report.saving import write_whole

HOSTILE = '<script>alert(1)</script> & "quoted" \' url(#x)'
SVG = "{http://www.w3.org/2000/svg}"


def figure(name: str = "dots", title: str = "Two dots.", label: str = "a") -> Figure:
    chart = alt.Chart(alt.Data(values=[{"x": 1, "label": label}, {"x": 2, "label": "b"}])).mark_text(clip=True)
    return draw(chart.encode(x="x:Q", text="label:N"), name=name, title=title, caption="n = 2.")


@pytest.mark.parametrize(
    ("suffix", "start"), [(".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".json", b"{")]
)
def test_a_figure_saves_as(suffix: str, start: bytes, tmp_path: Path) -> None:
    path = figure().save(tmp_path / "deep" / f"dots{suffix}")
    assert path.read_bytes().startswith(start)
    assert [p.name for p in path.parent.iterdir()] == [f"dots{suffix}"]


def test_a_saved_picture_carries_title_and_caption(tmp_path: Path) -> None:
    texts = [t.text for t in ET.parse(figure().save(tmp_path / "dots.svg")).iter(f"{SVG}text")]  # noqa: S314 - our own output
    assert "Two dots." in texts
    assert "n = 2." in texts
    spec = json.loads(figure().save(tmp_path / "dots.json").read_text())
    assert spec["title"]["text"] == ["Two dots."]


def test_a_long_title_is_wrapped_and_not_cut(tmp_path: Path) -> None:
    title = "This sentence states what the figure shows and goes on well beyond the width of the drawing it heads."
    spec = json.loads(figure(title=title).save(tmp_path / "dots.json").read_text())
    assert len(spec["title"]["text"]) > 1
    assert " ".join(spec["title"]["text"]) == title


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="`path` must end in one of"):
        figure().save(tmp_path / "dots.gif")


def test_the_svg_has_a_title_and_a_description_for_a_screen_reader() -> None:
    root = ET.fromstring(figure().to_svg())  # noqa: S314 - our own output
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "dots-title dots-desc"
    assert [(e.tag, e.text) for e in root[:2]] == [(f"{SVG}title", "Two dots."), (f"{SVG}desc", "n = 2.")]


def test_hostile_text_stays_text() -> None:
    svg = figure(title=HOSTILE, label=HOSTILE).to_svg()
    assert "<script" not in svg
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    assert HOSTILE in [t.text for t in root.iter(f"{SVG}text")]
    assert root[0].text == HOSTILE


def test_ids_of_two_figures_on_one_page_differ_and_references_follow() -> None:
    one, two = figure("one").to_svg(), figure("two").to_svg()
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (one, two)]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"url\(#([^)]+)\)", one)) <= ids[0]
    assert re.search(r"url\(#one-", one)


def test_the_same_figure_is_drawn_the_same_twice() -> None:
    assert figure().to_svg() == figure().to_svg()


@pytest.mark.parametrize("name", ["", "Two Dots", "../up", "a--b", "1st", "x.svg", '"><script>'])
def test_a_name_that_is_no_file_stem_is_refused(name: str) -> None:
    with pytest.raises(ReportError, match="lower-case words joined by hyphens"):
        figure(name)


def test_an_empty_title_is_refused() -> None:
    with pytest.raises(ReportError, match="`title` must say something"):
        figure(title=" ")


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x08", "\ud800", "\uffff"])
def test_a_control_character_is_refused(character: str) -> None:
    with pytest.raises(ReportError, match=r"printable text only, got .* at dots"):
        figure(label=f"a{character}b")


def test_a_backslash_is_no_control_character() -> None:
    assert "\\u0001" in figure(label="\\u0001").to_svg()


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "x.txt", b"old")
    with pytest.raises(TypeError):
        write_whole(path, None)  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
