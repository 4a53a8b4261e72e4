"""Reading series: order, geometry, and files that mean harm."""

from __future__ import annotations

import gzip
import re
import shutil
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from calor.errors import ImageError
from calor.image.dicom_file import pixel_array, read_file
from calor.image.enhanced_pet import ENHANCED
from calor.image.grid import stack
from calor.image.header_values import name_of
from calor.image.masks_nifti import read_nifti_mask
from calor.image.series import assemble, find_series, read_series
from calor.image.study import Study, measure, read_study
from calor.protocol.imaging import Imaging


def pet(folder: Path) -> list[Path]:
    return sorted((folder / "PT").iterdir())


def test_order_and_names_of_files_do_not_matter(phantom_folder: Path, tmp_path: Path) -> None:
    files = pet(phantom_folder)
    for at, path in enumerate(np.random.default_rng(3).permutation(np.array(files, dtype=object))):
        shutil.copy(path, tmp_path / f"{at:03d}.dcm")
    one, two = read_series(files), read_series(sorted(tmp_path.iterdir()))
    assert np.array_equal(one.suv(), two.suv())
    assert np.array_equal(one.grid.affine, two.grid.affine)


def test_suv_of_the_phantom_is_what_was_drawn(phantom_folder: Path) -> None:
    suv = read_series(pet(phantom_folder)).suv()
    assert suv[2, 80, 10] == 0  # beside the body
    assert suv[10, 80, 80] == pytest.approx(0.6, abs=0.001)


def test_a_scan_stored_from_left_to_right_measures_the_same(
    phantom_folder: Path, phantom_study: Study, definition: Imaging, tmp_path: Path
) -> None:
    shutil.copytree(phantom_folder, tmp_path / "flipped")
    for path in pet(tmp_path / "flipped"):
        one = pydicom.dcmread(path)
        flipped = np.ascontiguousarray(one.pixel_array[:, ::-1])
        x, y, z = (float(v) for v in one.ImagePositionPatient)
        one.ImagePositionPatient = [x + (one.Columns - 1) * float(one.PixelSpacing[1]), y, z]
        one.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
        one.PixelData = flipped.tobytes()
        one.save_as(path)
    flipped_study = read_study(tmp_path / "flipped")
    assert flipped_study.pet.grid.affine[0, 2] < 0
    one, two = (measure(study, definition).to_frame() for study in (phantom_study, flipped_study))
    assert two["mean_tbr_max"].tolist() == pytest.approx(one["mean_tbr_max"].tolist(), rel=1e-6)


def lacks(keyword: str) -> Callable[[list[Path]], object]:
    return lambda files: edit(files[5], lambda d: delattr(d, keyword))


def says(keyword: str, value: object) -> Callable[[list[Path]], object]:
    return lambda files: edit(files[5], lambda d: setattr(d, keyword, value))


def cut(size: int) -> Callable[[list[Path]], object]:
    return lambda files: files[5].write_bytes(files[5].read_bytes()[:size])


SPOILT: list[tuple[Callable[[list[Path]], object], str]] = [
    (says("PatientID", "P2"), r"Patient ID \(0010,0020\)"),
    (says("PatientWeight", "70"), r"Patient's Weight \(0010,1030\)"),
    (says("Units", "GML"), r"Units \(0054,1001\)"),
    (says("SeriesDate", "6 Jan"), r"Series Date \(0008,0021\)"),
    (says("AcquisitionTime", "2561"), r"Acquisition Time \(0008,0032\)"),
    (says("RescaleSlope", "0"), r"Rescale Slope \(0028,1053\)"),
    (says("RescaleIntercept", "5"), r"Rescale Intercept \(0028,1052\)"),
    (says("ImageOrientationPatient", [1, 0, 0, 0, 0.9, 0.43]), "one orientation"),
    (says("PixelData", bytes(100)), "hold 51200 bytes"),
    (says("Rows", 60000), "pixel data"),
    (says("NumberOfFrames", 2**31 - 1), "pixel data"),
    *((lacks(keyword), re.escape(name_of(keyword))) for keyword in (
        "RescaleSlope", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "FrameOfReferenceUID",
        "SOPInstanceUID", "SeriesInstanceUID", "Modality", "Rows", "PixelData", "CorrectedImage",
    )),
    (cut(0), "DICOM file"),
    (cut(400), "whole DICOM file"),
    (cut(700), "whole DICOM file"),
    (cut(-777), "pixel data"),
    (lambda files: files[5].write_bytes(b"GIF89a" * 100), "DICOM file"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "words"), SPOILT)
