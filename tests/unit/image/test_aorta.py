"""The arch: drawn in the phantom, traced as a tube, and told from ascending and descending aorta."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from calor.errors import ImageError
from calor.image.aorta_parts import aorta_parts
from calor.image.mask import Mask
from calor.image.masks_nifti import read_nifti_mask, write_nifti_mask
from calor.image.masks_rtstruct import inside
from calor.image.phantom import TORSO_WITH_ARCH, blurred, make_phantom, torso_grid
from calor.image.phantom_arch import Arch, arch_contours, draw_arch
from calor.image.phantom_dicom import ScanFacts, write_study
from calor.image.study import measure, read_study
from calor.image.total_segmentator import require_installed
from calor.image.tube import Seed, tube
from calor.protocol.imaging import Imaging

GRID = torso_grid((4.0, 3.0, 3.0), TORSO_WITH_ARCH)
ARCH = TORSO_WITH_ARCH.arch
assert ARCH is not None
ANGLES = np.linspace(0, np.pi, 9)
SEEDS = [
    Seed(ARCH.x_mm, ARCH.y_mm - ARCH.bend_mm * np.cos(a), ARCH.z_mm + ARCH.bend_mm * np.sin(a), ARCH.lumen_mm, "A")
    for a in ANGLES
]


def dice(one: np.ndarray, two: np.ndarray) -> float:
    return float(2 * (one & two).sum() / (one.sum() + two.sum()))


def test_the_drawn_arch_holds_the_volume_of_half_a_ring() -> None:
    """Pappus: the volume of a ring is that of its section times the way of the section's center."""
    alone = Arch("aortic_arch", 0, 0, 20, 36, 13, 2, wall_suv=1.0)
    suv = np.zeros(GRID.shape, np.float32)
    draw_arch(suv, GRID, alone, blood_suv=1.0)
    assert suv.sum() * GRID.voxel_ml == pytest.approx(np.pi * 15**2 * np.pi * 36 / 1000, rel=0.01)


def test_contours_of_the_arch_are_its_voxels() -> None:
    truth = make_phantom(TORSO_WITH_ARCH, GRID).mask("aortic_arch").voxels
    assert truth.any()
    drawn = np.zeros(GRID.shape, bool)
    for at, z in enumerate(GRID.slice_mm.tolist()):
        for loop in arch_contours(ARCH, z):
            drawn[at] ^= inside(GRID.to_index(loop)[:, 1:], GRID.shape[1:])
    assert dice(drawn, truth) > 0.99


def test_the_arch_is_measured_like_any_vessel(tmp_path: Path) -> None:
    scan = blurred(make_phantom(TORSO_WITH_ARCH, GRID), 6.0)
    write_study(scan, ScanFacts("P1", datetime(2025, 1, 1, 9)), tmp_path, ct_mm=3.0)  # noqa: DTZ001
    found = measure(read_study(tmp_path), Imaging(vessels=("ascending_aorta", "aortic_arch")))
    arch = found.vessels["aortic_arch"]
    # Its slices from the top: near the crown a slice runs along the wall, which partial volume takes less of.
    assert arch.measures()["length_mm"] == pytest.approx(ARCH.bend_mm + ARCH.radius_mm, abs=4.0)
    assert arch.uptake.suv_max.argmax() > arch.uptake.suv_max.size / 2
    assert 1.0 < arch.mean_tbr_max < 2.0


def test_a_tube_through_seeds_covers_the_arch() -> None:
    truth = make_phantom(TORSO_WITH_ARCH, GRID).mask("aortic_arch").voxels
    traced = tube(SEEDS, GRID, "aortic_arch", wall_mm=2.0).voxels
    rises = GRID.slice_mm >= ARCH.z_mm  # the tube's round ends reach below the arch's flat feet
    assert dice(traced[rises], truth[rises]) > 0.97


def test_seeds_that_make_no_tube_are_refused() -> None:
    unsigned, hollow, far = (
        [Seed(x, 0, z, radius, reader) for z in (0.0, 5, 9)]
        for x, radius, reader in ((0.0, 3.0, ""), (0.0, -3.0, "A"), (9999.0, 3.0, "A"))
    )
    for seeds in (SEEDS[:2], [*SEEDS[:2], SEEDS[1]], unsigned, hollow, far):
        with pytest.raises(ImageError, match="seeds"):
            tube(seeds, GRID, "aorta")


def test_a_whole_aorta_falls_into_its_three_parts() -> None:
    phantom = make_phantom(TORSO_WITH_ARCH, GRID)
    true = {name: phantom.mask(name).voxels for name in ("ascending_aorta", "aortic_arch", "descending_aorta")}
    parts = aorta_parts(Mask("aorta", GRID, np.logical_or.reduce(list(true.values()))))
    assert sum(int(part.voxels.sum()) for part in parts.values()) == sum(int(t.sum()) for t in true.values())
    # The limbs of the arch, below its inner curve, are two regions and so go to ascending and descending aorta.
    crown = GRID.slice_mm >= ARCH.z_mm + ARCH.bend_mm - ARCH.radius_mm + 4
    assert np.array_equal(parts["aortic_arch"].voxels[crown], true["aortic_arch"][crown])
    low = GRID.slice_mm < ARCH.z_mm
    for name in ("ascending_aorta", "descending_aorta"):
        assert np.array_equal(parts[name].voxels[low], true[name][low])
    with pytest.raises(ImageError, match="two below"):
        aorta_parts(Mask("aorta", GRID, true["ascending_aorta"]))


def test_a_mask_written_as_nifti_reads_as_it_was(tmp_path: Path) -> None:
    mask = tube(SEEDS, GRID, "aortic_arch")
    write_nifti_mask(mask, tmp_path / "aortic_arch.nii.gz")
    assert np.array_equal(read_nifti_mask(tmp_path / "aortic_arch.nii.gz", GRID).voxels, mask.voxels)


def test_total_segmentator_that_is_not_there_is_said_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImageError, match="pip install TotalSegmentator"):
        require_installed()
    (tmp_path / "totalsegmentator").mkdir()
    (tmp_path / "totalsegmentator/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "weights"))
    with pytest.raises(ImageError, match="downloads nothing"):
        require_installed()
    for number in (291, 292, 293, 294, 295, 298):
        (tmp_path / f"weights/Dataset{number}_x").mkdir(parents=True)
    require_installed()
