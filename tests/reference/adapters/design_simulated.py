"""Simulated enrichment trials: rpact's getSimulationEnrichmentSurvival, -Means and -Rates, within Monte Carlo error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from calor.design.fisher_combination import FisherCombination
from calor.design.inverse_normal import InverseNormal
from calor.simulate import parts, selection
from calor.simulate.enrichment import Enrichment
from calor.simulate.monte_carlo import Mean, Rate
from calor.simulate.operating import Run
from calor.simulate.reestimation import Reestimation
from calor.simulate.trials import simulate
from tests.reference.registry import Case, adapter, close, number
from tests.reference.rpact_designs import as_list, fisher, group_sequential

TESTS = {"Simes": "simes", "Bonferroni": "bonferroni", "Sidak": "sidak", "SpiessensDebois": "spiessens_debois"}
TRIALS = 100_000


def combination(design: dict[str, Any]) -> InverseNormal | FisherCombination:
    if design["fun"] == "getDesignFisher":
        return fisher(design["args"])
    return InverseNormal(group_sequential(design["args"]))


def populations(subsets: list[str]) -> dict[str, list[str]]:
    """S and R; or S1, S2, S12, R: a population has every subset whose name holds its digit."""
    digits = sorted({c for name in subsets for c in name if c.isdigit()})
    if not digits:
        found = {"S": ["S"]} if "S" in subsets else {}
    else:
        found = {f"S{d}": [s for s in subsets if d in s] for d in digits}
    return found | {"F": list(subsets)}


def rule(inputs: dict[str, Any], endpoint: str) -> selection.Selection:
    statistic = inputs.get("effectMeasure", "effectEstimate") == "testStatistic"
    measure = "statistic" if statistic else "ratio" if endpoint == "Survival" else "effect"
    threshold = as_list(inputs.get("threshold", "-Inf"))[0]
    threshold = -math.inf if math.isnan(threshold) else threshold
    kind = inputs.get("typeOfSelection", "best")
    if kind == "best":
        return selection.best(threshold=threshold, measure=measure)
    if kind == "rBest":
        return selection.best(int(number(inputs["rValue"])), threshold=threshold, measure=measure)
    if kind == "epsilon":
        return selection.within(number(inputs["epsilonValue"]), threshold=threshold, measure=measure)
    return selection.everyone(threshold=threshold, measure=measure)


def situations(inputs: dict[str, Any], endpoint: str) -> list[parts.Parts]:
    """The truth of each situation; a lower value that is better is turned round."""
    effects = inputs["effectList"]
    names, shares = effects["subGroups"], as_list(effects["prevalences"])
    names = names if isinstance(names, list) else [names]
    upper = bool(inputs.get("directionUpper", endpoint != "Survival"))
    ratio = as_list(inputs.get("allocationRatioPlanned", 1))[0]
    key = {"Survival": "hazardRatios", "Means": "effects", "Rates": "piTreatments"}[endpoint]
    rows = effects[key] if isinstance(effects[key], list) else [effects[key]]
    rows = rows if isinstance(rows[0], list) else [rows]
    found = []
    for row in (np.array(as_list(r)) for r in rows):
        if endpoint == "Survival":
            ordinary = parts.survival(names, shares, row, allocation_ratio=ratio)
            effect = np.log(row) if upper else -np.log(row)
            found.append(parts.Parts(ordinary.names, ordinary.truth._replace(effect=effect), "survival"))
        elif endpoint == "Means":
            sd = np.broadcast_to(as_list(effects.get("stDevs", 1)), row.shape)
            found.append(parts.means(names, shares, row if upper else -row, sd=sd, allocation_ratio=ratio))
        else:
            control = np.broadcast_to(np.array(as_list(effects["piControls"])), row.shape)
            active, control = (row, control) if upper else (1 - row, 1 - control)
            found.append(parts.rates(names, shares, active=active, control=control, allocation_ratio=ratio))
    return found


def reestimation(inputs: dict[str, Any], planned: list[float], endpoint: str) -> Reestimation | None:
    """Re-estimation by conditional power: limits in multiples of the planned stages, effect positive for benefit."""
    power = as_list(inputs.get("conditionalPower", "NA"))[0]
    if math.isnan(power):
        return None
    noun = "Events" if endpoint == "Survival" else "Subjects"
    stages = np.diff(planned)
    limits = [np.array(as_list(inputs[f"{side}NumberOf{noun}PerStage"]))[1:] / stages for side in ("min", "max")]
    least, most = (limit.tolist() for limit in limits)
    upper = 1 if inputs.get("directionUpper", endpoint != "Survival") else -1
    effect: float | None = None
    if endpoint == "Rates":
        treated, control = (as_list(inputs.get(f"{arm}H1", "NA"))[0] for arm in ("piTreatment", "piControl"))
        effect = None if math.isnan(treated) or math.isnan(control) else upper * (treated - control)
    elif not math.isnan(assumed := as_list(inputs.get("thetaH1", "NA"))[0]):
        effect = upper * (math.log(assumed) if endpoint == "Survival" else assumed)
    return Reestimation(power, most, least, effect)


def within_error(got: Rate | Mean, want: Any, n: float, what: str) -> None:
    """Demand agreement within 4 standard errors of the two simulations together."""
    expected = number(want)
    if isinstance(got, Rate):
        middle = (got.value * got.trials + expected * n) / (got.trials + n)
        spread = math.sqrt(max(middle * (1 - middle), 1 / n))
    else:
        spread = got.se * math.sqrt(got.trials)
    allowed = 4 * spread * math.sqrt(1 / n + 1 / max(got.trials, 1))
    close(float(got), expected, allowed / max(1.0, abs(expected)), what)


def table(value: Any, looks: int, situation: int) -> list[float]:
    """One situation's column of a table by stage, which a single stage writes as a vector."""
    rows = value if isinstance(value[0], list) else [value]
    return [float(row[situation]) for row in rows[:looks]]


