"""The reconstruction of IVORY: consistent, complete, plausible, repeatable; and the same model at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calor.datasets.censored import readings
from calor.datasets.dataset import SUFFIXES, read, write
from calor.errors import SimulationError
from calor.simulate import ivory
from calor.simulate.ivory import draw, reconstruct
from calor.simulate.ivory_assumptions import ASSUMPTIONS, NOT_PUBLISHED
from calor.simulate.ivory_conduct import dosing_days, protocol
from calor.simulate.ivory_model import IvoryModel, draw_trial

DOC = Path(__file__).parents[3] / "docs" / "methods" / "ivory-reconstruction.md"


def frame(name: str) -> pd.DataFrame:
    return reconstruct()[name].frame


def test_the_reconstruction_is_the_same_at_every_call() -> None:
    first = {name: dataset.sha256 for name, dataset in reconstruct().items()}
    ivory._reconstruction.cache_clear()
    assert {name: dataset.sha256 for name, dataset in reconstruct().items()} == first


@pytest.mark.parametrize("name", ["adsl", "adpet", "adlb", "adtte", "adae"])
def test_every_column_has_a_label(name: str) -> None:
    assert [column for column, label in reconstruct()[name].labels.items() if not label] == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_holds_the_reconstruction(suffix: str, tmp_path: Path) -> None:
    for name, dataset in reconstruct().items():
        write(dataset, tmp_path / f"{name}{suffix}")
        pd.testing.assert_frame_equal(read(tmp_path / f"{name}{suffix}").frame, dataset.frame, check_exact=True)


@pytest.mark.parametrize("name", ["adpet", "adlb", "adtte", "adae"])
def test_every_row_belongs_to_a_randomized_participant_of_that_arm(name: str) -> None:
    arms = frame("adsl").set_index("USUBJID")["TRT01A"]
    rows = frame(name)
    assert (rows["USUBJID"].map(arms) == rows["TRTA"]).all()


@pytest.mark.parametrize("name", ["adpet", "adlb"])
def test_visits_lie_in_the_windows_of_the_protocol(name: str) -> None:
    rows = frame(name)
    for visit in protocol().visits:
        days = rows.loc[rows["AVISIT"] == visit.label, "ADY"].map(lambda ady: int(ady) if ady > 0 else int(ady) + 1)
        assert days.map(visit.holds).all(), visit.label


@pytest.mark.parametrize("name", ["adpet", "adlb"])
def test_dates_days_and_changes_agree(name: str) -> None:
    rows = frame(name).merge(frame("adsl")[["USUBJID", "TRTSDT"]], on="USUBJID")
    days = (rows["ADT"] - rows["TRTSDT"]).dt.days
    assert (rows["ADY"] == days + (days >= 0)).all()
    later = rows[rows["ABLFL"].isna() & rows["AVAL"].notna()]
    np.testing.assert_allclose(later["CHG"], later["AVAL"] - later["BASE"], atol=1e-9)
    assert (rows.groupby(["USUBJID", "PARAMCD"])["ABLFL"].count() == 1).all()


def test_the_index_vessel_is_the_one_with_the_highest_baseline() -> None:
    base = frame("adpet").query("AVISIT == 'Baseline'").pivot_table(index="USUBJID", columns="PARAMCD", values="AVAL")
    regions = base[["TBRASC", "TBRLCAR", "TBRRCAR"]]
    assert (regions.max(axis=1) == base["TBRIDX"]).all()
    names = {"Ascending aorta": "TBRASC", "Left carotid artery": "TBRLCAR", "Right carotid artery": "TBRRCAR"}
    index = frame("adsl").set_index("USUBJID")["INDEXVES"].map(names)
    assert (regions.idxmax(axis=1) == index.reindex(regions.index)).all()
    assert (base["TBRACT"] >= 2).all()


def test_values_are_plausible_in_the_protocol_s_sense() -> None:
    rows = frame("adlb")
    for biomarker in protocol().biomarkers:
        values = rows.loc[rows["PARAMCD"] == biomarker.paramcd]
        assert values["AVAL"].dropna().between(*biomarker.plausible).all(), biomarker.id
        assert (values["AVALU"] == biomarker.unit).all()
    assert frame("adpet")["AVAL"].between(1.0, 3.6).all()


def test_everyone_passes_the_gate() -> None:
    gate = protocol().gate
    assert gate is not None
    assert frame("adsl")["HSCRPBL"].map(gate.passes).all()


def test_values_below_the_limit_of_detection_have_no_number() -> None:
    rows = frame("adlb").query("PARAMCD == 'HSCRP'")
    censored = readings(rows)["side"] == "below"
    assert 1 <= censored.sum() <= 10
    assert rows.loc[censored, "AVAL"].isna().all()
    assert (rows.loc[censored, "AVALC"] == "<0.2").all()
    assert rows.loc[~censored, "AVAL"].ge(0.2).all()


def test_doses_follow_the_regimen() -> None:
    adsl = frame("adsl")
    assert adsl["NDOSE"].le(len(dosing_days())).all()
    assert adsl.query("TRT01A == 'Placebo'")["CUMDOSE"].eq(0).all()
    full = adsl.query("TRT01A == 'Aldesleukin' and NDOSE == 12")
    assert full["CUMDOSE"].eq(18).all()
    assert full["TRTDURD"].eq(54).all()
    assert ((adsl["EOSSTT"] == "COMPLETED") == adsl["DCSREAS"].isna()).all()


def test_events_happen_after_the_trial_and_within_two_years() -> None:
    adtte = frame("adtte")
    assert ((adtte["ADT"] - adtte["STARTDT"]).dt.days + 1 == adtte["AVAL"]).all()
    assert adtte.query("CNSR == 1")["AVAL"].eq(730).all()
    assert adtte.query("CNSR == 0")["AVAL"].between(62, 729).all()
    wide = adtte.pivot_table(index="USUBJID", columns="PARAMCD", values="AVAL")
    assert (wide["TTMACE"] <= wide["TTMI"]).all()


def test_adverse_events_lie_within_the_trial() -> None:
    adae = frame("adae").merge(frame("adsl")[["USUBJID", "EOSDT"]], on="USUBJID")
    assert (adae["ASTDT"] <= adae["EOSDT"]).all()
    assert (adae["AENDT"].dropna() >= adae.loc[adae["AENDT"].notna(), "ASTDT"]).all()
    assert (adae["ASTDY"] != 0).all()
    assert ((adae["ASTDY"] > 0) == (adae["TRTEMFL"] == "Y")).all()


def test_the_page_lists_the_same_assumptions() -> None:
    rows = [line for line in DOC.read_text().splitlines() if line.startswith("| ")]
    table = [f"| {a.what} | {a.value} | {a.reason} | {a.source} |" for a in ASSUMPTIONS]
    assert rows[-len(table) :] == table
    assert sum(a.source == NOT_PUBLISHED for a in ASSUMPTIONS) >= 10


def test_the_model_at_random_has_the_summaries_it_was_given() -> None:
    model = IvoryModel(by_log_hscrp=0, by_tbr=0, lost_scan=0, lost_follow_up=0)
    trial = draw_trial(np.random.default_rng(1), model, 40_000)
    x = np.column_stack([np.ones(80_000), trial.tbr_baseline, trial.active])
    _, slope, effect = np.linalg.lstsq(x, trial.tbr_follow_up, rcond=None)[0]
    assert abs(effect - model.effect) < 4 * 2 * model.residual_sd / np.sqrt(80_000)
    assert abs(slope - model.slope) < 4 * model.residual_sd / model.tbr_sd / np.sqrt(80_000)
    share = trial.event[~trial.active].mean()
    assert abs(share - 3 / 27) < 4 * np.sqrt(3 / 27 * 24 / 27 / 40_000)
    assert trial.hscrp.min() >= model.gate


def test_the_effect_drawn_grows_with_log_hscrp_as_the_model_says() -> None:
    model = IvoryModel(lost_scan=0, hscrp_tbr_correlation=0)
    trial = draw_trial(np.random.default_rng(2), model, 40_000)
    log_hscrp = np.log(trial.hscrp)
    columns = [np.ones(80_000), trial.tbr_baseline, trial.active, log_hscrp]
    x = np.column_stack([*columns, trial.active * log_hscrp, trial.active * trial.tbr_baseline])
    fit = np.linalg.lstsq(x, trial.tbr_follow_up, rcond=None)[0]
    np.testing.assert_allclose(fit[4:], [model.by_log_hscrp, model.by_tbr], atol=0.03)


def test_a_drawn_trial_comes_as_the_datasets_that_an_analysis_reads() -> None:
    trial = draw(np.random.default_rng(3), n_per_arm=50, lost_scan=0.2)
    adsl, adpet = trial["adsl"].frame, trial["adpet"].frame
    second = adpet[adpet["AVISIT"] == "Day 61"]
    assert set(second["USUBJID"]) == set(adsl.loc[adsl["FASFL"] == "Y", "USUBJID"])
    assert 0.05 < 1 - len(second) / 100 < 0.4
    assert trial["adlb"].frame["BASE"].ge(2).all()


def test_a_seed_gives_one_trial() -> None:
    first, again, other = (draw(np.random.default_rng(seed))["adpet"].sha256 for seed in (5, 5, 6))
    assert first == again != other


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"residual_sd": 0.0}, "residual_sd"),
        ({"lost_scan": 1.0}, "lost_scan"),
        ({"effect": float("nan")}, "effect"),
        ({"hscrp_tbr_correlation": 1.0}, "hscrp_tbr_correlation"),
    ],
)
def test_a_model_that_describes_no_trial_is_refused(changes: dict[str, float], says: str) -> None:
    with pytest.raises(SimulationError, match=says):
        draw(np.random.default_rng(1), **changes)


def test_an_arm_of_one_is_refused() -> None:
    with pytest.raises(SimulationError, match="n_per_arm"):
        draw(np.random.default_rng(1), n_per_arm=1)
