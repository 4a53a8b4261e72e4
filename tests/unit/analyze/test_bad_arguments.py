"""Arguments and data that once gave a bare error, a warning or no number, each refused by name or answered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.assurance import NormalBelief, assurance
from calor.analyze.benefit.benefit_concordance import c_for_benefit
from calor.analyze.benefit.fractional_polynomials import fractional_polynomials
from calor.analyze.benefit.responder import landmark_responder
from calor.analyze.benefit.shrinkage_interaction import shrinkage_interaction
from calor.analyze.benefit.threshold_search import threshold_search
from calor.analyze.benefit.winners_curse import exaggeration
from calor.analyze.continuous.change_in_one_arm import null_correlation
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.least_squares import least_squares
from calor.analyze.continuous.rank_sum import mann_whitney
from calor.analyze.counts.firth_logistic import firth_logistic
from calor.analyze.counts.poisson_regression import poisson_regression
from calor.analyze.estimate import check_level
from calor.analyze.mixed.linear_mixed import linear_mixed
from calor.analyze.safety.mcmc_convergence import r_hat
from calor.analyze.survival.aalen_johansen import aalen_johansen
from calor.analyze.survival.cox import cox
from calor.analyze.survival.gray import gray
from calor.analyze.survival.rmst import rmst
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("p", "a"))


def trial() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    table = pd.DataFrame({"arm": ["p", "a"] * 20, "crp": np.exp(rng.normal(2, 1, 40)), "tbr": rng.normal(2, 0.3, 40)})
    return table.assign(day=60, low=[True, True, False, False] * 10, mi=0, years=1.0, days=np.arange(1, 41), cause=1)


def responder(**changed: object) -> object:
    columns = {"response": "tbr", "response_day": "day", "responder": "low", "arm": "arm"}
    return landmark_responder(trial(), **{**columns, "arms": ("p", "a"), "landmark_day": 28, **changed})  # type: ignore[arg-type]


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "one arm": (lambda: responder(arms=("p",)), "`arms` must name at least two"),
    "no landmark": (lambda: responder(landmark_day=np.nan), "`landmark_day` must be a study day, got nan"),
    "a day in words": (lambda: responder(response_day="arm"), "`arm` must be numeric"),
    "no event": (
        lambda: poisson_regression(trial(), events="mi", follow_up="years", covariates=["crp"]),
        "`mi` must hold an event, got no event",
    ),
    "nobody": (lambda: firth_logistic(trial()[:0], event="mi", covariates=["crp"]), "`table` must have rows"),
    "a constant biomarker": (
        lambda: fractional_polynomials(trial().assign(crp=2.0), TWO, biomarker="crp"),
        "`crp` must vary, got one value",
    ),
    "a unit in which ratios overflow": (
        lambda: str(cox(trial().assign(crp=lambda t: t.crp * 1e-9), time="days", event="cause", covariates=["crp"])),
        "must be estimable, got a log ratio of",
    ),
    "no end": (
        lambda: rmst(trial(), time="days", event="cause", arm="arm", arms=("p", "a"), horizon=np.inf),
        "`horizon` must lie between 0 and",
    ),
    "an endless weight": (
        lambda: gray(trial(), time="days", status="cause", arm="arm", rho=-np.inf),
        "`rho` must be finite",
    ),
    "no margin": (lambda: assurance(NormalBelief(-0.2, 0.1), 0.1, margin=np.nan), "`margin` must be finite"),
    "an alpha of 0": (lambda: exaggeration(2.0, alpha=0.0), "`alpha` must lie between 0 and 1"),
    "no correlation": (lambda: null_correlation(2.0), "`correlation` must lie between -1 and 1"),
    "no bootstrap sample": (
        lambda: c_for_benefit(np.arange(20.0), np.arange(20.0), np.arange(20) % 2, rng=_rng(), bootstraps=0),
        "`bootstraps` must be a whole number from 2",
    ),
    "a level in words": (lambda: check_level("95 %"), "`level` must lie between 0 and 1"),  # type: ignore[arg-type]
    "a gap in the design": (
        lambda: least_squares(np.array([[1.0], [np.nan]]), np.array([1.0, 2.0]), ["x"]),
        "`design` must be finite",
    ),
    "a gap among ranks": (
        lambda: mann_whitney(np.array([1.0, np.nan]), np.array([2.0, 3.0])),
        "`active` must be finite, as must control",
    ),
    "too few draws": (lambda: r_hat(np.ones((2, 3))), "`draws` must be finite, at least four of each chain"),
    "a random effect of zeros": (
        lambda: linear_mixed(
            np.arange(6.0), {"1": np.ones(6)}, np.zeros((6, 1)), participant=np.array([0, 0, 1, 1, 2, 2])
        ),
        "`random` must be finite and not zero throughout",
    ),
}


def _rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize("what", REFUSED)
def test_what_gives_no_number_is_refused_by_name(what: str) -> None:
    call, message = REFUSED[what]
    with pytest.raises(AnalysisError) as refused:
        call()
    assert message in str(refused.value)


def test_an_incidence_that_reaches_one_has_limits_of_one() -> None:
    curve = aalen_johansen(trial(), time="days", status="cause").curves
    assert curve["incidence"].iloc[-1] == pytest.approx(1.0)
    assert curve[["lower", "upper"]].iloc[-1].tolist() == pytest.approx([1.0, 1.0])


def test_a_large_mean_of_the_endpoint_costs_no_digits() -> None:
    far = trial().assign(tbr=lambda t: t.tbr + 1e7)

    def searched(table: pd.DataFrame) -> float:
        return threshold_search(table, TWO, biomarker="crp", rng=_rng(), permutations=99, bootstraps=9).p_value

    def shrunken(table: pd.DataFrame) -> float:
        return shrinkage_interaction(table, TWO, biomarkers={"crp": "log"}, rng=_rng(), draws=100).average.estimate

    assert searched(far) == searched(trial())
    assert shrunken(far) == pytest.approx(shrunken(trial()), abs=1e-4)
