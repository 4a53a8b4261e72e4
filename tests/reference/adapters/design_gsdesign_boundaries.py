"""gsDesign's designs, crossing probabilities and conditional power."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from calor.design import GroupSequential, classical, spending
from calor.design.conditional_power import conditional_crossing
from calor.kernels import group_sequential as kernel
from calor.kernels.normal import upper_quantile
from tests.reference.registry import Case, adapter, close
from tests.reference.rpact_designs import as_list

FILE = "design_gsdesign_gsdesign2"
CLASSICAL = ("OF", "Pocock", "P", "WT")


def spending_function(kind: str, parameter: Any, total: float) -> spending.SpendingFunction:
    """A spending function by gsDesign's name, with or without its prefix."""
    match kind.removeprefix("sf"):
        case "LDOF":
            return spending.obrien_fleming(total)
        case "LDP" | "LDPocock":
            return spending.pocock(total)
        case "HSD":
            return spending.hwang_shih_decani(total, gamma=float(parameter))
        case "Power" | "KD":
            return spending.kim_demets(total, rho=float(parameter))
        case "Exponential":
            return spending.custom(total, lambda t: total ** (t ** -float(parameter)) / total if t > 0 else 0.0)
        case "Linear" | "Points":
            return spending.given((total * np.array(as_list(parameter))).tolist())
    raise LookupError(f"no spending function {kind}")


def parameter(inputs: dict[str, Any], name: str, default: float) -> Any:
    value = inputs.get(name)
    return default if value in (None, "NA") else value


def build(inputs: dict[str, Any]) -> GroupSequential:
    """The design of gsDesign's arguments; `test.type` 1 to 6."""
    kind, alpha, beta = (inputs.get(n, d) for n, d in (("test.type", 4), ("alpha", 0.025), ("beta", 0.1)))
    kind, alpha, beta = int(kind), float(alpha), float(beta)
    looks = int(inputs.get("k", 3))
    given = inputs.get("timing")
    timing = [k / looks for k in range(1, looks + 1)] if given in (None, 1, "NA") else as_list(given)
    timing = [*timing, 1.0] if len(timing) == looks - 1 else timing
    name = str(inputs.get("sfu", "HSD"))
    sides = 2 if kind == 2 else 1
    efficacy: Any
    if name in CLASSICAL:
        shape = {"OF": 0.0, "Pocock": 0.5, "P": 0.5}.get(name, inputs.get("sfupar"))
        efficacy = classical.wang_tsiatis(sides * alpha, shape=float(shape))
    else:
        efficacy = spending_function(name, parameter(inputs, "sfupar", -4.0), sides * alpha)
    if kind <= 2:
        return GroupSequential(timing, efficacy=efficacy, sides=sides)
    total = beta if kind in (3, 4) else 1 - alpha
    futility = spending_function(str(inputs.get("sfl", "HSD")), parameter(inputs, "sflpar", -2.0), total)
    under: Any = "alternative" if kind in (3, 4) else "null"
    return GroupSequential(timing, efficacy=efficacy, futility=futility, binding=kind in (3, 5), futility_under=under)


def matrix(got: Any, want: Any, tolerance: float, what: str) -> None:
    """Compare looks (rows) by drifts (columns)."""
    for (row, column), value in np.ndenumerate(np.asarray(got, dtype=float)):
        reference = want[row][column] if isinstance(want[row], list) else want[row]
        close(float(value), reference, tolerance, f"{what}[{row + 1},{column + 1}]")


@adapter(FILE, r"gsD\..*")
def gsdesign(case: Case) -> None:
    inputs, outputs, tolerance = case["inputs"], case["outputs"], float(case["tolerance"])
    design = build(inputs)
    alpha, power = float(inputs.get("alpha", 0.025)), 1 - float(inputs.get("beta", 0.1))
    fixed = upper_quantile(alpha) - upper_quantile(power)
    drift = design.drift(power)
    found = [design.crossing(0.0), design.crossing(drift)]
    matrix(design.efficacy_bounds[:, None], outputs["upper"], tolerance, "upper")
    above = np.array([c.efficacy - c.efficacy_below for c in found]).T
    matrix(above, outputs["upper_prob"], tolerance, "upper_prob")
    if outputs.get("lower") is not None:
        two_sided = design.sides == 2
        lower = -design.efficacy_bounds if two_sided else design.futility_bounds
        matrix(lower[:, None], outputs["lower"], tolerance, "lower")
        below = np.array([c.efficacy_below if two_sided else c.futility for c in found]).T
        matrix(below, outputs["lower_prob"], tolerance, "lower_prob")
    spent = np.diff(design.alpha_spent, prepend=0.0) / design.sides
    matrix(spent[:, None], outputs["upper_spend"], tolerance, "upper_spend")
    n_fix = float(inputs.get("n.fix", 1))
    information = n_fix * (drift / fixed) ** 2 * design.information_fractions
    matrix(information[:, None], outputs["n.I"], tolerance, "n.I")
    matrix(design.information_fractions[:, None], outputs["timing"], 1e-12, "timing")
    expected = np.array([c.expected_information * information[-1] for c in found])
    matrix(expected[:, None], outputs["en"], tolerance, "en")
    matrix(np.array([[0.0], [fixed / math.sqrt(n_fix)]]), outputs["theta"], tolerance, "theta")


@adapter(FILE, r"gsProb\..*")
def gsprobability(case: Case) -> None:
    inputs, outputs, tolerance = case["inputs"], case["outputs"], float(case["tolerance"])
    information = np.array(as_list(inputs["n.I"]))
    fractions = information / information[-1]
    upper, lower = np.array(as_list(inputs["b"])), np.array(as_list(inputs["a"]))
    found = []
    for theta in as_list(inputs["theta"]):
        drifts = np.full(fractions.size, theta * math.sqrt(information[-1]))
        found.append(kernel.crossing(fractions, lower, np.zeros(fractions.size), upper, drifts, 0.0, 0.0))
    above, below = np.array([f[0] for f in found]).T, np.array([f[1] for f in found]).T
    matrix(above, outputs["upper"], tolerance, "upper")
    matrix(below, outputs["lower"], tolerance, "lower")
    stopped = (above + below)[:-1]
    expected = information[:-1] @ stopped + information[-1] * (1 - stopped.sum(axis=0))
    matrix(expected[:, None], np.atleast_1d(outputs["en"]).tolist(), tolerance, "en")


@adapter(FILE, r"gsCP\..*")
def gscp(case: Case) -> None:
    inputs, outputs, tolerance = case["inputs"], case["outputs"], float(case["tolerance"])
    design = build(inputs)
    power = 1 - float(inputs.get("beta", 0.1))
    fixed = upper_quantile(float(inputs.get("alpha", 0.025))) - upper_quantile(power)
    look, z = int(inputs["i"]), float(inputs["zi"])
    root = design.drift(power) / fixed  # of the maximum information, in units of the fixed design's
    trend = z / (root * math.sqrt(design.information_fractions[look - 1]))
    matrix(np.array([[trend], [0.0], [fixed]]), outputs["theta"], tolerance, "theta")
    found = [conditional_crossing(design, look, z, drift=theta * root) for theta in (trend, 0.0, fixed)]
    matrix(np.array([c.efficacy for c in found]).T, outputs["upper"], tolerance, "upper")
    matrix(np.array([c.futility for c in found]).T, outputs["lower"], tolerance, "lower")