def test_one_spoilt_file_is_refused_by_its_name_and_tag(
    spoil: Callable[[list[Path]], object], words: str, phantom_folder: Path, tmp_path: Path
) -> None:
    files = [Path(shutil.copy(path, tmp_path)) for path in pet(phantom_folder)[:8]]
    for path in files:
        edit(path, lambda d: setattr(d, "NumberOfSlices", 8))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of what is spoilt here on purpose
        spoil(files)
        with pytest.raises(ImageError, match=words) as refused:
            _ = read_series(files).suv_factor
    assert "/0005.dcm" in str(refused.value) or "/0000.dcm" in str(refused.value)


def test_slices_lost_doubled_or_moved_are_refused(phantom_folder: Path, tmp_path: Path) -> None:
    files = [Path(shutil.copy(path, tmp_path)) for path in pet(phantom_folder)[:8]]
    with pytest.raises(ImageError, match=r"its \d+ slices, Number of Slices \(0054,0081\), got 8"):
        read_series(files)
    for path in files:
        edit(path, lambda d: setattr(d, "NumberOfSlices", 7))
    with pytest.raises(ImageError, match=r"evenly spaced, got gaps from 4\.00 to 8\.00 mm"):
        read_series([*files[:4], *files[5:]])
    with pytest.raises(ImageError, match=r"come once each, got the one of \S+/0002.dcm again at"):
        read_series([*files, shutil.copy(files[2], tmp_path / "again.dcm")])


def test_a_ct_of_another_patient_or_frame_is_refused(phantom_folder: Path, tmp_path: Path) -> None:
    for keyword, value in (("PatientID", "P2"), ("FrameOfReferenceUID", "1.2.9")):
        folder = Path(shutil.copytree(phantom_folder, tmp_path / keyword))
        for path in (folder / "CT").iterdir():
            edit(path, lambda d, k=keyword, v=value: setattr(d, k, v))
        with pytest.raises(ImageError, match=re.escape(name_of(keyword))) as refused:
            read_study(folder)
        assert "CT/0000.dcm" in str(refused.value)


def edit(path: Path, change: Callable[[Dataset], object]) -> None:
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)


def test_tilted_and_doubled_stacks_are_refused() -> None:
    tilted = np.array([[0, 0.5 * i, 3.0 * i] for i in range(5)])
    with pytest.raises(ImageError, match="straight above"):
        stack(tilted, [1, 0, 0, 0, 1, 0], [2, 2], (8, 8))
    with pytest.raises(ImageError, match="different positions"):
        stack(np.array([[0, 0, 0.0], [0, 0, 0]]), [1, 0, 0, 0, 1, 0], [2, 2], (8, 8))


def test_an_oblique_stack_maps_there_and_back() -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    normal = np.cross([1, 0, 0], [0, c, s])
    grid, _ = stack(np.outer(np.arange(6) * 3.0, normal), [1, 0, 0, 0, c, s], [2.0, 1.5], (7, 9))
    index = np.array([[0.0, 0, 0], [5, 6, 8], [2.5, 3, 1]])
    assert grid.to_index(grid.to_patient(index)) == pytest.approx(index)
    assert grid.spacing_mm == pytest.approx([3, 2, 1.5])
    assert not grid.is_axial


