"""The real FDG PET/CT: factor, mapping objects, segmentations."""

from __future__ import annotations

from pathlib import Path

import pytest

from calor.errors import ImageError
from calor.image.mask import Mask, move
from calor.image.masks_seg import read_seg
from calor.image.real_world_value import compare_mapping
from calor.image.region_growing import grow
from calor.image.series import Series, read_series


@pytest.fixture(scope="module")
def folder(calor_data: Path) -> Path:
    return calor_data / "petct-acrin-042"


@pytest.fixture(scope="module")
def pet(folder: Path) -> Series:
    return read_series(next(folder.glob("PT_*")).iterdir())


def test_the_factor_is_that_of_an_independent_program(pet: Series) -> None:
    assert pet.suv_factor.per_slice == pytest.approx([4.2111e-4] * 135, rel=1e-5)
    assert pet.suv_factor.reference is not None
    assert pet.suv_factor.reference.checked


def test_the_one_mapping_that_is_wrong_by_1000_is_flagged(folder: Path, pet: Series) -> None:
    found = [compare_mapping(path, pet).problems for path in sorted(folder.glob("RWV_*/*"))]
    wrong = [problems for problems in found if problems]
    assert len(found) == 3
    assert len(wrong) == 1
    assert "1000 times too small" in wrong[0][0]


def test_segmentations_keep_their_volume_on_the_pet(folder: Path, pet: Series) -> None:
    masks: list[Mask] = [m for path in folder.glob("SEG_*/*") for m in read_seg(path).values()]
    assert len(masks) == 5
    for mask in masks:
        assert move(mask, pet.grid).volume_ml == pytest.approx(mask.volume_ml, rel=0.002)


def test_region_growing_refuses_the_ct_without_contrast(folder: Path) -> None:
    ct = read_series(next(folder.glob("CT_*")).iterdir())
    with pytest.raises(ImageError, match="contrast"):
        grow(ct, (0.0, 0.0, -60.0), "aorta")
