"""Boundaries, characteristics and operating characteristics: rpact's designs, gsDesign's designs."""

from __future__ import annotations

from typing import Any

import numpy as np

from calor.design import GroupSequential
from calor.kernels.normal import upper_quantile
from tests.reference.registry import Case, adapter, close, number
from tests.reference.rpact_designs import as_list, fisher, group_sequential

NO_BOUND = -6.0  # how rpact writes "no futility bound"


def compare(got: Any, want: Any, tolerance: float, what: str) -> None:
    """Compare a vector entry by entry; a scalar may stand for a vector of one."""
    values = np.atleast_1d(np.asarray(got, dtype=float))
    expected = want if isinstance(want, list) else [want]
    assert values.size == len(expected), f"{what}: {values.size} values, reference {len(expected)}"
    for k, (g, w) in enumerate(zip(values, expected, strict=True), start=1):
        close(float(g), w, tolerance, f"{what}[{k}]")


@adapter("design_rpact_boundaries", r"(gs|invnorm)\..*")
def rpact_boundaries(case: Case) -> None:
    inputs, outputs, tolerance = case["inputs"], case["outputs"], float(case["tolerance"])
    design = group_sequential(inputs)
    compare(design.efficacy_bounds, outputs["criticalValues"], tolerance, "criticalValues")
    compare(design.stage_levels, outputs["stageLevels"], tolerance, "stageLevels")
    compare(design.alpha_spent, outputs["alphaSpent"], tolerance, "alphaSpent")
    compare(design.information_fractions, outputs["informationRates"], 1e-12, "informationRates")
    if design.futility is not None and "bindingFutility" in outputs:
        assert bool(outputs["bindingFutility"]) is design.binding
    if design.efficacy_bounds.size > 1 and design.sides == 1:
        futility = np.maximum(design.futility_bounds[:-1], NO_BOUND)
        compare(futility, outputs["futilityBounds"], tolerance * 3, "futilityBounds")
    if design.sides == 2 and design.futility_drift is not None:
        for k, reference in enumerate(as_list(outputs["futilityBounds"])):
            if not np.isnan(reference):
                close(float(design.futility_bounds[k]), reference, 1e-5, f"futilityBounds[{k + 1}]")
    beta_spent = as_list(outputs["betaSpent"])
    if not np.isnan(beta_spent).all():
        at_drift = design.crossing(design.futility_drift or 0.0)
        compare(np.cumsum(at_drift.futility), outputs["betaSpent"], 1e-5, "betaSpent")
        compare(np.cumsum(at_drift.efficacy - at_drift.efficacy_below), outputs["power"], 1e-5, "power")
    if isinstance(outputs.get("characteristics"), dict):
        compare_characteristics(design, 1 - float(inputs.get("beta", 0.2)), outputs["characteristics"])


def compare_characteristics(design: GroupSequential, power: float, want: dict[str, Any]) -> None:
    """rpact's getDesignCharacteristics, to the 1e-5 that the cases' note asks."""
    tolerance = 1e-5
    drift = design.drift(power)
    fixed = (upper_quantile(design.alpha / design.sides) - upper_quantile(power)) ** 2
    under = {"1": design.crossing(drift), "01": design.crossing(drift / 2), "0": design.crossing(0.0)}
    got = {
        "nFixed": fixed,
        "shift": drift**2,
        "inflationFactor": design.inflation_factor(power),
        "information": drift**2 * design.information_fractions,
        "power": np.cumsum(under["1"].efficacy - under["1"].efficacy_below),
        "rejectionProbabilities": under["1"].efficacy - under["1"].efficacy_below,
        "futilityProbabilities": under["1"].futility[:-1],
    }
    for name, crossing in under.items():
        got[f"averageSampleNumber{name}"] = crossing.expected_information * drift**2 / fixed
    for name, value in got.items():
        if name in want and np.size(value):
            compare(value, want[name], tolerance, name)


@adapter("design_rpact_boundaries", r"(pasn|asn|power)\..*")
def rpact_power_and_sample_number(case: Case) -> None:
    inputs, outputs, tolerance = case["inputs"], case["outputs"], float(case["tolerance"])
    design = group_sequential(inputs["design"])
    n_max = float(number(inputs.get("nMax", 100)))
    found = [design.crossing(theta * n_max**0.5) for theta in as_list(inputs["theta"])]
    efficacy = np.array([c.efficacy - c.efficacy_below for c in found]).T  # rpact's power is that of the upper side
    futility = np.array([c.futility for c in found]).T
    stop = np.array([c.efficacy + c.futility for c in found]).T[:-1]
    compare(efficacy.sum(axis=0), outputs["calculatedPower"], tolerance, "calculatedPower")
    compare(efficacy.sum(axis=0), outputs["overallReject"], tolerance, "overallReject")
    compare([n_max * c.expected_information for c in found], outputs["averageSampleNumber"], tolerance, "ASN")
    compare(stop.sum(axis=0), outputs["overallEarlyStop"], tolerance, "overallEarlyStop")
    compare(futility[:-1].sum(axis=0), outputs["overallFutility"], tolerance, "overallFutility")
    if "futilityPerStage" in outputs:
        for k, row in enumerate(futility[:-1]):
            compare(row, outputs["futilityPerStage"][k], tolerance, f"futilityPerStage {k + 1}")
    for k, row in enumerate(efficacy):
        compare(row, outputs["rejectPerStage"][k], tolerance, f"rejectPerStage {k + 1}")
    for k, row in enumerate(stop):
        compare(row, outputs["earlyStop"][k], tolerance, f"earlyStop {k + 1}")


@adapter("design_rpact_boundaries", r"fisher\..*")
def rpact_fisher(case: Case) -> None:
    inputs, outputs, tolerance = case["inputs"], case["outputs"], float(case["tolerance"])
    design = fisher(inputs)
    compare(design.critical_values, outputs["criticalValues"], tolerance, "criticalValues")
    compare(design.stage_levels, outputs["stageLevels"], tolerance, "stageLevels")
    compare(design.alpha_spent, outputs["alphaSpent"], tolerance, "alphaSpent")
    compare(design.information_fractions, outputs["informationRates"], 1e-12, "informationRates")
    compare(design.weights[1:], outputs["scale"], tolerance, "scale")
