"""rpact, gsDesign, gsDesign2, R's power.t.test: sample size, power, events, dates of fixed and sequential trials."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from calor.design import (
    GroupSequential,
    average_hazard_ratio,
    classical,
    lachin_foulkes,
    max_combo,
    means,
    rates,
    rmst,
    spending,
    survival,
    weighted_logrank,
)
from calor.design.accrual import Accrual
from calor.design.comparison import Comparison
from calor.design.effect_by_look import EffectByLook
from calor.design.event_probability import event_probability
from calor.design.expected_events import Stratum, expected_events
from calor.design.fleming_harrington import FlemingHarrington
from calor.design.hazard import Dropout, Hazard, HazardRatio, PiecewiseHazard, WeibullHazard
from calor.design.operating_characteristics import Crossing
from calor.design.size_table import SizeTable
from tests.reference.registry import Case, adapter, close, number
from tests.reference.rpact_designs import group_sequential

Values = dict[str, Any]

# gsDesign2 integrates weighted log-rank moments with R's integrate() at its default tolerance, 1.2e-4 absolute. The
# same integrals at that tolerance give its numbers to 1e-5, at 1e-10 they give Calor's. Between them lie up to 4e-4 for
# FH(0, 0.5) and 1.6e-3 for FH(0, 1), less than 6e-5 for the plain log-rank test, which is held to the case's tolerance.
R_INTEGRATE = 2e-3


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _numbers(value: Any) -> list[float]:
    """Flatten a scalar, a vector or a column written as a list of rows."""
    return [number(x) for row in _list(value) for x in _list(row)]


# rpact


def _comparison(case: Case, no_effect: float) -> Comparison:
    """Read allocation, null and direction; rpact's power functions take higher for better unless told otherwise."""
    i = case["inputs"]
    upper = i.get("directionUpper")
    if upper in (None, "NA"):
        upper = True if "Power" in case["function"] else None
    benefit = None if upper is None or i["design"].get("sided", 1) == 2 else ("higher" if upper else "lower")
    return Comparison(i.get("allocationRatioPlanned", 1.0), i.get("thetaH0", no_effect), benefit)


def _power(i: Values) -> float:
    return 1 - float(i["design"].get("beta", 0.2))


class _Outputs(NamedTuple):
    """rpact's output: what it gives is compared, what it does not give is passed over."""

    want: Values
    tolerance: float

    def scalars(self, name: str, got: list[float]) -> None:
        """Compare one value per assumed effect."""
        if name in self.want:
            wanted = _numbers(self.want[name])
            for k, value in enumerate(got):
                close(value, wanted[k if len(wanted) == len(got) else 0], self.tolerance, f"{name}[{k}]")

    def rows(self, name: str, got: list[np.ndarray]) -> None:
        """Compare one row per look, one value per assumed effect in it."""
        for k, row in enumerate(self.want.get(name) or []):
            wanted = _numbers(row)
            for j, values in enumerate(got):
                expected = wanted[j if len(wanted) == len(got) else 0]
                if not math.isnan(expected):  # NA: rpact has no such bound
                    close(float(values[k]), expected, self.tolerance, f"{name}[{k}][{j}]")


def _compare_tables(case: Case, tables: list[SizeTable]) -> None:
    """Compare every number of one table per assumed effect with rpact's output, where it gives one."""
    want = _Outputs(case["outputs"], case["tolerance"])
    _compare_participants(want, tables)
    _compare_stopping(want, tables)
    if tables[0].events is not None and tables[0].times is not None:
        _compare_events(want, tables)


def _compare_participants(want: _Outputs, tables: list[SizeTable]) -> None:
    want.scalars("nFixed", [_fixed(t) for t in tables])
    for arm in (0, 1):
        name = f"{2 - arm}"  # rpact's group 1 is treatment
        want.scalars(f"nFixed{name}", [_fixed(t) * t.participants[-1, arm] / t.total for t in tables])
        want.scalars(f"maxNumberOfSubjects{name}", [t.participants[-1, arm] for t in tables])
        want.rows(f"numberOfSubjects{name}", [t.participants[:, arm] for t in tables])
    want.scalars("maxNumberOfSubjects", [t.total for t in tables])
    want.rows("numberOfSubjects", [t.participants.sum(axis=1) for t in tables])
    want.scalars("expectedNumberOfSubjects", [t.expected_participants() for t in tables])
    want.scalars("expectedNumberOfSubjectsH1", [t.expected_participants() for t in tables])
    want.scalars("expectedNumberOfSubjectsH01", [t.expected_participants("halfway") for t in tables])
    want.scalars("expectedNumberOfSubjectsH0", [t.expected_participants("null") for t in tables])


