"""One small result of every kind that a method returns: what the figures of results are drawn from in the tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from tests.unit.report.event_examples import EVENT_EXAMPLES

from calor.analyze.baseline import baseline_characteristics
from calor.analyze.benefit.assurance import NormalBelief, assurance
from calor.analyze.benefit.benefit_calibration import benefit_calibration
from calor.analyze.benefit.fractional_polynomials import fractional_polynomials
from calor.analyze.benefit.interaction import interaction
from calor.analyze.benefit.johnson_neyman import johnson_neyman
from calor.analyze.benefit.joint_interaction import joint_interaction
from calor.analyze.benefit.maximally_selected_rank import maximally_selected_rank
from calor.analyze.benefit.mediation import mediation
from calor.analyze.benefit.mfpi import mfpi
from calor.analyze.benefit.r_learner import r_learner
from calor.analyze.benefit.responder import landmark_responder
from calor.analyze.benefit.restricted_cubic_spline import spline_interaction
from calor.analyze.benefit.shrinkage_interaction import shrinkage_interaction
from calor.analyze.benefit.stepp import stepp
from calor.analyze.benefit.subgroups import subgroups
from calor.analyze.benefit.surrogacy import surrogacy
from calor.analyze.benefit.threshold_search import threshold_search
from calor.analyze.benefit.winners_curse import winners_curse
from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.ancova_log import ancova_log
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.quade import quade
from calor.analyze.continuous.unadjusted import unadjusted
from calor.analyze.disposition import disposition
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate
from calor.analyze.missing.multiple_imputation import multiple_imputation
from calor.analyze.missing.reference_based import reference_based
from calor.analyze.missing.tipping_point import tipping_point
from calor.analyze.missing.tobit import tobit
from calor.analyze.mixed.linear_mixed import linear_mixed
from calor.analyze.mixed.mmrm import mmrm
from calor.analyze.mixed.visit_table import RepeatedMeasures

ARMS = ("placebo", "aldesleukin")
TWO = Comparison("tbr", "arm", ARMS, ("base",))
COLUMNS = RepeatedMeasures("y", "id", "visit", "arm")
IVORY = Estimate("aldesleukin v placebo", -0.171, -0.308, -0.034, 0.95, "difference", "ANCOVA", 60, 0.0684, 0.015)


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def participants() -> pd.DataFrame:
    """Return 80 participants whose effect grows with baseline hs-CRP."""
    draw = rng()
    table = pd.DataFrame({"arm": [*ARMS] * 40, "sex": ["F", "F", "M", "M"] * 20, "base": draw.normal(2.3, 0.3, 80)})
    table["crp"] = np.exp(draw.normal(2.2, 1.2, 80))
    active = table["arm"] == ARMS[1]
    table["tbr"] = 1 + 0.5 * table["base"] - 0.12 * active * np.log(table["crp"]) + draw.normal(0, 0.2, 80)
    table["il6"] = np.exp(0.5 + 0.3 * table["tbr"] + draw.normal(0, 0.4, 80))
    return table.assign(low=draw.random(80) < 0.5, day=61)


def visits() -> pd.DataFrame:
    """Return 40 participants at two visits, some of them missing the second."""
    draw = rng()
    who, visit = np.repeat(np.arange(40), 2), np.tile([1, 2], 40)
    y = draw.normal(size=40)[who] + 0.5 * draw.normal(size=80) - (who % 2)
    table = pd.DataFrame({"id": who, "visit": visit, "arm": np.array(ARMS)[who % 2], "y": y})
    table.loc[(who % 5 == 0) & (visit == 2), "y"] = np.nan
    return table


def _calibration() -> Drawable:
    found = r_learner(participants(), TWO, effect_covariates=["crp"], rng=rng())
    return benefit_calibration(found.effects, found.response, found.arm)


def _linear_mixed() -> Drawable:
    table = visits().dropna()
    ones, response = np.ones((len(table), 1)), table["y"].to_numpy()
    fixed = {"(intercept)": ones[:, 0], "visit": table["visit"].to_numpy(dtype=float)}
    return linear_mixed(response, fixed, ones, participant=table["id"].to_numpy())


def _tipping_point() -> Drawable:
    deltas = [0.0, 1.0, 2.0, 4.0]
    return tipping_point(visits(), COLUMNS, arms=ARMS, deltas=deltas, reference_deltas=[0.0, -1.0])


def _adsl() -> pd.DataFrame:
    """Return ADSL of 40 participants."""
    draw = rng()
    return pd.DataFrame(
        {
            "USUBJID": [f"IV-{i:03d}" for i in range(40)], "TRT01P": [*ARMS] * 20, "AGE": draw.normal(60, 9, 40),
            "SEX": ["F", "M", "M", "M"] * 10, "TRTSDT": pd.Timestamp("2021-03-01"), "ITTFL": "Y",
            "EOSSTT": ["DISCONTINUED", *["COMPLETED"] * 39], "DCSREAS": ["WITHDRAWAL BY SUBJECT", *[None] * 39],
        }
    )  # fmt: skip


EXAMPLES: dict[str, Callable[[], Drawable]] = {
    "Estimate": lambda: IVORY,
    "Baseline": lambda: baseline_characteristics(_adsl(), continuous=["AGE"], categorical=["SEX"], reference=ARMS[0]),
    "Disposition": lambda: disposition(_adsl(), sets=["ITTFL"]),
    "Ancova": lambda: ancova(participants(), response="tbr", arm="arm", arms=ARMS, covariates=["base"]),
    "LogAncova": lambda: ancova_log(participants(), response="il6", arm="arm", arms=ARMS, covariates=["base"]),
    "Quade": lambda: quade(participants(), TWO),
    "Unadjusted": lambda: unadjusted(participants(), Comparison("tbr", "arm", ARMS), baseline="base"),
    "Mmrm": lambda: mmrm(visits(), COLUMNS, arms=ARMS),
    "LinearMixed": _linear_mixed,
    "ReferenceBased": lambda: reference_based(visits(), COLUMNS, arms=ARMS, strategy="jump to reference"),
    "MultiplyImputed": lambda: multiple_imputation(
        visits(), COLUMNS, arms=ARMS, strategy="copy reference", imputations=5, rng=rng()
    ),
    "TippingPoint": _tipping_point,
    "Tobit": lambda: tobit(participants(), Comparison("il6", "arm", ARMS), limit=2.0),
    "Assurance": lambda: assurance(NormalBelief(-0.171, 0.0686), 0.05),
    "BenefitCalibration": _calibration,
    "EffectPosterior": lambda: (
        shrinkage_interaction(participants(), TWO, biomarkers={"crp": "log"}, rng=rng()).posterior
    ),
    "FractionalPolynomials": lambda: fractional_polynomials(participants(), TWO, biomarker="crp"),
    "Interaction": lambda: interaction(participants(), TWO, biomarker="crp"),
    "JohnsonNeyman": lambda: johnson_neyman(participants(), TWO, biomarker="crp"),
    "JointInteraction": lambda: joint_interaction(participants(), TWO, biomarkers={"crp": "log", "base": "linear"}),
    "MaximallySelectedRank": lambda: maximally_selected_rank(
        participants()["tbr"].to_numpy(), participants()["crp"].to_numpy()
    ),
    "Mediation": lambda: mediation(participants(), TWO, mediator="il6", rng=rng(), bootstraps=200),
    "Mfpi": lambda: mfpi(participants(), TWO, biomarker="crp"),
    "RLearner": lambda: r_learner(participants(), TWO, effect_covariates=["crp"], rng=rng()),
    "Responder": lambda: landmark_responder(
        participants(), response="tbr", response_day="day", responder="low", arm="arm", arms=ARMS, landmark_day=28
    ),
    "ShrinkageInteraction": lambda: shrinkage_interaction(
        participants(), Comparison("tbr", "arm", ARMS), biomarkers={"crp": "log", "base": "linear"}, rng=rng()
    ),
    "SplineInteraction": lambda: spline_interaction(participants(), TWO, biomarker="crp"),
    "Stepp": lambda: stepp(participants(), TWO, biomarker="crp", rng=rng(), size=30, overlap=20, permutations=99),
    "Subgroups": lambda: subgroups(participants(), TWO, by=["sex"]),
    "Surrogacy": lambda: surrogacy(
        np.linspace(-0.6, 0.0, 8), np.linspace(-0.3, 0.02, 8) + rng().normal(0, 0.03, 8), np.full(8, 0.05)
    ),
    "ThresholdSearch": lambda: threshold_search(
        participants(), TWO, biomarker="crp", rng=rng(), permutations=99, bootstraps=50
    ),
    "WinnersCurse": lambda: winners_curse(IVORY),
    **EVENT_EXAMPLES,
}
"""An example by the name of its type."""
