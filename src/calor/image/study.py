"""One study from files to TBR: choose the series, read the masks, measure every vessel of the protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydicom.dataset import FileDataset

from calor.errors import ImageError, met_at
from calor.image.background import BloodPool, blood_pool
from calor.image.dicom_file import file_of, read_file
from calor.image.grid import Grid, same_frame
from calor.image.header_values import name_of
from calor.image.mask import Mask, move
from calor.image.masks_nifti import read_nifti_mask
from calor.image.masks_rtstruct import read_rtstruct
from calor.image.masks_seg import read_seg, segments_by_name
from calor.image.pet_and_ct import the_ct, the_pet
from calor.image.real_world_value import compare_mapping
from calor.image.series import Series, candidates, load_folder, series_of
from calor.image.slice_uptake import slice_uptake
from calor.image.suv_factor import SuvFactor
from calor.image.tbr import VesselTbr, vessel_tbr
from calor.protocol.imaging import Imaging


@dataclass(frozen=True, eq=False)
class Study:
    """A study as read.

    Attributes:
        pet: The attenuation-corrected PET.
        ct: Its CT; None when there is none.
        masks: Vessels and background on the PET's grid, by name.
        notes: What somebody should see.
        pet_files: The PET's files.
    """

    pet: Series
    ct: Series | None
    masks: Mapping[str, Mask]
    notes: tuple[str, ...] = ()
    pet_files: tuple[Path, ...] = ()


@dataclass(frozen=True, eq=False)
class StudyTbr:
    """A measured study.

    Attributes:
        factor: How the PET became SUV.
        pool: The background.
        vessels: Every vessel of the protocol.
        definition: The protocol's definitions.
        notes: What somebody should see.
        voxel_mm: Voxel of the PET: slice, row, column [mm].
    """

    factor: SuvFactor
    pool: BloodPool
    vessels: Mapping[str, VesselTbr]
    definition: Imaging
    notes: tuple[str, ...]
    voxel_mm: tuple[float, float, float]

    def slices(self) -> pd.DataFrame:
        """Return one row per vessel and slice."""
        return pd.concat([v.to_frame() for v in self.vessels.values()], ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per vessel."""
        return pd.DataFrame([{"vessel": name} | v.measures() for name, v in self.vessels.items()])

    def __str__(self) -> str:
        means = ", ".join(f"{name} {v.mean_tbr_max:.3f}" for name, v in self.vessels.items())
        return f"mean TBRmax: {means}; background {self.pool}; {self.definition}"


def read_study(folder: Path, drawn: Path | None = None) -> Study:
    """Read PET, CT and every mask of a study's folder.

    Masks are DICOM SEG, RTSTRUCT on the PET, and NIfTI files named for their vessel; a segmentation may come with a
    `labels.json` that maps its names to the protocol's.

    Args:
        folder: PET and CT, and masks unless they lie elsewhere.
        drawn: Folder of one reader's masks; only these count then.

    Raises:
        ImageError: There is not exactly one attenuation-corrected PET, more than one CT or one of another patient or
            frame of reference, or a mask cannot be placed.
    """
    found = load_folder(folder)
    kinds = {uid: next(iter(files.values())) for uid, files in found.items()}
    pet_files = found.pop(the_pet(kinds))
    pet = series_of(list(pet_files.values()))
    its_ct = the_ct(kinds)
    ct = _beside(pet, list(found.pop(its_ct).values())) if its_ct else None
    notes = [
        problem
        for files in found.values()
        for path, head in files.items()
        if head.get("Modality") == "RWV"
        for problem in compare_mapping(path, pet).problems
    ]
    given = {path: head for files in found.values() for path, head in files.items()}
    masks = _masks(given, folder, pet.grid) if drawn is None else _masks(_drawn(drawn), drawn, pet.grid)
    return Study(pet, ct, masks, tuple(notes), tuple(pet_files))


def _beside(pet: Series, datasets: Sequence[FileDataset]) -> Series:
    """Read the CT and refuse one that was not taken with the PET."""
    with met_at(file_of(datasets[0])):
        ct = series_of(datasets)
        if ct.patient_id != pet.patient_id:
            raise ImageError.must(f"CT's {name_of('PatientID')}", "be the PET's", "another", fix="Take it out.")
        same_frame(ct.grid, pet.grid, "CT")
    return ct


