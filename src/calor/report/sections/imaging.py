"""The section of the scans: pictures, vessels, definitions, what a phantom recovers, how readers agree."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.bland_altman import bland_altman
from calor.report.figures.scan import scan
from calor.report.number import number
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    phantoms = not finding.tables["recovery"].empty
    title = "Imaging: synthetic scans of a digital phantom" if phantoms else "Imaging: vessels on PET/CT"
    tables = [_changes(finding), _vessels(finding), _recovery(finding), _definitions(finding), *_agreement(finding)]
    refused = finding.tables["problems"]
    notes = [f"{capital(str(row['state']))}: {row['what']}." for row in refused.to_dict("records")]
    if notes:
        notes.append("Which scans, files and values, and the way out: results/imaging/problems.csv.")
    return Section(
        id=anchor(finding.id),
        title=title,
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=tuple(table for table in tables if table.rows),
        notes=tuple(typeset(note) for note in (*_why(phantoms), *finding.notes, *dict.fromkeys(notes))),
    )


def _why(phantoms: bool) -> tuple[str, ...]:
    if not phantoms:
        return ()
    return (
        "These scans are synthetic: a digital torso with vessels of known activity, blurred and made noisy as a "
        "scanner would, written as DICOM and measured by the same step as real scans. They are no participants of the "
        "trial and enter none of its results.",
        "A wall thinner than the scanner's blur shares its activity with blood and tissue around it, and a vein loses "
        "some to tissue, so neither SUV nor TBR of a thin wall is its true one. TBR is an index that can be "
        "compared between scans of the same scanner, reconstruction and uptake time, not an uptake.",
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the scans of each participant shown."""
    changes, pictures = finding.tables["changes"], finding.tables["pictures"]
    threshold = float(finding.tables["profiles"]["threshold"].iloc[0]) if len(finding.tables["profiles"]) else 0.0
    made = []
    for code in dict.fromkeys(pictures["code"]) if len(pictures) else ():
        mine = [_labeled(finding.tables[name], code) for name in ("pictures", "edges")]
        along = finding.tables["profiles"]
        made.append(
            scan(
                (mine[0], mine[1], along[along["code"] == code]),
                threshold=threshold,
                name=f"{anchor(finding.id)}-{code.lower()}"
                if code[0].isalpha()
                else f"{anchor(finding.id)}-p{code.lower()}",
                title=_title(code, changes, mine[0]),
                caption=_caption(finding, mine[0]),
            )
        )
    limits = finding.tables["limits"]
    if len(limits):
        points = finding.tables["pairs"].rename(columns={"vessel": "panel"})
        drawn = limits.rename(columns={"vessel": "panel"})
        made.append(bland_altman(
            points, drawn, name=f"{anchor(finding.id)}-bland-altman", measure="TBRmax of two readers",
            title="How far two readers of the same scan differ, over the mean of both.",
            caption=f"First reader minus second, mean TBRmax of each vessel; bias and limits of agreement "
            f"(bias ± 1.96 SD). n = {int(limits['n'].max())} scans.",
        ))  # fmt: skip
    return tuple(made)


def _caption(finding: Finding, pictures: pd.DataFrame) -> str:
    scale = pictures.iloc[0]
    return (
        f"CT in gray, PET in heat from SUV {scale['suv_low']:g} to {scale['suv_high']:g}; cyan: what was measured, "
        f"white: what else was. Slice of highest TBRmax of the index vessel; middle slice of the background. "
        f"{capital(finding.population)}."
    )


def _labeled(table: pd.DataFrame, code: str) -> pd.DataFrame:
    mine = table[table["code"] == code]
    return mine.assign(label=[f"{visit}, {what}" for visit, what in zip(mine["visit"], mine["what"], strict=True)])


def _title(code: str, changes: pd.DataFrame, pictures: pd.DataFrame) -> str:
    vessel = pictures.loc[pictures["what"] == "vessel", "name"].iloc[0]
    mine = changes[changes["code"] == code] if len(changes) else changes
    if mine.empty:
        return f"{code}: {vessel}, one scan."
    last = mine.iloc[-1]
    return (
        f"{code}: mean TBRmax of the {vessel} {number(last['before'], 2)} at baseline and {number(last['after'], 2)} "
        f"at {last['visit']} ({number(last['percent'], 1)} %)."
    )


