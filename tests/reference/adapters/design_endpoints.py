"""rpact, gsDesign, gsDesign2 and R's power.t.test: sample size, power, events and dates of fixed and sequential trials."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from calor.design import GroupSequential, classical, means, rates, spending, survival
from calor.design.accrual import Accrual
from calor.design.comparison import Comparison
from calor.design.event_probability import event_probability
from calor.design.expected_events import Stratum
from calor.design.hazard import Dropout, Hazard, HazardRatio, PiecewiseHazard, WeibullHazard
from calor.design.size_table import SizeTable
from tests.reference.registry import Case, adapter, close, number

Values = dict[str, Any]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _numbers(value: Any) -> list[float]:
    """Flatten a scalar, a vector or a column written as a list of rows."""
    return [number(x) for row in _list(value) for x in _list(row)]


# rpact


def rpact_design(d: Values) -> GroupSequential:
    """Build the design that rpact's getDesignGroupSequential makes of the same arguments."""
    looks = int(d.get("kMax") or len(d["informationRates"]))
    fractions = d.get("informationRates") or [(k + 1) / looks for k in range(looks)]
    sides = int(d.get("sided", 1))
    alpha, beta = d.get("alpha", 0.025), d.get("beta", 0.2)
    futility: Any = None
    binding = bool(d.get("bindingFutility", False))
    if d.get("futilityBounds"):
        futility = [-math.inf if x in ("NA", None) or x <= -6 else x for x in _list(d["futilityBounds"])]
    kind = d.get("typeBetaSpending", "none")
    if kind != "none":
        futility = _rpact_spending(kind.replace("bs", "as"), beta, d.get("gammaB"), d.get("userBetaSpending"))
    name = d.get("typeOfDesign", "OF")
    if name.startswith("as") or name == "noEarlyEfficacy" or looks == 1:
        efficacy = _rpact_spending(name, alpha, d.get("gammaA"), d.get("userAlphaSpending"))
    else:
        efficacy = {
            "OF": lambda: classical.obrien_fleming(alpha),
            "P": lambda: classical.pocock(alpha),
            "WT": lambda: classical.wang_tsiatis(alpha, d["deltaWT"]),
            "HP": lambda: classical.haybittle_peto(alpha, d.get("constantBoundsHP", 3.0)),
        }[name]()
    return GroupSequential(fractions, efficacy=efficacy, futility=futility, binding=binding, sides=sides)


def _rpact_spending(name: str, total: float, parameter: Any, user: Any) -> spending.SpendingFunction:
    if name == "asUser":
        return spending.given(user)
    made = {
        "asOF": lambda: spending.obrien_fleming(total),
        "asP": lambda: spending.pocock(total),
        "asKD": lambda: spending.kim_demets(total, parameter),
        "asHSD": lambda: spending.hwang_shih_decani(total, parameter),
    }
    return made.get(name, lambda: spending.at_the_end(total))()


def _comparison(i: Values, no_effect: float) -> Comparison:
    upper = i.get("directionUpper")
    if upper is None:
        upper = True if "maxNumberOfSubjects" in i and "lambda2" not in i else None
    benefit = None if upper is None or i["design"].get("sided", 1) == 2 else ("higher" if upper else "lower")
    null = i.get("thetaH0", no_effect)
    return Comparison(i.get("allocationRatioPlanned", 1.0), null, benefit)


def _power(i: Values) -> float:
    return 1 - float(i["design"].get("beta", 0.2))


