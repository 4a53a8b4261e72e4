"""The loop: a finished trial chooses the next one's gate, whose protocol screens, whose trial chooses again."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from calor.cli import app
from calor.datasets.dataset import Dataset, write
from calor.gate.gates import CandidateGate
from calor.protocol import read_protocol
from calor.simulate.ivory import as_datasets
from calor.simulate.ivory_model import IvoryModel, draw_trial
from calor.simulate.marker import Marker
from calor.simulate.post_infarction_records import post_infarction_records
from calor.trial.demo import make_demo
from calor.trial.gate import GateOutcome, design_gate
from calor.trial.gate_step import gate_steps
from calor.trial.screening import screen
from calor.trial.trial import open_trial

TODAY = date(2026, 6, 30)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GateOutcome:
    trial = make_demo(tmp_path_factory.mktemp("gate") / "ivory")
    return design_gate(trial, quick=True)


@pytest.fixture(scope="module")
def next_folder(first: GateOutcome) -> Path:
    """The next trial's folder with synthetic records, and the synthetic trial that followed."""
    folder = first.folder / "next"
    rng = np.random.default_rng(7)
    hs_crp = Marker(median=1.6, log_sd=1.1, icc=0.6)
    (folder / "records").mkdir()
    for name, table in post_infarction_records(rng, TODAY, persons=6000, marker=hs_crp).items():
        table.to_csv(folder / "records" / f"{name}.csv", index=False)
    (folder / "adam").mkdir()
    for name, dataset in _followed(rng).items():
        write(dataset, folder / "adam" / f"{name}.xpt")
    return folder


def _followed(rng: np.random.Generator) -> dict[str, Dataset]:
    """Draw the next trial: measured as finely as a laboratory prints, its events those of its own endpoint."""
    drawn = draw_trial(rng, IvoryModel(gate=2.0, hscrp_median=1.6, hscrp_log_sd=1.1), 120)
    tbr = {name: np.round(getattr(drawn, name), 4) for name in ("tbr_baseline", "tbr_follow_up")}
    datasets = as_datasets(replace(drawn, hscrp=np.round(drawn.hscrp, 1), **tbr))
    found = {}
    for name, dataset in datasets.items():
        dates = dataset.frame.select_dtypes("datetime").columns
        earlier = {column: dataset.frame[column] - pd.Timedelta(days=1500) for column in dates}
        found[name] = replace(dataset, frame=dataset.frame.assign(**earlier))
    events = found["adtte"]
    return {**found, "adtte": replace(events, frame=events.frame.assign(PARAMCD="TTCEV"))}


def test_the_next_protocol_holds_gate_strata_size_looks_and_estimands(first: GateOutcome) -> None:
    found = read_protocol(first.folder / "next/protocol.toml")
    chosen = first.recommendation.chosen
    assert found == first.next
    assert found.gate is not None
    assert found.gate.cutoff == chosen.gate.cutoff
    assert found.trial.planned_size == pytest.approx(chosen.planned, abs=4)
    assert [look.information_fraction for look in found.looks.looks] == [0.5, 1.0]  # type: ignore[union-attr]
    assert len(found.randomization.strata) == 2
    assert found.primary.estimand in {estimand.id for estimand in found.estimands}
    assert found.gate_design is not None


def test_the_outcome_says_what_is_assumed_and_what_is_not_shown(first: GateOutcome) -> None:
    page = (first.folder / "report.html").read_text(encoding="utf-8")
    for words in ("no benefit on outcomes is established", "synthetic", "Type I error", "Winner", "CANTOS"):
        assert words.lower() in page.lower()
    assert "hs-CRP ≥ " in page
    assert "Made with --quick" in page
    assert not re.search("month_one|first_year|biomarker_positive", page)
    content = json.loads((first.folder / "gate.json").read_text(encoding="utf-8"))
    assert content["seed"] == 2026
    assert content["provenance"]["libraries"]


def test_every_simulated_rate_has_its_error(first: GateOutcome) -> None:
    errors = {
        "nulls": ["se"],
        "effects": ["power_se", "bias_se", "coverage_se"],
        "confirmed": ["power_se", "months_se", "incomplete_se"],
        "estimators": ["bias_se", "coverage_se"],
        "courses": ["significant_se", "months_se", "stopped_early_se", "restricted_se", "incomplete_se"],
        "options": ["assurance_se"],
        "beliefs": ["assurance_se"],
        "tornado": ["assurance_se"],
        "corner": ["assurance_se"],
    }
    for name, columns in errors.items():
        table = first.tables()[name]
        assert (table[columns] > 0).all(axis=None), name
    options = first.tables()["options"]
    simulated = options["design"].isin(["stratified", "adaptive"])
    assert (options.loc[simulated, ["power_se", "false_high_se"]] > 0).all(axis=None)
    assert (options.loc[~simulated, "power_se"] == 0).all()


