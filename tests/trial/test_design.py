"""`calor design` on the outcome trial's sketch: the table, the files, and what a protocol without looks is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from calor.design.declared import declared_design, declared_size
from calor.protocol import parse_protocol
from calor.trial.design import design_trial
from calor.trial.trial import open_trial

EXAMPLES = Path(__file__).parents[2] / "examples"
OUTCOME = (EXAMPLES / "outcome/protocol.toml").read_text(encoding="utf-8")


def _calor(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "calor", *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def designed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = Path(shutil.copytree(EXAMPLES / "outcome", tmp_path_factory.mktemp("design") / "outcome"))
    done = _calor("design", folder)
    assert done.returncode == 0, done.stderr
    return folder / "results/design", done.stdout


def test_table_prints_bounds_events_and_dates(designed: tuple[Path, str]) -> None:
    for words in ("z > 2.963, 2.359, 2.014", "power 90.0 %", "Calendar time", "845 events"):
        assert words in designed[1]


def test_files_hold_the_same_numbers(designed: tuple[Path, str]) -> None:
    looks = pd.read_parquet(designed[0] / "looks.parquet")
    assert looks["efficacy_bound"].round(3).tolist() == [2.963, 2.359, 2.014]
    assert looks["events"].is_monotonic_increasing
    content = json.loads((designed[0] / "design.json").read_text(encoding="utf-8"))
    assert content["looks"][2]["events"] == pytest.approx(looks["events"].iloc[2])
    assert {path.name for path in designed[0].glob("*.svg")} == {
        "bounds.svg", "power.svg", "events.svg", "participants.svg",
    }  # fmt: skip


def test_power_curve_passes_through_alpha_and_power(designed: tuple[Path, str]) -> None:
    power = pd.read_parquet(designed[0] / "power.parquet")
    last = power[power["look"] == 3].set_index("effect")["rejected_by"]
    assert last.loc[1.0] == pytest.approx(0.025, abs=1e-7)
    assert last.iloc[(last.index.to_series() - 0.8).abs().argmin()] == pytest.approx(0.9, abs=1e-6)


def test_means_are_sized_from_difference_and_sd() -> None:
    """IVORY: 52 per arm for 90 % power at 0.171 and SD 0.265, two-sided 5 % (facts of the trial, t-test)."""
    ivory = (EXAMPLES / "ivory/protocol.toml").read_text(encoding="utf-8")
    looks = """
[looks]
analysis = "primary"
alpha = 0.05
sides = 2
power = 0.9
efficacy = { function = "obrien_fleming" }
planning = { kind = "continuous", difference = -0.171, sd = 0.265 }

[[looks.looks]]
id = "final"
information_fraction = 1.0
purpose = "Final"
"""
    protocol = parse_protocol(ivory.replace("[[safety_limits]]", looks + "\n[[safety_limits]]", 1))
    size = declared_size(protocol, declared_design(protocol))
    assert [float(n) for n in size.participants[-1]] == pytest.approx([52, 52], abs=1.0)


def test_protocol_without_looks_is_told_so(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "ivory", tmp_path / "ivory", symlinks=False)
    done = _calor("design", tmp_path / "ivory")
    assert done.returncode == 2
    assert "declare looks" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_population_that_the_looks_decide_on_is_printed_and_kept(tmp_path: Path) -> None:
    """845 events in all; of them 0.4 x 0.05 x 1.7 / (0.045 x 1.8), or 42 %, in the marker-positive."""
    positive = '\n[[sets]]\nid = "high"\nlabel = "Marker-positive"\nflag = "BMPOSFL"\n\n[[endpoints]]'
    both = (
        "dropout_per_year = 0.02\nevents = 845\n\n[[looks.planning.populations]]\n"
        'set = "high"\nshare = 0.4\nhazard_ratio = 0.70\ncontrol_rate_per_year = 0.05\n'
    )
    text = OUTCOME.replace("\n[[endpoints]]", positive, 1).replace("dropout_per_year = 0.02\n", both, 1)
    folder = Path(shutil.copytree(EXAMPLES / "outcome", tmp_path / "outcome"))
    (folder / "protocol.toml").write_text(text, encoding="utf-8")
    outcome = design_trial(open_trial(folder))
    full, high = outcome.populations.populations  # type: ignore[union-attr]
    assert (full.events, high.events) == pytest.approx((845, 845 * 0.4 * 0.05 * 1.7 / (0.045 * 1.8)))
    assert "Marker-positive (40 % of participants): hazard ratio 0.7, 178, 267, 355 events" in str(outcome)
    table = pd.read_parquet(outcome.folder / "populations.parquet")
    assert table.groupby("population")["look"].count().tolist() == [3, 3]
    assert outcome.size.events[-1] == pytest.approx(845, abs=1)  # type: ignore[index]
