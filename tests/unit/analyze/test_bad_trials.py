"""No method gives a number for a trial that cannot carry one: each refuses, naming the culprit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.fractional_polynomials import fractional_polynomials
from calor.analyze.benefit.interaction import interaction
from calor.analyze.benefit.johnson_neyman import johnson_neyman
from calor.analyze.benefit.joint_interaction import joint_interaction
from calor.analyze.benefit.mediation import mediation
from calor.analyze.benefit.mfpi import mfpi
from calor.analyze.benefit.r_learner import r_learner
from calor.analyze.benefit.restricted_cubic_spline import spline_interaction
from calor.analyze.benefit.shrinkage_interaction import shrinkage_interaction
from calor.analyze.benefit.stepp import stepp
from calor.analyze.benefit.subgroups import subgroups
from calor.analyze.benefit.threshold_search import threshold_search
from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.ancova_log import ancova_log
from calor.analyze.continuous.anhecova import anhecova
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.g_computation import g_computation
from calor.analyze.continuous.quade import quade
from calor.analyze.continuous.unadjusted import unadjusted
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("placebo", "active"), ("base",))
TERMS = {"response": "tbr", "arm": "arm", "arms": ("placebo", "active"), "covariates": ["base"]}


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


METHODS: dict[str, Callable[[pd.DataFrame], object]] = {
    "ancova": lambda t: ancova(t, **TERMS),
    "ancova_log": lambda t: ancova_log(t, **TERMS),
    "anhecova": lambda t: anhecova(t, TWO),
    "g_computation": lambda t: g_computation(t, TWO),
    "unadjusted": lambda t: unadjusted(t, TWO, baseline="base"),
    "quade": lambda t: quade(t, TWO),
    "interaction": lambda t: interaction(t, TWO, biomarker="crp"),
    "johnson_neyman": lambda t: johnson_neyman(t, TWO, biomarker="crp"),
    "joint_interaction": lambda t: joint_interaction(t, TWO, biomarkers={"crp": "log", "base": "linear"}),
    "spline_interaction": lambda t: spline_interaction(t, TWO, biomarker="crp"),
    "fractional_polynomials": lambda t: fractional_polynomials(t, TWO, biomarker="crp"),
    "mfpi": lambda t: mfpi(t, TWO, biomarker="crp"),
    "stepp": lambda t: stepp(t, TWO, biomarker="crp", rng=rng(), size=20, overlap=10, permutations=20),
    "threshold_search": lambda t: threshold_search(t, TWO, biomarker="crp", rng=rng(), permutations=20, bootstraps=20),
    "subgroups": lambda t: subgroups(t, TWO, by=["sex"]),
    "shrinkage_interaction": lambda t: shrinkage_interaction(t, TWO, biomarkers={"crp": "log"}, rng=rng(), draws=100),
    "r_learner": lambda t: r_learner(t, TWO, effect_covariates=["crp"], rng=rng()),
    "mediation": lambda t: mediation(t, TWO, mediator="crp", rng=rng(), bootstraps=100),
}


@pytest.fixture
def trial() -> pd.DataFrame:
    draw = np.random.default_rng(2)
    table = pd.DataFrame({"USUBJID": [f"IV-{i:03d}" for i in range(60)], "arm": ["placebo", "active"] * 30})
    table["base"], table["crp"] = draw.normal(2.3, 0.3, 60), draw.lognormal(2, 1, 60)
    table["sex"] = ["F", "F", "M", "M"] * 15
    table["tbr"] = table.base - 0.2 * (table.arm == "active") + draw.normal(0, 0.25, 60)
    return table


@pytest.mark.parametrize("method", METHODS)
def test_a_good_trial_has_an_answer_that_prints_and_tabulates(method: str, trial: pd.DataFrame) -> None:
    found = METHODS[method](trial)
    assert "nan" not in str(found)
    assert len(found.to_frame()) >= 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(tbr=2.0), "all values tied"),
        (lambda t: t.assign(tbr=t.tbr.where(t.index != 7, np.inf)), "be finite, got inf at row 7"),
        (lambda t: t[(t.arm == "placebo") | (t.index == 1)], "got 1 at arm active"),
        (lambda t: pd.concat([t, t.iloc[[9]]]), "got IV-009 more than once"),
        (lambda t: t.drop(columns="tbr"), "none named tbr"),
        (lambda t: t.assign(base=t.base.where(t.index != 3, -np.inf)), "be finite, got -inf at row 3"),
    ],
)
def test_a_bad_trial_is_refused_by_name(method: str, change: object, message: str, trial: pd.DataFrame) -> None:
    with pytest.raises(AnalysisError) as refused:
        METHODS[method](change(trial))  # type: ignore[operator]
    assert message in str(refused.value)


@pytest.mark.parametrize("method", METHODS)
def test_missing_endpoints_are_left_out_and_counted_or_the_number_is_that_of_the_rest(
    method: str, trial: pd.DataFrame
) -> None:
    holes = trial.assign(tbr=trial.tbr.where(trial.index > 3))
    rest = trial[trial.index > 3]
    one, other = METHODS[method](holes).to_frame(), METHODS[method](rest).to_frame()  # type: ignore[attr-defined]
    for name in one.columns[[pd.api.types.is_float_dtype(one[c]) for c in one.columns]]:
        np.testing.assert_allclose(one[name].to_numpy(float), other[name].to_numpy(float), rtol=1e-9)