def compare(run: Run, outputs: dict[str, Any], situation: int, n: float) -> None:
    where = f"situation {situation + 1}"
    within_error(run.power_any, outputs["rejectAtLeastOne"][situation], n, f"rejectAtLeastOne, {where}")
    within_error(run.stopped_for_futility, outputs["futilityStop"][situation], n, f"futilityStop, {where}")
    looks = len(run.reached)
    counted = [count / n for count in table(outputs["iterations"], looks, situation)]
    success = table(outputs["successPerStage"], looks, situation)
    futile = table(outputs["futilityPerStage"], looks - 1, situation)
    early = table(outputs["earlyStop"], looks - 1, situation)
    for k in range(looks):
        within_error(run.reached[k], counted[k], n, f"iterations, look {k + 1}, {where}")
        within_error(run.success_at[k], success[k], n, f"successPerStage, look {k + 1}, {where}")
        if "numberOfPopulations" in outputs and counted[k] > 0:
            followed = sum(run.followed_at[name][k].value for name in run.populations) / run.reached[k].value
            wanted = number(outputs["numberOfPopulations"][k][situation])
            allowed = 4 * len(run.populations) / 2 / math.sqrt(n * counted[k])
            close(followed, wanted, allowed / max(1.0, wanted), f"numberOfPopulations, look {k + 1}, {where}")
        for g, name in enumerate(run.populations):
            for ours, theirs in (
                ("rejected_at", "rejectedPopulationsPerStage"),
                ("followed_at", "selectedPopulations"),
            ):
                got, want = getattr(run, ours)[name][k], outputs[theirs][k][situation][g]
                within_error(got, want, n, f"{theirs}, {name}, look {k + 1}, {where}")
        if k < looks - 1:
            within_error(run.futile_at[k], futile[k], n, f"futilityPerStage, look {k + 1}, {where}")
            stopped = run.success_at[k].value + run.futile_at[k].value
            within_error(Rate.of(stopped * TRIALS, TRIALS), early[k], n, f"earlyStop, look {k + 1}, {where}")
    units = outputs.get("expectedNumberOfEvents", outputs.get("expectedNumberOfSubjects"))
    within_error(run.units, units[situation], n, f"expected number, {where}")


@adapter("design_rpact_simulated_enrichment", r"sim\.enr\..*")
def rpact_simulated_enrichment(case: Case) -> None:
    inputs, outputs = case["inputs"], case["outputs"]
    endpoint = case["function"].rpartition("Enrichment")[2]
    test = combination(inputs["design"])
    planned = as_list(inputs.get("plannedEvents", inputs.get("plannedSubjects")))
    names = inputs["effectList"]["subGroups"]
    design = Enrichment(
        test,
        planned,
        populations(names if isinstance(names, list) else [names]),
        rule(inputs, endpoint),
        TESTS[inputs.get("intersectionTest", "Simes")],
        "any" if inputs.get("successCriterion", "all") == "atLeastOne" else "all",
        reestimation(inputs, planned, endpoint),
    )
    for situation, truth in enumerate(situations(inputs, endpoint)):
        run = simulate(design, truth, trials=TRIALS, seed=2024 + situation)
        compare(run, outputs, situation, float(inputs["N"]))
