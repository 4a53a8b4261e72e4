"""TotalSegmentator as an optional plug-in: vessels and blood from the CT, where the user has it and its weights."""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

from calor.errors import ImageError
from calor.image.aorta_parts import aorta_parts
from calor.image.grid import Grid
from calor.image.masks_nifti import read_nifti_mask, write_nifti_mask

NAMES = {
    "aorta": "aorta",
    "common_carotid_artery_left": "carotid_left",
    "common_carotid_artery_right": "carotid_right",
    "superior_vena_cava": "svc",
}
"""Our names by its own; the aorta is then taken apart."""
WEIGHTS = (291, 292, 293, 294, 295, 298)
"""Data sets of its task `total`, and the rough one that crops for a subset."""


def segment(ct_folder: Path, ct_grid: Grid, to: Path) -> list[Path]:
    """Segment a CT and write a NIfTI mask for each vessel; nothing is ever downloaded.

    Its own code sends usage statistics unless `send_usage_stats` is false in its config.json. A reader must look at the
    masks: it was trained on CT, not on the low-dose CT of a PET scanner.

    Args:
        ct_folder: The CT's DICOM files.
        ct_grid: The CT's grid.
        to: Folder for the masks, such as the study's.

    Returns:
        The masks' files.

    Raises:
        ImageError: It or its weights are not there, it found nothing, or the aorta cannot be taken apart.

    Reference:
        Wasserthal et al., Radiol Artif Intell 2023;5:e230024.
    """
    require_installed()
    from totalsegmentator.python_api import totalsegmentator  # noqa: PLC0415  (an optional plug-in)

    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        totalsegmentator(ct_folder, Path(made), task="total", roi_subset=list(NAMES), quiet=True)
        masks = {ours: read_nifti_mask(Path(made) / f"{its}.nii.gz", ct_grid, name=ours) for its, ours in NAMES.items()}
    masks |= aorta_parts(masks.pop("aorta"))
    written = []
    for name, mask in masks.items():
        written.append(to / f"{name}.nii.gz")
        write_nifti_mask(mask, written[-1])
    return written


def require_installed() -> None:
    """Refuse where TotalSegmentator or its weights are missing, and say what to do.

    Raises:
        ImageError: One of them is missing.
    """
    if find_spec("totalsegmentator") is None:
        raise ImageError.must(
            "TotalSegmentator", "be installed", "no such package",
            fix="pip install TotalSegmentator, or draw the vessels and give their masks.",
        )  # fmt: skip
    home = Path(os.environ.get("TOTALSEG_HOME_DIR", Path.home() / ".totalsegmentator"))
    folder = Path(os.environ.get("TOTALSEG_WEIGHTS_PATH", home / "nnunet/results"))
    missing = [number for number in WEIGHTS if not any(folder.glob(f"Dataset{number}_*"))]
    if missing:
        raise ImageError.must(
            "TotalSegmentator's weights", f"lie in {folder}", f"none for data set {missing[0]}",
            fix="totalseg_download_weights -t total fetches them; Calor itself downloads nothing.",
        )  # fmt: skip
