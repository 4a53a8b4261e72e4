"""The factor to body-weight SUV of a PET series, from its headers; every rule is recorded, every doubt refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from jaxtyping import Float

from calor.errors import ImageError, met_at
from calor.image.decay import decay_factor, mean_rate_time_s
from calor.image.header_values import name_of
from calor.image.injection import injected_dose_bq, injection_time
from calor.image.normalization import MASSES, body, body_surface_area, body_weight
from calor.image.one_series import one_series
from calor.image.pet_header import PetHeader
from calor.image.reference_time import ReferenceTime, agrees_with_decay_factor, reference_time


@dataclass(frozen=True)
class SuvFactor:
    """How a series' rescaled values become SUV.

    Attributes:
        per_slice: SUVbw per unit of the rescaled value (stored x slope), in the order of the headers given [per unit].
        units: Units of the rescaled value.
        rule: How units and decay were handled.
        reference: The reference time with its rule; None where the values are SUV already.
        injected: Date and time of injection; None where not recorded.
        uptake_s: Injection to the first acquisition; None where either is not recorded.
        notes: Corrections that somebody should see.
    """

    per_slice: Float[np.ndarray, " slice"]
    units: str
    rule: str
    reference: ReferenceTime | None = None
    injected: datetime | None = None
    uptake_s: float | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        first, last = float(self.per_slice.min()), float(self.per_slice.max())
        factor = f"{first:.6g}" if np.isclose(first, last, rtol=1e-12) else f"{first:.6g} to {last:.6g}"
        return "; ".join(
            (f"SUVbw = {factor} x value", self.rule, *([str(self.reference)] if self.reference else []), *self.notes)
        )


def suv_factor(headers: Sequence[PetHeader]) -> SuvFactor:
    """Find the factor that turns each slice's rescaled values into body-weight SUV.

    >>> from datetime import time
    >>> at = datetime(2025, 1, 1, 11)
    >>> slice_ = PetHeader("BQML", "START", ("DECY", "ATTN"), at, at, half_life_s=6586.2, dose=3.5e8,
    ...                    injected_time=time(10), weight_kg=70)
    >>> print(suv_factor([slice_]))
    SUVbw = 0.000292127 x value; Bq/mL, corrected for decay to START; 2025-01-01T11:00:00.000 (series time)

    Args:
        headers: The header of every slice of one series.

    Raises:
        ImageError: Units, corrections, times, dose or body are missing, contradictory or unknown; the message says
            which and what to do.

    Reference:
        QIBA FDG-PET/CT profile 1.05 (2013), appendix G; Image Biomarker Standardisation Initiative, SUV manual 2026.
    """
    head = one_series(headers)
    with met_at(head.file):
        if head.units == "GML":
            return _timed(headers, SuvFactor(np.full(len(headers), _from_mass(head)), "GML", _gml_rule(head)))
        if head.units == "CM2ML":
            return _timed(headers, _from_surface(headers))
        if head.units == "CNTS":
            return _from_counts(headers)
        return _from_activity(headers, np.ones(len(headers)), "Bq/mL")


def _from_mass(head: PetHeader) -> float:
    kind = head.suv_type or "BW"
    if kind == "BW":
        return 1.0
    if kind not in MASSES:
        raise ImageError.must(name_of("SUVType"), f"be BW, {', '.join(MASSES)}", repr(kind), fix="Ask the site.")
    weight, height = body(head.weight_kg, head.height_cm)
    return weight / MASSES[kind](weight, height, head.sex)


def _gml_rule(head: PetHeader) -> str:
    if not head.suv_type:
        return "SUV already; SUV Type is absent, which DICOM defines as body weight"
    return "SUV by body weight already" if head.suv_type == "BW" else f"SUV by {head.suv_type}, returned to body weight"


def _from_surface(headers: Sequence[PetHeader]) -> SuvFactor:
    head = headers[0]
    if head.suv_type in MASSES:
        raise ImageError.must(
            name_of("SUVType"), "be BSA where Units are CM2ML", repr(head.suv_type), fix="Ask the site."
        )
    weight, height = body(head.weight_kg, head.height_cm)
    area = body_surface_area(weight, height)
    rule = f"SUV by body surface ({area:.4f} m2), returned to body weight"
    return SuvFactor(np.full(len(headers), weight / (10 * area)), "CM2ML", rule)


def _from_counts(headers: Sequence[PetHeader]) -> SuvFactor:
    if all(h.philips_suv for h in headers) and headers[0].decay_correction != "NONE":
        factor = np.array([h.philips_suv for h in headers], float)
        return _timed(
            headers, SuvFactor(_positive(factor), "CNTS", "counts with Philips' SUV scale factor (7053,1000)")
        )
    if all(h.philips_activity for h in headers):
        scale = _positive(np.array([h.philips_activity for h in headers], float))
        return _from_activity(headers, scale, "counts with Philips' activity scale factor (7053,1009)")
    raise ImageError.must(
        name_of("Units"), "be BQML, or CNTS with Philips' factor (7053,1000) or (7053,1009)", "CNTS without",
        fix="Ask the site for the images with their private elements.",
    )  # fmt: skip


def _positive(factor: Float[np.ndarray, " slice"]) -> Float[np.ndarray, " slice"]:
    if (factor <= 0).any():
        raise ImageError.must("Philips factor", "be positive", float(factor.min()), fix="Ask the site.")
    return factor


def _from_activity(headers: Sequence[PetHeader], scale: Float[np.ndarray, " slice"], unit: str) -> SuvFactor:
    head = headers[0]
    half_life = _half_life(head)
    dose, note = injected_dose_bq(head)
    grams = body_weight(head.weight_kg) * 1000
    notes = (note,) if note else ()
    if head.decay_correction == "ADMIN":
        rule = f"{unit}, corrected for decay to ADMIN"
        return _timed(headers, SuvFactor(scale * grams / dose, head.units, rule, notes=notes))
    if head.decay_correction == "NONE":
        return _uncorrected(headers, scale * grams / dose, unit, notes)
    reference = reference_time(headers, half_life)
    if all(h.acquired_at is None for h in headers):
        notes = (*notes, f"no {name_of('AcquisitionTime')}: whether the series was made later cannot be told")
    injected, dated = injection_time(head, reference.at, half_life)
    left = decay_factor((reference.at - injected).total_seconds(), half_life)
    return _timed(
        headers,
        SuvFactor(
            scale * grams / (dose * left),
            head.units,
            f"{unit}, corrected for decay to START",
            reference,
            injected,
            notes=_with_midnight(notes, dated),
        ),
    )


def _uncorrected(
    headers: Sequence[PetHeader], factor: Float[np.ndarray, " slice"], unit: str, notes: tuple[str, ...]
) -> SuvFactor:
    """Decay the dose to the moment at which each slice counted at its mean rate."""
    half_life = _half_life(headers[0])
    counted = [_counted_at(h, half_life) for h in headers]
    if len(set(counted)) == 1 and len({h.frame_reference_s for h in headers}) > 1:
        raise ImageError.must(
            name_of("AcquisitionTime"),
            "differ between beds when decay is not corrected",
            "one time",
            fix="Ask the site.",
        )
    injected, dated = injection_time(headers[0], min(counted), half_life)
    left = np.array([decay_factor((at - injected).total_seconds(), half_life) for at in counted])
    reference = ReferenceTime(min(counted), "mean-rate time of each frame")
    rule = f"{unit}, not corrected for decay"
    return _timed(
        headers,
        SuvFactor(factor / left, headers[0].units, rule, reference, injected, notes=_with_midnight(notes, dated)),
    )


def _counted_at(header: PetHeader, half_life_s: float) -> datetime:
    if header.acquired_at is None or header.frame_s is None:
        raise ImageError.must(
            f"{name_of('AcquisitionTime')} and {name_of('ActualFrameDuration')}",
            "be recorded when decay is not corrected", "a slice without", where=header.file, fix="Ask the site.",
        )  # fmt: skip
    return header.acquired_at + timedelta(seconds=mean_rate_time_s(header.frame_s, half_life_s))


def _with_midnight(notes: tuple[str, ...], dated: str) -> tuple[str, ...]:
    return (*notes, f"injection: {dated}") if "midnight" in dated else notes


def _half_life(head: PetHeader) -> float:
    if head.half_life_s is None or head.half_life_s <= 0:
        raise ImageError.must(
            name_of("RadionuclideHalfLife"), "be positive, in s", head.half_life_s, fix="Ask the site."
        )
    return head.half_life_s


def _timed(headers: Sequence[PetHeader], found: SuvFactor) -> SuvFactor:
    """Add injection and uptake where recorded: the protocol's limits apply to every kind of SUV."""
    head = headers[0]
    starts = [h.acquired_at for h in headers if h.acquired_at is not None]
    start = min(starts) if starts else head.series_at
    injected = found.injected
    recorded = head.injected_at is not None or head.injected_time is not None
    if injected is None and recorded and start is not None and head.half_life_s:
        injected, _ = injection_time(head, start, head.half_life_s)
        if head.decay_correction == "ADMIN":
            agrees_with_decay_factor(headers, ReferenceTime(injected, "injection"), head.half_life_s)
    uptake = None if injected is None or start is None else (start - injected).total_seconds()
    return replace(found, injected=injected, uptake_s=uptake)
