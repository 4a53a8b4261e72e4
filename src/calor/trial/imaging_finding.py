"""What the scans showed, as a finding that the report prints: pictures, vessels, definitions, agreement, recovery."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calor.analyze.finding import Finding
from calor.image.adpet import Adpet
from calor.image.fused import FILE
from calor.image.index_vessel import BaselineChoice, active_at, index_of
from calor.image.phantom import Torso, Vessel
from calor.image.phantom_recovery import Recovery
from calor.image.read_record import ReadRecord
from calor.image.reader_agreement import reader_agreement
from calor.protocol.imaging import EPSILON, Imaging, in_words
from calor.trial.imaging import ImageOutcome, definition_of
from calor.trial.trial import Trial

NAME = KIND = "imaging"
SHOWN = 3
"""Participants whose pictures are shown; every scan's sheet lies beside its read."""
TRUTH = "phantom.json"
_MEASURES = ("length_mm", "mean_tbr_max", "max_tbr_max", "mds_tbr_max", "whole_tbr_mean", "background_suv")


def imaging_finding(trial: Trial, outcome: ImageOutcome) -> Finding:
    """Make the finding of the scans; people appear under codes that only the reads' own folder relates to them.

    Args:
        trial: An opened trial.
        outcome: Its measured scans.
    """
    definition = definition_of(trial.protocol)
    labels = {visit.id: visit.label for visit in trial.protocol.visits}
    places = dict(zip((read.key for read in outcome.reads), outcome.records, strict=True))
    cases = [_Case(who, choice, outcome, labels) for who, choice in outcome.adpet.choices.items()]
    changes = pd.DataFrame([row for case in cases for row in case.changes()])
    truth = trial.folder / NAME / TRUTH
    recovered = _recovered(truth, cases) if truth.exists() else pd.DataFrame()
    readers = reader_agreement(outcome.reads)
    pictures, edges = _pictures(cases[:SHOWN], places)
    tables = {
        "changes": changes,
        "vessels": pd.DataFrame([row for case in cases[:SHOWN] for row in case.vessels()]),
        "profiles": pd.DataFrame([row for case in cases[:SHOWN] for row in case.profile()]).assign(
            threshold=definition.active_threshold
        ),
        "pictures": pictures,
        "edges": edges,
        "definitions": pd.DataFrame(definitions(definition), columns=["what", "value"]),
        "recovery": recovered,
        "pairs": _differences(readers.pairs),
        "icc": readers.icc,
        "limits": readers.limits,
        "repeatability": readers.repeatability,
        "problems": _problems(outcome),
    }
    return Finding(
        id=NAME, label="vessels on PET/CT", role="measurement", kind=KIND, method=str(definition), estimand="",
        population="digital phantoms" if truth.exists() else "everyone scanned", arms=(),
        sentences=(*_sentences(outcome, changes, recovered), *readers.sentences), tables=tables,
        notes=_notes(outcome.adpet),
    )  # fmt: skip


