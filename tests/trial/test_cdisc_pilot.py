"""The real CDISC Pilot 01 trial, from `calor run` to the values that its study report prints."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples/cdisc-pilot/protocol.toml"


@pytest.fixture(scope="module")
def results(calor_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (calor_data / "cdisc-pilot/adqsadas.xpt").exists():
        pytest.skip("CALOR_DATA holds no cdisc-pilot")
    folder = tmp_path_factory.mktemp("pilot")
    shutil.copy(EXAMPLE, folder / "protocol.toml")
    done = subprocess.run(
        [sys.executable, "-m", "calor", "run", str(folder), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"]
    return folder / "results"


def _table(results: Path, analysis: str, name: str) -> pd.DataFrame:
    return pd.read_parquet(results / "analyses" / analysis / f"{name}.parquet")


def test_changes_from_baseline_are_the_printed_ones(results: Path) -> None:
    arms = _table(results, "primary", "arms")
    printed = [
        (row["arm"], row["n"], f"{row['response_mean']:.1f}", f"{row['response_sd']:.2f}")
        for row in arms.to_dict("records")
    ]
    assert printed == [
        ("Placebo", 79, "2.5", "5.80"),
        ("Xanomeline Low Dose", 81, "2.0", "5.55"),
        ("Xanomeline High Dose", 74, "1.5", "4.26"),
    ]


def test_differences_from_placebo_are_the_printed_ones(results: Path) -> None:
    rows = _table(results, "primary", "differences").to_dict("records")
    printed = [
        f"{r['estimate']:.1f} ({r['se']:.2f}) ({r['lower']:.1f}, {r['upper']:.1f}) {r['p_value']:.3f}" for r in rows
    ]
    assert printed == ["-0.5 (0.82) (-2.1, 1.1) 0.569", "-1.0 (0.84) (-2.7, 0.7) 0.233"]


def test_dose_response_is_the_printed_one(results: Path) -> None:
    slope = _table(results, "dose_response", "slope").iloc[0]
    assert f"{slope['p_value']:.3f}" == "0.245"


def test_participants_with_events_are_those_flagged_in_the_data(results: Path, calor_data: Path) -> None:
    """The sponsor's own first-occurrence flags count the participants a second way."""
    import pyreadstat  # noqa: PLC0415

    adae, _ = pyreadstat.read_xport(str(calor_data / "cdisc-pilot/adae.xpt"))
    incidence = _table(results, "adverse_events", "incidence")
    everyone = incidence[(incidence["level"] == "any") & (incidence["by"] == "all")].set_index("arm")["participants"]
    flagged = adae[adae["AOCCFL"] == "Y"].groupby("TRTA")["USUBJID"].nunique()
    assert everyone.to_dict() == flagged.to_dict()
    terms = incidence[(incidence["level"] == "term") & (incidence["by"] == "all")]
    flagged_terms = adae[adae["AOCCPFL"] == "Y"].groupby(["AEDECOD", "TRTA"])["USUBJID"].nunique()
    ours = terms[terms["participants"] > 0].groupby(["term", "arm"])["participants"].sum()
    assert ours.to_dict() == flagged_terms.to_dict()


def test_dermatologic_events_are_those_in_adtte(results: Path, calor_data: Path) -> None:
    import pyreadstat  # noqa: PLC0415

    adtte, _ = pyreadstat.read_xport(str(calor_data / "cdisc-pilot/adtte.xpt"))
    counts = _table(results, "dermatologic", "counts").set_index("arm")
    assert counts["events"].to_dict() == adtte[adtte["CNSR"] == 0].groupby("TRTA").size().to_dict()
    assert counts["participants"].to_dict() == adtte.groupby("TRTA").size().to_dict()


