"""Reads to the trial's ADaM dataset ADPET: index vessel and active slices frozen at baseline, one row per parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from calor.errors import ImageError
from calor.image.counted_reads import Scan
from calor.image.index_vessel import BaselineChoice, active_tbr, change, freeze, index_of
from calor.image.read_record import ReadRecord
from calor.protocol.imaging import Imaging, in_words
from calor.protocol.visits import Visit, analysis_day

PARAMCD = {
    "ascending_aorta": "TBRASC",
    "aortic_arch": "TBRARC",
    "carotid_left": "TBRLCAR",
    "carotid_right": "TBRRCAR",
    "descending_aorta": "TBRDSC",
}
INDEX = {
    "TBRIDX": ("mean_tbr_max", "Mean TBRmax of the index vessel"),
    "TBRIDXMX": ("max_tbr_max", "Highest TBRmax of the index vessel"),
    "TBRIDXMD": ("mds_tbr_max", "Mean TBRmax of the index vessel's most diseased segment"),
    "TBRIDXPA": ("active_percent", "Share of active slices of the index vessel (%)"),
    "TBRIDXWH": ("whole_tbr_mean", "Whole-vessel TBRmean of the index vessel"),
}
LABELS = {
    "STUDYID": "Study Identifier",
    "USUBJID": "Unique Subject Identifier",
    "PARAMCD": "Parameter Code",
    "PARAM": "Parameter",
    "AVISIT": "Analysis Visit",
    "AVISITN": "Analysis Visit (N)",
    "ADT": "Analysis Date",
    "ADY": "Analysis Relative Day",
    "AVAL": "Analysis Value",
    "AVALU": "Analysis Value Unit",
    "BASE": "Baseline Value",
    "CHG": "Change from Baseline",
    "PCHG": "Percent Change from Baseline",
    "DTYPE": "Derivation Type",
    "ABLFL": "Baseline Record Flag",
    "ANL01FL": "Analysis Flag 01",
    "VESSEL": "Vessel Measured",
    "READER": "Readers whose Reads Count",
}
"""Columns and their labels, in order."""
TITLE = "PET/CT Analysis Dataset"
Values = dict[str, tuple[str, float]]
"""Label and value by parameter code."""


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


def adpet(
    reads: Mapping[Scan, Sequence[ReadRecord]],
    definition: Imaging,
    *,
    study: str,
    visits: Sequence[Visit],
    starts: Mapping[str, date] | None = None,
) -> Adpet:
    """Build ADPET from the reads that count; of two, the values are averaged.

    No arm is in it: the core lab stays blinded, and the arm is merged from ADSL by who may see it. ANL01FL marks what
    is analyzed: scans whose day, where it is known, lies in the visit's window.

    Args:
        reads: Reads that count, by participant and visit.
        definition: The protocol's definitions.
        study: Study identifier.
        visits: The visits at which scans were planned; the last up to day 0 is baseline.
        starts: Each participant's day 1; ADY and the window need it.

    Raises:
        ImageError: A visit is unknown, or none of them is a baseline.
    """
    by_id = {visit.id: visit for visit in visits}
    before = [visit.id for visit in visits if visit.day <= 0]
    if not before:
        raise ImageError.must(
            "visits", "hold a baseline, at day 0 or before", list(by_id), fix="Scan before treatment."
        )
    unknown = {visit for _, visit in reads} - set(by_id)
    if unknown:
        raise ImageError.must("visit", f"be one of {', '.join(by_id)}", sorted(unknown), fix="Name its folder so.")
    first, rows, choices, problems = before[-1], [], {}, []
    for participant in sorted({who for who, _ in reads}):
        scans = {visit: reads[participant, visit] for visit in by_id if (participant, visit) in reads}
        if first not in scans:
            problems += [(participant, visit, f"no baseline scan at {first}") for visit in scans]
            continue
        choice = choices[participant] = freeze([r.vessels() for r in scans[first]], definition.vessels)
        base = _values(scans[first], choice)
        for visit in (v for v in scans if by_id[v].day >= by_id[first].day):
            try:
                _partners(scans[first][0], scans[visit][0], definition)
                values = _values(scans[visit], choice)
            except ImageError as error:
                problems.append((participant, visit, str(error)))
                continue
            keys = (study, participant, by_id[visit])
            dated = _dated(scans[visit][0], by_id[visit], (starts or {}).get(participant))
            rows += _rows(keys, values, base, dated | _flags(scans[visit], choice, is_base=visit == first))
    frame = pd.DataFrame(rows, columns=list(LABELS)).astype({"ADY": float, "BASE": float, "CHG": float, "PCHG": float})
    return Adpet(frame.assign(ADT=pd.to_datetime(frame["ADT"])), choices, tuple(problems))


def _values(reads: Sequence[ReadRecord], choice: BaselineChoice) -> Values:
    """Measure each read and average over them."""
    each = [_of_one(read, choice) for read in reads]
    return {code: (label, float(np.mean([one[code][1] for one in each]))) for code, (label, _) in each[0].items()}


def _of_one(read: ReadRecord, choice: BaselineChoice) -> Values:
    vessels = read.vessels()
    index = index_of(vessels, choice).measures()
    found = {code: (label, index[measure]) for code, (measure, label) in INDEX.items()}
    threshold = f"{read.definition['active_comparator']} {read.definition['active_threshold']:g}"
    active = active_tbr(vessels, choice)
    if active is not None:
        found["TBRACT"] = (f"Mean TBRmax of slices active at baseline (TBR {threshold})", active)
    for name, vessel in vessels.items():
        code = PARAMCD.get(name, f"TBR{name.replace('_', '').upper()}"[:8])
        found[code] = (f"Mean TBRmax of the {in_words(name)}", vessel.mean_tbr_max)
    found["BLOODSUV"] = ("Mean SUV of the blood pool", read.background_suv)
    return found


def _dated(read: ReadRecord, visit: Visit, start: date | None) -> dict[str, object]:
    """Return the scan's date, its day from the start of treatment, and whether that lies in the visit's window."""
    scanned = date.fromisoformat(read.scanned) if read.scanned else None
    if scanned is None or start is None:
        return {"ADT": scanned, "ADY": None, "ANL01FL": "Y"}
    study_day = (scanned - start).days + 1
    return {"ADT": scanned, "ADY": float(analysis_day(study_day)), "ANL01FL": "Y" if visit.holds(study_day) else ""}


def _flags(reads: Sequence[ReadRecord], choice: BaselineChoice, *, is_base: bool) -> dict[str, object]:
    return {"ABLFL": "Y" if is_base else "", "DTYPE": "AVERAGE" if len(reads) > 1 else "", "VESSEL": choice.vessel,
            "READER": ", ".join(read.reader for read in reads)}  # fmt: skip


def _rows(
    keys: tuple[str, str, Visit], values: Values, base: Values, shared: Mapping[str, object]
) -> list[dict[str, object]]:
    study, participant, visit = keys
    rows: list[dict[str, object]] = []
    for code, (label, value) in values.items():
        before = base[code][1] if code in base else None
        same = shared["ABLFL"] == "Y" or before is None or before == 0
        absolute, percent = (None, None) if same or before is None else change(before, value)
        row = {
            "STUDYID": study, "USUBJID": participant, "PARAMCD": code, "PARAM": label, "AVISIT": visit.label,
            "AVISITN": float(analysis_day(visit.day)), "AVAL": value,
            "AVALU": {"BLOODSUV": "g/mL", "TBRIDXPA": "%"}.get(code, "1"),
            "BASE": before, "CHG": absolute, "PCHG": percent,
        }  # fmt: skip
        row |= shared
        rows.append(row | {"VESSEL": shared["VESSEL"] if code in INDEX else ""})
    return rows


def _partners(base: ReadRecord, scan: ReadRecord, definition: Imaging) -> None:
    apart = abs(base.uptake_s - scan.uptake_s) / 60
    if apart > definition.uptake_partner_minutes:
        raise ImageError.must(
            "uptake time", f"be within {definition.uptake_partner_minutes:g} min of the baseline scan's",
            f"{apart:.1f} min", fix="The protocol excludes this pair.",
        )  # fmt: skip
    if any(abs(a / b - 1) > 0.01 for a, b in zip(base.voxel_mm, scan.voxel_mm, strict=True)):
        raise ImageError.must(
            "voxel size", "equal the baseline scan's", scan.voxel_mm,
            fix="Reconstruct both alike: partial volume alone changes TBR.",
        )  # fmt: skip
