"""Reads to the trial's ADaM dataset ADPET: index vessel and active slices frozen at baseline, one row per parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from calor.errors import ImageError
from calor.image.index_vessel import BaselineChoice, active_tbr, change, freeze, index_tbr
from calor.image.read_record import ReadRecord
from calor.protocol.imaging import Imaging
from calor.protocol.visits import Visit, analysis_day

PARAMCD = {
    "ascending_aorta": "TBRASC",
    "aortic_arch": "TBRARC",
    "carotid_left": "TBRLCAR",
    "carotid_right": "TBRRCAR",
    "descending_aorta": "TBRDSC",
}
COLUMNS = [
    "STUDYID",
    "USUBJID",
    "PARAMCD",
    "PARAM",
    "AVISIT",
    "AVISITN",
    "AVAL",
    "AVALU",
    "BASE",
    "CHG",
    "PCHG",
    "ABLFL",
    "VESSEL",
]


@dataclass(frozen=True)
class Adpet:
    """The dataset and how it came about.

    Attributes:
        frame: One row per participant, visit and parameter.
        choices: What each participant's baseline scan decided.
        problems: Scans left out: participant, visit, reason.
    """

    frame: pd.DataFrame
    choices: Mapping[str, BaselineChoice]
    problems: tuple[tuple[str, str, str], ...]


def adpet(reads: Sequence[ReadRecord], definition: Imaging, *, study: str, visits: Sequence[Visit]) -> Adpet:
    """Build ADPET from one read of each scan.

    Args:
        reads: One read per participant and visit; repeats and adjudicated reads are settled before.
        definition: The protocol's definitions.
        study: Study identifier.
        visits: The visits at which scans were planned; the last up to day 0 is baseline.

    Raises:
        ImageError: A scan has two reads, a visit is unknown, or none of them is a baseline.
    """
    by_id = {visit.id: visit for visit in visits}
    before = [visit.id for visit in visits if visit.day <= 0]
    if not before:
        raise ImageError.must(
            "visits", "hold a baseline, at day 0 or before", list(by_id), fix="Scan before treatment."
        )
    by_participant: dict[str, dict[str, ReadRecord]] = {}
    for read in reads:
        if read.visit not in by_id:
            raise ImageError.must("visit", f"be one of {', '.join(by_id)}", read.visit, fix="Name the folder after it.")
        if by_participant.setdefault(read.participant, {}).setdefault(read.visit, read) is not read:
            raise ImageError.must(
                "scan", "have one read", f"two of {read.visit}", where=read.participant, fix="Settle them."
            )
    first, rows, choices, problems = before[-1], [], {}, []
    for participant, scans in sorted(by_participant.items()):
        if first not in scans:
            problems += [(participant, visit, f"no baseline scan at {first}") for visit in scans]
            continue
        choices[participant] = freeze(scans[first].vessels(), definition.vessels)
        base = _values(scans[first], choices[participant])
        for visit in (v for v in by_id if v in scans and by_id[v].day >= by_id[first].day):
            try:
                _partners(scans[first], scans[visit], definition)
                values = _values(scans[visit], choices[participant])
            except ImageError as error:
                problems.append((participant, visit, str(error)))
                continue
            keys = (study, participant, by_id[visit].label, analysis_day(by_id[visit].day))
            rows += _rows(keys, values, base, choices[participant].vessel, is_base=visit == first)
    return Adpet(pd.DataFrame(rows, columns=COLUMNS), choices, tuple(problems))


def _values(read: ReadRecord, choice: BaselineChoice) -> dict[str, tuple[str, float]]:
    vessels = read.vessels()
    found = {"TBRIDX": ("Mean TBRmax of the index vessel", index_tbr(vessels, choice))}
    threshold = f"{read.definition['active_comparator']} {read.definition['active_threshold']:g}"
    active = active_tbr(vessels, choice)
    if active is not None:
        found["TBRACT"] = (f"Mean TBRmax of slices active at baseline (TBR {threshold})", active)
    for name, vessel in vessels.items():
        code = PARAMCD.get(name, f"TBR{name.replace('_', '').upper()}"[:8])
        found[code] = (f"Mean TBRmax of the {name.replace('_', ' ')}", vessel.mean_tbr_max)
    found["BLOODSUV"] = ("Mean SUV of the blood pool", read.background_suv)
    return found


def _rows(
    keys: tuple[str, str, str, int],
    values: Mapping[str, tuple[str, float]],
    base: Mapping[str, tuple[str, float]],
    vessel: str,
    *,
    is_base: bool,
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for code, (label, value) in values.items():
        before = base[code][1] if code in base else None
        absolute, percent = (None, None) if is_base or before is None else change(before, value)
        row = (
            *keys[:2],
            code,
            label,
            *keys[2:],
            value,
            "g/mL" if code == "BLOODSUV" else "1",
            before,
            absolute,
            percent,
            "Y" if is_base else "",
            vessel if code == "TBRIDX" else "",
        )
        rows.append(dict(zip(COLUMNS, row, strict=True)))
    return rows


def _partners(base: ReadRecord, scan: ReadRecord, definition: Imaging) -> None:
    apart = abs(base.uptake_s - scan.uptake_s) / 60
    if apart > definition.uptake_partner_minutes:
        raise ImageError.must(
            "uptake time",
            f"be within {definition.uptake_partner_minutes:g} min of the baseline scan's",
            f"{apart:.1f} min",
            fix="The protocol excludes this pair.",
        )
    if any(abs(a / b - 1) > 0.01 for a, b in zip(base.voxel_mm, scan.voxel_mm, strict=True)):
        raise ImageError.must(
            "voxel size",
            "equal the baseline scan's",
            scan.voxel_mm,
            fix="Reconstruct both alike: partial volume alone changes TBR.",
        )
