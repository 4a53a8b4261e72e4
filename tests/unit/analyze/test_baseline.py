"""Baseline characteristics."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from calor.analyze.baseline import baseline_characteristics
from calor.errors import AnalysisError


def _adsl() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "TRT01P": ["A"] * 4 + ["P"] * 4,
            "AGE": [40.0, 50, 60, 70, 45, 55, 65, 75],
            "CRP": [2.0, 4, 8, None, 3, 6, 9, 12],
            "SEX": ["M", "M", "M", "F", "M", "M", "F", ""],
        }
    )


def _value(table: pd.DataFrame, characteristic: str, statistic: str, arm: str, category: str = "") -> float:
    rows = table[
        (table["characteristic"] == characteristic)
        & (table["statistic"] == statistic)
        & (table["arm"] == arm)
        & (table["category"] == category)
    ]
    (value,) = rows["value"]
    return float(value)


def test_quartiles_are_those_that_sas_prints() -> None:
    table = baseline_characteristics(_adsl(), continuous=["AGE"]).table
    found = [_value(table, "AGE", s, "A") for s in ("q1", "median", "q3")]
    assert found == [45, 55, 65]  # R: quantile(c(40, 50, 60, 70), type = 2)


def test_the_standardized_difference_is_the_difference_over_the_root_mean_variance() -> None:
    differences = baseline_characteristics(_adsl(), continuous=["AGE"], reference="P").differences
    assert differences["smd"].to_list() == pytest.approx([-5 / 12.909944487358056])


def test_for_two_categories_the_multinomial_form_is_the_binary_one() -> None:
    differences = baseline_characteristics(_adsl(), categorical=["SEX"]).differences
    p, q = 3 / 4, 2 / 3
    expected = abs(p - q) / ((p * (1 - p) + q * (1 - q)) / 2) ** 0.5
    assert differences["smd"].to_list() == pytest.approx([expected])


def test_missing_values_are_counted_and_stay_out_of_the_percentages() -> None:
    table = baseline_characteristics(_adsl(), continuous=["CRP"], categorical=["SEX"]).table
    assert (_value(table, "CRP", "n", "A"), _value(table, "CRP", "missing", "A")) == (3, 1)
    assert _value(table, "SEX", "percent", "P", "M") == pytest.approx(200 / 3)
    assert _value(table, "SEX", "n", "P", "missing") == 1


def test_there_is_no_p_value() -> None:
    result = baseline_characteristics(_adsl(), continuous=["AGE"], categorical=["SEX"])
    assert "p" not in set(result.table["statistic"]) | set(result.differences.columns)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"continuous": ["WEIGHT"]}, "got none named WEIGHT"),
        ({}, "must name columns of adsl, got none"),
        ({"continuous": ["SEX"]}, "must name numeric columns, got SEX"),
        ({"continuous": ["AGE"], "reference": "C"}, "`reference` must be one of the arms"),
        ({"continuous": ["AGE"], "arm": "SEX"}, "`SEX` must be given for each participant, got 1 blank"),
    ],
)
def test_questions_without_an_answer_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        baseline_characteristics(_adsl(), **arguments)  # type: ignore[arg-type]


def test_one_arm_or_one_value_is_refused() -> None:
    with pytest.raises(AnalysisError, match="at least two arms"):
        baseline_characteristics(_adsl().iloc[:4], continuous=["AGE"])
    with pytest.raises(AnalysisError, match="at least two finite values in each arm, got 1 values of AGE at arm P"):
        baseline_characteristics(_adsl().iloc[:5], continuous=["AGE"])


def test_a_real_trial_prints_its_reports_ages(calor_data: Path) -> None:
    adsl, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adsl.xpt")
    table = baseline_characteristics(adsl, continuous=["AGE"], categorical=["SEX"], reference="Placebo").table
    mean, sd = (_value(table, "AGE", s, "Placebo") for s in ("mean", "sd"))
    assert (round(mean, 1), round(sd, 2)) == (75.2, 8.59)  # CDISC Pilot 01 study report, demographics table
    assert _value(table, "SEX", "n", "Placebo", "F") == 53
