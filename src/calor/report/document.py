"""A document: one self-contained HTML file that a trial team can circulate, read offline and print."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from calor.errors import ReportError
from calor.report import style
from calor.report.saving import write_whole
from calor.report.section import Section
from calor.report.templates import environment, stylesheet


@dataclass(frozen=True)
class Document:
    """One report.

    Attributes:
        title: What the report is of.
        subtitle: Trial, data cut-off, version: the line beneath.
        headline: The main result as a sentence; empty for none.
        sections: Sections, in order.
        banner: What no reader may miss, such as "Synthetic participants"; empty for none.
        footer: Provenance in one line.

    Raises:
        ReportError: Two sections, figures or tables have one name.
    """

    title: str
    subtitle: str
    headline: str
    sections: tuple[Section, ...]
    banner: str = ""
    footer: str = ""

    def __post_init__(self) -> None:
        names = [s.id for s in self.sections]
        names += [f.name for s in self.sections for f in s.figures] + [t.name for s in self.sections for t in s.tables]
        twice = [name for name, times in Counter(names).items() if times > 1]
        if twice:
            raise ReportError.must(
                "sections", "name every section, figure and table once", ", ".join(twice), fix="Rename the second."
            )

    def to_html(self) -> str:
        """Return the whole document as HTML with its pictures and style inside."""
        template = environment().get_template("report.html")
        return template.render(page=self, css=style.css_variables() + "\n" + stylesheet())

    def save(self, folder: str | Path) -> Path:
        """Write `report.html`, each figure as SVG and PNG, and each table as CSV.

        Args:
            folder: Gets `report.html`, `figures/` and `tables/`; made where missing.

        Returns:
            Path of the HTML file, which is written last.
        """
        folder = Path(folder)
        for section in self.sections:
            for figure in section.figures:
                figure.save(folder / "figures" / f"{figure.name}.svg")
                figure.save(folder / "figures" / f"{figure.name}.png")
            for table in section.tables:
                table.save(folder / "tables" / f"{table.name}.csv")
        return write_whole(folder / "report.html", self.to_html().encode())
