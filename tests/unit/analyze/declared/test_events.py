"""The declared time to a first event: the primary method, what stands beneath it, and no event at all."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.analyze.declared.declared_trial import IVORY, datasets
from tests.unit.analyze.declared.event_trial import PRIMARY, adtte, analyze, declared, section, with_status

from calor.analyze.survival.cox import cox
from calor.analyze.survival.logrank import logrank
from calor.errors import AnalysisError

MANY = {"time": "AVAL", "event": "EVENT", "arm": "TRTP", "arms": ("Placebo", "Aldesleukin")}


def _many(seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Return censoring and days with more than ten events in either arm."""
    rng = np.random.default_rng(seed)
    rows = adtte()
    late = (rows["TRTP"] == "Aldesleukin").to_numpy()
    days = np.ceil(rng.exponential(np.where(late, 700.0, 350.0)))
    return (days > 730).astype(int), np.minimum(days, 730)


def _truth() -> object:
    cnsr, days = _many()
    rows = adtte().assign(AVAL=days.astype(float), EVENT=1 - cnsr)
    adsl = datasets()["adsl"].frame
    return rows.merge(adsl[["USUBJID", "AGE", "SEX"]], on="USUBJID")


def test_no_event_in_either_arm_gives_bounds_and_no_ratio() -> None:
    found = analyze(IVORY, with_status(np.ones(55, dtype=int)))
    assert found.sentences[0].startswith("Aldesleukin v placebo, recurrent myocardial infarction: 0 of 28 v 0 of 27")
    assert "hazard ratio" not in found.sentences[0]
    assert found.p_values == (1.0,)
    assert any("nobody in either arm had the event" in note for note in found.notes)
    # 1 - 0.05^(1/28) and 1 - 0.05^(1/27), one-sided
    assert any("0 of 28; the data cannot rule out 10.1 %" in note for note in found.notes)
    assert any("0 of 27; the data cannot rule out 10.5 %" in note for note in found.notes)
    shown = section(found)
    assert "nan" not in "".join(table.to_html() for table in shown.tables)
    assert len(shown.figures) == 1


@pytest.mark.parametrize("method", ["fisher_exact", "exact_rate_ratio", "logrank", "permutation_logrank", "firth_cox"])
def test_few_events_show_every_method_and_mark_the_declared_one(method: str) -> None:
    found = analyze(declared(PRIMARY, f'primary_method = "{method}"\n'))
    rows = found.tables["methods"]
    assert rows.loc[rows["primary"], "method"].tolist() == [method]
    assert len(rows) == 7
    assert found.p_values == (rows.loc[rows["primary"], "p_value"].iloc[0],)
    assert any("defensible methods give p from" in note for note in found.notes)


def test_stratified_method_stands_above_the_plain_ones_when_events_are_few() -> None:
    found = analyze(declared(PRIMARY, 'primary_method = "permutation_logrank"\nstrata = ["SEX"]\n'), _by_sex())
    rows = found.tables["methods"]
    assert rows["primary"].tolist() == [True] + [False] * 7
    assert rows["name"].iloc[0] == "Permutation log-rank test, within SEX"
    assert any(note.startswith("8 defensible methods") for note in found.notes)


def _by_sex() -> dict[str, object]:
    """Return the datasets with one event of each sex in the control arm."""
    rows = adtte().merge(datasets()["adsl"].frame[["USUBJID", "SEX"]], on="USUBJID")
    cnsr = np.ones(len(rows), dtype=int)
    for sex in ("F", "M"):
        cnsr[np.flatnonzero((rows["SEX"] == sex) & (rows["TRTP"] == "Placebo"))[0]] = 0
    return with_status(cnsr, np.where(cnsr == 0, 100, 730))


def test_stratum_without_events_is_refused_with_its_name() -> None:
    with pytest.raises(AnalysisError, match="`strata` must have an event in each stratum, got none at"):
        analyze(declared(PRIMARY, 'primary_method = "logrank"\nstrata = ["SEX"]\n'), _of_one_sex())


