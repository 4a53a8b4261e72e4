"""The what-if page of a gate: one file that looks precomputed numbers up while its reader moves the cut-off."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from calor.errors import ReportError
from calor.report import style
from calor.report.saving import write_whole
from calor.report.templates import environment, stylesheet


@dataclass(frozen=True)
class Row:
    """How one number of the grid is shown.

    Attributes:
        metric: Its name in the grid.
        label: What it is.
        digits: Decimals.
        percent: Whether it is a share, shown in percent.
        of_costs: Whether it is in the unit of the costs.
    """

    metric: str
    label: str
    digits: int = 0
    percent: bool = False
    of_costs: bool = False


ROWS = (
    Row("assurance", "Assurance", 1, percent=True),
    Row("power", "Power if the effect is as believed", percent=True),
    Row("participants", "Participants"),
    Row("candidates", "Candidates to approach"),
    Row("months", "Months to the answer"),
    Row("cost", "Expected cost", of_costs=True),
    Row("value", "Value: of success times its probability, less cost", of_costs=True),
    Row("eligible_per_month", "Eligible a month, all sites"),
    Row("share", "Of those tested, pass", percent=True),
    Row("true_positives", "Of those who pass, long-term marker high", percent=True),
    Row("expected_fall", "Fall on retest with nobody treated", percent=True),
    Row("hazard_ratio", "Diluted hazard ratio", 3),
    Row("events", "Events"),
    Row("events_prevented", "Events prevented per 1,000 candidates in 3 years", 1),
)
"""What the page shows, in this order; the assurance with its standard error."""


@dataclass(frozen=True)
class WhatIfPage:
    """One page.

    Attributes:
        title: What it is about.
        subtitle: The line beneath.
        grid: The precomputed numbers, as `calor.gate.what_if.WhatIf.to_json` gives them.
        windows: Words of each window, by its id.
        start: Number of the repeat and of the cut-off at which the page opens and with which it compares.
        start_label: What that gate is: `Recommended`.
        biomarker: Name and unit of the marker.
        unit: Of costs.
        limits: What a trial may take at most, in words.
        power: That every trial is sized for.
        banner: What no reader may miss; empty for none.
        footer: Provenance in one line.

    Raises:
        ReportError: The grid lacks a number that the page shows.
    """

    title: str
    subtitle: str
    grid: Mapping[str, Any]
    windows: Mapping[str, str]
    start: tuple[int, int]
    start_label: str
    biomarker: tuple[str, str]
    unit: str
    limits: str
    power: float
    banner: str = ""
    footer: str = ""

    def __post_init__(self) -> None:
        wanted = [*(row.metric for row in ROWS), "assurance_se", "feasible"]
        missing = [name for name in wanted if name not in self.grid["metrics"]]
        if missing:
            fix = "Compute it with calor.gate.what_if.what_if_grid."
            raise ReportError.must("grid", f"hold {', '.join(wanted)}", f"no {', '.join(missing)}", fix=fix)

    def to_html(self) -> str:
        """Return the page as HTML with its numbers, style and script inside; it asks for nothing else."""
        script = _part("what_if.js")
        return (
            environment()
            .get_template("what_if.html")
            .render(
                page=self,
                rows=ROWS,
                css="\n".join((style.css_variables(), stylesheet(), _part("what_if.css"))),
                script=script,
                script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
                data=self._data(),
            )
        )

    def save(self, path: Path) -> Path:
        """Write the page; it appears whole or not at all."""
        return write_whole(path, self.to_html().encode())

    def _data(self) -> str:
        """Return what the script reads, safe within a `<script>` element."""
        data = {
            "grid": dict(self.grid),
            "windows": dict(self.windows),
            "start": {"repeat": self.start[0], "cutoff": self.start[1]},
            "startLabel": self.start_label,
            "biomarker": self.biomarker[0],
            "markerUnit": self.biomarker[1],
            "costUnit": self.unit,
            "rows": {r.metric: {"digits": r.digits, "percent": r.percent, "ofCosts": r.of_costs} for r in ROWS},
        }
        return json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def _part(name: str) -> str:
    return files("calor.report.templates").joinpath(name).read_text(encoding="utf-8")
