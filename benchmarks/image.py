"""Time a real study (135 PET and 135 CT slices) from files to a TBR table, files warm; goal under 2 s on 2 cores.

Two segments of the study's own SEG stand for vessel and background. Baseline in the same run: pydicom in a plain loop,
every slice to float, the mask through highdicom, a loop over slices.

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
from importlib.metadata import version
from pathlib import Path

import highdicom as hd
import numpy as np
import pandas as pd
import pydicom

from calor.image.study import measure, read_study
from calor.protocol.imaging import Background, Imaging

VESSEL, POOL = "pt_segment_1", "segment_2"
DEFINITION = Imaging(vessels=(VESSEL,), background=Background(vessel=POOL, hu=None), uptake_minutes=(45, 240))
PARTS = ("PT_", "CT_", "SEG_PT-")


def calor(folder: Path) -> pd.DataFrame:
    return measure(read_study(folder), DEFINITION).slices()


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


def raw(folder: Path) -> None:
    for path in folder.rglob("*.dcm"):
        hashlib.sha256(path.read_bytes()).digest()


def best(job: Callable[[Path], object], folder: Path, times: int = 5) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        job(folder)
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    source = Path(os.environ["CALOR_DATA"]) / "petct-acrin-042"
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for part in (p for p in source.iterdir() if p.name.startswith(PARTS)):
            shutil.copytree(part, folder / part.name)
        ours, theirs = calor(folder), plain(folder)
        apart = float(np.abs(ours["tbr_max"].to_numpy() - theirs["tbr_max"].to_numpy()).max())
        python, reader = platform.python_version(), version("pydicom")
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {python}, pydicom {reader}")
        print(f"{len(ours)} slices, largest difference of TBRmax from the plain loop {apart:.1e}")
        for name, job in (("calor", calor), ("plain loop", plain), ("hash every byte", raw)):
            print(f"{name:16} {best(job, folder):6.2f} s")


if __name__ == "__main__":
    main()
