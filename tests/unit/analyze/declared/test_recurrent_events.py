"""Recurrent events as declared: from times or from occurrences, every event of a participant counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.unit.analyze.declared.declared_trial import datasets, with_frame
from tests.unit.analyze.declared.event_trial import analyze, declared, section

from calor.analyze.survival.lwyy import lwyy
from calor.errors import AnalysisError

ENDPOINT = '[[endpoints]]\nkind = "time_to_event"\nid = "recurrent_mi"\n'
ANALYSIS = 'method = "events"\nprimary_method = "fisher_exact"\n'
BESIDE = 'beside = [{ method = "bayesian_rate", prior_events = 0.5, prior_years = 0 }]\n'
COMPONENTS = 'components = [{ endpoint = "recurrent_mi" }, { endpoint = "tbr_index", response = "CHG" }]'


def _protocol(primary: str = "lwyy", *, occurrences: bool = False) -> str:
    text = declared(ENDPOINT, ENDPOINT.replace("time_to_event", "recurrent_events"))
    text = declared(ANALYSIS, f'method = "recurrent_events"\nprimary_method = "{primary}"\n', text)
    text = declared(BESIDE, "", text)
    text = declared(COMPONENTS, 'components = [{ endpoint = "tbr_index" }, { endpoint = "tbr_active" }]', text)
    if occurrences:
        text = declared('dataset = "adtte"\nparamcd = "TTMI"\n', 'dataset = "adae"\n', text)
        text = declared(
            'estimand = "recurrent_mi"\nset = "followed"', 'estimand = "recurrent_mi"\nset = "treated"', text
        )
        text = declared('horizon_days = 730\n', 'horizon_days = 730\n'
                        'where = { TRTEMFL = "Y", AEDECOD = "Injection site reaction" }\n', text)  # fmt: skip
    return text


def _times(seed: int = 4) -> pd.DataFrame:
    """Return several events and an end of follow-up for everyone followed."""
    frame = datasets()["adtte"].frame
    people = frame[frame["PARAMCD"] == "TTMI"].reset_index(drop=True)
    rng = np.random.default_rng(seed)
    rows = []
    for at, row in people.iterrows():
        days = sorted(set(rng.integers(1, 700, rng.poisson(rng.gamma(1, 3 if row["TRTP"] == "Placebo" else 1.5)))))
        rows += [{"row": at, "AVAL": int(day), "CNSR": 0} for day in days] + [{"row": at, "AVAL": 730, "CNSR": 1}]
    long = pd.DataFrame(rows)
    return people.drop(columns=["AVAL", "CNSR"]).loc[long.pop("row")].reset_index(drop=True).join(long)


def _find(frame: pd.DataFrame, primary: str = "lwyy"):
    return analyze(_protocol(primary), dict(with_frame("adtte", frame)))


def test_rate_ratio_is_that_of_the_intervals() -> None:
    frame = _times()
    found = _find(frame)
    rows = frame.sort_values(["USUBJID", "AVAL"], kind="stable")
    start = rows.groupby("USUBJID")["AVAL"].shift(fill_value=0)
    table = rows.assign(start=start, event=(rows["CNSR"] == 0).astype(int)).set_index("USUBJID")
    fit = lwyy(
        table, start="start", stop="AVAL", event="event", covariates=["TRTP"],
        categories={"TRTP": ("Placebo", "Aldesleukin")},
    )  # fmt: skip
    ratio = fit.hazard_ratio("TRTP[Aldesleukin]")
    shown = found.tables["methods"].set_index("method").loc["lwyy"]
    assert shown["estimate"] == pytest.approx(ratio.estimate, rel=1e-9)
    assert shown["lower"] == pytest.approx(ratio.lower, rel=1e-9)
    counts = found.tables["counts"].set_index("arm")
    assert counts.loc["Placebo", "events"] == ((frame["CNSR"] == 0) & (frame["TRTP"] == "Placebo")).sum()
    assert counts["years"].sum() == pytest.approx(55 * 730 / 365.25)


@pytest.mark.parametrize("primary", ["lwyy", "negative_binomial", "poisson"])
def test_every_model_may_be_primary_and_all_are_shown(primary: str) -> None:
    found = _find(_times(), primary)
    rows = found.tables["methods"]
    assert rows.loc[rows["primary"], "method"].tolist() == [primary]
    assert len(found.p_values) == 1
    shown = section(found)
    assert shown.figures[0].name == "recurrent-mi-mean"
    assert "nan" not in "".join(table.to_html() for table in shown.tables)


def test_mean_curve_is_drawn_to_the_end_of_follow_up() -> None:
    curve = _find(_times()).tables["curve"]
    assert curve.groupby("arm")["time"].max().tolist() == [730.0, 730.0]
    assert curve.groupby("arm")["mean"].last().loc["Placebo"] == pytest.approx(
        _find(_times()).tables["counts"].set_index("arm").loc["Placebo", ["events"]].iloc[0] / 27
    )


def _two_ends(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame[frame["CNSR"] == 1].head(1).assign(AVAL=729)], ignore_index=True)


def _after_the_end(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(AVAL=frame["AVAL"].where((frame["CNSR"] == 0) | (frame.index > 10), 2))


def _twice_a_day(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame[frame["CNSR"] == 0].head(1)], ignore_index=True)


def _on_day_zero(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(AVAL=frame["AVAL"].where(frame.index != frame.index[frame["CNSR"] == 0][0], 0))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_two_ends, "`adtte` must end each participant's follow-up once, got 1 participants with another at IVORY-R-"),
        (_after_the_end, "`adtte` must have no event after the end of follow-up, got"),
        (_twice_a_day, "`adtte` must have at most one event of a participant on a day, got"),
        (_on_day_zero, "must be above START, got another value at row IVORY-R-"),
    ],
)
def test_rows_that_contradict_each_other_are_named(spoil, words: str) -> None:
    with pytest.raises(AnalysisError, match=words):
        _find(spoil(_times()))


def test_event_without_a_later_end_closes_follow_up() -> None:
    frame = _times()
    died = frame.loc[frame["CNSR"] == 0, "USUBJID"].iloc[0]
    last = frame[(frame["USUBJID"] == died) & (frame["CNSR"] == 0)]["AVAL"].max()
    found = _find(frame[~((frame["USUBJID"] == died) & (frame["CNSR"] == 1))])
    assert found.tables["counts"]["years"].sum() == pytest.approx((54 * 730 + last) / 365.25)


def test_occurrences_are_counted_while_at_risk_and_once_a_day() -> None:
    found = analyze(_protocol("poisson", occurrences=True))
    adae = datasets()["adae"].frame
    rows = adae[(adae["AEDECOD"] == "Injection site reaction") & (adae["TRTEMFL"] == "Y")]
    counts = found.tables["counts"].set_index("arm")
    assert counts.loc["Aldesleukin", "participants"] == 32
    assert counts.loc["Aldesleukin", "with_event"] == rows.loc[rows["TRTA"] == "Aldesleukin", "USUBJID"].nunique()
    assert counts["events"].sum() == len(rows.drop_duplicates(["USUBJID", "ASTDY"]))
    assert any(note.startswith("Time at risk: from the first dose to 30 days after the last") for note in found.notes)


def test_nobody_with_an_event_is_refused() -> None:
    frame = _times()
    with pytest.raises(AnalysisError, match="Report the exact upper bound of the rate"):
        _find(frame[frame["CNSR"] == 1])
