"""A quality sheet of one study: fused slices with contours, the background, TBR along each vessel; no identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from calor.image.fused import FIELD_MM, PIXELS, SUV_RANGE, WINDOW_HU, FusedSlice, fused_slice
from calor.image.study import Study, StudyTbr
from calor.image.tbr import VesselTbr
from calor.protocol.imaging import in_words

GAP, HEAD, SCALE_MM = 24, 64, 20
INK, VERMILION, SLATE, GRAY = (28, 37, 48), (213, 94, 0), (71, 85, 105), (148, 163, 184)
CYAN = (94, 234, 255)
"""Outlines: the one color that neither CT nor heat has."""


def fused_slices(study: Study, found: StudyTbr) -> list[FusedSlice]:
    """Return each vessel in its slice of highest TBRmax, then the background in its middle slice.

    Args:
        study: The study as read.
        found: Its measures.
    """
    suv, pool = study.pet.suv(), found.pool.vessel
    made = [
        fused_slice(study, suv, name, int(vessel.uptake.index[vessel.tbr_max.argmax()]), (pool,))
        for name, vessel in found.vessels.items()
    ]
    middle = int(np.median(np.flatnonzero(study.masks[pool].voxels.any(axis=(1, 2)))))
    return [*made, fused_slice(study, suv, pool, middle, tuple(found.vessels))]


def qc_sheet(found: StudyTbr, slices: Sequence[FusedSlice], path: Path, *, code: str) -> None:
    """Draw a study's sheet as PNG.

    One row per vessel: its slice of highest TBRmax, fused, what is measured outlined and what else is in white; and
    TBRmax along the vessel with the threshold.

    Args:
        found: The study's measures.
        slices: As `fused_slices` made them.
        path: Where the picture goes.
        code: The blinded code that heads the sheet; never a participant's.
    """
    size = (PIXELS * 3 + GAP * 4, HEAD + len(slices) * (PIXELS + GAP) + 52)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    pool = found.pool
    _text(draw, (GAP, 18), f"{code}: {in_words(pool.vessel)}, SUV {pool.suv:.2f}, CV {pool.cv_percent:.1f} %", 20)
    for at, one in enumerate(slices):
        top = HEAD + at * (PIXELS + GAP)
        label = in_words(one.name)
        _fused(sheet, draw, one, (GAP, top))
        _text(draw, (GAP + 8, top + 6), label if one.name in found.vessels else f"background: {label}", 16, "white")
        if one.name in found.vessels:
            _profile(draw, found.vessels[one.name], (GAP * 2 + PIXELS, top, GAP * 3 + 3 * PIXELS, top + PIXELS))
        else:
            _about(draw, found, (GAP * 2 + PIXELS + 12, top + 12))
    for at, line in enumerate(wrap(str(found.definition), 120)):
        _text(draw, (GAP, size[1] - 52 + 18 * at), line, 13, SLATE)
    sheet.save(path, format="PNG")


def _fused(sheet: Image.Image, draw: ImageDraw.ImageDraw, one: FusedSlice, at: tuple[int, int]) -> None:
    sheet.paste(Image.fromarray(one.pixels), at)
    for edges, color in ((one.others, (255, 255, 255)), (one.outline, CYAN)):
        for x1, y1, x2, y2 in ((edges / FIELD_MM + 0.5) * PIXELS).tolist():
            draw.line([(at[0] + x1, at[1] + y1), (at[0] + x2, at[1] + y2)], fill=color, width=2)
    bottom, long = at[1] + PIXELS - 12, SCALE_MM / FIELD_MM * PIXELS
    draw.line([(at[0] + 8, bottom), (at[0] + 8 + long, bottom)], fill="white", width=2)
    _text(draw, (at[0] + 8, bottom - 20), f"{SCALE_MM} mm", 13, "white")
    _text(draw, (at[0] + PIXELS - 18, bottom - 12), "L", 15, "white")


def _about(draw: ImageDraw.ImageDraw, found: StudyTbr, at: tuple[int, int]) -> None:
    hu = found.pool.hu_mean
    checked = "not checked on CT" if hu is None else f"{hu:.0f} HU on CT, {found.pool.volume_ml:.1f} mL"
    lines = [
        f"background: {checked}",
        f"PET in heat from SUV {SUV_RANGE[0]:g} to {SUV_RANGE[1]:g}; CT {WINDOW_HU[0]:g} to {WINDOW_HU[1]:g} HU; "
        f"field {FIELD_MM:g} mm",
        f"PET voxel {' x '.join(f'{v:.2f}' for v in found.voxel_mm)} mm",
        *found.notes,
    ]
    parts = [part for line in lines for part in wrap(line, 78)]
    for line_at, part in enumerate(parts):
        _text(draw, (at[0], at[1] + 26 * line_at), part, 15)


def _profile(draw: ImageDraw.ImageDraw, vessel: VesselTbr, box: tuple[int, int, int, int]) -> None:
    """Draw TBRmax along the vessel, active slices filled, with the threshold and a line saying what it shows."""
    left, top, right, bottom = box[0] + 46, box[1] + 44, box[2] - 12, box[3] - 46
    z, ratio = vessel.uptake.z_mm - vessel.uptake.z_mm[0], vessel.tbr_max
    high = max(float(ratio.max()), vessel.definition.active_threshold) * 1.1

    def x(value: float) -> float:
        return left + (right - left) * value / max(float(z[-1]), 1.0)

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / high

    for tick in np.arange(0, high, 0.5):
        draw.line([(left, y(tick)), (right, y(tick))], fill=(235, 238, 242))
        _text(draw, (left - 34, int(y(tick)) - 8), f"{tick:.1f}", 13, SLATE)
    threshold = y(vessel.definition.active_threshold)
    draw.line([(left, threshold), (right, threshold)], fill=GRAY, width=2)
    draw.line([(x(a), y(b)) for a, b in zip(z.tolist(), ratio.tolist(), strict=True)], fill=SLATE, width=2)
    for a, b, active in zip(z.tolist(), ratio.tolist(), vessel.active.tolist(), strict=True):
        dot = (x(a) - 4, y(b) - 4, x(a) + 4, y(b) + 4)
        draw.ellipse(dot, fill=VERMILION if active else "white", outline=VERMILION if active else SLATE, width=2)
    for tick in np.arange(0, float(z[-1]) + 1, 20):
        _text(draw, (int(x(tick)) - 8, bottom + 6), f"{tick:.0f}", 13, SLATE)
    _text(draw, (left, bottom + 24), "mm along the vessel, from below", 13, SLATE)
    title = f"mean TBRmax {vessel.mean_tbr_max:.2f}, {vessel.active.sum()} of {vessel.active.size} slices active"
    _text(draw, (left - 34, box[1] + 4), title, 17)
    _text(draw, (left - 34, box[1] + 26), f"TBRmax; line: {vessel.definition.active_threshold:g}", 13, SLATE)


def _text(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, color: tuple[int, ...] | str = INK
) -> None:
    draw.text(at, text, fill=color, font=ImageFont.load_default(size))