def test_the_what_if_page_begins_at_an_option_of_the_search_with_its_numbers(first: GateOutcome) -> None:
    page = (first.folder / "what_if.html").read_text(encoding="utf-8")
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    data = json.loads(text)
    assert data["grid"] == json.loads((first.folder / "what_if.json").read_text(encoding="utf-8"))
    shape, start = data["grid"]["shape"], data["start"]
    stated = (data["grid"]["links"].index(first.basis.plan.link.hazard_ratio), data["grid"]["rates"].index(1.0))
    values = np.array(data["grid"]["values"], dtype=float).reshape(shape)[start["repeat"], start["cutoff"]][stated]
    repeat = data["grid"]["repeats"][start["repeat"]]
    cutoff = data["grid"]["cutoffs"][start["cutoff"]] if repeat["tests"] else 0.0
    gate = CandidateGate(repeat["window"], cutoff, repeat["tests"], repeat["interval_days"])
    (option,) = [o for o in first.options if o.gate == gate and o.design in {"gated", "all_comers"}]
    for name, value in zip(data["grid"]["metrics"], values, strict=True):
        assert value == pytest.approx(float(getattr(option, name)), rel=1e-5), name
    assert 'href="what_if.html"' in (first.folder / "report.html").read_text(encoding="utf-8")


def test_the_next_protocol_comes_with_its_simulation_report(first: GateOutcome) -> None:
    page = (first.folder / "next/report.html").read_text(encoding="utf-8")
    for words in ("ICH E20", "Monte Carlo SE", "Bias of the log", "Coverage", "Seed of every simulation", "numba"):
        assert words in page
    assert first.made_of.code in page
    courses = first.operating.courses
    assert len(courses) == len(first.operating.nulls) + first.operating.effects["scenario"].nunique()
    expected = courses.set_index("scenario").loc["as expected"]
    assert expected["events"] <= first.recommendation.chosen.events + 1
    assert 0 < expected["stopped_early"] < 1
    assert expected["restricted"] == 0


def test_a_choice_that_is_current_enters_the_report_and_a_stale_one_does_not(first: GateOutcome) -> None:
    folder = first.folder.parents[1]
    steps = gate_steps(open_trial(folder))
    assert [(step.needs, step.is_current) for step in steps] == [("", True)] * 2
    text = (folder / "protocol.toml").read_text(encoding="utf-8")
    (folder / "protocol.toml").write_text(text.replace("consent = 0.35", "consent = 0.3"), encoding="utf-8")
    stale, _ = gate_steps(open_trial(folder))
    (folder / "protocol.toml").write_text(text, encoding="utf-8")
    assert "calor design gate" in stale.needs


def test_the_loop_goes_round_twice(next_folder: Path) -> None:
    outcome = screen(next_folder, as_of=TODAY)
    assert outcome.screened.count("eligible") > 20
    assert len(pd.read_parquet(outcome.folder / "worklist.parquet")) >= outcome.screened.count("eligible")
    text = (next_folder / "protocol.toml").read_text(encoding="utf-8")
    text = text.replace("[gate_design.recruitment]", '[gate_design.recruitment]\nsource = "records"')
    text = text.replace("[screening]", "[screening]\nas_of = 2026-06-30")
    (next_folder / "protocol.toml").write_text(text, encoding="utf-8")
    again = design_gate(open_trial(next_folder), quick=True)
    assert again.records is not None
    assert again.records.repeatability.interval[0] < 0.6 < again.records.repeatability.interval[1]
    assert again.next.trial.id == "CALOR3_NEXT"
    assert read_protocol(again.folder / "next/protocol.toml") == again.next


def test_the_command_says_what_is_wanting(tmp_path: Path) -> None:
    trial = make_demo(tmp_path / "ivory")
    text = (trial.folder / "protocol.toml").read_text(encoding="utf-8")
    (trial.folder / "protocol.toml").write_text(text[: text.index("[gate_design]")], encoding="utf-8")
    done = CliRunner().invoke(app, ["design", "gate", str(trial.folder)])
    assert "have [gate_design]" in str(done.exception)
