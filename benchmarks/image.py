"""Time a study of 135 PET and 135 CT slices from files to a TBR table, files warm; goal under 2 s on 2 cores.

Two studies: one generated with PET and CT of 512 x 512 pixels each, and, where CALOR_DATA names the real data, a real
one (PET 128 x 128, CT 512 x 512) with two segments of its own SEG for vessel and background. Baselines in the same
run: pydicom in a plain loop, every slice to float, the mask through highdicom; and hashing every byte.

Run: CALOR_DATA=<folder of real data> python benchmarks/image.py
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import highdicom as hd
import numpy as np
import pandas as pd
import pydicom

from calor.image.phantom import TORSO, make_phantom, torso_grid
from calor.image.phantom_dicom import ScanFacts, write_study
from calor.image.study import measure, read_study
from calor.protocol.imaging import Background, Imaging

VESSEL, POOL = "pt_segment_1", "segment_2"
REAL = Imaging(vessels=(VESSEL,), background=Background(vessel=POOL, hu=None), uptake_minutes=(45, 240))
MADE = Imaging(vessels=("ascending_aorta", "carotid_right", "carotid_left"))
PARTS = ("PT_", "CT_", "SEG_PT-")
SLICES, PIXELS, THICK_MM, FIELD_MM = 135, 512, 3.27, 400.0


def calor(folder: Path, definition: Imaging = REAL) -> pd.DataFrame:
    return measure(read_study(folder), definition).slices()


def generated(folder: Path) -> pd.DataFrame:
    return calor(folder, MADE)


def plain(folder: Path) -> pd.DataFrame:
    heads = [pydicom.dcmread(p) for p in sorted(folder.rglob("*.dcm"))]
    heads.sort(key=lambda d: (d.Modality, d.get("ImagePositionPatient", [0, 0, 0])[2]))
    pet = [d for d in heads if d.Modality == "PT"]
    ct = np.stack(
        [d.pixel_array.astype(float) * d.RescaleSlope + d.RescaleIntercept for d in heads if d.Modality == "CT"]
    )
    assert ct.shape == (135, 512, 512)
    drug = pet[0].RadiopharmaceuticalInformationSequence[0]
    elapsed = (9 * 3600 + 59 * 60 + 47) - (7 * 3600 + 21 * 60)
    factor = pet[0].PatientWeight * 1000 / (drug.RadionuclideTotalDose * 2 ** (-elapsed / drug.RadionuclideHalfLife))
    suv = np.stack([d.pixel_array.astype(float) * d.RescaleSlope * float(factor) for d in pet])
    seg = hd.seg.segread(next(p for p in folder.rglob("*.dcm") if "SEG" in p.parent.name))
    volume = seg.get_volume(combine_segments=False)
    low = volume.geometry.affine if hasattr(volume, "geometry") else volume.affine
    spacing, first = pet[1].ImagePositionPatient[2] - pet[0].ImagePositionPatient[2], pet[0].ImagePositionPatient[2]
    masks = np.zeros((*suv.shape, 2), bool)
    for at in range(volume.array.shape[0]):
        z = (low @ [at, 0, 0, 1])[2]
        masks[round((z - first) / spacing)] |= volume.array[at].astype(bool)
    pool = np.mean([suv[i][masks[i, ..., 1]].mean() for i in range(len(suv)) if masks[i, ..., 1].any()])
    rows = [(i, suv[i][masks[i, ..., 0]].max() / pool) for i in range(len(suv)) if masks[i, ..., 0].any()]
    return pd.DataFrame(rows, columns=["slice", "tbr_max"])


def every_slice_to_float(folder: Path) -> float:
    """Read the generated study as a plain loop would, without any mask."""
    heads = [pydicom.dcmread(p) for p in sorted(folder.rglob("*.dcm"))]
    slices = [d for d in heads if d.Modality in ("PT", "CT")]
    return float(np.stack([d.pixel_array.astype(float) * d.RescaleSlope + d.RescaleIntercept for d in slices]).max())


def raw(folder: Path) -> None:
    for path in folder.rglob("*.dcm"):
        hashlib.sha256(path.read_bytes()).digest()


def best(job: Callable[[Path], object], folder: Path, times: int = 5) -> tuple[float, float]:
    """Return the least wall time and the least processor time (user and system) [s]."""
    taken = []
    for _ in range(times):
        wall, used = time.perf_counter(), time.process_time()
        job(folder)
        taken.append((time.perf_counter() - wall, time.process_time() - used))
    return min(t[0] for t in taken), min(t[1] for t in taken)


def write_generated(folder: Path) -> None:
    torso = replace(TORSO, top_mm=SLICES * THICK_MM + 0.1)
    pixel = FIELD_MM / PIXELS
    scan = make_phantom(torso, torso_grid((THICK_MM, pixel, pixel), torso))
    assert scan.grid.shape == (SLICES, PIXELS, PIXELS)
    write_study(scan, ScanFacts("P1", datetime(2025, 1, 1, 9)), folder, ct_mm=pixel)  # noqa: DTZ001


def show(title: str, jobs: tuple[tuple[str, Callable[[Path], object]], ...], folder: Path) -> None:
    size = sum(p.stat().st_size for p in folder.rglob("*.dcm")) >> 20
    print(f"{title}, {size} MiB")
    for name, job in jobs:
        wall, used = best(job, folder)
        print(f"  {name:24} {wall:6.2f} s wall  {used:6.2f} s processor")


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
          f"pydicom {version('pydicom')}")  # fmt: skip
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_generated(folder)
        jobs = (("calor", generated), ("plain loop, no masks", every_slice_to_float), ("hash every byte", raw))
        show("generated, PET and CT 135 x 512 x 512", jobs, folder)
    if "CALOR_DATA" not in os.environ:
        return
    source = Path(os.environ["CALOR_DATA"]) / "petct-acrin-042"
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for part in (p for p in source.iterdir() if p.name.startswith(PARTS)):
            shutil.copytree(part, folder / part.name)
        ours, theirs = calor(folder), plain(folder)
        apart = float(np.abs(ours["tbr_max"].to_numpy() - theirs["tbr_max"].to_numpy()).max())
        print(f"{len(ours)} slices, largest difference of TBRmax from the plain loop {apart:.1e}")
        show("real", (("calor", calor), ("plain loop", plain), ("hash every byte", raw)), folder)


if __name__ == "__main__":
    main()
