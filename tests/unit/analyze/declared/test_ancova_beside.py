"""What stands beside the declared ANCOVA is the same comparison by other methods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from tests.unit.analyze.declared.declared_trial import datasets, find, section


def test_each_method_that_ivory_declares_has_its_row() -> None:
    rows = find("primary").tables["beside"].set_index("method")
    assert len(rows) == 8
    assert rows.loc["g-computation, slopes by arm", "estimate"] == pytest.approx(
        rows.loc["ANHECOVA, slopes by arm", "estimate"]
    )
    assert np.isnan(rows.loc["Quade's rank ANCOVA", "estimate"])
    assert rows.loc["Quade's rank ANCOVA", "p_value"] < 0.05


def test_rank_sum_is_scipys() -> None:
    pet = datasets()["adpet"].frame
    rows = pet[(pet["PARAMCD"] == "TBRIDX") & (pet["AVISIT"] == "Day 61")]
    active, placebo = (rows.loc[rows["TRTP"] == arm, "AVAL"].dropna() for arm in ("Aldesleukin", "Placebo"))
    want = mannwhitneyu(active, placebo, method="asymptotic").pvalue
    found = find("primary").tables["beside"].set_index("method").loc["Wilcoxon rank sum, Hodges-Lehmann shift"]
    assert found["p_value"] == pytest.approx(want)


def test_a_test_without_estimate_is_in_the_table_and_not_in_the_forest() -> None:
    shown = section(find("primary"))
    assert "Quade's rank ANCOVA" in [row[0] for row in shown.tables[1].rows]
    assert "Quade" not in str(shown.figures[0].spec)