def _table(finding: Finding, name: str, title: str, columns: list[Column], note: str = "") -> Table:
    frame = finding.tables[name]
    if frame.empty:
        frame = pd.DataFrame(columns=[column.key for column in columns])
    return Table.from_frame(frame, name=f"{anchor(finding.id)}-{name}", title=title, columns=columns, note=note)


def _number(key: str, label: str, digits: int) -> Column:
    return Column(key, label, digits=digits, align="right")


def _changes(finding: Finding) -> Table:
    columns = [
        Column("code", "Code"), Column("vessel", "Index vessel"), Column("visit", "Visit"),
        _number("before", "Baseline", 3), _number("after", "Then", 3), _number("change", "Change", 3),
        _number("percent", "Change (%)", 1),
    ]  # fmt: skip
    note = "Index vessel and active slices are chosen at baseline and frozen: no later value can change the choice."
    return _table(finding, "changes", "Mean TBRmax of the index vessel.", columns, note)


def _vessels(finding: Finding) -> Table:
    columns = [
        Column("code", "Code"), Column("visit", "Visit"), Column("vessel", "Vessel"),
        _number("length_mm", "Length (mm)", 0),
        _number("mean_tbr_max", "Mean TBRmax", 2), _number("max_tbr_max", "Highest", 2),
        _number("mds_tbr_max", "Most diseased", 2), Column("active", "Active slices", align="right"),
        _number("whole_tbr_mean", "Whole TBRmean", 2), _number("background_suv", "Blood SUV", 2),
    ]  # fmt: skip
    note = "The scans shown; all are in results/imaging/vessels.csv, a quality sheet, SEG and report beside each read."
    return _table(finding, "vessels", "Every vessel of the scans shown.", columns, note)


def _recovery(finding: Finding) -> Table:
    columns = [
        Column("code", "Code"), Column("visit", "Visit"), Column("vessel", "Vessel"),
        _number("wall_mm", "Wall (mm)", 1), _number("true_suv_max", "True SUV", 1),
        _number("expected_suv_max", "Expected", 2), _number("suv_max", "Read", 2),
        _number("recovery_percent", "Read (%)", 0), _number("true_tbr_max", "True TBR", 2),
        _number("tbr_max", "Read TBR", 2),
    ]  # fmt: skip
    note = ("Expected: the closed form of the blurred wall. Read: highest voxel, which noise raises and a voxel beside "
            "the brightest spot lowers.")  # fmt: skip
    return _table(finding, "recovery", "What partial volume leaves of the truth.", columns, note)


def _definitions(finding: Finding) -> Table:
    columns = [Column("what", "What"), Column("value", "Definition")]
    return _table(finding, "definitions", "How it was measured: the protocol's definitions.", columns)


def _agreement(finding: Finding) -> list[Table]:
    icc = [
        Column("vessel", "Vessel"), Column("form", "Form"), _number("estimate", "ICC", 3),
        _number("lower", "CI, lower", 3), _number("upper", "CI, upper", 3),
        Column("n", "Scans", align="right"), Column("k", "Readers", align="right"),
    ]  # fmt: skip
    limits = [
        Column("vessel", "Vessel"), _number("bias", "Bias", 3), _number("bias_lower", "CI, lower", 3),
        _number("bias_upper", "CI, upper", 3), _number("lower_limit", "Lower limit", 3),
        _number("upper_limit", "Upper limit", 3), Column("n", "Scans", align="right"),
    ]  # fmt: skip
    spread = [
        Column("vessel", "Vessel"), Column("reader", "Reader"), _number("coefficient", "Repeatability coefficient", 3),
        _number("within_sd", "Within-subject SD", 3), _number("within_cv", "Within-subject CV", 3),
        Column("n", "Scans", align="right"),
    ]  # fmt: skip
    return [
        _table(finding, "icc", "Intraclass correlation of two readers, all six forms of Shrout and Fleiss.", icc),
        _table(finding, "limits", "Bland-Altman limits of agreement, first reader minus second.", limits),
        _table(finding, "repeatability", "One reader's reads of the same scan.", spread),
    ]
