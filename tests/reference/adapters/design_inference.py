"""Interim and final analyses, enrichment closed tests: rpact's getAnalysisResults; gsDesign's conditional power."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.stats import t as student

from calor.design import GroupSequential
from calor.design.closed_testing import ClosedTest, closed_test, spiessens_debois
from calor.design.conditional_power import conditional_crossing
from calor.design.fisher_combination import FisherCombination
from calor.design.fisher_conditional import conditional_power as fisher_conditional_power
from calor.design.intersection import either_exceeds, shared_information_correlation
from calor.design.inverse_normal import InverseNormal
from calor.design.repeated import critical_at, evidence, repeated_interval, repeated_p
from calor.design.simultaneous import simultaneous_interval
from calor.design.stage_log_ranks import LogRanks, stratified_log_ranks
from calor.design.stage_means import Means
from calor.design.stage_rates import Rates
from calor.design.stagewise import stagewise
from calor.design.stratified_means import StratifiedMeans, variance_from_full
from calor.design.stratified_rates import StratifiedRates
from calor.kernels.normal import upper_quantile
from tests.reference.registry import Case, adapter, close
from tests.reference.rpact_designs import as_list, fisher, group_sequential

FILE = "design_rpact_analysis_enrichment"
INTERSECTIONS = {"Simes": "simes", "Bonferroni": "bonferroni", "Sidak": "sidak"}
SURVIVAL_EVENTS = ("cumEvents", "cumulativeEvents", "overallEvents")


def build(design: dict[str, Any]) -> GroupSequential | InverseNormal | FisherCombination:
    """The design of a case, as the test that judges its data."""
    name, args = design["fun"], design["args"]
    if name == "getDesignFisher":
        return fisher(args)
    planned = group_sequential(args)
    return InverseNormal(planned) if name == "getDesignInverseNormal" else planned


def column(data: dict[str, Any], *names: str) -> np.ndarray:
    """The first of several spellings of a variable that the data have."""
    for name in names:
        if name in data:
            return np.array(as_list(data[name]))
    raise LookupError(f"none of {names} in {sorted(data)}")


def two_arms(data: dict[str, Any]) -> Means | Rates | LogRanks:
    """Stage-wise data of a two-arm trial, cut where a stage has none."""
    if any(name in data for name in (*SURVIVAL_EVENTS, "events")) and "n1" not in data and "sampleSize1" not in data:
        events = column(data, *SURVIVAL_EVENTS)
        keep = ~np.isnan(events)
        ratio = column(data, "cumAllocationRatios", "cumulativeAllocationRatios", "overallAllocationRatios")
        log_ranks = column(data, "cumLogRanks", "cumulativeLogRanks", "overallLogRanks")
        return LogRanks(events[keep], log_ranks[keep], ratio[keep])
    n1 = column(data, "n1", "sampleSize1", "sampleSizes1")
    keep = ~np.isnan(n1)
    n2 = column(data, "n2", "sampleSize2", "sampleSizes2")
    if "events1" in data:
        return Rates(n1[keep], n2[keep], column(data, "events1")[keep], column(data, "events2")[keep])
    mean1, mean2 = column(data, "means1", "mean1"), column(data, "means2", "mean2")
    sd1, sd2 = column(data, "stDevs1", "stDev1", "stDs1"), column(data, "stDevs2", "stDev2", "stDs2")
    return Means(n1[keep], n2[keep], mean1[keep], mean2[keep], sd1[keep], sd2[keep])


def same(got: Any, want: Any, tolerance: float, what: str) -> None:
    """Compare two arrays; "NA" in the reference must be NaN or missing at the end of ours."""
    expected = np.array([as_list(row) for row in want]) if isinstance(want[0], list) else np.array([as_list(want)])
    values = np.atleast_2d(np.asarray(got, dtype=float))
    padded = np.full(expected.shape, math.nan)
    padded[:, : values.shape[1]] = values[:, : expected.shape[1]]
    for (row, stage), reference in np.ndenumerate(expected):
        close(
            float(padded[row, stage]),
            "NA" if math.isnan(reference) else reference,
            tolerance,
            f"{what}[{row},{stage + 1}]",
        )


def planned_shifts(data: Any, args: dict[str, Any], remaining: int, rejection: float) -> list[float]:
    """Expected stage-wise z of the planned stages.

    Rates are tested with the pooled variance and vary with their own; as in the usual sample-size formula, the critical
    value at the conditional level is rescaled, and what that takes is shared among the stages by their sizes' roots.
    """
    sizes = as_list(args["nPlanned"])
    sizes = sizes * remaining if len(sizes) == 1 else sizes
    ratio = float(args.get("allocationRatioPlanned", 1))
    roots = np.sqrt(np.array(sizes) * ratio) / (1 + ratio)
    sign = 1.0 if args.get("directionUpper", True) else -1.0
    null = float(args.get("thetaH0", data.null))
    if isinstance(data, LogRanks):
        return (sign * math.log(float(args.get("thetaH1", data.effects[-1])) / null) * roots).tolist()
    if isinstance(data, Rates):
        total = data.cumulative
        pi1 = float(args.get("pi1", total.events1[-1] / total.n1[-1]))
        pi2 = float(args.get("pi2", total.events2[-1] / total.n2[-1]))
        own = math.sqrt((pi1 * (1 - pi1) + ratio * pi2 * (1 - pi2)) / (1 + ratio))
        pooled = (ratio * pi1 + pi2) / (1 + ratio)
        excess = math.sqrt(pooled * (1 - pooled)) / own - 1
        lost = upper_quantile(rejection) * excess / math.sqrt(np.sum(roots**2))
        return ((sign * (pi1 - pi2 - null) / own - lost) * roots).tolist()
    sd = float(args.get("assumedStDev", math.sqrt(variance_from_full([data.cumulative])[-1])))
    return (sign * (float(args.get("thetaH1", data.effects[-1])) - null) / sd * roots).tolist()


@adapter(FILE, r"ana\..*")
def rpact_analysis(case: Case) -> None:
    inputs, outputs, tolerance = case["inputs"], case["outputs"], float(case["tolerance"])
    test, data, args = build(inputs["design"]), two_arms(inputs["data"]), inputs["args"]
    stage = int(args.get("stage", data.effects.size))
    greater = bool(args.get("directionUpper", True))
    null = float(args.get("thetaH0", data.null))
    p, overall = data.stage_p(null, greater=greater)[:stage], data.overall_p(null, greater=greater)[:stage]
    compare_stage_results(outputs["stageResults"], test, data, p, overall, tolerance)
    z = [evidence(test, overall if isinstance(test, GroupSequential) else p, k) for k in range(1, stage + 1)]
    compare_conditional(outputs, test, data, args, p, z, tolerance)
    if isinstance(test, FisherCombination):
        repeated = [test.repeated_p(p[:k].tolist()) for k in range(1, stage + 1)]
    else:
        repeated = [repeated_p(test, k + 1, value) for k, value in enumerate(z)]
    same(repeated, outputs["repeatedPValues"], tolerance, "repeatedPValues")
    intervals = [repeated_interval(test, data, k) for k in range(1, stage + 1)]
    same([i.lower for i in intervals], outputs["repeatedConfidenceIntervalLowerBounds"], tolerance, "RCI lower")
    same([i.upper for i in intervals], outputs["repeatedConfidenceIntervalUpperBounds"], tolerance, "RCI upper")
    actions = stage_actions(test, p, z)
    want = [a for a in outputs["testActions"] if a != "NA"]
    assert actions == want, f"testActions: {actions}, reference {want}"
    if not isinstance(test, FisherCombination):
        compare_final(outputs, test, data, z, actions, greater, tolerance)


def compare_stage_results(want: dict[str, Any], test: Any, data: Any, p: Any, overall: Any, tolerance: float) -> None:
    stage = p.size
    same(p, want["pValues"], tolerance, "pValues")
    same(overall, want["overallPValues"], tolerance, "overallPValues")
    same(data.effects[:stage], want["effectSizes"], tolerance, "effectSizes")
    same(
        np.abs(data.statistics()[:stage]), np.abs(as_list(want["testStatistics"])).tolist(), tolerance, "testStatistics"
    )
    cumulative = data.overall_statistics() if isinstance(data, LogRanks) else data.cumulative.statistics()
    same(np.abs(cumulative[:stage]), np.abs(as_list(want["overallTestStatistics"])).tolist(), tolerance, "overall t")
    fractions = (test.design if isinstance(test, InverseNormal) else test).information_fractions
    weights = np.sqrt(np.diff(fractions, prepend=0.0))
    scores = np.array([upper_quantile(v) for v in p])
    combined = np.cumsum(weights[:stage] * scores) / np.sqrt(np.cumsum(weights[:stage] ** 2))
    same(combined, want["combInverseNormal"], tolerance, "combInverseNormal")
    same(weights, want["weightsInverseNormal"], tolerance, "weightsInverseNormal")
    fisher_weights = weights / weights[0]
    same(fisher_weights, want["weightsFisher"], tolerance, "weightsFisher")
    same(np.exp(np.cumsum(fisher_weights[:stage] * np.log(p))), want["combFisher"], tolerance, "combFisher")


def compare_conditional(
    outputs: dict[str, Any], test: Any, data: Any, args: dict[str, Any], p: Any, z: list[float], tolerance: float
) -> None:
    stage, looks = len(z), critical_count(test)
    interim = range(1, min(stage, looks - 1) + 1)
    if isinstance(test, FisherCombination):
        rejection = [test.conditional_rejection(p[:k].tolist()) for k in interim]
    else:
        design = test.design if isinstance(test, InverseNormal) else test
        rejection = [conditional_crossing(design, k, z[k - 1], drift=0.0).efficacy.sum() for k in interim]
    same(rejection, outputs["conditionalRejectionProbabilities"], tolerance, "CRP")
    reference = outputs.get("conditionalPower")
    if reference is None or np.isnan(as_list(reference)).all():
        return
    shifts = planned_shifts(data, args, looks - stage, rejection[-1])
    if isinstance(test, FisherCombination):
        power = fisher_conditional_power(test, p.tolist(), shifts).tolist()
    else:
        later = conditional_crossing(design, stage, z[-1], shifts=shifts)
        power = np.cumsum(later.efficacy).tolist()
    same([math.nan] * stage + power, reference, tolerance, "conditionalPower")


def critical_count(test: Any) -> int:
    return int((test.design if isinstance(test, InverseNormal) else test).information_fractions.size)


def stage_actions(test: Any, p: Any, z: list[float]) -> list[str]:
    """What rpact calls the decision of each stage."""
    actions, last = [], critical_count(test)
    for k, strength in enumerate(z, start=1):
        reject = strength >= critical_at(test, k)
        if isinstance(test, FisherCombination):
            futile = k < last and p[k - 1] >= test.futility_p[k - 1] < 1
        else:
            design = test.design if isinstance(test, InverseNormal) else test
            futile = k < last and strength < design.futility_bounds[k - 1]
        if k == last:
            actions.append("reject" if reject else "accept")
        else:
            actions.append("reject and stop" if reject else "accept and stop" if futile else "continue")
    return actions


def compare_final(
    outputs: dict[str, Any], test: Any, data: Any, z: list[float], actions: list[str], greater: bool, tolerance: float
) -> None:
    """Stage-wise ordered p-value, interval and median-unbiased estimate at the first stage that stops."""
    names = ("finalPValues", "finalConfidenceIntervalLowerBounds", "finalConfidenceIntervalUpperBounds")
    want = [as_list(outputs[name]) for name in (*names, "medianUnbiasedEstimates")]
    stops = [k for k, action in enumerate(actions, start=1) if action != "continue"]
    assert bool(stops) or np.isnan(want).all(), "reference stopped, we continue"
    if not stops:
        return
    stage = stops[0]
    if "finalStage" in outputs:
        assert stage == int(as_list(outputs["finalStage"])[0])
    design = test.design if isinstance(test, InverseNormal) else test
    part = truncated(data, stage)
    information = part.stage_information if isinstance(test, InverseNormal) else None
    found = stagewise(design, stage, z[stage - 1], standard_error=part.standard_error, stage_information=information)
    sign = 1.0 if greater else -1.0
    limits = sorted((sign * found.lower, sign * found.upper))
    got = [found.p_value, *limits, sign * found.median_unbiased]
    if isinstance(data, LogRanks):
        got[1:] = [math.exp(value) for value in got[1:]]
    elif stage == 1:
        first = repeated_interval(fixed(design), part, 1)
        got[1:] = [first.lower, first.upper, first.estimate]
    for name, value, reference in zip((*names, "median unbiased"), got, want, strict=True):
        if not math.isnan(reference[stage - 1]):
            close(value, reference[stage - 1], tolerance, f"{name}[{stage}]")


def fixed(design: GroupSequential) -> GroupSequential:
    return GroupSequential([1.0], efficacy=design.efficacy.at_level(design.alpha), sides=design.sides)


def truncated(data: Any, stage: int) -> Any:
    """The data of the first stages."""
    names = data.__dataclass_fields__
    return type(data)(**{name: np.asarray(getattr(data, name))[:stage] for name in names})


@adapter(FILE, r"enr\..*")
def rpact_enrichment(case: Case) -> None:
    inputs, outputs, tolerance = case["inputs"], case["outputs"], float(case["tolerance"])
    test, args = build(inputs["design"]), inputs["args"]
    populations, correlations = enrichment_data(inputs["data"], args)
    greater = bool(args.get("directionUpper", True))
    stages = max(data.effects.size for data in populations)
    p = np.full((len(populations), stages), np.nan)
    for g, data in enumerate(populations):
        p[g, : data.effects.size] = data.stage_p(data.null, greater=greater)
    name = args.get("intersectionTest", "Simes")
    kind: Any = INTERSECTIONS[name] if name in INTERSECTIONS else correlated(populations, correlations)
    result = closed_test(test, p, intersection_test=kind)
    compare_closed_test(outputs["closedTest"], result, p, tolerance)
    same(result.repeated_p, outputs["repeatedPValues"], tolerance, "repeatedPValues")
    same(result.conditional_rejection, outputs["conditionalRejectionProbabilities"], tolerance, "CRP")
    compare_enrichment_power(outputs, test, populations, result, args, tolerance)
    lower, upper = np.full(p.shape, np.nan), np.full(p.shape, np.nan)
    for g, data in enumerate(populations):
        for k in range(data.effects.size):
            found = simultaneous_interval(test, populations, g, k + 1, intersection_test=kind)
            lower[g, k], upper[g, k] = found.lower, found.upper
    same(lower, outputs["repeatedConfidenceIntervalLowerBounds"], tolerance, "RCI lower")
    same(upper, outputs["repeatedConfidenceIntervalUpperBounds"], tolerance, "RCI upper")
    want = outputs["stageResults"]
    padded = np.full((3, *p.shape), np.nan)
    for g, data in enumerate(populations):
        padded[0, g, : data.effects.size] = data.effects
        padded[1, g, : data.effects.size] = data.statistics()
        if isinstance(data, LogRanks):
            padded[2, g, : data.effects.size] = data.overall_statistics()
    same(padded[0], want["effectSizes"], tolerance, "effectSizes")
    same(padded[1], want["testStatistics"], tolerance, "testStatistics")
    same(padded[2], want["overallTestStatistics"], tolerance, "overallTestStatistics")
    same(p, want["separatePValues"], tolerance, "separatePValues")
    for name in ("weightsInverseNormal", "weightsFisher"):
        if name in want:
            same(test.weights, want[name], tolerance, name)


def compare_enrichment_power(
    outputs: dict[str, Any],
    test: Any,
    populations: list[Any],
    result: ClosedTest,
    args: dict[str, Any],
    tolerance: float,
) -> None:
    """Each population's conditional power: the least over the intersections that contain it."""
    stage = result.p_values.shape[1]
    left = critical_count(test) - stage
    for g, row in enumerate(outputs.get("conditionalPower") or []):
        reference = as_list(row)
        if np.isnan(reference).all():
            continue
        own = dict(args)
        names = {"assumedStDevs": "assumedStDev", "piTreatments": "pi1", "piControls": "pi2", "thetaH1": "thetaH1"}
        for theirs, ours in names.items():
            if theirs in args:
                values = as_list(args[theirs])
                own[ours] = values[g] if len(values) > 1 else values[0]
        data = getattr(populations[g], "crude", populations[g])
        shifts = planned_shifts(data, own, left, float(result.conditional_rejection[g, stage - 1]))
        powers = []
        for i, members in enumerate(result.intersections):
            if not members[g]:
                continue
            done = result.adjusted_p[i, :stage]
            if isinstance(test, FisherCombination):
                powers.append(fisher_conditional_power(test, done.tolist(), shifts))
            else:
                z = evidence(test, done, stage)
                powers.append(np.cumsum(conditional_crossing(test.design, stage, z, shifts=shifts).efficacy))
        same([math.nan] * stage + np.min(powers, axis=0).tolist(), reference, tolerance, f"conditionalPower {g + 1}")


