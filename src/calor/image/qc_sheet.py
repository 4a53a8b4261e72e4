"""A quality sheet of one study: fused slices with contours, the background, TBR along each vessel; no identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_erosion, map_coordinates

from calor.image.mask import Mask
from calor.image.study import Study, StudyTbr
from calor.image.tbr import VesselTbr

PANEL, GAP, HEAD = 300, 24, 64
FIELD_MM = 120.0
WINDOW_HU = (-160.0, 240.0)
SUV_TOP = 3.0
INK, VERMILION, SLATE, GRAY = (31, 41, 55), (227, 66, 52), (71, 85, 105), (148, 163, 184)


def qc_sheet(study: Study, found: StudyTbr, path: Path, *, code: str) -> None:
    """Draw a study's sheet as PNG.

    One row per vessel: the slice of highest TBRmax, fused, with the vessel's contour in vermilion and the background's
    in white where it crosses the slice; and TBRmax along the vessel with the threshold.

    Args:
        study: The study as read.
        found: Its measures.
        path: Where the picture goes.
        code: The blinded code that heads the sheet; never a participant's.
    """
    suv = study.pet.suv()
    pool = study.masks[found.pool.vessel]
    rows = [(name, study.masks[name], vessel) for name, vessel in found.vessels.items()]
    size = (PANEL * 3 + GAP * 4, HEAD + (len(rows) + 1) * (PANEL + GAP) + 52)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    _text(
        draw,
        (GAP, 18),
        f"{code}: {found.pool.vessel.upper()} SUV {found.pool.suv:.2f}, CV {found.pool.cv_percent:.1f} %",
        20,
    )
    others = {found.pool.vessel: pool}
    for at, (name, mask, vessel) in enumerate(rows):
        top = HEAD + at * (PANEL + GAP)
        slice_ = int(vessel.uptake.index[vessel.tbr_max.argmax()])
        sheet.paste(_fused(study, suv, mask, slice_, others), (GAP, top))
        _profile(draw, vessel, (GAP * 2 + PANEL, top, GAP * 3 + 3 * PANEL, top + PANEL))
        _text(draw, (GAP + 8, top + 6), name.replace("_", " "), 16, "white")
    top = HEAD + len(rows) * (PANEL + GAP)
    middle = int(np.median(np.flatnonzero(pool.voxels.any(axis=(1, 2)))))
    sheet.paste(_fused(study, suv, pool, middle, {}), (GAP, top))
    _text(draw, (GAP + 8, top + 6), f"background: {found.pool.vessel}", 16, "white")
    lines = [
        _hu(found),
        f"PET color 0 to SUV {SUV_TOP:g}; CT {WINDOW_HU[0]:g} to {WINDOW_HU[1]:g} HU; field {FIELD_MM:g} mm",
        f"PET voxel {' x '.join(f'{v:.2f}' for v in found.voxel_mm)} mm",
        *found.notes,
    ]
    for at, line in enumerate(lines):
        _text(draw, (GAP * 2 + PANEL, top + 12 + 26 * at), line[:78], 15)
    for at, line in enumerate(wrap(str(found.definition), 120)):
        _text(draw, (GAP, size[1] - 52 + 18 * at), line, 13, SLATE)
    sheet.save(path, format="PNG")


def _hu(found: StudyTbr) -> str:
    hu = found.pool.hu_mean
    return (
        "background not checked on CT" if hu is None else f"background {hu:.0f} HU on CT, {found.pool.volume_ml:.1f} mL"
    )


def _fused(
    study: Study, suv: Float[np.ndarray, "slice row column"], mask: Mask, at: int, others: Mapping[str, Mask]
) -> Image.Image:
    """Draw one slice around a vessel: CT in gray, PET in heat, contours."""
    grid = study.pet.grid
    rows, columns = np.nonzero(mask.voxels[at])
    center = grid.to_patient(np.array([[at, rows.mean(), columns.mean()]]))[0]
    offsets = (np.arange(PANEL) + 0.5) / PANEL * FIELD_MM - FIELD_MM / 2
    y, x = np.meshgrid(offsets, offsets, indexing="ij")
    points = np.column_stack([center[0] + x.ravel(), center[1] + y.ravel(), np.full(x.size, center[2])])
    pet = _sample(suv[max(at - 1, 0) : at + 2], grid.to_index(points) - [max(at - 1, 0), 0, 0])
    gray = np.full(pet.shape, 0.15)
    if study.ct is not None:
        index = study.ct.grid.to_index(points)
        low = int(np.clip(np.floor(index[0, 0]), 0, study.ct.grid.shape[0] - 1))
        part = study.ct.values((slice(low, low + 2), slice(None), slice(None)))
        gray = np.clip((_sample(part, index - [low, 0, 0]) - WINDOW_HU[0]) / (WINDOW_HU[1] - WINDOW_HU[0]), 0, 1)
    heat = np.clip(pet / SUV_TOP, 0, 1)
    color = _heat(heat)
    weight = (0.65 * heat)[:, None]
    pixels = (255 * ((1 - weight) * gray[:, None] * 0.9 + weight * color)).astype(np.uint8).reshape(PANEL, PANEL, 3)
    for other in others.values():
        _contour(
            pixels,
            _sample(other.voxels[at : at + 1].astype(np.float32), grid.to_index(points) * [0, 1, 1], 0),
            (255,) * 3,
        )
    _contour(
        pixels, _sample(mask.voxels[at : at + 1].astype(np.float32), grid.to_index(points) * [0, 1, 1], 0), VERMILION
    )
    return Image.fromarray(pixels)


def _contour(
    pixels: UInt8[np.ndarray, "row column 3"], inside: Float[np.ndarray, " pixel"], color: tuple[int, ...]
) -> None:
    mask: Bool[np.ndarray, "row column"] = inside.reshape(PANEL, PANEL) > 0.5
    pixels[mask & ~binary_erosion(mask, iterations=2)] = color


def _sample(volume: np.ndarray, index: Float[np.ndarray, "point 3"], order: Literal[0, 1] = 1) -> np.ndarray:
    return np.asarray(map_coordinates(volume, index.T, order=order, mode="nearest", output=np.float32))


def _heat(value: Float[np.ndarray, " pixel"]) -> Float[np.ndarray, "pixel 3"]:
    """Black over red and orange to yellow-white; lightness rises throughout, so it reads in gray."""
    return np.column_stack([np.clip(3 * value, 0, 1), np.clip(3 * value - 1, 0, 1), np.clip(3 * value - 2, 0, 1)])


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
