"""A result converts to a figure: the one place where `analyze` asks for something that lies above it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

DRAWER = "calor.report.results"
"""The module whose `figure_of` draws results; named here and imported only when a figure is asked for."""


class Drawing(Protocol):
    """What is known of a figure down here: what it says, and that it can be saved."""

    @property
    def name(self) -> str:
        """File stem."""

    @property
    def title(self) -> str:
        """One sentence that states what the figure shows."""

    @property
    def caption(self) -> str:
        """The line beneath."""

    def to_svg(self) -> str:
        """Return the drawing as one `<svg>` element."""

    def save(self, path: str | Path, *, scale: float = 2.0) -> Path:
        """Write the figure; the suffix chooses svg, png, pdf or json."""


class Drawable:
    """A result of a method: it prints as a sentence, converts to a table, and is drawn in the report's style."""

    def figure(self) -> Drawing:
        """Return the result as a figure.

        Example:
            >>> from calor.analyze.estimate import Estimate
            >>> half = Estimate("active v placebo", 0.5, 0.3, 0.8, 0.95, "ratio", "Cox", 60)
            >>> half.figure().title
            'Active v placebo: 0.50 (0.30 to 0.80).'
        """
        drawer: Any = import_module(DRAWER)
        return cast("Drawing", drawer.figure_of(self))