def correlated(populations: list[Any], correlations: list[np.ndarray]) -> Any:
    """Spiessens and Debois: normal statistics, or t statistics with the variance of the full population."""
    if not isinstance(populations[0], Means | StratifiedMeans):
        return spiessens_debois(correlations)

    def adjusted(p: np.ndarray, stage: int) -> float:
        inside = np.flatnonzero(~np.isnan(p))
        if inside.size == 1:
            return float(p[inside[0]])
        degrees = [populations[g].degrees_of_freedom[stage] for g in inside]
        full = populations[-1]
        common = float(
            full.n1[stage] + full.n2[stage] - 4 if isinstance(full, Means) else full.degrees_of_freedom[stage]
        )
        largest = max(student.isf(p[g], df) for g, df in zip(inside, degrees, strict=True))
        rho = float(correlations[stage][np.ix_(inside, inside)][0, 1])
        return either_exceeds(float(student.sf(largest, common)), rho, common)

    return adjusted


def compare_closed_test(want: dict[str, Any], got: ClosedTest, p: Any, tolerance: float) -> None:
    assert [[int(m) for m in members] for members in got.intersections] == want["indices"]
    same(got.adjusted_p, want["adjustedStageWisePValues"], tolerance, "adjustedStageWisePValues")
    same(got.statistics, want["overallAdjustedTestStatistics"], tolerance, "overallAdjustedTestStatistics")
    assert_flags(got.rejected_intersections, want["rejectedIntersections"], "rejectedIntersections")
    assert_flags(got.rejected, want["rejected"], "rejected")
    same(p, want["separatePValues"], tolerance, "separatePValues")