class _Case:
    """One participant's scans, under a code."""

    def __init__(
        self, participant: str, choice: BaselineChoice, outcome: ImageOutcome, labels: Mapping[str, str]
    ) -> None:
        out = {(who, visit) for who, visit, _ in outcome.adpet.problems}
        self.participant, self.choice = participant, choice
        self.scans: dict[str, ReadRecord] = {
            visit: outcome.counted.by_scan[participant, visit][0]
            for visit in labels
            if (participant, visit) in outcome.counted.by_scan and (participant, visit) not in out
        }
        self.labels = {visit: labels[visit] for visit in self.scans}
        self.base = next(iter(self.scans))
        self.code = self.scans[self.base].key[:6].upper()
        frame = outcome.adpet.frame
        self.index = frame[(frame["USUBJID"] == participant) & (frame["PARAMCD"] == "TBRIDX")].set_index("AVISIT")

    def changes(self) -> list[dict[str, Any]]:
        """Return one row per follow-up scan; the values are those of ADPET."""
        rows = []
        for visit, label in self.labels.items():
            if visit != self.base:
                at = self.index.loc[label]
                values = {"before": at["BASE"], "after": at["AVAL"], "change": at["CHG"], "percent": at["PCHG"]}
                rows.append({"code": self.code, "vessel": in_words(self.choice.vessel), "visit": label, **values})
        return rows

    def vessels(self) -> list[dict[str, Any]]:
        rows = []
        for visit, read in self.scans.items():
            for name, vessel in read.vessels().items():
                measures = vessel.measures()
                active = f"{measures['active_slices']:.0f} of {measures['slices']:.0f}"
                rows.append({"code": self.code, "visit": self.labels[visit], "vessel": in_words(name),
                             "active": active, **{m: measures[m] for m in _MEASURES}})  # fmt: skip
        return rows

    def profile(self) -> list[dict[str, Any]]:
        rows = []
        for visit, read in self.scans.items():
            vessel = index_of(read.vessels(), self.choice)
            frozen = np.isin(np.arange(vessel.tbr_max.size), active_at(vessel, self.choice.active[self.choice.vessel]))
            z_mm = vessel.uptake.z_mm - vessel.uptake.z_mm[0]
            rows += [
                {"code": self.code, "visit": self.labels[visit], "mm": z, "tbr_max": ratio, "frozen": bool(at)}
                for z, ratio, at in zip(z_mm.tolist(), vessel.tbr_max.tolist(), frozen.tolist(), strict=True)
            ]
        return rows


