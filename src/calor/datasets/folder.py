"""The datasets of a trial's `adam` folder, by file stem."""

from __future__ import annotations

from pathlib import Path

from calor.datasets.censored import separate
from calor.datasets.dataset import SUFFIXES, Dataset, read
from calor.errors import DatasetError


def read_folder(adam_dir: Path) -> dict[str, Dataset]:
    r"""Read every ADaM dataset of a folder: `adsl`, `adlb`, `adpet`, `adtte`, `adae` and any other `ad...`.

    A value column that holds texts such as "<0.2" comes back separated, with the value censored.

    Raises:
        DatasetError: There is no such folder, it holds no dataset, or one dataset comes in two files.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "adsl.csv").write_text("USUBJID,AGE\n001,61\n")
    >>> print(read_folder(folder)["adsl"])
    ADSL: 1 row, 2 columns from adsl.csv
    """
    return {stem: separate(read(path)) for stem, path in find(adam_dir).items()}


def find(adam_dir: Path) -> dict[str, Path]:
    """Return the path of each dataset of a folder, by stem in lower case, without reading any.

    Raises:
        DatasetError: There is no such folder, it holds no dataset, or one dataset comes in two files.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "adsl.csv").write_text("USUBJID")
    >>> list(find(folder))
    ['adsl']
    """
    if not adam_dir.is_dir():
        raise DatasetError.must("adam_dir", "be a folder", adam_dir, fix="Put the trial's ADaM datasets there.")
    found: dict[str, Path] = {}
    for path in sorted(adam_dir.iterdir()):
        stem = path.stem.lower()
        if path.suffix.lower() not in SUFFIXES or not stem.startswith("ad"):
            continue
        if stem in found:
            both = f"{found[stem].name} and {path.name}"
            raise DatasetError.must("adam_dir", "hold each dataset once", both, fix="Remove the one that is stale.")
        found[stem] = path
    if not found:
        fix = f"Name datasets adsl, adlb, ... with a suffix of {', '.join(SUFFIXES)}."
        raise DatasetError.must("adam_dir", "hold ADaM datasets", f"none in {adam_dir}", fix=fix)
    return found
