"""Read one DICOM file from somebody else: what could harm is refused before it is decoded."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pydicom
from jaxtyping import Shaped
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileDataset

from calor.errors import ImageError, met_at
from calor.image.codestream import check_frames
from calor.image.header_values import name_of

LARGEST_FILE = 2**30
LARGEST_PIXELS = 2**29
DEFLATED = "1.2.840.10008.1.2.1.99"
PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
IDENTITY = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality")
"""What every DICOM object says of itself; a file that lacks one was cut short or is none."""
_UID = re.compile(r"^[0-9]+(\.[0-9]+)*$")


def read_file(path: Path, *, pixels: bool = True, only: list[str] | None = None) -> FileDataset:
    """Read a DICOM file.

    Args:
        path: The file.
        pixels: Whether pixel data are read.
        only: Keywords to read; all when None.

    Raises:
        ImageError: It is no DICOM file, is damaged, nested too deeply, compressed as a whole, or too large.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise _refused(path, f"hold at most {LARGEST_FILE >> 20} MiB", f"{path.stat().st_size >> 20} MiB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whatever a header's oddity means is decided where it is used
            dataset = _read(path, pixels=pixels, only=only)
            _check_identity(dataset, path)
    except ImageError:
        raise
    except (Exception, RecursionError) as error:  # a hostile header may raise anything
        raise _refused(path, "be a whole DICOM file", type(error).__name__) from error
    return dataset


def _check_identity(dataset: Dataset, path: Path) -> None:
    lost = [keyword for keyword in IDENTITY if not dataset.get(keyword)]
    if lost:
        raise _refused(path, "be a whole DICOM file", f"no {name_of(lost[0])}")
    with met_at(_place(path)):
        for keyword in (*IDENTITY[1:4], "FrameOfReferenceUID"):
            check_uid(dataset.get(keyword), name_of(keyword))


def _read(path: Path, *, pixels: bool, only: list[str] | None) -> FileDataset:
    with path.open("rb") as file:
        if b"DICM" not in file.read(132):
            raise _refused(path, "be a DICOM file", "no DICM mark")
        file.seek(0)
        meta = pydicom.filereader.read_file_meta_info(path)
        if meta.get("TransferSyntaxUID") == DEFLATED:
            raise _refused(path, "not be deflated as a whole", "a deflated file, which may be a bomb")
        return pydicom.dcmread(file, stop_before_pixels=not pixels, specific_tags=only)


def pixel_array(dataset: Dataset) -> Shaped[np.ndarray, "*voxels"]:
    """Return the stored values of a data set, as written.

    Raises:
        ImageError: They are missing, their size is not what the header says, or they cannot be decoded.
    """
    with met_at(file_of(dataset)):
        return _pixel_array(dataset)


def file_of(dataset: Dataset) -> str:
    """Return the folder and name of the file that a data set was read from; empty where from none."""
    filename = getattr(dataset, "filename", None)
    return _place(Path(filename)) if isinstance(filename, (str, Path)) else ""


def _place(path: Path) -> str:
    return "/".join(path.parts[-2:])


def _pixel_array(dataset: Dataset) -> Shaped[np.ndarray, "*voxels"]:
    for keyword in ("Rows", "Columns", "BitsAllocated", "PixelData"):
        if keyword not in dataset:
            raise ImageError.must(name_of(keyword), "be in the file", "none", fix="Transfer the file again.")
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    frames, bits = int(dataset.get("NumberOfFrames") or 1), int(dataset.get("BitsAllocated") or 0)
    size = rows * columns * frames * max(bits, 8) // 8
    if not 0 < size <= LARGEST_PIXELS:
        raise ImageError.must(
            "pixel data", f"hold up to {LARGEST_PIXELS >> 20} MiB", f"{size >> 20} MiB", fix="The file is refused."
        )
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", "")) if hasattr(dataset, "file_meta") else PLAIN[1]
    if syntax in PLAIN and bits == 16:
        raw = dataset["PixelData"].value
        if len(raw) not in (size, size + size % 2):
            raise ImageError.must("pixel data", f"hold {size} bytes", len(raw), fix="Transfer the file again.")
        kind = "<i2" if int(dataset.get("PixelRepresentation") or 0) else "<u2"
        return np.frombuffer(raw, kind, count=size // 2).reshape(*([frames] if frames > 1 else []), rows, columns)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check_frames(dataset, size, frames)
            return np.asarray(dataset.pixel_array)
    except ImageError:
        raise
    except Exception as error:  # decoders raise anything
        raise ImageError.must("pixel data", "decode", type(error).__name__, fix="Transfer the file again.") from error


@contextmanager
def reading(what: str, where: str) -> Iterator[None]:
    """Turn whatever a damaged header raises into an error that names the place, and the element where it lacks one."""
    try:
        with met_at(where):
            yield
    except (AttributeError, KeyError, IndexError, ValueError, TypeError, OverflowError, NotImplementedError) as error:
        lost = getattr(error, "name", None)
        got = f"no {name_of(lost)}" if lost and tag_for_keyword(lost) else f"{type(error).__name__}: {error}"[:80]
        raise ImageError.must(what, "be readable", got, where=where, fix="Export it again from its source.") from error


def check_uid(value: object, name: str) -> None:
    """Refuse an identifier that is none: a path, a command, something endless.

    >>> check_uid("1.2.840", "SOPInstanceUID")

    Raises:
        ImageError: It is no DICOM UID.
    """
    text = str(value or "")
    if text and (len(text) > 64 or not _UID.match(text)):
        raise ImageError.must(name, "be digits and dots", repr(text[:40]), fix="The file is refused.")


def _refused(path: Path, rule: str, got: str) -> ImageError:
    return ImageError.must("file", rule, got, where=_place(path), fix="Remove it, or transfer it again.")
