"""What a number was made from: hashes of inputs and code, versions, command."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from calor import __version__

LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "pyarrow", "pyreadstat", "numba")


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from; equal provenance means equal results.

    Attributes:
        inputs: SHA-256 of each input, by name (`protocol.toml`, `adsl`, ...).
        code: SHA-256 over the package's own source files.
        seed: Seed of the random generator; None when nothing is drawn.
    """

    inputs: Mapping[str, str]
    calor: str
    code: str
    python: str
    libraries: Mapping[str, str]
    seed: int | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all of it: the key by which a step knows that nothing changed."""
        return sha256(repr(sorted(_flat(asdict(self)).items())).encode())


def provenance(inputs: Mapping[str, str], seed: int | None = None) -> Provenance:
    """Record the given inputs beside the versions in use."""
    return Provenance(dict(inputs), __version__, code_hash(), platform.python_version(), _versions(), seed)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def code_hash() -> str:
    """Return the SHA-256 over every file of the package that computes or prints."""
    root = Path(__file__).parents[1]
    total = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix in {".py", ".html", ".css", ".js", ".toml", ".csv", ".json"}:
            total.update(path.relative_to(root).as_posix().encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def command_line() -> str:
    """Return the command as typed, with the program's name only."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}


def _flat(content: Mapping[str, object], at: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in content.items():
        flat |= _flat(value, f"{at}{key}/") if isinstance(value, Mapping) else {f"{at}{key}": repr(value)}
    return flat
