"""A trial folder, opened: its protocol, its data, its findings."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from calor.analyze import declared
from calor.analyze.finding import Finding
from calor.datasets.aside import aside
from calor.datasets.check import check, refuse
from calor.datasets.folder import find, read_folder
from calor.errors import TrialError
from calor.monitor.declared_harm import HARM_LIMITS, declared_harm_limits, harm_needs, harm_rules
from calor.protocol import read_protocol
from calor.report.sections import KINDS
from calor.trial import stored
from calor.trial.coding import CODING, EVENTS, code_events, coding_finding, dictionary_hash
from calor.trial.provenance import Provenance, file_hash, provenance

MEDDRA = "meddra"
"""The dictionary of adverse-event terms, among the inputs of what reads them."""

if TYPE_CHECKING:
    from calor.datasets.dataset import Dataset
    from calor.datasets.meddra_coding import CodedEvents
    from calor.report.figure import Figure
    from calor.trial.run import RunOutcome, Tell


@dataclass(frozen=True)
class Result:
    """A finding with where it comes from.

    Attributes:
        finding: What the analysis found.
        provenance: Hashes of its inputs, versions, seed.
    """

    finding: Finding
    provenance: Provenance

    def __str__(self) -> str:
        return str(self.finding)

    def to_frame(self) -> pd.DataFrame:
        """Return the main table."""
        return self.finding.to_frame()

    def figure(self) -> Figure:
        """Return the finding's figure, as the report draws it.

        Raises:
            TrialError: This kind of finding has no figure.
        """
        figures = KINDS[self.finding.kind].figures(self.finding)
        if not figures:
            raise TrialError.must("figure", "exist for this kind of finding", self.finding.kind, fix="Use to_frame().")
        return figures[0]

    def to_dict(self) -> dict[str, Any]:
        """Return words, main table and provenance as plain values."""
        return stored.words(self.finding) | {"provenance": asdict(self.provenance)}


class Trial:
    """A trial folder, opened.

    Attributes:
        folder: Where it lies.
        protocol: What `protocol.toml` says.
        results: Where Calor writes.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.protocol = read_protocol(self.folder / "protocol.toml")
        self.results = self.folder / "results"

    def __repr__(self) -> str:
        return f"Trial({self.protocol.trial.id!r}, folder={str(self.folder)!r})"

    @cached_property
    def adam_folder(self) -> Path:
        """Where the analysis datasets lie.

        Raises:
            TrialError: The protocol names a folder beneath CALOR_DATA and that variable is not set.
        """
        place = self.protocol.data.adam
        if not place.startswith("$CALOR_DATA/"):
            return self.folder / place
        root = os.environ.get("CALOR_DATA")
        if not root:
            raise TrialError.must(
                "CALOR_DATA", "name the folder of real data", "nothing", fix=f"Set it; {place} is read beneath it."
            )
        return Path(root) / place.removeprefix("$CALOR_DATA/")

    @cached_property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of the protocol and of every dataset file, by name; a trial that screens may have none yet."""
        screens_first = self.protocol.screening is not None and not self.adam_folder.exists()
        files = {"protocol": self.folder / "protocol.toml", **({} if screens_first else find(self.adam_folder))}
        hashes = {name: file_hash(path) for name, path in files.items()}
        meddra = self.protocol.data.meddra
        return hashes if meddra is None else {**hashes, MEDDRA: dictionary_hash(self.folder, meddra)}

    @cached_property
    def _coded(self) -> tuple[dict[str, Dataset], CodedEvents | None]:
        """The datasets as they lie in the folder, the adverse events coded where the protocol names a dictionary."""
        datasets = read_folder(self.adam_folder)
        meddra = self.protocol.data.meddra
        return (datasets, None) if meddra is None else code_events(self.folder, meddra, datasets)

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        """The analysis datasets, read and checked against the protocol.

        Raises:
            DatasetError: A file cannot be read, or breaks a rule; `results/problems.csv` then lists every problem.
        """
        datasets, _ = self._coded
        problems = check(datasets, self.protocol)
        listing = self.results / "problems.csv"
        if problems.empty:
            listing.unlink(missing_ok=True)
        else:
            self.results.mkdir(exist_ok=True)
            with aside(listing) as part:
                problems.to_csv(part, index=False)
        refuse(problems, table=str(listing))
        return datasets

    @property
    def analyses(self) -> tuple[str, ...]:
        """Everything that can be analyzed: what describes the participants, then what the protocol declares."""
        harm = (HARM_LIMITS,) if harm_rules(self.protocol) else ()
        coding = (CODING,) if self.protocol.data.meddra is not None else ()
        return (*declared.names(self.protocol), *harm, *coding)

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the datasets that an analysis reads."""
        if name == HARM_LIMITS and harm_rules(self.protocol):
            return harm_needs(self.protocol)
        if name == CODING and self.protocol.data.meddra is not None:
            return (EVENTS,)
        return declared.needs(self.protocol, name)

    def provenance(self, name: str) -> Provenance:
        """Return what an analysis is made from: the protocol, the datasets it reads, the code."""
        needs = self.needs(name)
        inputs = ("protocol", *needs, *((MEDDRA,) if EVENTS in needs else ()))
        return provenance({i: self.hashes[i] for i in inputs if i in self.hashes})

    def analyze(self, name: str = "primary") -> Result:
        """Do one declared analysis and return what it found; nothing is written.

        Raises:
            ProtocolError: The protocol declares no such analysis.
            AnalysisError: The data do not support it.
        """
        if name == HARM_LIMITS and harm_rules(self.protocol):
            return Result(declared_harm_limits(self.protocol, self.datasets), self.provenance(name))
        coding = self._coded[1] if name == CODING else None
        if coding is not None:
            return Result(coding_finding(coding), self.provenance(name))
        return Result(declared.run(self.protocol, name, self.datasets), self.provenance(name))

    def run(self, tell: Tell | None = None) -> RunOutcome:
        """Do every step that is not up to date, and write the report."""
        from calor.trial.run import run  # noqa: PLC0415  (run imports Trial)

        return run(self, tell)


def open_trial(folder: Path | str) -> Trial:
    """Open a trial folder.

    Args:
        folder: A folder with a `protocol.toml`.

    Raises:
        ProtocolError: The protocol is missing or breaks a rule.
    """
    return Trial(folder)