def _compare_stopping(want: _Outputs, tables: list[SizeTable]) -> None:
    want.scalars("overallReject", [t.crossing.efficacy.sum() for t in tables])  # either side of a two-sided design
    want.rows("rejectPerStage", [t.crossing.efficacy for t in tables])
    want.rows("futilityPerStage", [t.crossing.futility[:-1] for t in tables])
    if "NA" not in _list(want.want.get("futilityStop", "NA")):
        want.scalars("futilityStop", [t.crossing.futility[:-1].sum() for t in tables])
    want.scalars("earlyStop", [(t.crossing.efficacy + t.crossing.futility)[:-1].sum() for t in tables])
    want.rows("criticalValuesPValueScale", [tables[0].to_frame()["p_value"].to_numpy()])
    want.rows("criticalValuesEffectScale", [t.efficacy_effect for t in tables])
    want.rows("futilityBoundsEffectScale", [t.futility_effect for t in tables])
    want.scalars("effect", [t.effect - t.null for t in tables])


def _compare_events(want: _Outputs, tables: list[SizeTable]) -> None:
    events, times = [t.events for t in tables], [t.times for t in tables]
    want.scalars("eventsFixed", [t.fixed_events or math.nan for t in tables])
    want.scalars("maxNumberOfEvents", [e[-1] for e in events if e is not None])
    for name in ("cumulativeEventsPerStage", "eventsPerStage"):  # both cumulative in rpact 4.4
        want.rows(name, [e for e in events if e is not None])
    want.scalars("expectedEventsH0", [t.expected_events("null") for t in tables])
    want.scalars("expectedEventsH01", [t.expected_events("halfway") for t in tables])
    want.scalars("expectedEventsH1", [t.expected_events() for t in tables])
    want.scalars("expectedNumberOfEvents", [t.expected_events() for t in tables])
    want.rows("analysisTime", [t for t in times if t is not None])
    want.scalars("studyDuration", [t.expected_duration for t in tables])
    want.scalars("maxStudyDuration", [t[-1] for t in times if t is not None])


def _fixed(table: SizeTable) -> float:
    return table.total if table.fixed_participants is None else table.fixed_participants


@adapter("design_rpact_power_samplesize", r"(ss|pw)means.*")
def rpact_means(case: Case) -> None:
    i = case["inputs"]
    design, comparison = group_sequential(i["design"]), _comparison(case, 0.0)
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
    design, comparison = group_sequential(i["design"]), _comparison(case, 1.0 if ratio else 0.0)
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
    design, control, accrual = group_sequential(i["design"]), _rpact_control(i), _rpact_accrual(i)
    comparison = _comparison(case, 1.0)
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


# gsDesign


def _gs_spending(name: str, total: float, parameter: Any) -> spending.SpendingFunction:
    made = {
        "LDOF": lambda: spending.obrien_fleming(total),
        "LDP": lambda: spending.pocock(total),
        "LDPocock": lambda: spending.pocock(total),
        "HSD": lambda: spending.hwang_shih_decani(total, -4.0 if parameter is None else number(parameter)),
        "Power": lambda: spending.kim_demets(total, number(parameter)),
    }
    return made[name]()


