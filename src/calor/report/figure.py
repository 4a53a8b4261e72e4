"""A figure: what it is called, what it shows, and how it is drawn."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import vl_convert

from calor.errors import ReportError
from calor.report import style
from calor.report.lettering import wrap
from calor.report.saving import require_name, write_whole

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
# What XML cannot hold: control characters, halves of a surrogate pair, non-characters.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_FORMATS = (".svg", ".png", ".pdf", ".json")


@dataclass(frozen=True)
class Figure:
    """One figure, ready to be put into a document or saved.

    Attributes:
        name: File stem and HTML id: lower-case letters, digits and hyphens.
        title: One sentence that states what the figure shows.
        caption: The line beneath: n, method, estimand.
        spec: Vega-Lite specification, without the title.

    Raises:
        ReportError: The name is no file stem, or title or caption is empty.
    """

    name: str
    title: str
    caption: str
    spec: Mapping[str, Any]

    def __post_init__(self) -> None:
        require_name(self.name)
        for field, text in (("title", self.title), ("caption", self.caption)):
            if not text.strip():
                raise ReportError.must(field, "say something", repr(text), where=self.name, fix="Write one sentence.")
        for text in _texts([self.title, self.caption, self.spec]):
            if _UNPRINTABLE.search(text):
                raise ReportError.must(
                    "spec", "hold printable text only", repr(text), where=self.name, fix="Clean the labels."
                )

    def to_svg(self) -> str:
        """Return the drawing as one `<svg>` element, with title and description for those who listen.

        The visible title and caption are left to the page, which can wrap them.
        """
        return self._svg

    def save(self, path: str | Path, *, scale: float = 2.0) -> Path:
        """Write the figure with its title and caption; the suffix chooses svg, png, pdf or json (Vega-Lite).

        The file appears whole or not at all.

        Args:
            path: Where to write.
            scale: Pixels of a png per pixel of the drawing.

        Raises:
            ReportError: The suffix is none of these.
        """
        path = Path(path)
        if path.suffix not in _FORMATS:
            raise ReportError.must("path", f"end in one of {', '.join(_FORMATS)}", path.name, fix="Rename it.")
        match path.suffix:
            case ".png":
                content = vl_convert.svg_to_png(self._titled_svg, scale=scale)
            case ".pdf":
                content = vl_convert.vegalite_to_pdf(self._titled(), allowed_base_urls=[])
            case ".json":
                content = json.dumps(self._titled(), indent=1, ensure_ascii=False, allow_nan=False).encode()
            case _:
                content = _accessible(self._titled_svg, self).encode()
        return write_whole(path, content)

    @cached_property
    def _svg(self) -> str:
        """The drawing without its title, once however often a page shows it."""
        return _accessible(vl_convert.vegalite_to_svg(dict(self.spec), allowed_base_urls=[]), self)

    @cached_property
    def _titled_svg(self) -> str:
        """The drawing with title and caption as Vega makes it, once for svg and png."""
        return vl_convert.vegalite_to_svg(self._titled(), allowed_base_urls=[])

    def _titled(self) -> dict[str, Any]:
        """Return the specification with title and caption wrapped to the drawing's width."""
        width_px = style.PLOT_WIDTH_PX
        title = wrap(self.title, width_px, style.TITLE_PX, bold=True, even=True)
        return {
            **self.spec,
            "title": {"text": title, "subtitle": wrap(self.caption, width_px, style.CAPTION_PX)},
            "padding": style.MARGIN_PX,
        }


def _texts(part: object) -> Iterator[str]:
    """Walk a specification for its strings."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, Sequence):
        for value in part:
            yield from _texts(value)


def draw(chart: alt.TopLevelMixin, *, name: str, title: str, caption: str) -> Figure:
    """Make a figure of an Altair chart in the house's style.

    >>> chart = alt.Chart(alt.Data(values=[{"x": 1}])).mark_point().encode(x="x:Q")
    >>> draw(chart, name="dot", title="One participant.", caption="n = 1.").name
    'dot'
    """
    # Vega-Lite says what it cannot draw; Altair's own check of the same costs a third of the time.
    return Figure(name, title, caption, {**chart.to_dict(validate=False), **style.theme()})


def _accessible(svg: str, figure: Figure) -> str:
    """Rework Vega's SVG: title and description, ids of its own, one font for all, no roles within."""
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)  # by this prefix only does a page find the address of a picture
    root = ET.fromstring(svg)  # noqa: S314 - written by vl-convert from our own specification, a moment ago
    renamed = {
        element.attrib["id"]: f"{figure.name}-{index}"
        for index, element in enumerate(e for e in root.iter() if "id" in e.attrib)
    }
    for element in root.iter():
        for key in [k for k in element.attrib if k.startswith("aria-") or k in ("role", "class", "font-family")]:
            del element.attrib[key]
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, renamed[value])
            elif match := re.fullmatch(r"url\(#(.+)\)", value):
                element.set(key, f"url(#{renamed[match[1]]})")
    heads = []
    for tag, text in (("title", figure.title), ("desc", figure.caption)):
        head = ET.Element(f"{{{_SVG}}}{tag}", {"id": f"{figure.name}-{tag}"})
        head.text = text
        heads.append(head)
    root[:0] = heads
    root.set("role", "img")
    root.set("aria-labelledby", f"{figure.name}-title {figure.name}-desc")
    root.set("font-family", style.FONT_STACK.replace('"', "'"))
    return ET.tostring(root, encoding="unicode")