def _of_one_sex() -> dict[str, object]:
    rows = adtte().merge(datasets()["adsl"].frame[["USUBJID", "SEX"]], on="USUBJID")
    return with_status(np.where((rows["SEX"] == "M") & (rows.index < 20), 0, 1))


def test_many_events_show_the_primary_method_over_log_rank_and_cox() -> None:
    found = analyze(declared(PRIMARY, 'primary_method = "logrank"\n'), with_status(*_many()))
    rows = found.tables["methods"].set_index("method")
    assert rows["primary"].to_dict() == {"logrank": True, "cox": False}
    truth = logrank(_truth(), **MANY)
    assert rows.loc["logrank", "p_value"] == pytest.approx(truth.p_value, rel=1e-12)


def test_weight_strata_and_covariates_reach_the_method() -> None:
    held = with_status(*_many())
    late = analyze(declared(PRIMARY, 'primary_method = "logrank"\nweight = [0, 1]\nstrata = ["SEX"]\n'), held)
    truth = logrank(_truth(), **MANY, strata=["SEX"], rho=0, gamma=1)
    assert late.p_values[0] == pytest.approx(truth.p_value, rel=1e-12)
    assert late.method == "Log-rank test, weight S^0 (1 - S)^1, within SEX"
    assert late.tables["methods"]["method"].tolist() == ["logrank", "logrank", "cox"]
    adjusted = analyze(declared(PRIMARY, 'primary_method = "cox"\ncovariates = ["AGE"]\n'), held)
    fit = cox(
        _truth(), time="AVAL", event="EVENT", covariates=["TRTP", "AGE"],
        categories={"TRTP": ("Placebo", "Aldesleukin")},
    )  # fmt: skip
    assert adjusted.tables["methods"]["estimate"].iloc[0] == pytest.approx(
        fit.hazard_ratio("TRTP[Aldesleukin]").estimate, rel=1e-9
    )
    assert "hazard ratio" in adjusted.sentences[0]


@pytest.mark.parametrize(
    ("declared_as", "measure"),
    [
        ('"weibull"\n', "hazard ratio"),
        ('"rmst"\nhorizon_days = 600\n', "difference in restricted mean survival time"),
        ('"rmst"\nhorizon_days = 600\ncovariates = ["AGE"]\n', "difference in restricted mean survival time"),
        ('"exact_rate_ratio"\n', "rate ratio"),
    ],
)
def test_estimate_of_the_primary_method_stands_in_the_sentence(declared_as: str, measure: str) -> None:
    found = analyze(declared(PRIMARY, f"primary_method = {declared_as}"), with_status(*_many()))
    row = found.tables["methods"].iloc[0]
    assert row["primary"]
    assert row["measure"].lower() == measure
    assert row["lower"] < row["estimate"] < row["upper"]
    assert f"{row['estimate']:.2f}" in found.sentences[0]
    assert section(found).tables


def test_column_that_adsl_lacks_is_named() -> None:
    with pytest.raises(AnalysisError, match="`adsl` must have the columns HEIGHT"):
        analyze(declared(PRIMARY, 'primary_method = "cox"\ncovariates = ["HEIGHT"]\n'))


def test_participant_without_a_covariate_is_named() -> None:
    people = datasets()["adsl"].frame.copy()
    who = adtte()["USUBJID"].iloc[0]
    people.loc[people["USUBJID"] == who, "AGE"] = np.nan
    from tests.unit.analyze.declared.declared_trial import with_frame  # noqa: PLC0415

    with pytest.raises(AnalysisError, match=f"`AGE` must be known for every participant, got 1 without at {who}"):
        analyze(declared(PRIMARY, 'primary_method = "cox"\ncovariates = ["AGE"]\n'), dict(with_frame("adsl", people)))