def _gs_design(i: Values) -> GroupSequential:
    """Build the design that gsDesign makes for survival; its alpha is always one-sided."""
    kind, looks = int(i.get("test.type", 4)), int(i.get("k", 3))
    timing = _numbers(i["timing"]) if "timing" in i else [(k + 1) / looks for k in range(looks)]
    fractions = timing if len(timing) == looks else [*timing, 1.0]
    alpha = float(i.get("alpha", 0.025)) * (2 if kind == 2 else 1)
    upper = i.get("sfu", "HSD")
    efficacy: Any = (
        {"OF": classical.obrien_fleming, "Pocock": classical.pocock, "P": classical.pocock}[upper](alpha)
        if upper in ("OF", "Pocock", "P")
        else _gs_spending(upper, alpha, i.get("sfupar"))
    )
    if kind <= 2:
        return GroupSequential(fractions, efficacy=efficacy, sides=kind)
    under_null = kind >= 5
    total = 1 - alpha if under_null else float(i.get("beta", 0.1))
    return GroupSequential(
        fractions,
        efficacy=efficacy,
        futility=_gs_spending(i.get("sfl", "HSD"), total, i.get("sflpar", -2)),
        binding=kind in (3, 5),
        futility_under="null" if under_null else "alternative",
    )


def _columns(value: Any) -> list[list[float]]:
    """Read a vector as one column, a matrix (list of rows) as its columns."""
    rows = [_numbers(row) for row in _list(value)] if isinstance(_list(value)[0], list) else None
    return [list(column) for column in zip(*rows, strict=True)] if rows else [_numbers(value)]


def _gs_strata(i: Values) -> list[Stratum]:
    """Read gsDesign's hazards (rows: spans S, columns: strata), accrual (rows: spans R) and dropout eta."""
    hazards, accruals = _columns(i["lambdaC"]), _columns(i["gamma"])
    spans = _numbers(i["S"]) if i.get("S") is not None else []
    starts = [0.0, *np.cumsum(spans).tolist()]
    durations = _numbers(i["R"])
    if "minfup" in i and "T" in i:  # gsDesign stretches or cuts the last accrual span to T - minfup
        durations = [*durations[:-1], i["T"] - i["minfup"] - sum(durations[:-1])]
    lost = [_columns(i[name] if i.get(name) is not None else i.get("eta") or 0.0) for name in ("etaE", "eta")]
    strata = []
    for k in range(max(len(hazards), len(accruals))):
        control, *dropout = (
            PiecewiseHazard(starts[: len(rates)], rates) for rates in (x[k % len(x)] for x in (hazards, *lost))
        )
        accrual = Accrual(durations, accruals[k % len(accruals)])
        strata.append(Stratum(accrual, control, HazardRatio.constant(i["hr"]), Dropout(*dropout)))
    return strata


@adapter("design_gsdesign_gsdesign2", r"(gsSurv|nSurv).*")
def gsdesign_survival(case: Case) -> None:
    i, want, tolerance = case["inputs"], case["outputs"], case["tolerance"]
    sequential = "gsSurv" in case["function"]
    alpha, sides = float(i.get("alpha", 0.025)), int(i.get("sided", 1))
    design = _gs_design(i) if sequential else GroupSequential([1.0], efficacy=spending.at_the_end(alpha), sides=sides)
    comparison = Comparison(i.get("ratio", 1.0), i.get("hr0", 1.0))
    strata = _gs_strata(i)
    table = lachin_foulkes.sample_size(design, strata, time=i["T"], power=1 - i.get("beta", 0.1), comparison=comparison)
    assert table.events is not None
    assert table.times is not None
    factor = table.total / sum(s.n for s in strata)
    larger = [replace(s, accrual=s.accrual.scaled(factor)) for s in strata]
    by_stratum = np.array(
        [[expected_events([s], t, comparison.allocation_ratio) for s in larger] for t in table.times]
    )  # look, stratum, arm
    enrolled = np.array([[float(s.accrual.enrolled(t)) for s in larger] for t in table.times])[..., None]
    by_arm = enrolled * comparison.shares
    found = {
        "upper": design.efficacy_bounds, "n.I": table.events, "T": table.times, "hr": [i["hr"]],
        "d": table.events[-1:], "n": [table.total], "gamma": factor * np.array(_numbers(i["gamma"])),
    }  # fmt: skip
    for k, letter in enumerate("CE"):  # control, experimental
        found |= {f"eD{letter}": by_stratum[..., k], f"eN{letter}": by_arm[..., k]}
    if want.get("lower") is not None:
        found["lower"] = -design.efficacy_bounds if design.sides == 2 else design.futility_bounds
    for name, values in found.items():
        if want.get(name) is not None:
            wanted = _numbers(want[name])
            got = np.ravel(values)
            assert len(got) == len(wanted), name
            for k, value in enumerate(got):
                close(float(value), wanted[k], tolerance, f"{name}[{k}]")


