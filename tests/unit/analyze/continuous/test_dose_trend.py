"""A trend with dose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from calor.analyze.continuous.dose_trend import dose_trend
from calor.errors import AnalysisError


def test_with_two_doses_it_is_the_difference_per_unit() -> None:
    table = pd.DataFrame({"arm": ["p"] * 4 + ["a"] * 4, "y": [1.0, 2.0, 3.0, 2.5, 3.0, 4.0, 5.5, 5.0]})
    found = dose_trend(table, response="y", arm="arm", doses={"p": 0, "a": 50})
    means = table.groupby("arm").y.mean()
    assert found.estimate == pytest.approx((means["a"] - means["p"]) / 50)


def test_equal_doses_are_refused() -> None:
    table = pd.DataFrame({"arm": ["p", "p", "a", "a"], "y": [1.0, 2.0, 3.0, 5.0]})
    with pytest.raises(AnalysisError, match="`doses` must be finite and not all equal"):
        dose_trend(table, response="y", arm="arm", doses={"p": 1, "a": 1})


def test_a_trend_needs_no_equal_spacing() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"arm": np.repeat(["a", "b", "c"], 50)})
    table["y"] = table.arm.map({"a": 0.0, "b": 1.0, "c": 10.0}) * 2.0 + rng.normal(0, 0.1, 150)
    found = dose_trend(table, response="y", arm="arm", doses={"a": 0, "b": 1, "c": 10})
    assert found.lower < 2.0 < found.upper


def test_cdisc_pilot_dose_response(calor_data: Path) -> None:
    adqs, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adqsadas.xpt")
    week24 = adqs[(adqs.AVISIT == "Week 24") & (adqs.EFFFL == "Y") & (adqs.ANL01FL == "Y")]
    doses = {"Placebo": 0, "Xanomeline Low Dose": 54, "Xanomeline High Dose": 81}
    found = dose_trend(week24, response="CHG", arm="TRTP", doses=doses, covariates=["BASE"], factors=["SITEGR1"])
    assert round(found.p_value or 0, 3) == 0.245
