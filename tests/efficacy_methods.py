"""Every method on one row per participant of the chapters on continuous endpoints and on who benefits, as one table.

What holds for all of them (laws, refusals) is tested by going through it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from calor.analyze.benefit.fractional_polynomials import fractional_polynomials
from calor.analyze.benefit.interaction import interaction
from calor.analyze.benefit.johnson_neyman import johnson_neyman
from calor.analyze.benefit.joint_interaction import joint_interaction
from calor.analyze.benefit.mediation import mediation
from calor.analyze.benefit.mfpi import mfpi
from calor.analyze.benefit.r_learner import r_learner
from calor.analyze.benefit.responder import landmark_responder
from calor.analyze.benefit.restricted_cubic_spline import spline_interaction
from calor.analyze.benefit.shrinkage_interaction import shrinkage_interaction
from calor.analyze.benefit.stepp import stepp
from calor.analyze.benefit.subgroups import subgroups
from calor.analyze.benefit.threshold_search import threshold_search
from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.ancova_log import ancova_log
from calor.analyze.continuous.anhecova import anhecova
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.dose_trend import dose_trend
from calor.analyze.continuous.g_computation import g_computation
from calor.analyze.continuous.quade import quade
from calor.analyze.continuous.unadjusted import unadjusted
from calor.analyze.estimate import Estimate
from calor.analyze.missing.tobit import tobit

TWO = Comparison("tbr", "arm", ("placebo", "active"), ("base",))
SWAPPED = Comparison("tbr", "arm", ("active", "placebo"), ("base",))


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def trial(seed: int = 2, n: int = 60) -> pd.DataFrame:
    """Return participants whose effect grows with baseline hs-CRP."""
    draw = np.random.default_rng(seed)
    table = pd.DataFrame({"USUBJID": [f"IV-{i:03d}" for i in range(n)], "arm": ["placebo", "active"] * (n // 2)})
    table["base"], table["crp"] = draw.normal(2.3, 0.3, n), draw.lognormal(2, 1, n)
    table["sex"], table["day"] = ["F", "F", "M", "M"] * (n // 4), 61
    table["low"] = draw.permutation([True, False] * (n // 2))
    active = table["arm"] == "active"
    table["tbr"] = 1 + 0.5 * table["base"] - 0.1 * active * np.log(table["crp"]) + draw.normal(0, 0.2, n)
    return table


class Method(NamedTuple):
    """One method.

    Attributes:
        run: Applies it to a table and a comparison.
        effects: The estimates in its result that compare arms.
        tests: The p-values in its result that belong to no estimate.
        seeded: Whether it draws random numbers, so that the order of rows and arms changes them.
        ratio: Whether its effects are ratios.
    """

    run: Callable[[pd.DataFrame, Comparison], Any]
    effects: Callable[[Any], Sequence[Estimate]] = lambda _: ()
    tests: Callable[[Any], Sequence[float]] = lambda _: ()
    seeded: bool = False
    ratio: bool = False


def _terms(c: Comparison) -> dict[str, Any]:
    return {"response": c.response, "arm": c.arm, "arms": c.arms, "covariates": c.covariates}


def _doses(c: Comparison) -> dict[Any, float]:
    return {c.arms[0]: 0.0, c.arms[1]: 1.0}


def _responder(table: pd.DataFrame, c: Comparison) -> Any:
    return landmark_responder(
        table, response="tbr", response_day="day", responder="low", arm="arm", arms=c.arms, landmark_day=28
    )  # type: ignore[arg-type]


METHODS: dict[str, Method] = {
    "ancova": Method(lambda t, c: ancova(t, **_terms(c)), lambda r: r.differences),
    "ancova_log": Method(lambda t, c: ancova_log(t, **_terms(c)), lambda r: r.ratios, ratio=True),
    "anhecova": Method(anhecova, lambda r: r.differences),
    "g_computation": Method(g_computation, lambda r: r.differences),
    "unadjusted": Method(
        lambda t, c: unadjusted(t, c, baseline="base"), lambda r: (r.ancova, r.followup)
    ),
    "dose_trend": Method(
        lambda t, c: dose_trend(t, response="tbr", arm="arm", doses=_doses(c), covariates=["base"]), lambda r: (r,)
    ),
    "quade": Method(quade, tests=lambda r: (r.p_value,)),
    "tobit": Method(lambda t, c: tobit(t, c, limit=1.6, logarithm=False), lambda r: r.contrasts),
    "interaction": Method(
        lambda t, c: interaction(t, c, biomarker="crp"),
        lambda r: (r.slope_difference, *(e.effect for e in r.effects)),
    ),
    "johnson_neyman": Method(
        lambda t, c: johnson_neyman(t, c, biomarker="crp"), tests=lambda r: (r.participants, *np.ravel(r.regions))
    ),
    "joint_interaction": Method(
        lambda t, c: joint_interaction(t, c, biomarkers={"crp": "log", "base": "linear"}),
        lambda r: (*r.slopes, r.effect_at_medians), lambda r: (r.joint.p_value,),
    ),
    "spline_interaction": Method(
        lambda t, c: spline_interaction(t, c, biomarker="crp"), lambda r: [e.effect for e in r.effects],
        lambda r: (r.interaction.p_value, r.nonlinearity.p_value),
    ),
    "fractional_polynomials": Method(
        lambda t, c: fractional_polynomials(t, c, biomarker="crp"),
        tests=lambda r: (*r.best_second, *(d - r.null for d in r.first.values())),
    ),
    "mfpi": Method(
        lambda t, c: mfpi(t, c, biomarker="crp"), tests=lambda r: (r.p_f, r.p_likelihood_ratio, *r.active_powers)
    ),
    "stepp": Method(
        lambda t, c: stepp(t, c, biomarker="crp", rng=rng(), size=20, overlap=10, permutations=20),
        lambda r: (r.overall, *(w.effect for w in r.windows)), lambda r: (r.p_value,), seeded=True,
    ),
    "threshold_search": Method(
        lambda t, c: threshold_search(t, c, biomarker="crp", rng=rng(), permutations=20, bootstraps=20),
        tests=lambda r: (r.best_cut, r.p_value, r.unadjusted_p_value, r.lower, r.upper), seeded=True,
    ),
    "subgroups": Method(
        lambda t, c: subgroups(t, c, by=["sex"]),
        lambda r: (r.overall, *(e for row in r.rows for e in (row.effect, row.shrunk))),
        lambda r: [test.p_value for test in r.interactions.values()],
    ),
    "shrinkage_interaction": Method(
        lambda t, c: shrinkage_interaction(t, c, biomarkers={"crp": "log"}, rng=rng(), draws=100),
        lambda r: (r.average, *r.slopes), seeded=True,
    ),
    "r_learner": Method(lambda t, c: r_learner(t, c, effect_covariates=["crp"], rng=rng()), seeded=True),
    "mediation": Method(
        lambda t, c: mediation(t, c, mediator="crp", rng=rng(), bootstraps=100),
        lambda r: (r.indirect, r.direct, r.total), seeded=True,
    ),
    "landmark_responder": Method(_responder),
}  # fmt: skip
"""Every method that takes a table with one row per participant; a test proves it complete."""
