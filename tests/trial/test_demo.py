"""`calor demo` from nothing to report, and what happens when it is repeated, interrupted, killed or contradicted."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import calor
from calor.datasets.dataset import read, write
from calor.errors import DatasetError

CALOR = [sys.executable, "-m", "calor"]


def _calor(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CALOR, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo") / "ivory"
    done = _calor("demo", folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # quiet when piped
    return folder, done.stdout


@pytest.fixture
def demo(finished: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(finished[0], tmp_path / "ivory"))


def _states(folder: Path) -> dict[str, str]:
    done = _calor("run", folder, "--json")
    return {step["name"]: step["state"] for step in json.loads(done.stdout)["steps"]}


def test_headline_is_the_published_result(finished: tuple[Path, str]) -> None:
    published = "index-vessel TBRmax: -0.171 (-7.7 %; 95 % CI -0.308 to -0.034; p = 0.015; ANCOVA, n = 60)"
    assert f"Aldesleukin v placebo, {published}" in finished[1]
    active = "TBRmax of active slices: -0.185 (-8.3 %; 95 % CI -0.323 to -0.048; p = 0.009; ANCOVA, n = 60)"
    assert active in finished[1]
    assert "0 of 28 v 3 of 27" in finished[1]
    assert finished[1].rstrip().endswith("results/report.html")


def test_zero_events_never_print_a_hazard_ratio_of_zero(finished: tuple[Path, str]) -> None:
    methods = pd.read_parquet(finished[0] / "results/analyses/recurrent_mi/methods.parquet")
    ratios = methods[methods["measure"] == "hazard ratio"]
    assert (ratios["estimate"] > 0).all()
    assert "cox" not in set(methods["method"])


def test_report_says_synthetic_and_lists_assumptions(finished: tuple[Path, str]) -> None:
    page = (finished[0] / "results/report.html").read_text(encoding="utf-8")
    assert "Synthetic participants." in page
    assumed = pd.read_csv(finished[0] / "assumptions.csv")
    assert len(assumed) > 5
    assert all(what in page for what in assumed["what"] if "&" not in what and "<" not in what)


def test_safety_pages_say_what_a_board_asks(finished: tuple[Path, str]) -> None:
    page = (finished[0] / "results/report.html").read_text(encoding="utf-8")
    for words in (
        "Immune activation, first event: 1 of 31 with Placebo, 11 of 32 with Aldesleukin.",
        "The liver rule cannot be judged",
        "Worst grade after baseline, by the grade at baseline.",
        "Chance to stop for harm: 7.5",
        "Posterior event rate of each arm.",
    ):
        assert words in page


def test_figures_tables_and_results_lie_beside_the_report(finished: tuple[Path, str]) -> None:
    results = finished[0] / "results"
    figures = {path.stem for path in (results / "figures").glob("*.svg")}
    assert figures == {path.stem for path in (results / "figures").glob("*.png")}
    assert {"consort", "primary-forest", "recurrent-mi-curve", "by-baseline-hs-crp-curve"} <= figures
    assert list((results / "tables").glob("*.csv"))
    finding = json.loads((results / "analyses/primary/finding.json").read_text(encoding="utf-8"))
    assert finding["provenance"]["inputs"].keys() == {"protocol", "adsl", "adpet"}


def test_phantom_scans_are_measured_end_to_end_and_called_synthetic(finished: tuple[Path, str]) -> None:
    folder, told = finished
    assert "6 phantom scans measured from DICOM to TBR, 0 refused" in told
    page = (folder / "results/report.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="imaging"') :]
    assert "Imaging: synthetic scans of a digital phantom" in section
    assert "They are no participants of the trial" in section
    assert section.count('xlink:href="data:image/png;base64,') == 12  # vessel and background of two visits
    assert "PHANTOM" not in section
    adpet = pd.read_csv(folder / "results/imaging/adpet.csv")
    cooled = adpet[(adpet["PARAMCD"] == "TBRIDX") & (adpet["AVISIT"] == "Day 61")].set_index("USUBJID")["PCHG"]
    assert cooled["PHANTOM-1"] < -10
    assert abs(cooled["PHANTOM-2"]) < 2
    assert not (read(folder / "adam/adpet.xpt").frame["USUBJID"].str.startswith("PHANTOM")).any()


def test_second_run_repeats_nothing(demo: Path) -> None:
    assert set(_states(demo).values()) == {"unchanged"}


def test_changed_dataset_repeats_only_what_reads_it(demo: Path) -> None:
    path = demo / "adam/adtte.xpt"
    old = read(path)
    write(replace(old, frame=old.frame.iloc[::-1].reset_index(drop=True)), path)
    states = _states(demo)
    assert {name for name, state in states.items() if state == "done"} == {
        "infarction_then_tbr",
        "recurrent_mi",
        "report",
    }


def test_missing_dataset_is_left_out_and_said(demo: Path) -> None:
    (demo / "adam/adae.xpt").unlink()
    done = _calor("run", demo)
    assert done.returncode == 0
    assert "adverse_events: left out (no adae in the folder)" in done.stdout
    page = (demo / "results/report.html").read_text(encoding="utf-8")
    assert "What could not be done" in page


def test_broken_data_stop_the_run_with_every_problem_listed(demo: Path) -> None:
    path = demo / "adam/adpet.xpt"
    old = read(path)
    frame = old.frame.copy()
    frame.loc[frame.index[:3], "AVAL"] = 400.0
    frame.loc[frame.index[5], "USUBJID"] = "IVORY-R-999"
    write(replace(old, frame=frame), path)
    done = _calor("run", demo)
    assert done.returncode == 2
    assert done.stderr.startswith("calor: ")
    assert "Traceback" not in done.stderr
    problems = pd.read_csv(demo / "results/problems.csv")
    assert len(problems) >= 2
    with pytest.raises(DatasetError):
        calor.open_trial(demo).analyze("primary")


@pytest.mark.parametrize("after_s", [1.0, pytest.param(3.0, marks=pytest.mark.slow)])
def test_kill_at_any_moment_leaves_nothing_half_written(demo: Path, after_s: float) -> None:
    shutil.rmtree(demo / "results")
    process = subprocess.Popen([*CALOR, "run", str(demo)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for path in (demo / "results").glob("analyses/*/finding.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        for name in content["tables"]:
            pd.read_parquet(path.parent / f"{name}.parquet")
    report = demo / "results/report.html"
    assert not report.exists() or report.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert _calor("run", demo).returncode == 0
    assert not [path for path in (demo / "results").rglob(".*") if path.name != ".lock"]


def test_interrupt_says_how_to_go_on(demo: Path) -> None:
    shutil.rmtree(demo / "results")
    process = subprocess.Popen(
        [*CALOR, "run", str(demo)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (a shell may have ignored it)
    )
    deadline = time.monotonic() + 30
    while not (demo / "results/.lock").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "run the same command to go on" in error


def test_unknown_folder_and_unknown_analysis_are_told_without_traceback(demo: Path, tmp_path: Path) -> None:
    for arguments, words in (
        (("run", tmp_path / "nothing"), "protocol.toml"),
        (("analyze", demo, "secondary"), "Declared: primary"),
    ):
        done = _calor(*arguments)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_demo_refuses_a_folder_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    done = _calor("demo", tmp_path)
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_opened_trial_gives_result_frame_figure_and_provenance(demo: Path, tmp_path: Path) -> None:
    trial = calor.open_trial(demo)
    assert str(trial.protocol.gate) == "hs_crp >= 2, one test, day -14 to 0 from randomization"
    primary = trial.analyze("primary")
    assert str(primary).startswith("Aldesleukin v placebo, index-vessel TBRmax: -0.171 (-7.7 %")
    assert primary.to_frame()["estimate"].iloc[0] == pytest.approx(-0.171, abs=5e-4)
    assert primary.figure().save(tmp_path / "primary.svg").exists()
    assert len(primary.provenance.inputs["adpet"]) == 64