def assert_flags(got: Any, want: Any, what: str) -> None:
    for row, (ours, theirs) in enumerate(zip(got.tolist(), want, strict=True)):
        for stage, (a, b) in enumerate(zip(ours, theirs, strict=False), start=1):
            assert b in ("NA", None) or a is bool(b), f"{what}[{row},{stage}]: got {a}, reference {b}"


def enrichment_data(data: dict[str, Any], args: dict[str, Any]) -> tuple[list[Any], list[np.ndarray]]:
    """Each population's data for the stages it was followed, and the populations' correlation at each stage."""
    count = max(int(d) for name in data for d in name if d.isdigit()) + 1
    stratified = bool(args.get("stratifiedAnalysis", True)) and "F" not in data
    if not stratified:
        parts = [two_arms(data[f"S{g + 1}"]) for g in range(count - 1)] + [two_arms(data["F"])]
        if args.get("varianceOption", "pooled") == "pooledFromFull" and isinstance(parts[-1], Means):
            parts = [with_full_variance(part, parts[-1]) for part in parts[:-1]] + [parts[-1]]
        sizes = stage_sizes(parts)
        return parts, [nested_correlation([s[k] for s in sizes if k < s.size]) for k in range(max(map(len, sizes)))]
    names = list(data)
    members = [{i for i, n in enumerate(names) if str(g + 1) in n} for g in range(count - 1)] + [set(range(len(names)))]
    if "overallExpectedEvents" in data[names[0]]:
        populations = [log_rank_population(data, [names[i] for i in sorted(m)]) for m in members]
        information = [np.diff(column(data[n], "overallEvents"), prepend=0.0) for n in names]
    else:
        parts = [two_arms(data[n]) for n in names]
        populations = [population([parts[i] for i in sorted(m)], parts, args) for m in members]
        information = [pad(part.n1 + part.n2, max(q.n1.size for q in parts)) for part in parts]
    correlations = []
    for k in range(max(d.effects.size for d in populations)):
        each = np.nan_to_num(np.array([row[k] for row in information]))
        correlation = np.full((count, count), np.nan)
        rows = [g for g in range(count) if k < populations[g].effects.size]
        correlation[np.ix_(rows, rows)] = shared_information_correlation([members[g] for g in rows], each)
        correlations.append(correlation)
    return populations, correlations


