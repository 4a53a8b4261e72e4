"""Masks: holes, rotations, gaps, flips; the PET stays where it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from calor.errors import ImageError
from calor.image.dicom_results import pet_headers_of, write_report, write_seg
from calor.image.grid import Grid, stack
from calor.image.header_values import name_of
from calor.image.mask import Mask, move
from calor.image.masks_nifti import read_nifti_mask, write_nifti_mask
from calor.image.masks_rtstruct import _add, inside, read_rtstruct
from calor.image.masks_seg import read_seg, segments_by_name
from calor.image.study import Study, measure
from calor.protocol.imaging import Imaging


def contour(points: np.ndarray) -> Dataset:
    made = Dataset()
    made.ContourGeometricType, made.ContourData = "CLOSED_PLANAR", [f"{v:.4f}" for v in points.ravel()]
    return made


def square(half: float, z: float = 2.0) -> np.ndarray:
    return np.array([[-half, -half, z], [half, -half, z], [half, half, z], [-half, half, z]])


@pytest.fixture
def empty() -> Mask:
    grid, _ = stack(np.array([[-10, -10, z] for z in (0.0, 2, 4)]), [1, 0, 0, 0, 1, 0], [1, 1], (21, 21))
    return Mask("aorta", grid, np.zeros(grid.shape, bool))


def test_a_contour_within_a_contour_is_a_hole(empty: Mask) -> None:
    _add(empty, contour(square(5.5)))
    _add(empty, contour(square(2.5)))
    assert empty.voxels.sum() == 11**2 - 5**2
    assert not empty.voxels[1, 10, 10]
    assert not empty.voxels[[0, 2]].any()


def test_a_keyhole_contour_is_the_same_hole(empty: Mask) -> None:
    outer, inner = square(5.5), square(2.5)[::-1]
    _add(empty, contour(np.vstack([outer, outer[:1], inner[[3, 0, 1, 2, 3]]])))
    assert empty.voxels.sum() == 11**2 - 5**2


def test_contours_on_a_rotated_grid_are_found_through_the_patient() -> None:
    c, s = np.cos(0.5), np.sin(0.5)
    grid, _ = stack(np.array([[0, 0, 0.0], [0, 0, 2]]), [c, s, 0, -s, c, 0], [1, 1], (21, 21))
    mask = Mask("aorta", grid, np.zeros(grid.shape, bool))
    corners = np.array([[1, 4.5, 5.5], [1, 4.5, 12.5], [1, 9.5, 12.5], [1, 9.5, 5.5]])
    _add(mask, contour(grid.to_patient(corners)))
    assert mask.voxels[1, 5:10, 6:13].all()
    assert mask.voxels.sum() == 35


def test_contours_between_slices_or_across_them_are_refused(empty: Mask) -> None:
    with pytest.raises(ImageError, match="lie on a slice"):
        _add(empty, contour(square(5.5, z=3.0)))
    with pytest.raises(ImageError, match="parallel"):
        _add(empty, contour(square(5.5) + np.array([[0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]])))


def test_a_polygon_beyond_the_image_is_cut() -> None:
    assert inside(np.array([[-5.0, -5], [-5, 3.5], [3.5, 3.5], [3.5, -5]]), (10, 10)).sum() == 16


def test_seg_that_was_written_reads_as_it_was(phantom_study: Study, tmp_path: Path) -> None:
    names = ["ascending_aorta", "svc"]
    write_seg(phantom_study, pet_headers_of(phantom_study), tmp_path / "seg.dcm", names=names)
    for name, mask in read_seg(tmp_path / "seg.dcm").items():
        moved = move(mask, phantom_study.pet.grid)
        assert np.array_equal(moved.voxels, phantom_study.masks[name].voxels)


def test_the_report_holds_the_measures(phantom_study: Study, tmp_path: Path, definition: Imaging) -> None:
    found = measure(phantom_study, definition)
    write_seg(phantom_study, pet_headers_of(phantom_study), tmp_path / "seg.dcm", names=list(definition.vessels))
    write_report(found, pet_headers_of(phantom_study), tmp_path / "seg.dcm", tmp_path / "sr.dcm", reader="A")
    text = str(pydicom.dcmread(tmp_path / "sr.dcm"))
    assert f"{found.vessels['ascending_aorta'].mean_tbr_max:.6f}"[:7] in text


def test_contours_of_another_frame_are_refused(phantom_study: Study, phantom_folder: Path) -> None:
    other = Grid(phantom_study.pet.grid.affine, phantom_study.pet.grid.shape, "1.2.3")
    with pytest.raises(ImageError, match="Frame of Reference"):
        read_rtstruct(next((phantom_folder / "RS").iterdir()), other)


def nifti(path: Path, mask: Mask, flips: tuple[int, ...]) -> None:
    """Write a mask as NIfTI with some axes running the other way."""
    data = mask.voxels.transpose(2, 1, 0).astype(np.uint8)
    affine = np.diag([-1.0, -1, 1, 1]) @ mask.grid.affine[:, [2, 1, 0, 3]]
    for axis in flips:
        affine[:3, 3] += affine[:3, axis] * (data.shape[axis] - 1)
        affine[:3, axis] *= -1
        data = np.flip(data, axis)
    nib.save(nib.Nifti1Image(np.ascontiguousarray(data), affine), path)


@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_nifti_is_placed_by_its_affine_however_its_axes_run(
    flips: tuple[int, ...], phantom_study: Study, tmp_path: Path
) -> None:
    mask = phantom_study.masks["carotid_left"]
    nifti(tmp_path / "carotid_left.nii.gz", mask, flips)
    read = read_nifti_mask(tmp_path / "carotid_left.nii.gz", phantom_study.pet.grid)
    assert np.array_equal(read.voxels, mask.voxels)


def test_nifti_without_a_place_or_elsewhere_is_refused(phantom_study: Study, tmp_path: Path) -> None:
    grid, path = phantom_study.pet.grid, tmp_path / "m.nii"
    nib.save(nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), None), path)
    with pytest.raises(ImageError, match="neither sform nor qform"):
        read_nifti_mask(path, grid)
    far = np.eye(4)
    far[:3, 3] = 5000
    nib.save(nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), far), path)
    with pytest.raises(ImageError, match="lie on the PET"):
        read_nifti_mask(path, grid)
    nib.save(nib.Nifti1Image(np.full((4, 4, 4), 0.5, np.float32), np.eye(4)), path)
    with pytest.raises(ImageError, match="labels"):
        read_nifti_mask(path, grid)


def test_names_become_the_protocols() -> None:
    mask = Mask("x", Grid(np.eye(4), (1, 1, 1)), np.ones((1, 1, 1), bool))
    assert list(segments_by_name({"Carotid, left": mask})) == ["carotid_left"]
    with pytest.raises(ImageError, match="unique"):
        segments_by_name({"Carotid left": mask, "carotid_left": mask})


def spoil_contours(keyword: str) -> Callable[[Dataset], None]:
    def spoil(dataset: Dataset) -> None:
        holder = dataset.StructureSetROISequence[0]
        delattr(holder if keyword in holder else dataset.ROIContourSequence[0].ContourSequence[0], keyword)

    return spoil


def unknown_region(dataset: Dataset) -> None:
    dataset.ROIContourSequence[0].ReferencedROINumber = 99


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        *((spoil_contours(k), re.escape(name_of(k))) for k in ("ROIName", "ROINumber", "ContourData")),
        (unknown_region, "belong to a region of the file, got 99"),
    ],
)
def test_a_damaged_contour_file_is_refused_by_its_name_and_tag(
    spoil: Callable[[Dataset], None], words: str, phantom_folder: Path, phantom_study: Study, tmp_path: Path
) -> None:
    dataset = pydicom.dcmread(next((phantom_folder / "RS").iterdir()))
    spoil(dataset)
    dataset.save_as(tmp_path / "drawn.dcm")
    with pytest.raises(ImageError, match=words) as refused:
        read_rtstruct(tmp_path / "drawn.dcm", phantom_study.pet.grid)
    assert "/drawn.dcm" in str(refused.value)


def test_a_nifti_cut_short_is_refused(phantom_study: Study, tmp_path: Path) -> None:
    path = tmp_path / "svc.nii.gz"
    write_nifti_mask(phantom_study.masks["svc"], path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ImageError, match=r"whole NIfTI volume, got \w+ at svc.nii.gz"):
        read_nifti_mask(path, phantom_study.pet.grid)


def test_a_vessel_drawn_in_every_second_slice_is_told(phantom_study: Study, definition: Imaging) -> None:
    whole = phantom_study.masks["ascending_aorta"]
    voxels = whole.voxels.copy()
    voxels[::2] = False
    masks = {**phantom_study.masks, "ascending_aorta": replace(whole, voxels=voxels)}
    notes = measure(replace(phantom_study, masks=masks), definition).notes
    assert any("ascending_aorta is not drawn in" in note for note in notes)
