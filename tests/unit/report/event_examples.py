"""One small result of every kind in the chapters on counts, times to events, several hypotheses, and safety."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from calor.analyze.counts.boschloo import boschloo
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.few_events import few_events
from calor.analyze.counts.firth_logistic import firth_logistic
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.analyze.counts.gamma_poisson import GammaPrior, gamma_poisson
from calor.analyze.counts.mantel_haenszel import mantel_haenszel
from calor.analyze.counts.mcnemar import mcnemar
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen
from calor.analyze.counts.poisson_regression import poisson_regression
from calor.analyze.drawable import Drawable
from calor.analyze.multiplicity.dunnett import dunnett
from calor.analyze.multiplicity.e_value import e_value
from calor.analyze.multiplicity.meta_analysis import meta_analysis
from calor.analyze.multiplicity.multiplicity import adjust
from calor.analyze.multiplicity.p_combination import fisher_combination
from calor.analyze.safety.adverse_events import AdverseEvents, adverse_events
from calor.analyze.safety.double_fdr import double_fdr
from calor.analyze.safety.edish import edish
from calor.analyze.safety.events_of_interest import events_of_interest
from calor.analyze.safety.hierarchical_signals import Sampling, hierarchical_signals
from calor.analyze.safety.laboratory_grades import LaboratoryGrades, laboratory_grades
from calor.analyze.safety.shift_table import shift_table
from calor.analyze.safety.term_comparison import compare_terms
from calor.analyze.survival.aalen_johansen import aalen_johansen
from calor.analyze.survival.cox import cox
from calor.analyze.survival.finkelstein_schoenfeld import finkelstein_schoenfeld
from calor.analyze.survival.firth_cox import firth_cox
from calor.analyze.survival.grambsch_therneau import grambsch_therneau
from calor.analyze.survival.gray import gray
from calor.analyze.survival.hierarchy import EventTime, Measure
from calor.analyze.survival.kaplan_meier import kaplan_meier
from calor.analyze.survival.landmark import landmark
from calor.analyze.survival.logrank import logrank
from calor.analyze.survival.mean_cumulative import mean_cumulative
from calor.analyze.survival.nelson_aalen import nelson_aalen
from calor.analyze.survival.permutation_logrank import permutation_logrank
from calor.analyze.survival.rmst import rmst
from calor.analyze.survival.rmst_adjusted import rmst_adjusted
from calor.analyze.survival.weibull import weibull
from calor.analyze.survival.win_ratio import win_ratio

ARMS = ("placebo", "aldesleukin")
ACTIVE, CONTROL = EventCount(1, 32), EventCount(6, 31)
TIMES = {"time": "days", "event": "mi"}
TWO = {**TIMES, "arm": "arm", "arms": ARMS}
CAUSES = {"time": "days", "status": "status"}
MODEL = {"covariates": ["arm", "age"], "categories": {"arm": ARMS}}
HIERARCHY = [EventTime("days", "mi"), Measure("age", better="lower")]


def rng() -> np.random.Generator:
    return np.random.default_rng(6)


def followed() -> pd.DataFrame:
    """Return 60 participants with an event, another one or none."""
    draw = rng()
    table = pd.DataFrame({"arm": [*ARMS] * 30, "age": draw.normal(60, 8, 60)})
    days = np.ceil(draw.exponential(np.where(table["arm"] == ARMS[1], 700, 300)))
    status = np.where(days > 730, 0, draw.choice([1, 2], 60, p=[0.7, 0.3]))
    table = table.assign(days=np.minimum(days, 730), status=status, mi=(status == 1).astype(int))
    return table.assign(count=draw.poisson(1.5, 60), years=table["days"] / 365.25)


def intervals() -> pd.DataFrame:
    """Return two intervals of each of 20 participants."""
    who = np.repeat(np.arange(20), 2)
    end = np.tile([100, 300], 20) + who
    start = np.where(np.arange(40) % 2 == 0, 0, np.r_[0, end[:-1]])
    return pd.DataFrame({"from": start, "to": end, "mi": (who + np.arange(40)) % 3 == 0}, index=who).assign(
        arm=np.array(ARMS)[who % 2], mi=lambda table: table["mi"].astype(int)
    )


def safety_set() -> pd.DataFrame:
    """Return 40 treated participants."""
    names = [f"{i:02d}" for i in range(40)]
    return pd.DataFrame({"USUBJID": names, "TRT01A": [*ARMS] * 20, "TRTDURD": 54})


def reported() -> pd.DataFrame:
    """Return adverse events of two terms."""
    people = safety_set()
    had = people[(people.index % 3 == 0) | ((people["TRT01A"] == ARMS[1]) & (people.index % 2 == 1))]
    rows = had.assign(AEBODSYS="General", AEDECOD=np.where(had.index % 4 == 0, "Fever", "Chills"), AESEV="MILD")
    return rows.rename(columns={"TRT01A": "TRTA"}).assign(AEREL="", AESER="N", TRTEMFL="Y", ASTDY=5)


def blood() -> pd.DataFrame:
    """Return aminotransferase and bilirubin before and after the first dose."""
    rows = [
        {"USUBJID": who, "PARAMCD": code, "ADY": day, "AVAL": high * (4.0 if who == "03" and day > 1 else 0.6)}
        | {"AVALU": unit, "ANRLO": 1.0, "ANRHI": high, "BASE": 0.6 * high}
        for who in safety_set()["USUBJID"]
        for code, high, unit in (("ALT", 40.0, "U/L"), ("BILI", 20.0, "umol/L"))
        for day in (1, 30)
    ]
    return pd.DataFrame(rows)


def _incidence() -> AdverseEvents:
    return adverse_events(reported(), safety_set())


def _grades() -> LaboratoryGrades:
    return laboratory_grades(blood())


def _signals() -> Drawable:
    counts = [EventCount(6, 20), EventCount(3, 20)], [EventCount(1, 20), EventCount(3, 20)]
    return hierarchical_signals(
        ["General"] * 2, ["Fever", "Chills"], *counts, rng=rng(), sampling=Sampling(warm_up=1000, draws=3000)
    )


EVENT_EXAMPLES: dict[str, Callable[[], Drawable]] = {
    "Boschloo": lambda: boschloo(ACTIVE, CONTROL),
    "FewEvents": lambda: few_events(followed().head(20), **TWO, rng=rng()),
    "FirthLogistic": lambda: firth_logistic(followed(), event="mi", covariates=["age"]),
    "FisherExact": lambda: fisher_exact(ACTIVE, CONTROL),
    "MantelHaenszel": lambda: mantel_haenszel([(ACTIVE, CONTROL), (EventCount(3, 20), EventCount(5, 20))]),
    "McNemar": lambda: mcnemar(2, 9),
    "RatePosterior": lambda: gamma_poisson(0, 64.0, prior=GammaPrior(0.5, 0), n=32),
    "RateRatios": lambda: poisson_regression(followed(), events="count", follow_up="years", **MODEL),
    "ScoreComparison": lambda: miettinen_nurminen(ACTIVE, CONTROL),
    "AdjustedP": lambda: adjust(["TBR", "hs-CRP", "infarction"], [0.01, 0.02, 0.2], "holm"),
    "CombinedP": lambda: fisher_combination([0.02, 0.1, 0.4]),
    "Dunnett": lambda: dunnett(
        {"low": rng().normal(0.3, 1, 20), "high": rng().normal(0.8, 1, 20)}, rng().normal(0, 1, 20)
    ),
    "EValue": lambda: e_value(0.35, 0.0, 0.95),
    "MetaAnalysis": lambda: meta_analysis([-0.2, -0.1, 0.0], [0.01, 0.02, 0.015]),
    "AdverseEvents": _incidence,
    "Edish": lambda: edish(blood(), safety_set()),
    "EventsOfInterest": lambda: events_of_interest(reported(), safety_set(), {"Immune activation": ("Fever",)}),
    "FlaggedTerms": lambda: double_fdr(["a", "a", "b"], ["x", "y", "z"], [0.001, 0.2, 0.7]),
    "HierarchicalSignals": _signals,
    "LaboratoryGrades": _grades,
    "ShiftTable": lambda: shift_table(_grades(), safety_set(), _grades().table["term"].iloc[0]),
    "TermComparison": lambda: compare_terms(_incidence(), ARMS[1], ARMS[0]),
    "AalenJohansen": lambda: aalen_johansen(followed(), **CAUSES, arm="arm", arms=ARMS),
    "AdjustedRmst": lambda: rmst_adjusted(followed(), **TWO, covariates=["age"], horizon=600),
    "FinkelsteinSchoenfeld": lambda: finkelstein_schoenfeld(followed(), hierarchy=HIERARCHY, arm="arm", arms=ARMS),
    "FirthCox": lambda: firth_cox(followed(), **TIMES, **MODEL),
    "Gray": lambda: gray(followed(), **CAUSES, arm="arm", arms=ARMS),
    "HazardRatios": lambda: cox(followed(), **TIMES, **MODEL),
    "KaplanMeier": lambda: kaplan_meier(followed(), **TWO),
    "Landmark": lambda: landmark(followed(), **TIMES, at=30, **MODEL),
    "LogRank": lambda: logrank(followed(), **TWO),
    "MeanCumulative": lambda: mean_cumulative(intervals(), start="from", stop="to", event="mi", arm="arm", arms=ARMS),
    "NelsonAalen": lambda: nelson_aalen(followed(), **TWO),
    "PermutationLogRank": lambda: permutation_logrank(followed(), **TWO, rng=rng(), permutations=500),
    "ProportionalHazardsTest": lambda: grambsch_therneau(cox(followed(), **TIMES, **MODEL)),
    "Rmst": lambda: rmst(followed(), **TWO, horizon=600),
    "Weibull": lambda: weibull(followed(), **TIMES, **MODEL),
    "WinRatio": lambda: win_ratio(followed(), hierarchy=HIERARCHY, arm="arm", arms=ARMS),
}
"""An example by the name of its type."""
