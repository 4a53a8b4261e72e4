"""The step that codes adverse events by the licensee's own MedDRA files, where the protocol names them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from calor.analyze.finding import Finding
from calor.datasets.dataset import Dataset
from calor.datasets.meddra import FILES, read_meddra
from calor.datasets.meddra_coding import CODES, TEXTS, CodedEvents, attach_terms
from calor.protocol.data import MeddraFiles

CODING = "coding"
"""The id of the finding that lists what a coder must look at, where the protocol names a dictionary."""

EVENTS = "adae"
LABELS = {
    "AELLT": "Lowest Level Term",
    "AEDECOD": "Dictionary-Derived Term",
    "AEBODSYS": "Body System or Organ Class",
    "AELLTCD": "Lowest Level Term Code",
    "AEPTCD": "Preferred Term Code",
    "AEBDSYCD": "Body System or Organ Class Code",
}


def dictionary_hash(folder: Path, files: MeddraFiles) -> str:
    """Return the SHA-256 over the dictionary's version and files; a file that is not there counts as empty.

    >>> len(dictionary_hash(Path("nowhere"), MeddraFiles(folder="x", version="0.0")))
    64
    """
    digest = hashlib.sha256(files.version.encode())
    for name in FILES:
        path = folder / files.folder / name
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def code_events(
    folder: Path, files: MeddraFiles, datasets: Mapping[str, Dataset]
) -> tuple[dict[str, Dataset], CodedEvents | None]:
    """Attach the dictionary's terms to the adverse events of a trial.

    Args:
        folder: The trial folder.
        files: The dictionary as the protocol names it.
        datasets: The analysis datasets.

    Returns:
        The datasets, the adverse events coded; and the coding, None without adverse events.

    Raises:
        DatasetError: A file of the dictionary is missing or broken, or the events lack the reported text.
    """
    if EVENTS not in datasets:
        return dict(datasets), None
    coded = attach_terms(datasets[EVENTS].frame, read_meddra(folder / files.folder, version=files.version))
    held = datasets[EVENTS]
    labels = {**{c: LABELS[c] for c in (*TEXTS, *CODES)}, **held.labels}
    return {**datasets, EVENTS: replace(held, frame=coded.events, labels=labels)}, coded


def coding_finding(coded: CodedEvents) -> Finding:
    """Say how the adverse events were coded, and list what a coder must look at."""
    listing = coded.listing.drop(columns="row").astype(object)
    return Finding(
        id=CODING,
        label="Coding of adverse events",
        role="safety",
        kind=CODING,
        method=f"MedDRA {coded.version}, the licensee's files",
        estimand="",
        population="All adverse events",
        arms=(),
        sentences=(str(coded),),
        tables={"listing": listing.where(listing.notna(), "")},
        notes=(
            "The reported text is kept as it is, and what the data already held is not changed. A text that equals no "
            "lowest level term is left to a trained coder.",
        ),
    )
