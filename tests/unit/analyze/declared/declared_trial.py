"""The reconstructed IVORY trial, with further analyses declared as a protocol declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd

from calor.analyze import declared
from calor.analyze.finding import Finding
from calor.datasets.dataset import Dataset
from calor.protocol import parse_protocol
from calor.report.section import Section
from calor.report.sections import KINDS
from calor.simulate.ivory import reconstruct

IVORY = (Path(__file__).parents[4] / "examples/ivory/protocol.toml").read_text(encoding="utf-8")


@cache
def datasets() -> Mapping[str, Dataset]:
    """Return the analysis datasets."""
    return reconstruct()


def with_frame(name: str, frame: pd.DataFrame) -> dict[str, Dataset]:
    """Return the datasets, one of them with other rows."""
    return {**datasets(), name: replace(datasets()[name], frame=frame)}


def declare(id_: str, text: str, *, estimand: str = "tbr_index", people: str = "both_scans") -> str:
    """Return IVORY's protocol with one more analysis."""
    head = f'[[analyses]]\nid = "{id_}"\nlabel = "index-vessel TBRmax"\nestimand = "{estimand}"\nset = "{people}"\n'
    return f"{IVORY}\n{head}{text}"


def find(id_: str, protocol: str = IVORY, held: Mapping[str, Dataset] | None = None) -> Finding:
    """Do one analysis."""
    return declared.run(parse_protocol(protocol), id_, held or datasets())


def section(finding: Finding) -> Section:
    """Compose the finding's section."""
    return KINDS[finding.kind].section(finding)
