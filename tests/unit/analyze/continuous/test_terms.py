"""Covariates as columns: references, interactions, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.continuous.terms import terms
from calor.errors import AnalysisError

TABLE = pd.DataFrame(
    {"arm": ["p", "a", "a"], "age": [50.0, 60.0, 70.0], "site": ["x", "y", "z"]}, index=["S1", "S2", "S3"]
)


def test_the_first_category_is_the_reference() -> None:
    model = terms(pd.DataFrame({"arm": ["p", "a", "a", "p"]}), ["arm"], {"arm": ("p", "a")})
    assert model.values[:, 0].tolist() == [0, 1, 1, 0]
    assert model.label("arm[a]") == "a v p"


def test_an_interaction_multiplies_every_column_of_its_parts() -> None:
    model = terms(TABLE, ["site:age"])
    assert model.names == ("site[y]:age", "site[z]:age")
    assert model.values.tolist() == [[0, 0], [60, 0], [0, 70]]
    assert set(model.terms) == {"site:age"}


def test_a_categorical_column_keeps_its_own_order() -> None:
    table = TABLE.assign(site=pd.Categorical(TABLE["site"], categories=["z", "y", "x"]))
    assert terms(table, ["site"]).names == ("site[y]", "site[x]")


@pytest.mark.parametrize(
    ("changes", "covariates", "categories", "says"),
    [
        ({}, ["arm"], {"arm": ("p", "b")}, "rows S2, S3"),
        ({"arm": ["p", None, "a"]}, ["arm"], None, "row S2"),
        ({"age": [1.0, np.inf, 2.0]}, ["age"], None, "row S2"),
        ({}, ["arm"], {"site": ("x", "y", "z")}, "belong to covariates"),
        ({"arm": "a"}, ["arm"], None, "at least two values"),
        ({}, ["arm"], {"arm": ("p", "a")}, "at least two participants at each value, got 1 at p"),
        ({}, ["arm", "arm"], None, "once"),
        ({}, ["weight"], None, "weight"),
    ],
)
def test_a_covariate_that_cannot_enter_is_refused(
    changes: dict, covariates: list[str], categories: dict | None, says: str
) -> None:
    with pytest.raises(AnalysisError, match=says):
        terms(TABLE.assign(**changes), covariates, categories)