def test_a_path_as_an_identifier_is_refused(phantom_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "evil.dcm"
    raw = pet(phantom_folder)[0].read_bytes()
    series = str(pydicom.dcmread(pet(phantom_folder)[0]).SeriesInstanceUID).encode()
    path.write_bytes(raw.replace(series, b"../../etc/passwd".ljust(len(series), b"x")))
    with pytest.raises(ImageError, match="digits and dots"):
        read_file(path)


def test_a_deflated_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("1.2.3")
    meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    path = tmp_path / "bomb.dcm"
    FileDataset(str(path), Dataset(), file_meta=meta, preamble=b"\0" * 128).save_as(path, enforce_file_format=True)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    with path.open("ab") as file:
        file.write(packer.compress(b"\0" * 10_000_000) + packer.flush())
    with pytest.raises(ImageError, match="bomb"):
        read_file(path)


def held(tmp_path: Path, syntax: pydicom.uid.UID, frame: bytes) -> Path:
    """Write a file of 16 x 16 pixels whose compressed frame is given."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("1.2.3")
    meta.TransferSyntaxUID = syntax
    path = tmp_path / "held.dcm"
    made = FileDataset(str(path), Dataset(), file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID = made.SOPInstanceUID = made.StudyInstanceUID = made.SeriesInstanceUID = "1.2.3"
    made.Modality, made.Rows = "PT", 16
    made.Columns = made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation, made.SamplesPerPixel = 15, 0, 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.PixelData = encapsulate([frame])
    made["PixelData"].is_undefined_length = True
    made.save_as(path, enforce_file_format=True)
    return path


BOMBS = {
    "JPEG 2000": (JPEG2000Lossless, b"\xff\x4f\xff\x51" + struct.pack(">HHIIIIIIIIH", 41, 0, 60000, 60000, 0, 0,
                                                                      60000, 60000, 0, 0, 1) + b"\0" * 64),
    "JPEG-LS": (JPEGLSLossless, b"\xff\xd8\xff\xf7" + struct.pack(">HBHHB", 11, 16, 60000, 60000, 1) + b"\0" * 64),
    "JPEG": (JPEGBaseline8Bit, b"\xff\xd8\xff\xdb\0\x43" + b"\0" * 65 + b"\xff\xc0" +
             struct.pack(">HBHHB", 11, 8, 60000, 60000, 1) + b"\0" * 64),
    "run length": (RLELossless, struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\0" * 100_000),
    "no picture": (JPEG2000Lossless, b"GIF89a" * 20),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_a_compressed_bomb_is_refused_before_it_is_decoded(kind: str, tmp_path: Path) -> None:
    dataset = read_file(held(tmp_path, *BOMBS[kind]))
    with pytest.raises(ImageError, match="compressed frame"):
        pixel_array(dataset)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_compressed_slices_read_as_what_was_compressed(
    syntax: pydicom.uid.UID, phantom_folder: Path, tmp_path: Path
) -> None:
    plain = pydicom.dcmread(pet(phantom_folder)[10])
    want = plain.pixel_array.copy()
    plain.compress(syntax)
    plain.save_as(tmp_path / "packed.dcm")
    assert np.array_equal(pixel_array(read_file(tmp_path / "packed.dcm")), want)


def test_lengths_and_counts_that_lie_are_refused(phantom_folder: Path, tmp_path: Path) -> None:
    raw, path = pet(phantom_folder)[3].read_bytes(), tmp_path / "lies.dcm"
    at = raw.index(b"\xe0\x7f\x10\x00OW\0\0") + 8
    path.write_bytes(raw[:at] + struct.pack("<I", 0xFFFFFFF0) + raw[at + 4 : -100])
    with pytest.raises(ImageError):
        pixel_array(read_file(path))
    many = pydicom.dcmread(pet(phantom_folder)[3])
    many.NumberOfFrames = 2**31 - 1
    with pytest.raises(ImageError, match="pixel data"):
        pixel_array(many)


def test_a_small_nifti_that_claims_a_huge_volume_is_refused(phantom_study: Study, tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.uint8), np.eye(4))
    raw = bytearray(image.to_bytes())
    raw[42:48] = struct.pack("<3h", 2000, 2000, 2000)
    (tmp_path / "svc.nii.gz").write_bytes(gzip.compress(bytes(raw) + b"\0" * 1_000_000))
    with pytest.raises(ImageError, match="sensible size"):
        read_nifti_mask(tmp_path / "svc.nii.gz", phantom_study.pet.grid)


def test_links_out_of_the_folder_are_not_followed(phantom_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study/slice.dcm").symlink_to(pet(phantom_folder)[0])
    with pytest.raises(ImageError, match="hold DICOM"):
        find_series(tmp_path / "study")


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("1.2.3")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path = tmp_path / "deep.dcm"
    FileDataset(str(path), Dataset(), file_meta=meta, preamble=b"\0" * 128).save_as(path, enforce_file_format=True)
    sequence = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with path.open("ab") as file:
        file.write(sequence * 5000)
    with pytest.raises(ImageError, match="whole DICOM file"):
        read_file(path)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="hold DICOM"):
        find_series(tmp_path)


def test_pet_without_attenuation_correction_is_not_measured(phantom_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(phantom_folder / "PT", tmp_path / "PT")
    for path in pet(tmp_path):
        edit(path, lambda d: setattr(d, "CorrectedImage", ["DECY", "SCAT"]))
    with pytest.raises(ImageError, match="attenuation-corrected PET"):
        read_study(tmp_path)


def enhanced(slices: list[Dataset], units: str) -> FileDataset:
    """Fold ordinary slices into one Enhanced PET object."""
    first = slices[0]
    made = FileDataset("e.dcm", Dataset(), file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for name in ("PatientID", "PatientWeight", "PatientSize", "PatientSex", "Rows", "Columns", "SeriesInstanceUID",
                 "StudyInstanceUID", "FrameOfReferenceUID", "Modality", "BitsAllocated", "PixelRepresentation",
                 "RadiopharmaceuticalInformationSequence"):  # fmt: skip
        setattr(made, name, first.get(name))
    made.SOPClassUID, made.SOPInstanceUID = ENHANCED, "1.2.3"
    made.AttenuationCorrected = made.DecayCorrected = "YES"
    made.DecayCorrectionDateTime = f"{first.SeriesDate}{first.SeriesTime}"
    made.SeriesDate, made.SeriesTime = first.SeriesDate, "235900"
    made.NumberOfFrames = len(slices)
    made.PixelData = b"".join(s.PixelData for s in slices)
    groups = []
    for one in slices:
        group, place, plane, size, values, content = (Dataset() for _ in range(6))
        place.ImagePositionPatient, plane.ImageOrientationPatient = (
            one.ImagePositionPatient,
            one.ImageOrientationPatient,
        )
        size.PixelSpacing, size.SliceThickness = one.PixelSpacing, one.SliceThickness
        values.RescaleSlope, values.RescaleIntercept, values.RescaleType = one.RescaleSlope, 0, units
        content.FrameAcquisitionDateTime = f"{one.AcquisitionDate}{one.AcquisitionTime}"
        content.FrameAcquisitionDuration = 180000.0
        group.PlanePositionSequence, group.PlaneOrientationSequence = [place], [plane]
        group.PixelMeasuresSequence, group.PixelValueTransformationSequence = [size], [values]
        group.FrameContentSequence = [content]
        groups.append(group)
    made.PerFrameFunctionalGroupsSequence = groups
    return made


def test_enhanced_pet_gives_the_same_suv_as_its_slices(phantom_folder: Path, tmp_path: Path) -> None:
    slices = [pydicom.dcmread(p) for p in pet(phantom_folder)]
    made = enhanced(slices, "BQML")
    made.file_meta.MediaStorageSOPClassUID, made.file_meta.MediaStorageSOPInstanceUID = (
        made.SOPClassUID,
        made.SOPInstanceUID,
    )
    made.save_as(tmp_path / "e.dcm", enforce_file_format=True)
    folded, plain = read_series([tmp_path / "e.dcm"]), read_series(pet(phantom_folder))
    assert folded.grid.affine == pytest.approx(plain.grid.affine)
    np.testing.assert_allclose(folded.suv(), plain.suv(), rtol=1e-6)  # approx would take each voxel by itself
    edit(tmp_path / "e.dcm", lambda d: delattr(d, "DecayCorrectionDateTime"))
    with pytest.raises(ImageError, match=re.escape(name_of("DecayCorrectionDateTime"))) as refused:
        read_series([tmp_path / "e.dcm"])
    assert "/e.dcm" in str(refused.value)


def test_one_slice_needs_its_thickness(phantom_folder: Path) -> None:
    only = pydicom.dcmread(pet(phantom_folder)[3])
    only.NumberOfSlices = 1
    assert assemble([only], [only.pixel_array]).grid.spacing_mm[0] == 4.0
    del only.SliceThickness
    with pytest.raises(ImageError, match="Slice Thickness"):
        assemble([only], [only.pixel_array])
