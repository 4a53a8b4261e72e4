"""No method gives a number for a trial that cannot carry one: each refuses, naming the culprit."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from tests.efficacy_methods import METHODS, TWO, rng, trial

from calor import analyze
from calor.analyze.benefit.assurance import NormalBelief, assurance
from calor.analyze.benefit.benefit_calibration import benefit_calibration
from calor.analyze.benefit.benefit_concordance import c_for_benefit
from calor.analyze.benefit.maximally_selected_rank import maximally_selected_rank
from calor.analyze.benefit.surrogacy import surrogacy
from calor.analyze.benefit.winners_curse import winners_curse
from calor.analyze.continuous.rank_sum import rank_sum
from calor.analyze.continuous.t_test import t_test
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate
from calor.analyze.missing.multiple_imputation import multiple_imputation
from calor.analyze.missing.reference_based import reference_based
from calor.analyze.missing.tipping_point import tipping_point
from calor.analyze.mixed.linear_mixed import linear_mixed
from calor.analyze.mixed.mmrm import mmrm
from calor.analyze.mixed.visit_table import RepeatedMeasures
from calor.errors import AnalysisError

COLUMNS = RepeatedMeasures("tbr", "USUBJID", "visit", "arm", covariates=("base",))
ARMS = ("placebo", "active")
MAR = "missing at random"

REPEATED: dict[str, Callable[[pd.DataFrame], object]] = {
    "mmrm": lambda t: mmrm(t, COLUMNS, arms=ARMS),
    "reference_based": lambda t: reference_based(t, COLUMNS, arms=ARMS, strategy=MAR),
    "multiple_imputation": lambda t: multiple_imputation(t, COLUMNS, arms=ARMS, strategy=MAR, imputations=2, rng=rng()),
    "tipping_point": lambda t: tipping_point(t, COLUMNS, arms=ARMS, deltas=[0.0, 1.0]),
}
"""Every method that takes a table with one row per participant and visit."""

GOOD, TIED, ENDLESS = np.arange(24.0) % 7, np.full(24, 2.0), np.where(np.arange(24) == 5, np.inf, np.arange(24.0) % 7)
ARM = np.arange(24) % 2
OBSERVED = Estimate("x", 1.0, 0.2, 1.8, 0.95, "difference", "z", 60, se=0.4)
ONES = np.ones((24, 1))

ARRAYS: dict[str, tuple[Callable[[np.ndarray], object], str, str]] = {
    "t_test": (lambda y: t_test(y, TIED), "tied", "all finite"),
    "rank_sum": (lambda y: rank_sum(y[:12], y[12:]), "tied", "finite"),
    "linear_mixed": (
        lambda y: linear_mixed(y, {"one": ONES[:, 0]}, ONES, participant=np.arange(24) // 3), "one value throughout",
        "finite",
    ),
    "maximally_selected_rank": (lambda y: maximally_selected_rank(y, np.arange(24.0)), "tied", "finite"),
    "benefit_calibration": (
        lambda y: benefit_calibration(y, np.arange(24.0) % 5, ARM, groups=2), "one predicted", "finite",
    ),
    "c_for_benefit": (lambda y: c_for_benefit(y, np.arange(24.0) % 5, ARM, rng=rng()), "one predicted", "finite"),
    "surrogacy": (lambda y: surrogacy(y, GOOD, TIED), "one value for all", "finite"),
    "assurance": (lambda y: assurance(NormalBelief(y.max(), 0.1), float(np.ptp(y))), "positive", "finite"),
    "winners_curse": (
        lambda y: winners_curse(replace(OBSERVED, se=float(np.std(y[np.isfinite(y)])) if np.ptp(y) < 9 else np.inf)),
        "standard error", "significant",
    ),
}  # fmt: skip
"""Every method that takes arrays or numbers: how, and what is said of values all tied and of an infinite one."""

ANSWERING = {"from_mean_rows", "normal_estimate"}
"""What wraps an answer for the methods."""


def visits() -> pd.DataFrame:
    """Return 60 participants at two visits; three of them miss the second."""
    table = trial()
    second = table.assign(tbr=table.tbr + np.random.default_rng(3).normal(0, 0.1, len(table)))
    second.loc[[4, 9, 20], "tbr"] = np.nan
    return pd.concat([table.assign(visit=1), second.assign(visit=2)], ignore_index=True)


def _answering(chapter: str) -> set[str]:
    """Find the functions of a chapter that return a result."""
    found = set()
    package = import_module(f"calor.analyze.{chapter}")
    for info in pkgutil.walk_packages(package.__path__, f"calor.analyze.{chapter}."):
        module = import_module(info.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                returned = vars(module).get(str(function.__annotations__.get("return")))
                if inspect.isclass(returned) and issubclass(returned, Drawable):
                    found.add(name)
    return found


@pytest.mark.parametrize("chapter", ["benefit", "continuous", "missing", "mixed"])
def test_no_method_of_a_chapter_is_left_out_here(chapter: str) -> None:
    assert chapter in {m.name for m in pkgutil.iter_modules(analyze.__path__)}
    assert _answering(chapter) - ANSWERING - set(METHODS) - set(REPEATED) - set(ARRAYS) == set()


@pytest.mark.parametrize("method", METHODS)
def test_a_good_trial_has_an_answer_that_prints_and_tabulates(method: str) -> None:
    found = METHODS[method].run(trial(), TWO)
    assert "nan" not in str(found)
    assert len(found.to_frame()) >= 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(tbr=2.0), "all values tied"),
        (lambda t: t.assign(tbr=t.tbr.where(t.index != 7, np.inf)), "be finite, got inf at row 7"),
        (lambda t: t[(t.arm == "placebo") | (t.index == 1)], "at arm active"),
        (lambda t: pd.concat([t, t.iloc[[9]]]), "got IV-009 more than once"),
        (lambda t: t.drop(columns="tbr"), "none named tbr"),
    ],
)
def test_a_bad_trial_is_refused_by_name(
    method: str, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(AnalysisError) as refused:
        METHODS[method].run(change(trial()), TWO)
    assert message in str(refused.value)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "landmark_responder"])
@pytest.mark.parametrize(
    ("base", "message"),
    [
        (lambda t: t.base.where(t.index != 3, -np.inf), "be finite, got -inf at row 3"),
        (lambda t: 2.0 + 0 * t.base, "base"),
        (lambda t: (t.arm == "active").astype(float), "base"),
    ],
)
def test_an_infinite_covariate_and_a_singular_design_are_refused_by_name(
    method: str, base: Callable[[pd.DataFrame], pd.Series], message: str
) -> None:
    with pytest.raises(AnalysisError) as refused:
        METHODS[method].run(trial().assign(base=base), TWO)
    assert message in str(refused.value)


@pytest.mark.parametrize("method", REPEATED)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(tbr=2.0), "one value throughout"),
        (lambda t: t.assign(tbr=t.tbr.where(t.index != 7, np.inf)), "finite"),
        (lambda t: t[(t.arm == "placebo") | (t.USUBJID == "IV-001")], "active"),
        (lambda t: pd.concat([t, t.iloc[[9]]]), "IV-009"),
        (lambda t: t.drop(columns="tbr"), "tbr"),
        (lambda t: t.assign(base=2.0), "base"),
        (lambda t: t.assign(base=t.base.where(t.USUBJID != "IV-003", -np.inf)), "finite"),
    ],
)
def test_bad_visits_are_refused_by_name(
    method: str, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(AnalysisError) as refused:
        REPEATED[method](change(visits()))
    assert message in str(refused.value)


@pytest.mark.parametrize("method", ARRAYS)
def test_arrays_all_tied_or_infinite_are_refused(method: str) -> None:
    run, tied, endless = ARRAYS[method]
    for values, message in ((TIED, tied), (ENDLESS, endless)):
        with pytest.raises(AnalysisError, match=message):
            run(values)


@pytest.mark.parametrize("method", METHODS)
def test_missing_endpoints_are_left_out_and_counted_or_the_number_is_that_of_the_rest(method: str) -> None:
    table = trial()
    holes, rest = table.assign(tbr=table.tbr.where(table.index > 3)), table[table.index > 3]
    one, other = (METHODS[method].run(t, TWO).to_frame() for t in (holes, rest))
    for name in one.columns[[pd.api.types.is_float_dtype(one[c]) for c in one.columns]]:
        np.testing.assert_allclose(one[name].to_numpy(float), other[name].to_numpy(float), rtol=1e-9)