def _masks(files: Mapping[Path, Any], folder: Path, grid: Grid) -> dict[str, Mask]:
    masks: dict[str, Mask] = {}
    for path, head in files.items():
        with met_at(file_of(head)):
            if head.get("Modality") == "SEG":
                _add(masks, {n: move(m, grid) for n, m in read_seg(path).items()})
            elif head.get("Modality") == "RTSTRUCT":
                _add(masks, {n: m for n, m in read_rtstruct(path, grid).items() if m.voxels.any()})
    for path in sorted([*folder.rglob("*.nii"), *folder.rglob("*.nii.gz")]):
        _add(masks, {path.name.split(".")[0]: read_nifti_mask(path, grid)})
    return _renamed(masks, folder)


def _drawn(folder: Path) -> dict[Path, Any]:
    """Read what a reader's folder holds; NIfTI masks may be all of it."""
    return {path: read_file(path) for path in candidates(folder)}


def measure(study: Study, definition: Imaging) -> StudyTbr:
    """Measure every vessel of the protocol over its background.

    Args:
        study: A study as read.
        definition: The protocol's definitions.

    Raises:
        ImageError: A vessel or the background is missing or is no blood, the PET gives no SUV, or the uptake time lies
            outside the protocol's limits.
    """
    wanted = (*definition.vessels, definition.background.vessel)
    missing = [name for name in wanted if name not in study.masks]
    if missing:
        got = f"no {', '.join(missing)} among {', '.join(study.masks) or 'none'}"
        raise ImageError.must(
            "masks", f"cover {', '.join(wanted)}", got, fix="Draw them, or map their names by a labels.json."
        )
    factor = study.pet.suv_factor
    check_uptake(factor, definition)
    suv = study.pet.suv(_box([study.masks[name] for name in wanted]))
    pool = blood_pool(suv, study.masks[definition.background.vessel], definition.background, study.ct)
    vessels = {
        name: vessel_tbr(slice_uptake(suv, study.masks[name]), pool.suv, definition) for name in definition.vessels
    }
    between, down, across = (float(v) for v in study.pet.grid.spacing_mm)
    gaps = tuple(note for vessel in vessels.values() if (note := vessel.uptake.gaps()))
    notes = (*study.notes, *factor.notes, *pool.warnings, *gaps)
    return StudyTbr(factor, pool, vessels, definition, notes, (between, down, across))


def _box(masks: Sequence[Mask]) -> tuple[slice, slice, slice]:
    """Return the box of indices that holds all masks."""
    spans = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        hit = np.flatnonzero(np.logical_or.reduce([mask.voxels.any(axis=others) for mask in masks]))
        spans.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return spans[0], spans[1], spans[2]


def check_uptake(factor: SuvFactor, definition: Imaging) -> None:
    """Check the uptake time against the protocol's limits.

    Args:
        factor: How the PET became SUV.
        definition: The protocol's limits.

    Raises:
        ImageError: The time is not recorded or outside the limits.
    """
    low, high = definition.uptake_minutes
    if factor.uptake_s is None:
        raise ImageError.must("uptake time", "be recorded", "no injection or acquisition time", fix="Ask the site.")
    minutes = factor.uptake_s / 60
    if not low <= minutes <= high:
        raise ImageError.must("uptake time", f"lie between {low:g} and {high:g} min", f"{minutes:.1f} min",
                              fix="The protocol excludes this scan; check the injection record.")  # fmt: skip


def _add(masks: dict[str, Mask], more: Mapping[str, Mask]) -> None:
    doubled = set(masks) & set(more)
    if doubled:
        raise ImageError.must("masks", "be given once each", sorted(doubled), fix="Leave one file for each vessel.")
    masks |= more


def _renamed(masks: Mapping[str, Mask], folder: Path) -> dict[str, Mask]:
    at = folder / "labels.json"
    try:
        labels = dict(json.loads(at.read_text(encoding="utf-8"))) if at.exists() else {}
    except (ValueError, TypeError) as error:
        raise ImageError.must(
            "labels", "map names to the protocol's, as JSON", type(error).__name__, where=at.name, fix="Correct it."
        ) from error
    return segments_by_name({str(labels.get(name, name)): mask for name, mask in masks.items()})