# gsDesign2


def _recycled(value: Any, rows: int) -> list[Any]:
    return value if isinstance(value, list) and len(value) == rows else _list(value) * rows


def _gs2_strata(i: Values) -> list[Stratum]:
    """Read gsDesign2's tables of enrollment and failure rates, one row per stratum and span."""
    enroll, fail = i["enroll_rate"], i["fail_rate"]
    rows = len(_list(fail["fail_rate"]))
    names = [*_list(fail.get("stratum", "All"))] * (rows if not isinstance(fail.get("stratum"), list) else 1)
    enrolled = len(_list(enroll["rate"]))
    groups = [*_list(enroll.get("stratum", names[0]))] * (
        enrolled if not isinstance(enroll.get("stratum"), list) else 1
    )
    strata = []
    for name in dict.fromkeys(groups):
        mine = [k for k, g in enumerate(groups) if g == name]
        spans = [k for k, g in enumerate(names) if g == name]

        def column(table: Values, key: str, at: list[int]) -> list[float]:
            values = _numbers(table[key])
            return [values[k if len(values) > 1 else 0] for k in at]

        starts = [0.0, *np.cumsum(column(fail, "duration", spans))[:-1].tolist()]
        lost = PiecewiseHazard(starts, column(fail, "dropout_rate", spans))
        strata.append(
            Stratum(
                Accrual(column(enroll, "duration", mine), column(enroll, "rate", mine)),
                PiecewiseHazard(starts, column(fail, "fail_rate", spans)),
                HazardRatio(starts, column(fail, "hr", spans)),
                Dropout(lost, lost),
            )
        )
    return strata


def _compare(case: Case, found: dict[str, Any], want: Values, tolerance: float) -> None:
    for name, values in found.items():
        if want.get(name) is not None:
            for k, (got, wanted) in enumerate(zip(np.atleast_1d(values), _numbers(want[name]), strict=True)):
                close(float(got), wanted, tolerance, f"{case['id']} {name}[{k}]")


@adapter("design_gsdesign_gsdesign2", r"ahr\..*")
def gsdesign2_ahr(case: Case) -> None:
    i = case["inputs"]
    times = _numbers(i.get("total_duration", 30))
    got = average_hazard_ratio.average_hazard_ratio(_gs2_strata(i), times, i.get("ratio", 1.0))
    found = {
        "time": got.times, "ahr": got.ratio, "n": got.participants.sum(axis=1), "event": got.events,
        "info": got.information, "info0": got.null_information,
    }  # fmt: skip
    _compare(case, found, case["outputs"], case["tolerance"])


def _gs2_spending(text: str) -> spending.SpendingFunction | None:
    """Read "LDOF .025", "LDP .025", "HSD(-2) .1" or "none"."""
    found = re.fullmatch(r"([A-Za-z]+)(?:\(([-\d.]+)\))? +([\d.]+)", text)
    return _gs_spending(found[1], float(found[3]), found[2]) if found else None


