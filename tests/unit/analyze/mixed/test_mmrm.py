"""MMRM from a table: what it equals, what it says, what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from calor.analyze.continuous.ancova import ancova
from calor.analyze.mixed.mmrm import Fitting, Mmrm, mmrm
from calor.analyze.mixed.visit_table import RepeatedMeasures
from calor.errors import AnalysisError

COLUMNS = RepeatedMeasures("y", "id", "visit", "arm", covariates=("base",), factors=("site",), by_visit=("base",))
ARMS = ("placebo", "active")


def trial(participants: int = 40, visits: int = 3, seed: int = 1, missing: float = 0.15) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    who, visit = np.repeat(np.arange(participants), visits), np.tile(np.arange(visits), participants)
    base = rng.normal(size=participants)
    y = 3 + base[who] + rng.normal(size=participants)[who] + rng.normal(size=who.size) - 0.8 * (who % 2) * (visit + 1)
    table = pd.DataFrame(
        {
            "id": [f"P{k:03d}" for k in who],
            "visit": [f"W{v + 1:02d}" for v in visit],
            "arm": np.where(who % 2, "active", "placebo"),
            "site": np.where(who % 3, "north", "south"),
            "base": base[who],
            "y": y,
        }
    )
    gaps = rng.random(who.size) < missing
    return table.assign(y=table["y"].mask(gaps & (visit > 0)))


def fitted(table: pd.DataFrame, **choices: Any) -> Mmrm:
    return mmrm(table, COLUMNS, arms=ARMS, fitting=Fitting(**choices))


def test_one_visit_equals_ancova() -> None:
    table = trial(visits=1)
    got = fitted(table).contrasts[0]
    want = ancova(table, response="y", arm="arm", arms=ARMS, covariates=["base"], factors=["site"]).differences[0]
    assert got.estimate == pytest.approx(want.estimate, rel=1e-9)
    assert (got.se, got.df) == (pytest.approx(want.se, rel=1e-6), pytest.approx(want.df, rel=1e-6))
    assert got.p_value == pytest.approx(want.p_value, rel=1e-6)


def test_complete_data_give_ancova_at_each_visit_when_everything_is_by_visit() -> None:
    table = trial(missing=0.0)
    columns = RepeatedMeasures("y", "id", "visit", "arm", covariates=("base",), by_visit=("base",))
    result = mmrm(table, columns, arms=ARMS)
    for visit, got in zip(("W01", "W02", "W03"), result.contrasts, strict=True):
        at = table[table["visit"] == visit]
        want = ancova(at, response="y", arm="arm", arms=ARMS, covariates=["base"]).differences[0]
        assert got.estimate == pytest.approx(want.estimate, rel=1e-8)
        assert got.se == pytest.approx(want.se, rel=1e-6)
        assert got.df == pytest.approx(want.df, rel=1e-6)


def test_one_visit_with_a_variance_per_arm_is_welchs_test() -> None:
    table = trial(visits=1)
    columns = RepeatedMeasures("y", "id", "visit", "arm")
    got = mmrm(table, columns, arms=ARMS, fitting=Fitting(by_arm=True, df="satterthwaite")).contrasts[0]
    one, other = (table.loc[table["arm"] == arm, "y"] for arm in ARMS)
    want = stats.ttest_ind(other, one, equal_var=False)
    assert got.df == pytest.approx(want.df, rel=1e-6)
    assert got.p_value == pytest.approx(want.pvalue, rel=1e-6)


def test_one_visit_bias_reduced_sandwich_is_hc2_with_bell_mccaffrey_df() -> None:
    table = trial(visits=1)
    got = fitted(table, df="satterthwaite", vcov="bias-reduced").contrasts[0]
    options = {"response": "y", "arm": "arm", "arms": ARMS, "covariates": ["base"], "factors": ["site"]}
    want = ancova(table, se="CR2", **options).differences[0]
    assert got.se == pytest.approx(want.se, rel=1e-6)
    assert got.df == pytest.approx(want.df, rel=1e-6)


def test_sandwiches_grow_from_empirical_to_jackknife() -> None:
    table = trial()
    errors = [
        fitted(table, df="satterthwaite", vcov=kind).contrasts[0].se
        for kind in ("empirical", "bias-reduced", "jackknife")
    ]
    assert errors[0] < errors[1] < errors[2]


def test_between_within_counts_participants_for_arms_and_measurements_for_visits() -> None:
    table = trial()
    result = fitted(table, df="between-within")
    by_name = {e.label: e.df for e in result.coefficients}
    seen = int(table["y"].notna().sum())
    assert by_name["arm=active"] == 40 - 4  # intercept, arm, site, base
    assert by_name["visit=W02"] == by_name["intercept"] == seen - 40 - 6


def test_residual_df_are_measurements_less_coefficients() -> None:
    table = trial()
    assert fitted(table, df="residual").contrasts[0].df == int(table["y"].notna().sum()) - 10


def test_sas_form_equals_the_linear_form_for_unstructured_only() -> None:
    table = trial()
    linear, sas, plain = (
        fitted(table, df=df).contrasts[0].se for df in ("kenward-roger-linear", "kenward-roger-sas", "kenward-roger")
    )
    assert sas == linear != plain
    structure = "heterogeneous autoregressive"
    linear, sas = (
        fitted(table, covariance=structure, df=df).contrasts[0].se
        for df in ("kenward-roger-linear", "kenward-roger-sas")
    )
    assert sas != linear


def test_equal_weights_change_nothing_but_the_scale_of_the_covariance() -> None:
    table = trial().assign(w=4.0)
    weighted = mmrm(table, RepeatedMeasures("y", "id", "visit", "arm", weight="w"), arms=ARMS)
    plain = mmrm(table, RepeatedMeasures("y", "id", "visit", "arm"), arms=ARMS)
    assert weighted.contrasts[2].se == pytest.approx(plain.contrasts[2].se, rel=1e-6)
    np.testing.assert_allclose(weighted.covariance, 4.0 * plain.covariance, rtol=1e-5)


def test_spatial_covariance_over_equal_steps_is_autoregressive() -> None:
    table = trial().assign(day=lambda t: t["visit"].str[1:].astype(float))
    columns = RepeatedMeasures("y", "id", "visit", "arm", coordinates=("day",))
    spatial = mmrm(table, columns, arms=ARMS, fitting=Fitting(covariance="spatial exponential"))
    regressive = mmrm(table, columns, arms=ARMS, fitting=Fitting(covariance="autoregressive"))
    assert spatial.log_likelihood == pytest.approx(regressive.log_likelihood, abs=1e-8)
    assert spatial.contrasts[1].df == pytest.approx(regressive.contrasts[1].df, rel=1e-5)


def test_three_arms_are_each_compared_with_the_reference() -> None:
    table = trial()
    third = table["id"].isin(sorted(table["id"].unique())[:12])
    result = mmrm(table.assign(arm=table["arm"].mask(third, "high")), COLUMNS, arms=(*ARMS, "high"))
    labels = [e.label for e in result.contrasts]
    assert labels[0] == "active v placebo at W01"
    assert labels[3] == "high v placebo at W01"
    assert result.joint.numerator_df == 6


def test_participants_without_a_response_are_counted_out() -> None:
    table = trial()
    table.loc[table["id"] == "P000", "y"] = np.nan
    result = fitted(table)
    assert result.n == 39
    assert [(e.reason, e.participants) for e in result.excluded] == [("without a response at any visit", 1)]


def test_result_prints_as_sentences_and_becomes_a_table() -> None:
    result = fitted(trial())
    lines = str(result).splitlines()
    assert lines[0] == "MMRM, unstructured covariance, REML"
    assert lines[1].startswith("active v placebo at W01: ")
    assert "MMRM, Kenward-Roger (linear), n = 40" in lines[1]
    assert result.estimand.startswith("hypothetical")
    frame = result.to_frame()
    assert frame["kind"].value_counts().to_dict() == {"LS mean": 6, "difference": 3}


@pytest.mark.slow
def test_false_positive_rate_of_small_trials_is_five_percent() -> None:
    trials, rejected = 1500, 0
    columns = RepeatedMeasures("y", "id", "visit", "arm")
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        who, visit = np.repeat(np.arange(24), 4), np.tile(np.arange(4), 24)
        y = rng.normal(size=24)[who] + rng.normal(size=96)
        y[(rng.random(96) < 0.12) & (visit > 0)] = np.nan
        table = pd.DataFrame({"id": who, "visit": visit, "arm": np.where(who % 2, "active", "placebo"), "y": y})
        p_value = mmrm(table, columns, arms=ARMS).contrasts[3].p_value
        assert p_value is not None
        rejected += p_value < 0.05
    rate, margin = rejected / trials, 3 * np.sqrt(0.05 * 0.95 / trials)
    assert abs(rate - 0.05) < margin, f"{rate:.3f}, Monte Carlo interval 0.05 +- {margin:.3f}"


def test_ordered_visits_keep_their_order() -> None:
    table = trial()
    order = ["W02", "W03", "W01"]
    assert fitted(table.assign(visit=pd.Categorical(table["visit"], order))).visits == tuple(order)


def test_visits_named_by_week_are_in_the_order_of_the_weeks() -> None:
    table = trial()
    weeks = table["visit"].map({"W01": "Week 4", "W02": "Week 12", "W03": "Week 26"})
    assert fitted(table.assign(visit=weeks)).visits == ("Week 4", "Week 12", "Week 26")


def spoil(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    if kind == "duplicate":
        return pd.concat([table, table.iloc[[4]]])
    if kind == "infinite":
        return table.assign(y=table["y"].where(table.index != 3, np.inf))
    if kind == "constant":
        return table.assign(y=1.0)
    if kind == "missing covariate":
        return table.assign(base=table["base"].where(table["id"] != "P003"))
    if kind == "copy of arm":
        return table.assign(base=(table["arm"] == "active").astype(float))
    if kind == "two arms":
        return table.assign(arm=table["arm"].where(table.index != 0, "active"))
    if kind == "one participant":
        return table[(table["arm"] == "placebo") | (table["id"] == "P001")]
    if kind == "text":
        return table.assign(y=table["y"].astype(str) + " mg")
    if kind == "never together":
        first, last = table["visit"] == "W02", table["visit"] == "W03"
        return table.assign(
            y=table["y"].mask(first & (table["site"] == "north")).mask(last & (table["site"] == "south"))
        )
    raise KeyError(kind)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("duplicate", "once per participant.*participant P001, visit W02"),
        ("infinite", "be finite"),
        ("constant", "vary"),
        ("missing covariate", "`base` must be known"),
        ("copy of arm", "tell something that the other terms do not"),
        ("two arms", "same at every visit"),
        ("one participant", "at least two participants"),
        ("text", "be numeric"),
        ("never together", "both visits"),
    ],
)
def test_unfit_tables_are_refused_naming_the_culprit(kind: str, says: str) -> None:
    columns = RepeatedMeasures("y", "id", "visit", "arm", covariates=("base",))
    with pytest.raises(AnalysisError, match=says):
        mmrm(spoil(trial(), kind), columns, arms=ARMS)


@pytest.mark.parametrize(
    ("choices", "says"),
    [
        ({"df": "kenward-rogers"}, "`df` must be one of"),
        ({"vcov": "robust"}, "`vcov` must be one of"),
        ({"method": "OLS"}, "`method` must be one of"),
        ({"vcov": "empirical"}, "Kenward-Roger adjusts the model-based"),
        ({"method": "ML"}, "after ML"),
        ({"covariance": "banded"}, "name a structure"),
        ({"covariance": "spatial exponential"}, "coordinates"),
    ],
)
def test_choices_that_do_not_exist_or_fit_together_are_refused(choices: dict[str, Any], says: str) -> None:
    with pytest.raises(AnalysisError, match=says):
        fitted(trial(), **choices)


def test_unknown_columns_arms_and_levels_are_refused() -> None:
    table = trial()
    with pytest.raises(AnalysisError, match="have each column once"):
        mmrm(table, RepeatedMeasures("crp", "id", "visit", "arm"), arms=ARMS)
    with pytest.raises(AnalysisError, match="occur in column arm"):
        mmrm(table, COLUMNS, arms=("placebo", "treated"))
    with pytest.raises(AnalysisError, match="two or more different"):
        mmrm(table, COLUMNS, arms=("placebo",))
    with pytest.raises(AnalysisError, match="`level`"):
        mmrm(table, COLUMNS, arms=ARMS, level=95)
    with pytest.raises(AnalysisError, match="by_visit"):
        RepeatedMeasures("y", "id", "visit", "arm", by_visit=("base",))
    with pytest.raises(AnalysisError, match='"unstructured" when there is a single visit'):
        mmrm(trial(visits=1), COLUMNS, arms=ARMS, fitting=Fitting(covariance="autoregressive"))