def _compare_tables(case: Case, tables: list[SizeTable]) -> None:
    """Compare every number of one table per assumed effect with rpact's output, where it gives one."""
    want, tolerance = case["outputs"], case["tolerance"]

    def scalars(name: str, got: list[float]) -> None:
        if name in want:
            wanted = _numbers(want[name])
            for k, value in enumerate(got):
                close(value, wanted[k if len(wanted) == len(got) else 0], tolerance, f"{name}[{k}]")

    def rows(name: str, got: list[np.ndarray], tolerance: float = tolerance) -> None:
        for k, row in enumerate(want.get(name) or []):
            wanted = _numbers(row)
            for j, values in enumerate(got):
                expected = wanted[j if len(wanted) == len(got) else 0]
                if not math.isnan(expected) and k < len(values):  # NA: rpact has no such bound
                    close(float(values[k]), expected, tolerance, f"{name}[{k}][{j}]")

    first = tables[0]
    scalars("nFixed", [_fixed(t) for t in tables])
    for arm in (0, 1):
        name = f"{2 - arm}"  # rpact's group 1 is treatment
        scalars(f"nFixed{name}", [_fixed(t) * t.participants[-1, arm] / t.total for t in tables])
        scalars(f"maxNumberOfSubjects{name}", [t.participants[-1, arm] for t in tables])
        rows(f"numberOfSubjects{name}", [t.participants[:, arm] for t in tables])
    scalars("maxNumberOfSubjects", [t.total for t in tables])
    rows("numberOfSubjects", [t.participants.sum(axis=1) for t in tables])
    scalars("expectedNumberOfSubjects", [t.expected_participants() for t in tables])
    scalars("expectedNumberOfSubjectsH1", [t.expected_participants() for t in tables])
    scalars("expectedNumberOfSubjectsH01", [t.expected_participants("halfway") for t in tables])
    scalars("expectedNumberOfSubjectsH0", [t.expected_participants("null") for t in tables])
    scalars("overallReject", [t.crossing.efficacy.sum() for t in tables])  # either side of a two-sided design
    rows("rejectPerStage", [t.crossing.efficacy for t in tables])
    rows("futilityPerStage", [t.crossing.futility[:-1] for t in tables])
    if "NA" not in _list(want.get("futilityStop", "NA")):
        scalars("futilityStop", [t.crossing.futility[:-1].sum() for t in tables])
    scalars("earlyStop", [(t.crossing.efficacy + t.crossing.futility)[:-1].sum() for t in tables])
    rows("criticalValuesPValueScale", [first.to_frame()["p_value"].to_numpy()])
    rows("criticalValuesEffectScale", [t.efficacy_effect for t in tables])
    rows("futilityBoundsEffectScale", [t.futility_effect for t in tables])
    scalars("effect", [t.effect - t.null if "rate" in case["function"].lower() else t.effect for t in tables])
    if first.events is not None and first.times is not None:
        scalars("eventsFixed", [t.fixed_events or math.nan for t in tables])
        scalars("maxNumberOfEvents", [t.events[-1] for t in tables])
        rows("cumulativeEventsPerStage", [t.events for t in tables])
        rows("eventsPerStage", [t.events for t in tables])
        scalars("expectedEventsH0", [t.expected_events("null") for t in tables])
        scalars("expectedEventsH01", [t.expected_events("halfway") for t in tables])
        scalars("expectedEventsH1", [t.expected_events() for t in tables])
        scalars("expectedNumberOfEvents", [t.expected_events() for t in tables])
        rows("analysisTime", [t.times for t in tables])
        scalars("studyDuration", [t.expected_duration for t in tables])
        scalars("maxStudyDuration", [t.times[-1] for t in tables])


def _fixed(table: SizeTable) -> float:
    return table.total if table.fixed_participants is None else table.fixed_participants


@adapter("design_rpact_power_samplesize", r"(ss|pw)means.*")
def rpact_means(case: Case) -> None:
    i = case["inputs"]
    design, comparison = rpact_design(i["design"]), _comparison(i, 0.0)
    test: means.Test = "z" if i.get("normalApproximation") else "t"
    tables = []
    for difference in _list(i["alternative"]):
        assumed = {"difference": difference, "sd": i.get("stDev", 1.0), "test": test, "comparison": comparison}
        if "maxNumberOfSubjects" in i:
            tables.append(means.power(design, participants=i["maxNumberOfSubjects"], **assumed))
        else:
            tables.append(means.sample_size(design, power=_power(i), **assumed))
    _compare_tables(case, tables)


@adapter("design_rpact_power_samplesize", r"(ss|pw)rates.*")
def rpact_rates(case: Case) -> None:
    i = case["inputs"]
    ratio = bool(i.get("riskRatio", False))
    design, comparison = rpact_design(i["design"]), _comparison(i, 1.0 if ratio else 0.0)
    tables = []
    for treatment in _list(i["pi1"]):
        assumed = {
            "control": number(i.get("pi2", 0.2)), "treatment": treatment, "measure": "ratio" if ratio else "difference",
            "comparison": comparison,
        }  # fmt: skip
        if "maxNumberOfSubjects" in i:
            tables.append(rates.power(design, participants=i["maxNumberOfSubjects"], **assumed))
        else:
            tables.append(rates.sample_size(design, power=_power(i), **assumed))
    _compare_tables(case, tables)


def _rpact_control(i: Values) -> Hazard:
    if "piecewiseSurvivalTime" in i:
        return PiecewiseHazard(_list(i["piecewiseSurvivalTime"]), _list(i["lambda2"]))
    if "lambda2" in i:
        rate = number(i["lambda2"])
    elif "median2" in i:
        rate = math.log(2) ** (1 / i.get("kappa", 1)) / number(i["median2"])
    else:
        rate = (-math.log(1 - number(i.get("pi2", 0.2)))) ** (1 / i.get("kappa", 1)) / i.get("eventTime", 12)
    return PiecewiseHazard.constant(rate) if i.get("kappa", 1) == 1 else WeibullHazard(1 / rate, i["kappa"])