def _gs2_crossing(trial: EffectByLook, design: GroupSequential, futility: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return cumulative crossing probabilities as gsDesign2 1.1.8 adds them up.

    At the first look it gives z the variance null information / information, at the later looks variance 1, and adds
    the two: 0.0423005 + (0.1240954 - 0.0409089) = 0.125487 for the stratified case. Calor keeps to the first, a single
    process for all looks; the second is the same code with null information set to information.
    """
    first = trial.crossing(design.efficacy_bounds, futility)
    later = _unit_variance(trial).crossing(design.efficacy_bounds, futility)
    upper, lower = later.efficacy.copy(), later.futility.copy()
    upper[0], lower[0] = first.efficacy[0], first.futility[0]
    return np.cumsum(upper), np.cumsum(lower)


def _unit_variance(trial: EffectByLook) -> EffectByLook:
    return EffectByLook(trial.effect, trial.information, trial.information)


def _gs2_compare_design(case: Case, table: SizeTable, trial: EffectByLook, tolerance: float) -> None:
    """Compare bounds and probabilities of a design whose looks are calendar times."""
    i, want, design = case["inputs"], case["outputs"], table.design
    spent = _gs2_spending(i.get("lower", "none"))
    looks = design.information_fractions.size
    futility = np.full(looks, -math.inf)
    if spent is not None:
        futility = _unit_variance(trial).futility_bounds(design.efficacy_bounds, spent)
    upper, lower = _gs2_crossing(trial, design, futility)
    null = EffectByLook(0 * trial.effect, trial.null_information, trial.null_information)
    upper_null, lower_null = (np.cumsum(x) for x in _both(null.crossing(design.efficacy_bounds, futility)))
    events, shares = table.events, table.participants[-1] / table.total
    assert events is not None
    per_z = np.sqrt(trial.null_information if "wlr" not in case["id"] else events * np.prod(shares))
    sides = {
        "upper": (design.efficacy_bounds, upper, upper_null),
        "lower": (futility, lower, lower_null),
    }
    rows = want["bounds"]
    for k, (look, side) in enumerate(zip(_list(rows["analysis"]), _list(rows["bound"]), strict=True)):
        z, probability, null_probability = (float(x[look - 1]) for x in sides[side])
        found = {
            "z": z, "probability": probability, "probability0": null_probability, "nominal p": float(ndtr(-z)),
            "~hr at bound": math.exp(-z / float(per_z[look - 1])),
        }  # fmt: skip
        for name, value in found.items():
            if name in rows:
                close(value, _list(rows[name])[k], tolerance, f"{name} {side} at look {look}")
    _compare(
        case,
        {
            "time": table.times, "n": table.participants.sum(axis=1), "event": events, "theta": trial.effect,
            "info": trial.information, "info0": trial.null_information, "info_frac0": trial.fractions,
            "info_frac": trial.information / trial.information[-1],
        },
        want["analysis"],
        tolerance,
    )  # fmt: skip


def _both(crossing: Crossing) -> tuple[np.ndarray, np.ndarray]:
    return crossing.efficacy, crossing.futility


def _ahr_by_look(strata: list[Stratum], times: list[float], ratio: float) -> EffectByLook:
    return average_hazard_ratio.effect_by_look(average_hazard_ratio.average_hazard_ratio(strata, times, ratio))


@adapter("design_gsdesign_gsdesign2", r"gs_power_ahr.*")
def gsdesign2_power_ahr(case: Case) -> None:
    i = case["inputs"]
    strata, times, ratio = _gs2_strata(i), _numbers(i["analysis_time"]), i.get("ratio", 1.0)
    efficacy = _gs2_spending(i["upper"])
    assert efficacy is not None
    table = average_hazard_ratio.power(strata, times=times, efficacy=efficacy, comparison=Comparison(ratio))
    _gs2_compare_design(case, table, _ahr_by_look(strata, times, ratio), case["tolerance"])
    got = average_hazard_ratio.average_hazard_ratio(strata, times, ratio)
    _compare(case, {"ahr": got.ratio}, case["outputs"]["analysis"], case["tolerance"])


@adapter("design_gsdesign_gsdesign2", r"gs_design_ahr.*")
def gsdesign2_design_ahr(case: Case) -> None:
    i, want = case["inputs"], case["outputs"]
    strata, times, ratio = _gs2_strata(i), _numbers(i["analysis_time"]), i.get("ratio", 1.0)
    efficacy = _gs2_spending(i["upper"])
    assert efficacy is not None
    one = _ahr_by_look(strata, times, ratio)
    power = 1 - i.get("beta", 0.1)
    own = average_hazard_ratio.sample_size(
        strata, times=times, power=power, efficacy=efficacy, comparison=Comparison(ratio)
    )
    design = own.design
    none = np.full(len(times), -math.inf)
    spent = _gs2_spending(i.get("lower", "none"))

    def missing(factor: float) -> float:  # its own power, added up as in _gs2_crossing
        trial = one.scaled(factor)
        futility = none if spent is None else _unit_variance(trial).futility_bounds(design.efficacy_bounds, spent)
        return power - float(_gs2_crossing(trial, design, futility)[0][-1])

    factor = brentq(missing, 0.01, 1000, xtol=1e-10)
    larger = [replace(s, accrual=s.accrual.scaled(factor)) for s in strata]
    table = average_hazard_ratio.power(larger, times=times, efficacy=efficacy, comparison=Comparison(ratio))
    _gs2_compare_design(case, table, one.scaled(factor), case["tolerance"])
    rates = [rate for s in larger for rate in s.accrual.rates]
    _compare(case, {"rate": rates}, want["enroll_rate"], case["tolerance"])
    got = average_hazard_ratio.average_hazard_ratio(larger, times, ratio)
    _compare(case, {"ahr": got.ratio}, want["analysis"], case["tolerance"])
    if spent is None:  # one process for all looks or two: the sample size hardly moves
        assert abs(own.total / table.total - 1) < 0.03


@adapter("design_gsdesign_gsdesign2", r"gs_power_wlr.*")
def gsdesign2_power_wlr(case: Case) -> None:
    i = case["inputs"]
    strata, times, ratio = _gs2_strata(i), _numbers(i["analysis_time"]), i.get("ratio", 1.0)
    powers = [float(x) for x in re.findall(r"[-\d.]+", i["weight"])]
    weight = FlemingHarrington(*(powers or (0.0, 0.0)))  # no powers: the log-rank test
    efficacy = _gs2_spending(i["upper"])
    assert efficacy is not None
    table = weighted_logrank.power(strata, times=times, weight=weight, efficacy=efficacy, allocation_ratio=ratio)
    seen = [weighted_logrank.scores(strata, [weight], t, ratio) for t in times]
    plain = weight == FlemingHarrington(0, 0)
    tolerance = case["tolerance"] if plain else max(case["tolerance"], R_INTEGRATE)
    _gs2_compare_design(case, table, weighted_logrank.effect_by_look(seen), tolerance)
    log_ratio = np.array([-s.mean[0] / s.per_log_ratio[0] for s in seen])
    _compare(case, {"ahr": np.exp(log_ratio)}, case["outputs"]["analysis"], tolerance)


def _weights(i: Values) -> list[FlemingHarrington]:
    return [FlemingHarrington(r, g) for r, g in zip(_numbers(i["rho"]), _numbers(i["gamma"]), strict=True)]


@adapter("design_gsdesign_gsdesign2", r"maxcombo\..*")
def gsdesign2_maxcombo(case: Case) -> None:
    i = case["inputs"]
    assumed: Values = {
        "weights": _weights(i), "time": i["study_duration"], "alpha": i.get("alpha", 0.025),
        "allocation_ratio": i.get("ratio", 1.0),
    }  # fmt: skip
    strata = _gs2_strata(i)
    got = (
        max_combo.sample_size(strata, power=i["power"], **assumed)
        if i.get("power") is not None
        else max_combo.power(strata, **assumed)
    )
    found = {
        "n": got.participants, "event": got.events, "time": got.time, "bound": got.bound, "alpha": got.alpha,
        "power": got.power,
    }  # fmt: skip
    _compare(case, found, case["outputs"], case["tolerance"])


@adapter("design_gsdesign_gsdesign2", r"rmst\..*")
def gsdesign2_rmst(case: Case) -> None:
    i = case["inputs"]
    (stratum,) = _gs2_strata(i)
    assumed: Values = {
        "tau": i.get("tau", i["study_duration"]), "time": i["study_duration"], "alpha": i.get("alpha", 0.025),
        "comparison": Comparison(i.get("ratio", 1.0)),
    }  # fmt: skip
    got = (
        rmst.sample_size(stratum, power=i["power"], **assumed)
        if i.get("power") is not None
        else rmst.power(stratum, **assumed)
    )
    assert got.events is not None
    found = {
        "n": got.total, "event": got.events[-1], "time": got.times, "bound": got.design.efficacy_bounds,
        "alpha": got.design.alpha, "power": got.power,
    }  # fmt: skip
    _compare(case, found, case["outputs"], case["tolerance"])
