"""`calor image` on a folder of phantom scans: measured, resumed, one bad study left alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calor.errors import ProtocolError, TrialError
from calor.image.phantom import TORSO, blurred, make_phantom, noisy, torso_grid
from calor.image.phantom_dicom import ScanFacts, write_study
from calor.trial import open_trial
from calor.trial.imaging import measure_trial

HOT = {"V2": 6.5, "V15": 4.5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trial")
    protocol = files("calor.simulate").joinpath("ivory_protocol.toml").read_text(encoding="utf-8")
    (root / "protocol.toml").write_text(protocol, encoding="utf-8")
    rng = np.random.default_rng(5)
    for month, (visit, hot) in enumerate(HOT.items(), 1):
        torso = replace(TORSO, vessels=tuple(replace(v, hot_suv=hot) for v in TORSO.vessels))
        scan = noisy(blurred(make_phantom(torso, torso_grid((4.0, 2.5, 2.5), torso)), 6.0), rng, cv=0.03)
        facts = ScanFacts("S01", datetime(2025, month, 1, 9))  # noqa: DTZ001
        write_study(scan, facts, root / "imaging" / "S01" / visit)
    shutil.copytree(root / "imaging/S01/V2", root / "imaging/S02/V2")
    bad = next((root / "imaging/S02/V2/PT").iterdir())
    bad.write_bytes(bad.read_bytes()[:2500])
    return root


def test_studies_are_measured_resumed_and_a_bad_one_is_left_alone(folder: Path) -> None:
    first = measure_trial(open_trial(folder))
    assert (len(first.reads), first.measured) == (2, 2)
    assert [f[:2] for f in first.failed] == [("S02", "V2")]
    table = pd.read_csv(folder / "results/imaging/adpet.csv").set_index(["PARAMCD", "AVISIT"])
    assert table.loc[("TBRACT", "Day 61"), "CHG"] < -0.2
    assert table.loc[("TBRIDX", "Baseline"), "VESSEL"] == "ascending_aorta"
    assert pd.read_csv(folder / "results/imaging/problems.csv")["state"].tolist() == ["refused"]

    kept = {p: p.stat().st_mtime_ns for p in (folder / "results/imaging/reads").rglob("*.json")}
    shutil.rmtree(folder / "imaging/S02")
    again = measure_trial(open_trial(folder))
    assert (again.measured, again.ok) == (0, True)
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
    assert not list((folder / "results/imaging").rglob(".part-*"))


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
