"""`calor image` on a folder of phantom scans: measured, resumed, a bad study left alone, everything written beside."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pydicom
import pytest
from tests.trial.phantom_trial import phantom_trial

from calor.datasets.dataset import Dataset, read, write
from calor.errors import ProtocolError, TrialError
from calor.image.masks_seg import read_seg
from calor.trial import open_trial
from calor.trial.imaging import measure_trial
from calor.trial.imaging_batch import Done, Scan, each
from calor.trial.imaging_finding import imaging_finding


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = phantom_trial(tmp_path_factory.mktemp("trial"), {"S01": {"V2": 6.5, "V15": 4.5}})
    shutil.copytree(root / "imaging/S01/V2", root / "imaging/S02/V2")
    bad = next((root / "imaging/S02/V2/PT").iterdir())
    bad.write_bytes(bad.read_bytes()[:2500])
    (root / "adam").mkdir()
    start = pd.DataFrame({"USUBJID": ["S01"], "TRTSDT": pd.to_datetime(["2025-01-07"])})
    write(Dataset("ADSL", start), root / "adam/adsl.xpt")
    measure_trial(open_trial(root))
    return root


def records(root: Path) -> list[Path]:
    return sorted((root / "results/imaging/reads").glob("*/*/*.json"))


def test_a_bad_study_is_reported_and_the_rest_is_done_and_kept(folder: Path) -> None:
    kept = {p: p.stat().st_mtime_ns for p in records(folder)}
    again = measure_trial(open_trial(folder))
    assert (len(again.reads), again.measured) == (2, 0)
    assert [f[:2] for f in again.failed] == [("S02", "V2")]
    assert pd.read_csv(folder / "results/imaging/problems.csv")["state"].tolist() == ["refused"]
    assert {p: p.stat().st_mtime_ns for p in records(folder)} == kept
    assert not list((folder / "results/imaging").rglob(".part-*"))


def test_adpet_has_what_a_bds_dataset_has(folder: Path) -> None:
    dataset = read(folder / "results/imaging/adpet.xpt")
    frame = dataset.frame
    assert all(dataset.labels[name] for name in frame)
    index = frame[frame["PARAMCD"] == "TBRIDX"].set_index("AVISIT")
    assert index["ADY"].tolist() == [-1, 61]
    assert index["AVISITN"].tolist() == [-1, 61]
    assert index["ADT"].dt.strftime("%Y-%m-%d").tolist() == ["2025-01-06", "2025-03-08"]
    assert index["ABLFL"].fillna("").tolist() == ["Y", ""]
    assert index["ANL01FL"].tolist() == ["Y", "Y"]
    assert index["VESSEL"].unique().tolist() == ["ascending_aorta"]
    assert index.loc["Day 61", "CHG"] == pytest.approx(index.loc["Day 61", "AVAL"] - index.loc["Baseline", "AVAL"])
    assert {"TBRACT", "TBRIDXMX", "TBRIDXMD", "TBRIDXPA", "TBRIDXWH", "BLOODSUV"} < set(frame["PARAMCD"])
    assert frame.loc[frame["PARAMCD"] == "TBRACT", "CHG"].iloc[-1] < -0.2


def test_a_scan_outside_its_window_is_flagged_out_of_the_analysis(folder: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(folder, tmp_path / "late"))
    start = pd.DataFrame({"USUBJID": ["S01"], "TRTSDT": pd.to_datetime(["2024-12-01"])})
    write(Dataset("ADSL", start), root / "adam/adsl.xpt")
    frame = measure_trial(open_trial(root)).adpet.frame
    assert set(frame["ANL01FL"]) == {""}


def test_every_read_has_its_sheet_segmentation_and_report(folder: Path) -> None:
    for record in records(folder):
        beside = {p.name for p in record.with_suffix("").iterdir()}
        assert {"sheet.png", "vessels.seg.dcm", "measures.sr.dcm", "ascending_aorta.png", "svc.png"} <= beside
        assert set(read_seg(record.with_suffix("") / "vessels.seg.dcm")) == {
            "ascending_aorta", "carotid_right", "carotid_left", "svc"}  # fmt: skip
        report = pydicom.dcmread(record.with_suffix("") / "measures.sr.dcm")
        assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"


def test_a_changed_scan_is_another_read_and_the_first_stays(folder: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(folder, tmp_path / "changed"))
    before = {p: p.read_bytes() for p in records(root)}
    for path in (root / "imaging/S01/V15/PT").iterdir():
        slice_ = pydicom.dcmread(path)
        slice_.PatientWeight = "80"
        slice_.save_as(path)
    outcome = measure_trial(open_trial(root))
    assert (outcome.measured, len(outcome.reads), len(records(root))) == (1, 2, 3)
    assert all(p.read_bytes() == content for p, content in before.items())


def test_the_finding_shows_scans_under_codes_only(folder: Path) -> None:
    trial = open_trial(folder)
    finding = imaging_finding(trial, measure_trial(trial))
    assert set(finding.tables["pictures"]["what"]) == {"vessel", "background"}
    assert finding.tables["profiles"]["frozen"].any()
    words = "".join(t.drop(columns="png", errors="ignore").to_csv() for t in finding.tables.values())
    assert "S01" not in words
    assert "2025" not in words
    assert ".dcm" not in words  # a site's file names may name people; problems.csv has them
    assert finding.tables["problems"]["what"].str.contains("must").all()
    assert dict(finding.tables["definitions"].to_numpy().tolist())["Active slice"] == "TBRmax >= 2, forgiving 1e-09"


def test_a_protocol_without_imaging_and_a_folder_without_studies_say_so(folder: Path, tmp_path: Path) -> None:
    text = (folder / "protocol.toml").read_text(encoding="utf-8")
    (tmp_path / "protocol.toml").write_text(text[: text.index("[imaging]")], encoding="utf-8")
    with pytest.raises(ProtocolError, match="how vessels are measured"):
        measure_trial(open_trial(tmp_path))
    (tmp_path / "protocol.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TrialError, match="imaging/<participant>/<visit>"):
        measure_trial(open_trial(tmp_path))
    (tmp_path / "imaging/S01/V99").mkdir(parents=True)
    with pytest.raises(ProtocolError, match="V99"):
        measure_trial(open_trial(tmp_path))


def work_that_may_kill(number: int) -> Done:
    """Die at 3 as a decoder that runs out of memory does: without a word."""
    if number == 3:
        os._exit(1)
    return Done(Scan(str(number), "V2", Path()))


def test_a_process_that_dies_takes_only_its_own_study_along() -> None:
    found = dict(each(work_that_may_kill, list(range(6)), 2))
    assert {number for number, done in found.items() if done is None} == {3}
    assert {number: done.scan.participant for number, done in found.items() if done} == {
        n: str(n) for n in (0, 1, 2, 4, 5)
    }
