"""Competing risks as declared: each event's incidence, and only the primary method must succeed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.unit.analyze.declared.event_trial import PRIMARY, adtte, analyze, declared, section, with_status

from calor.analyze.survival.gray import gray
from calor.errors import AnalysisError

ENDPOINT = 'paramcd = "TTMI"\nhorizon_days = 730\n'
DEATH = f'{ENDPOINT}competing = [{{ cnsr = 2, label = "death from another cause" }}]\n'
METHOD = 'method = "events"\n'
BESIDE = 'beside = [{ method = "bayesian_rate", prior_events = 0.5, prior_years = 0 }]\n'


def _protocol(primary: str = "gray") -> str:
    text = declared(ENDPOINT, DEATH)
    text = declared(METHOD + PRIMARY, f'method = "competing_risks"\nprimary_method = "{primary}"\n', text)
    return declared(BESIDE, "", text)


def _held() -> tuple[dict[str, object], pd.DataFrame]:
    rng = np.random.default_rng(2)
    days = np.ceil(rng.exponential(500, 55))
    cause = np.where(days > 730, 1, rng.choice([0, 2], 55))  # 0 the event, 2 competing, 1 censored
    days = np.minimum(days, 730)
    truth = adtte().assign(AVAL=days, status=pd.Series(cause).map({0: 1, 2: 2, 1: 0}))
    return with_status(cause, days), truth


def test_incidences_and_counts_keep_the_events_apart() -> None:
    held, truth = _held()
    found = analyze(_protocol(), held)
    test = gray(truth, time="AVAL", status="status", arm="TRTP", arms=("Placebo", "Aldesleukin"))
    assert found.p_values[0] == pytest.approx(test.p_value, rel=1e-12)
    counts = found.tables["counts"].set_index(["arm", "event"])["participants"]
    for arm in ("Placebo", "Aldesleukin"):
        status = truth.loc[truth["TRTP"] == arm, "status"]
        assert counts[arm, "death from another cause"] == (status == 2).sum()
        assert counts[arm].sum() == len(status)
    assert set(found.tables["methods"]["method"]) == {"gray", "fine_gray", "cause_specific_cox"}
    shown = section(found)
    assert len(shown.figures) == 2
    assert shown.figures[1].title.startswith("Death from another cause: ")


def test_curves_end_where_follow_up_does() -> None:
    held, truth = _held()
    curves = analyze(_protocol(), held).tables["curves"]
    ends = curves.groupby(["event", "arm"])["time"].max()
    assert (ends.groupby("arm").max() == truth.groupby("TRTP")["AVAL"].max()).all()
    both = curves.groupby(["arm", "event"])["incidence"].max().groupby("arm").sum()
    assert (both <= 1).all()


def test_model_that_the_data_do_not_carry_is_left_out_with_its_reason() -> None:
    status = np.where(adtte()["CNSR"] == 0, 0, 1)
    status[np.flatnonzero(status == 1)[:6]] = 2
    found = analyze(_protocol(), with_status(status, np.where(status == 1, 730, 300 + np.arange(55))))
    assert found.tables["methods"]["method"].tolist() == ["gray"]
    assert any(note.startswith("Fine-Gray model of Aldesleukin v placebo is not shown: ") for note in found.notes)
    with pytest.raises(AnalysisError):
        analyze(_protocol("fine_gray"), with_status(status))


def test_nobody_with_the_event_is_refused_with_the_way_out() -> None:
    with pytest.raises(AnalysisError, match='Declare "events": it gives bounds'):
        analyze(_protocol(), with_status(np.full(55, 2)))


def test_plain_analysis_censors_at_a_competing_event() -> None:
    held, truth = _held()
    found = analyze(declared(ENDPOINT, DEATH), held)
    assert found.tables["counts"]["events"].sum() == (truth["status"] == 1).sum()