def _rpact_ratios(i: Values) -> list[float]:
    if "hazardRatio" in i:
        return _numbers(i["hazardRatio"])
    shape, eventtime = i.get("kappa", 1), i.get("eventTime", 12)
    at = np.asarray(float(eventtime))
    control = float(_rpact_control(i).cumulative(at))
    if "lambda1" in i:
        return [(rate * eventtime) ** shape / control for rate in _numbers(i["lambda1"])]
    if "median1" in i:
        return [math.log(2) * (eventtime / median) ** shape / control for median in _numbers(i["median1"])]
    return [-math.log(1 - pi) / control for pi in _numbers(i["pi1"])]


def _rpact_accrual(i: Values) -> Accrual:
    times = _numbers(i.get("accrualTime", [0, 12]))
    times = times if times[0] == 0 else [0.0, *times]
    intensity = _numbers(i.get("accrualIntensity", [1.0] * (len(times) - 1)))
    if len(intensity) == len(times):  # the last rate goes on until everyone is in
        so_far = float(np.dot(np.diff(times), intensity[:-1]))
        times.append(times[-1] + (i["maxNumberOfSubjects"] - so_far) / intensity[-1])
    accrual = Accrual(np.diff(times).tolist(), intensity)
    given = "accrualIntensity" in i and min(intensity) >= 1 and i.get("accrualIntensityType") != "relative"
    return (
        accrual if given or "maxNumberOfSubjects" not in i else accrual.scaled(i["maxNumberOfSubjects"] / accrual.total)
    )


def _rpact_dropout(i: Values) -> Dropout:
    return Dropout.by(i.get("dropoutTime", 12), i.get("dropoutRate1", 0.0), i.get("dropoutRate2", 0.0))


@adapter("design_rpact_power_samplesize", r"(ss|pw)surv.*")
def rpact_survival(case: Case) -> None:
    i = case["inputs"]
    design, control, accrual = rpact_design(i["design"]), _rpact_control(i), _rpact_accrual(i)
    comparison = _comparison(i, 1.0)
    tables = []
    for ratio in _rpact_ratios(i):
        assumed: Values = {
            "hazard_ratio": ratio, "control": control, "accrual": accrual, "dropout": _rpact_dropout(i),
            "comparison": comparison,
        }  # fmt: skip
        if "Power" in case["function"]:
            tables.append(survival.power(design, events=i["maxNumberOfEvents"], **assumed))
        elif "followUpTime" in i:
            tables.append(survival.sample_size(design, power=_power(i), follow_up=i["followUpTime"], **assumed))
        else:
            tables.append(survival.duration(design, power=_power(i), **assumed))
    _compare_tables(case, tables)
    want, tolerance = case["outputs"], case["tolerance"]
    for name, got in (
        ("followUpTime", [t.times[-1] - accrual.duration for t in tables if t.times is not None]),
        ("accrualIntensity", [rate * tables[0].total / accrual.total for rate in accrual.rates]),
        ("hazardRatio", [t.effect for t in tables]),
    ):
        wanted = _numbers(want[name]) if name in want else []
        for k, value in enumerate(wanted):
            close(got[k], value, tolerance, f"{name}[{k}]")


@adapter("design_rpact_power_samplesize", r"eventprob.*")
def rpact_event_probabilities(case: Case) -> None:
    i, want = case["inputs"], case["outputs"]
    accrual = _rpact_accrual(i)
    stratum = Stratum(accrual, _rpact_control(i), HazardRatio.constant(_rpact_ratios(i)[0]), _rpact_dropout(i))
    for k, time in enumerate(_numbers(i["time"])):
        got = event_probability(stratum, time, i.get("allocationRatioPlanned", 1.0))
        for name, value in (
            ("cumulativeEventProbabilities", got.overall),
            ("overallEventProbabilities", got.overall),
            ("eventProbabilities1", got.treatment),
            ("eventProbabilities2", got.control),
        ):
            close(value, _numbers(want[name])[k], case["tolerance"], f"{name} at {time}")


# R's own


@adapter("stats_ancova_interaction", r"power_.*")
def power_t_test(case: Case) -> None:
    got = dict(re.findall(r"(\w+)=([^,)]+)", case["model"]))
    level, sd = float(got.get("sig.level", 0.05)), float(got.get("sd", 1))
    one_sided = "one" in got.get("alternative", "two")
    design = GroupSequential([1.0], efficacy=spending.at_the_end(level), sides=1 if one_sided else 2)
    if "n" in got:
        table = means.power(design, difference=float(got["delta"]), sd=sd, participants=2 * float(got["n"]))
        close(table.power, case["outputs"]["power"], case["tolerance"], "power")
    else:
        table = means.sample_size(design, difference=float(got["delta"]), sd=sd, power=float(got["power"]))
        close(table.total / 2, case["outputs"]["n"], case["tolerance"], "n")