def _pictures(cases: Sequence[_Case], places: Mapping[str, Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return index vessel and background of the first and the last scan, as PNG in base64, and their outlines."""
    pictures, edges = [], []
    for case in cases:
        for visit in dict.fromkeys((case.base, list(case.scans)[-1])):
            read = case.scans[visit]
            folder = places[read.key].with_suffix("")
            content = json.loads((folder / FILE).read_text(encoding="utf-8"))
            by_name = {one["name"]: one for one in content["slices"]}
            for what, name in (
                ("vessel", case.choice.vessel),
                ("background", str(read.definition["background"]["vessel"])),
            ):
                one, keys = by_name[name], {"code": case.code, "visit": case.labels[visit], "what": what}
                png = base64.b64encode((folder / one["file"]).read_bytes()).decode()
                scale = {"field_mm": content["field_mm"], "suv_low": content["suv"][0], "suv_high": content["suv"][1]}
                pictures.append(keys | scale | {"name": in_words(name), "png": png})
                for kind in ("outline", "others"):
                    edges += [keys | {"kind": kind, "x1": a, "y1": b, "x2": c, "y2": d} for a, b, c, d in one[kind]]
    return pd.DataFrame(pictures), pd.DataFrame(edges)


def _problems(outcome: ImageOutcome) -> pd.DataFrame:
    """Return what was broken of which rule; values and file names, which may name people, stay in problems.csv."""
    table = outcome.problems()[["what", "state"]]
    return table.assign(what=[str(what).split(", got ", 1)[0] for what in table["what"]])


def _differences(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return mean and difference of the two readers of each scan, under no name."""
    if pairs.empty:
        return pd.DataFrame(columns=["vessel", "mean", "difference"])
    first, second = (pairs[reader] for reader in pairs.columns[2:])
    return pd.DataFrame({"vessel": pairs["vessel"], "mean": (first + second) / 2, "difference": first - second})


def definitions(definition: Imaging) -> list[tuple[str, str]]:
    """Return every choice that changes a TBR, in words.

    >>> dict(definitions(Imaging(vessels=("aorta",))))["Active slice"]
    'TBRmax >= 2, forgiving 1e-09'
    """
    pool, segment = definition.background, definition.segment
    forgiving = f", forgiving {EPSILON:g}" if definition.active_comparator == ">=" else ""
    hu = "not asked" if pool.hu is None else f"{pool.hu[0]:g} to {pool.hu[1]:g} HU, SD up to {pool.hu_sd:g}"
    end = {"truncate": "cut at the vessel's end", "shift": "moved in from the vessel's end"}[segment.at_end]
    window = f"around the slice of highest TBRmax, {end}" if segment.rule == "peak" else "of highest mean"
    return [
        ("Vessels", ", ".join(in_words(v) for v in definition.vessels)),
        ("Index vessel", "highest mean TBRmax at baseline, frozen; of equals the first in the protocol's order"),
        ("Background", f"{in_words(pool.vessel)}, {pool.rule.replace('_', ' ')}"),
        ("Background must be", f"{hu}; at least {pool.least_ml:g} mL; eroded by {pool.edge_mm:g} mm"),
        ("Background warns", f"where slices vary by more than {pool.cv_percent:g} %"),
        ("Active slice", f"TBRmax {definition.active_comparator} {definition.active_threshold:g}{forgiving}"),
        ("Most diseased segment", f"{segment.slices} slices {window}"),
        ("Uptake time", f"{definition.uptake_minutes[0]:g} to {definition.uptake_minutes[1]:g} min, "
                        f"at most {definition.uptake_partner_minutes:g} min from the partner scan's"),
        ("Adjudication", f"where two readers differ by more than {definition.reader_limit:g} in mean TBRmax"),
        ("Source", definition.source or "the protocol"),
    ]  # fmt: skip


def _recovered(path: Path, cases: Sequence[_Case]) -> pd.DataFrame:
    """Compare the scans of phantoms with their truth."""
    content = json.loads(path.read_text(encoding="utf-8"))
    codes = {case.participant: case for case in cases}
    rows = []
    for scan in content["scans"]:
        case = codes.get(scan["participant"])
        if case is None or scan["visit"] not in case.scans:
            continue
        read = case.scans[scan["visit"]]
        between, down, across = read.voxel_mm
        pool = {str(read.definition["background"]["vessel"]): read.background_suv}
        found = Recovery(read.vessels(), pool, _torso(scan["torso"]), content["fwhm_mm"], (between, down, across))
        frame = found.to_frame()
        frame = frame[frame["vessel"] == case.choice.vessel]
        rows.append(
            frame.assign(
                vessel=[in_words(v) for v in frame["vessel"]],
                code=case.code,
                visit=case.labels[scan["visit"]],
                fwhm_mm=found.fwhm_mm,
            )
        )
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def _torso(content: Mapping[str, Any]) -> Torso:
    pairs = ("z_mm", "hot_z_mm")
    each: list[dict[str, Any]] = content["vessels"]
    vessels = tuple(Vessel(**one | {pair: tuple(one[pair]) for pair in pairs}) for one in each)
    return Torso(**{**content, "vessels": vessels, "half_axes_mm": tuple(content["half_axes_mm"])})


def _sentences(outcome: ImageOutcome, changes: pd.DataFrame, recovered: pd.DataFrame) -> tuple[str, ...]:
    kind = "phantom scans" if len(recovered) else "scans"
    said = [f"{len(outcome.counted.by_scan)} {kind} measured from DICOM to TBR, {len(outcome.failed)} refused"]
    if len(changes):
        lowest, highest = (f"{value:.1f}" for value in (changes["percent"].min(), changes["percent"].max()))
        span = lowest if lowest == highest else f"{lowest} to {highest}"
        people, who = changes["code"].nunique(), "phantom" if len(recovered) else "participant"
        said[0] += f"; mean TBRmax of the index vessel changed by {span} % in {people} {who}{'s' * (people > 1)}"
    if len(recovered):
        hottest = recovered.iloc[int(recovered["true_suv_max"].argmax())]
        said.append(
            f"Partial volume: a {hottest['wall_mm']:g} mm wall of SUV {hottest['true_suv_max']:.1f} reads "
            f"{hottest['suv_max']:.1f} at {hottest['fwhm_mm']:g} mm FWHM ({hottest['recovery_percent']:.0f} %), where "
            f"the closed form expects {hottest['expected_suv_max']:.1f}"
        )
    return tuple(said)


def _notes(dataset: Adpet) -> tuple[str, ...]:
    tied = [c for c in dataset.choices.values() if len(c.tied) > 1]
    return (f"{len(tied)} index vessels were tied and decided by the protocol's order.",) if tied else ()
