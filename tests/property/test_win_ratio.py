"""Pairs one by one against the matrix, and what may not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from calor.analyze.survival.hierarchy import EventTime, Measure, compare

HIERARCHY = [EventTime("days", "died"), Measure("crp", better="lower")]


def draw(seed: int, n: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns = {"days": rng.integers(1, 6, n), "died": rng.integers(0, 2, n), "crp": rng.integers(0, 4, n)}
    return pd.DataFrame(columns).astype({"days": float})


def slow(one: pd.Series, other: pd.Series) -> tuple[int, int]:
    """Decide one pair as a clinician would, reading the two records."""

    def died_first(a: pd.Series, b: pd.Series) -> bool:
        return bool(a["died"] and (a["days"] < b["days"] or (a["days"] == b["days"] and not b["died"])))

    if died_first(other, one) or died_first(one, other):
        return (1 if died_first(other, one) else -1), 0
    return 0, int(np.sign(other["crp"] - one["crp"]))


@given(seed=st.integers(0, 10_000), n=st.integers(2, 8))
def test_the_matrix_equals_the_pairs(seed: int, n: int) -> None:
    table = draw(seed, n)
    everyone = np.arange(n)
    got = compare(table, HIERARCHY, everyone, everyone)
    for i in everyone:
        for j in everyone:
            assert tuple(got[:, i, j]) == slow(table.iloc[i], table.iloc[j])