def with_full_variance(part: Means, full: Means) -> StratifiedMeans:
    """A subset judged with the full population's variance, for the stages at which that was followed; then its own."""
    variance = part.standard_errors**2 * part.n1 * part.n2 / (part.n1 + part.n2)
    degrees = part.degrees_of_freedom.copy()
    stages = full.n1.size
    variance[:stages] = (full.standard_errors**2 * full.n1 * full.n2 / (full.n1 + full.n2))[: variance.size]
    degrees[:stages] = full.degrees_of_freedom[: degrees.size]
    return StratifiedMeans([part], variance, degrees)


def pad(values: np.ndarray, size: int) -> np.ndarray:
    return np.append(values, np.full(size - values.size, np.nan))


def population(strata: list[Any], everyone: list[Any], args: dict[str, Any]) -> Any:
    """A population made of disjoint parts, for the stages at which all of them were followed."""
    stages = min(part.n1.size for part in strata)
    strata = [truncated(part, stages) for part in strata]
    if isinstance(strata[0], Rates):
        return StratifiedRates(strata)
    if args.get("varianceOption", "pooledFromFull") != "pooledFromFull":
        return StratifiedMeans(strata)
    if min(part.n1.size for part in everyone) < stages:
        return StratifiedMeans(strata)
    return StratifiedMeans(strata, variance_from_full([truncated(part, stages) for part in everyone]))


def log_rank_population(data: dict[str, Any], names: list[str]) -> LogRanks:
    tables = [
        np.array([column(data[n], key) for n in names])
        for key in ("overallEvents", "overallExpectedEvents", "overallVarianceEvents")
    ]
    followed = ~np.isnan(tables[0]).any(axis=0)
    events, expected, variances = (table[:, followed] for table in tables)
    ratio = column(data[names[0]], "overallAllocationRatios")[followed]
    return stratified_log_ranks(events, events, expected, variances, ratio)


def stage_sizes(parts: list[Any]) -> list[np.ndarray]:
    plain = [part.crude if hasattr(part, "crude") else part for part in parts]
    return [np.asarray(part.n1 + part.n2 if hasattr(part, "n1") else part.events) for part in plain]


def nested_correlation(sizes: list[float]) -> np.ndarray:
    """Correlation of nested populations, each within the next."""
    return np.array([[math.sqrt(min(a, b) / max(a, b)) for b in sizes] for a in sizes])
