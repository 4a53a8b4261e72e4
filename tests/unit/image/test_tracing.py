"""Tracing: seeds to center line to cross-sections to mask, with a reader in between."""

from __future__ import annotations

import numpy as np
import pytest

from calor.errors import ImageError
from calor.image.centerline import centerline
from calor.image.cross_section import doubtful, edit, mask_of, propose
from calor.image.phantom import LUNGS_MM, TORSO, enclosed
from calor.image.region_growing import grow
from calor.image.series import Series
from calor.image.study import Study

HU = (37.5, 70.0)
"""From half-way between wall (45) and tissue (30): there an edge between two pixels is found without bias."""


def test_a_traced_aorta_covers_the_true_one(phantom_study: Study) -> None:
    ct, truth = phantom_study.ct, phantom_study.masks["ascending_aorta"]
    assert ct is not None
    line = centerline([(20, -30, 20), (20, -30, 108)], ct.grid.slice_mm)
    sections = propose(ct, line, hu=HU, radius_mm=(8, 25))
    assert not doubtful(sections)
    traced = mask_of(sections, phantom_study.pet.grid, "ascending_aorta").voxels
    dice = 2 * (traced & truth.voxels).sum() / (traced.sum() + truth.voxels.sum())
    assert dice > 0.99
    assert [s.a_mm for s in sections] == pytest.approx([16.0] * len(sections), abs=0.5)  # a ray's step


def test_a_readers_edit_is_signed_and_changes_the_mask(phantom_study: Study) -> None:
    ct = phantom_study.ct
    assert ct is not None
    line = centerline([(20, -30, 20), (20, -30, 108)], ct.grid.slice_mm)
    sections = propose(ct, line, hu=HU, radius_mm=(8, 25))
    wider = [edit(s, "A", a_mm=s.a_mm + 4) if i == 5 else s for i, s in enumerate(sections)]
    assert wider[5].edited_by == "A"
    one, two = (mask_of(s, phantom_study.pet.grid, "a").voxels.sum() for s in (sections, wider))
    assert two > one
    assert mask_of(sections, phantom_study.pet.grid, "a", wall_mm=2.5).voxels.sum() > one
    with pytest.raises(ImageError, match="name its reader"):
        edit(sections[0], "")


def test_a_line_through_lung_is_refused(phantom_study: Study) -> None:
    ct = phantom_study.ct
    assert ct is not None
    x, y, _, _ = LUNGS_MM[0]
    line = centerline([(x, y, 20), (x, y, 80)], ct.grid.slice_mm)
    with pytest.raises(ImageError, match="lie in the lumen"):
        propose(ct, line, hu=HU, radius_mm=(8, 25))


def test_seeds_that_make_no_line_are_refused() -> None:
    z = np.arange(0.0, 50, 3)
    for seeds in ([(0.0, 0.0, 0.0)], [(0, 0, 0), (5, 0, 0)], [(0, 0, 0), (90, 0, 10)], [(0, 0, 200), (0, 0, 210)]):
        with pytest.raises(ImageError, match="seeds"):
            centerline(seeds, z)


def with_contrast(ct: Series, leak: bool) -> Series:
    """Fill the aorta with contrast; leak it into all soft tissue."""
    values = ct.values().astype(np.int16)
    filled = np.where((values > 35) | (leak & (values > 0)), 300, values)
    return Series("CT", ct.uid, ct.grid, filled, np.ones(len(filled)), np.zeros(len(filled)))


def test_region_growing_needs_contrast_and_stops_at_a_leak(phantom_study: Study) -> None:
    ct, seed = phantom_study.ct, (20.0, -30.0, 60.0)
    assert ct is not None
    with pytest.raises(ImageError, match="hold contrast"):
        grow(ct, seed, "aorta")
    lumen = grow(with_contrast(ct, leak=False), seed, "aorta")
    assert np.array_equal(lumen.voxels, enclosed(ct.grid, TORSO.vessels[0]))
    with pytest.raises(ImageError, match="leaked"):
        grow(with_contrast(ct, leak=True), seed, "aorta")