def test_event_free_shares_are_those_that_r_prints(calor_data: Path) -> None:
    """R's survfit on the same ADTTE, as the package crane prints it in its tests (tbl_survfit_times)."""
    import pyreadstat  # noqa: PLC0415

    from calor.analyze.survival.kaplan_meier import kaplan_meier  # noqa: PLC0415

    path = calor_data / "cdisc-pilot/adtte.xpt"
    if not path.exists():
        pytest.skip("CALOR_DATA holds no cdisc-pilot")
    adtte, _ = pyreadstat.read_xport(str(path))
    arms = ("Placebo", "Xanomeline High Dose", "Xanomeline Low Dose")
    table = adtte.assign(event=(adtte["CNSR"] == 0).astype(int))
    curves = kaplan_meier(table, time="AVAL", event="event", arm="TRTA", arms=arms, interval="log")
    at = curves.at([60, 120]).set_index(["arm", "time"])
    sixty = [tuple(f"{100 * at.loc[(arm, 60), c]:.1f}" for c in ("survival", "lower", "upper")) for arm in arms]
    assert sixty == [("76.8", "68.2", "86.6"), ("24.3", "15.8", "37.3"), ("31.1", "21.9", "44.1")]
    assert [f"{100 * at.loc[(arm, 120), 'survival']:.1f}" for arm in arms] == ["64.3", "9.2", "14.7"]
    assert curves.at_risk([60, 120]).loc[list(arms)].to_numpy().tolist() == [[59, 45], [14, 4], [20, 8]]


def test_events_of_interest_are_those_counted_in_the_data(results: Path, calor_data: Path) -> None:
    import pyreadstat  # noqa: PLC0415

    adae, _ = pyreadstat.read_xport(str(calor_data / "cdisc-pilot/adae.xpt"))
    fell = adae[(adae["TRTEMFL"] == "Y") & adae["AEDECOD"].isin(["SYNCOPE", "SINUS BRADYCARDIA", "BRADYCARDIA"])]
    incidence = _table(results, "events_of_interest", "incidence")
    ours = incidence[(incidence["group"] == "Syncope or bradycardia") & (incidence["by"] == "all")]
    assert ours.set_index("arm")["participants"].to_dict() == fell.groupby("TRTA")["USUBJID"].nunique().to_dict()


def test_every_dermatologic_event_while_at_risk_is_counted_once_a_day(results: Path, calor_data: Path) -> None:
    import pyreadstat  # noqa: PLC0415

    adae, _ = pyreadstat.read_xport(str(calor_data / "cdisc-pilot/adae.xpt"))
    rows = adae[(adae["CQ01NAM"] == "DERMATOLOGIC EVENTS") & (adae["TRTEMFL"] == "Y")]
    counts = _table(results, "dermatologic_all", "counts").set_index("arm")
    assert counts["with_event"].to_dict() == rows.groupby("TRTA")["USUBJID"].nunique().to_dict()
    days = rows.drop_duplicates(["USUBJID", "ASTDY"]).groupby("TRTA").size()
    assert (counts["events"] <= days.reindex(counts.index)).all()
    assert counts["events"].sum() >= 0.95 * days.sum()  # a few began more than 30 days after the last dose
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "Mean cumulative function" in page
    assert "Weibull regression." in page


def test_deaths_and_serious_events_are_those_in_the_data(results: Path, calor_data: Path) -> None:
    import pyreadstat  # noqa: PLC0415

    adae, _ = pyreadstat.read_xport(str(calor_data / "cdisc-pilot/adae.xpt"))
    emergent = adae[adae["TRTEMFL"] == "Y"]
    grave = _table(results, "adverse_events", "grave")
    counted = grave["why"].value_counts().to_dict()
    assert counted == {
        "serious": int((emergent["AESER"] == "Y").sum()),
        "fatal, not flagged serious": int((emergent["AESDTH"] == "Y").sum()),
    }


def test_limit_for_harm_is_judged_at_every_look(results: Path) -> None:
    looks = _table(results, "harm_limits", "looks")
    assert looks["participants"].tolist() == [20, 40, 60, 80]
    assert looks["events"].is_monotonic_increasing
    chances = _table(results, "harm_limits", "chances").set_index("probability")["stop"]
    assert chances[0.05] <= 0.05 < chances[0.1] < chances[0.2]


def test_hierarchical_model_prints_its_convergence(results: Path) -> None:
    borrowed = _table(results, "adverse_events", "borrowing")
    assert borrowed["r_hat"].max() < 1.05
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "largest R-hat" in page
    assert "Restricted mean time free of the event, up to day 150." in page


def test_report_stands_beside_the_results(results: Path) -> None:
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "CDISCPILOT01" in page
    assert "Synthetic participants" not in page
