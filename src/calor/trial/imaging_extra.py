"""Imaging is an optional part: whether it is installed, whether the folder has scans, and what they hash to."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from typing import TYPE_CHECKING

from calor.trial.provenance import file_hash, sha256

if TYPE_CHECKING:
    from calor.trial.trial import Trial

IMAGING = "imaging"
NEEDS = "scans are measured by an extra: pip install 'calor[image]'"
_MODULES = ("pydicom", "SimpleITK", "highdicom", "nibabel", "PIL")


def measures_images() -> bool:
    """Tell whether `calor[image]` is installed."""
    return all(find_spec(name) is not None for name in _MODULES)


def has_scans(trial: Trial) -> bool:
    """Tell whether the protocol asks for scans to be measured and the folder has any, or would have with the extra."""
    folder = trial.folder / IMAGING
    if trial.protocol.imaging is None or not folder.is_dir():
        return False
    return not measures_images() or any(p.is_dir() for p in folder.iterdir())


def imaging_hash(trial: Trial) -> str:
    """Return the SHA-256 over all scans and all reads in force: what the imaging step is made from."""
    total = hashlib.sha256()
    paths = [p for p in (trial.folder / IMAGING).rglob("*") if p.is_file() and not p.name.startswith(".")]
    for path in sorted([*paths, *(trial.results / IMAGING).glob("reading.json")]):
        total.update(f"{path.relative_to(trial.folder)} {file_hash(path)}".encode())
    return sha256(total.digest())
