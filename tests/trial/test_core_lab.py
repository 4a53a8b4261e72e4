"""The core lab end to end: a blinded list goes out, two readers draw, a third settles, ADPET and agreement follow."""

from __future__ import annotations

import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pydicom
import pytest
from scipy.ndimage import shift as shifted
from tests.trial.phantom_trial import phantom_trial
from typer.testing import CliRunner

from calor.cli import app
from calor.datasets.dataset import read
from calor.errors import CalorError, TrialError
from calor.image.mask import Mask
from calor.image.phantom import TORSO, enclosed
from calor.image.series import read_series
from calor.trial import open_trial
from calor.trial.core_lab import agreement, import_reads, make_list
from calor.trial.reading import ListOrder

HOT = {f"S{i:02d}": {"V2": 6.0 + 0.6 * i, "V15": 4.0 + 0.8 * i} for i in range(2)}
ORDER = ListOrder(("A", "B"), "C", seed=3, repeat_share=0.75)


def draw(lab: Path, reader: str, code: str, *, dy: float = 0.0, factor: float = 1.0) -> None:
    """Draw the true vessels, a little off, as NIfTI; the grid is that of the blinded PET."""
    grid = read_series((lab / "series" / code / "PT").iterdir()).grid
    folder = lab / "reads" / reader / code
    folder.mkdir(parents=True, exist_ok=True)
    for vessel in TORSO.vessels:
        voxels = enclosed(grid, vessel)
        if dy and vessel.name == "ascending_aorta":
            voxels = shifted(voxels.astype(float), (0, dy * factor, 0), order=0) > 0.5
        mask = Mask(vessel.name, grid, voxels)
        affine = np.diag([-1.0, -1, 1, 1]) @ grid.affine[:, [2, 1, 0, 3]]
        image = nib.Nifti1Image(np.ascontiguousarray(mask.voxels.transpose(2, 1, 0).astype(np.uint8)), affine)
        nib.save(image, folder / f"{vessel.name}.nii.gz")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial whose scans carry no masks, and the list that went to the core lab."""
    root = phantom_trial(tmp_path_factory.mktemp("trial"), HOT)
    for contours in (root / "imaging").glob("*/*/RS"):
        shutil.rmtree(contours)
    make_list(open_trial(root), ORDER, lab=root / "lab", key=root / "secret/key.csv")
    return root


@pytest.fixture(scope="module")
def read_by_two(lab: Path) -> tuple[Path, str]:
    """Both readers drew everything; B missed the aorta of one first read by far."""
    key = pd.read_csv(lab / "secret/key.csv")
    far = str(key.loc[~key["repeat"] & (key["visit"] == "V15"), "code"].iloc[0])
    for code in key["code"]:
        draw(lab / "lab", "A", code)
        draw(lab / "lab", "B", code, dy=-12.0 if code == far else 0.0)
    import_reads(open_trial(lab), lab=lab / "lab", key=lab / "secret/key.csv", tell=lambda _line: None)
    return lab, far


def test_what_the_lab_gets_names_nobody_and_links_nothing(lab: Path) -> None:
    key = pd.read_csv(lab / "secret/key.csv", dtype=str)
    heads = {c: pydicom.dcmread(next((lab / "lab/series" / c / "PT").iterdir())) for c in key["code"]}
    words = "".join(str(head) for head in heads.values()) + "".join(p.name for p in (lab / "lab").rglob("*"))
    assert not any(word in words for word in (*HOT, "V2", "V15", "20250106", "IVORY"))
    assert len({str(h.StudyDate) for h in heads.values()}) == len(heads)
    assert len({str(h.FrameOfReferenceUID) for h in heads.values()}) == len(heads)
    assert not list((lab / "lab").rglob("RS"))
    shown = [pd.read_csv(lab / f"lab/reader-{reader}.csv") for reader in "AB"]
    assert [list(tasks.columns) for tasks in shown] == [["order", "code"]] * 2
    assert shown[0]["code"].tolist() != shown[1]["code"].tolist()
    assert "ascending_aorta" in (lab / "lab/definitions.txt").read_text(encoding="utf-8")


def test_the_key_must_lie_apart_and_a_list_is_not_made_over_another(lab: Path, tmp_path: Path) -> None:
    trial = open_trial(lab)
    with pytest.raises(TrialError, match="outside the folder"):
        make_list(trial, ORDER, lab=tmp_path / "lab", key=tmp_path / "lab/key.csv")
    with pytest.raises(TrialError, match="be new"):
        make_list(trial, ORDER, lab=lab / "lab", key=tmp_path / "key.csv")
    (tmp_path / "key.csv").write_text("code,participant,visit,repeat,shift_s\n", encoding="utf-8")
    with pytest.raises(TrialError, match="list that is out"):
        import_reads(trial, lab=lab / "lab", key=tmp_path / "key.csv", tell=lambda _line: None)
    for readers in ((), ("A", "B", "D"), ("A", "A"), ("A/..",)):
        with pytest.raises(TrialError, match="code of letters"):
            ListOrder(readers, "C", seed=1)


def test_the_third_reader_settles_what_two_disagree_on(read_by_two: tuple[Path, str]) -> None:
    root, far = read_by_two
    trial = open_trial(root)
    waiting = agreement(trial)
    assert waiting.codes == (far,)
    assert list(waiting.counted.waiting.values()) == ["adjudication by C"]
    assert pd.read_csv(root / "results/imaging/reader-C.csv")["code"].tolist() == [far]
    draw(root / "lab", "C", far)
    _, outcome = import_reads(trial, lab=root / "lab", key=root / "secret/key.csv", tell=lambda _line: None)
    assert outcome.ok
    assert not outcome.counted.waiting
    assert sorted(outcome.counted.how.values()) == ["adjudicated", *["mean of two"] * 3]

    frame = read(root / "results/imaging/adpet.xpt").frame
    index = frame[frame["PARAMCD"] == "TBRIDX"].set_index(["USUBJID", "AVISIT"])
    assert len(index) == 4
    assert set(index["READER"]) == {"A, B", "C"}
    assert (index["DTYPE"] == "AVERAGE").sum() == 3
    assert (index.loc[(slice(None), "Day 61"), "CHG"] < 0).all()
    # The dates are the true ones again, however the lab's copies were moved.
    assert index["ADT"].dt.strftime("%Y-%m-%d").tolist()[:2] == ["2025-01-06", "2025-03-08"]


def test_agreement_is_told_by_vessel_and_reader(read_by_two: tuple[Path, str]) -> None:
    found = agreement(open_trial(read_by_two[0])).readers
    aorta = found.icc[found.icc["vessel"] == "ascending aorta"].set_index("form")
    assert len(aorta) == 6
    assert aorta.loc["ICC2_1", "n"] == 4
    carotid = found.limits.set_index("vessel").loc["right carotid"]
    assert carotid["bias"] == 0  # both drew the same
    spread = found.repeatability.set_index(["vessel", "reader"])
    assert spread.loc[("left carotid", "A"), "n"] == 3
    assert spread.loc[("left carotid", "A"), "coefficient"] == pytest.approx(0, abs=1e-9)


def test_a_read_that_changed_becomes_another_and_the_old_one_stays(read_by_two: tuple[Path, str]) -> None:
    root = read_by_two[0]
    trial, key = open_trial(root), root / "secret/key.csv"
    records = root / "results/imaging/reads"
    before = {p: p.read_bytes() for p in records.rglob("*.json")}
    code = str(pd.read_csv(key).query("~repeat")["code"].iloc[-1])
    draw(root / "lab", "A", code, dy=0.6)
    taken, outcome = import_reads(trial, lab=root / "lab", key=key, tell=lambda _line: None)
    assert (taken.now, len(outcome.reads)) == (1, taken.read)
    after = {p: p.read_bytes() for p in records.rglob("*.json")}
    assert len([p for p in after if p.parent.name in ("V2", "V15")]) == len(
        [p for p in before if p.parent.name in ("V2", "V15")]
    ) + 1  # fmt: skip
    assert all(after[p] == content for p, content in before.items())
    assert import_reads(trial, lab=root / "lab", key=key, tell=lambda _line: None)[0].now == 0


def test_a_folder_named_after_no_code_is_refused(read_by_two: tuple[Path, str]) -> None:
    root = read_by_two[0]
    stray = root / "lab/reads/A/ZZ0000"
    stray.mkdir()
    try:
        with pytest.raises(CalorError, match="ZZ0000"):
            import_reads(open_trial(root), lab=root / "lab", key=root / "secret/key.csv", tell=lambda _line: None)
    finally:
        stray.rmdir()


def test_the_commands_do_the_same(read_by_two: tuple[Path, str], tmp_path: Path) -> None:
    root = read_by_two[0]
    run = CliRunner()
    told = run.invoke(app, ["reads", "agreement", str(root), "--difference", "0.2"])
    assert told.exit_code == 0, told.output
    assert "ICC(2,1)" in told.output
    taken = run.invoke(app, ["reads", "import", str(root), str(root / "lab"), "--key", str(root / "secret/key.csv")])
    assert taken.exit_code == 0, taken.output
    assert "0 refused" in taken.output
    other = tmp_path / "other"
    shutil.copytree(root / "imaging", other / "imaging")
    shutil.copy(root / "protocol.toml", other)
    made = run.invoke(app, ["reads", "list", str(other), str(tmp_path / "lab"), "--key", str(tmp_path / "key.csv"),
                            "--reader", "A", "--seed", "9", "--repeats", "0"])  # fmt: skip
    assert made.exit_code == 0, made.output
    assert "4 blinded series (0 repeats)" in made.output
