"""A section of a document: first a sentence, then figures, then tables."""

from __future__ import annotations

from dataclasses import dataclass

from calor.report.figure import Figure
from calor.report.saving import require_name
from calor.report.table import Table


@dataclass(frozen=True)
class Section:
    """One section.

    Attributes:
        id: HTML anchor: lower-case letters, digits and hyphens.
        title: Heading, as the table of contents shows it.
        sentence: The result as a sentence.
        points: What else belongs to the answer, a bullet each.
        link: Words and address of a page beside the document; None for none.
        figures: Figures, in order.
        tables: Tables, in order.
        notes: Further remarks, each a paragraph in small print.
    """

    id: str
    title: str
    sentence: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    link: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        require_name(self.id)
