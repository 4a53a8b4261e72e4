"""Read a design as rpact's functions take it, for the adapters."""

from __future__ import annotations

from typing import Any

import numpy as np

from calor.design import GroupSequential, classical, spending
from calor.design.fisher_combination import FisherCombination


def as_list(value: Any) -> list[float]:
    """A vector that may have been written as a scalar; "NA" entries become NaN, "Inf" infinity."""
    values = value if isinstance(value, list) else [value]
    return [float("nan") if v in ("NA", None) else float(v) for v in values]


def information_rates(args: dict[str, Any]) -> list[float]:
    """The looks of a design: given, or equally spaced."""
    if args.get("informationRates") not in (None, "NA"):
        return as_list(args["informationRates"])
    looks = args.get("kMax")
    if looks in (None, "NA"):
        futility = args.get("futilityBounds", args.get("alpha0Vec"))
        user = args.get("userAlphaSpending", args.get("userBetaSpending"))
        looks = len(as_list(futility)) + 1 if futility is not None else len(as_list(user)) if user is not None else 3
    return [k / looks for k in range(1, int(looks) + 1)]


def _spending(kind: str, total: float, gamma: Any, user: Any) -> spending.SpendingFunction:
    match kind:
        case "OF":
            return spending.obrien_fleming(total)
        case "P":
            return spending.pocock(total)
        case "KD":
            return spending.kim_demets(total, rho=float(gamma))
        case "HSD":
            return spending.hwang_shih_decani(total, gamma=float(gamma))
        case "User":
            return spending.given(as_list(user))
    raise LookupError(f"no spending function {kind}")


def _efficacy(args: dict[str, Any], alpha: float) -> Any:
    kind = args.get("typeOfDesign", "OF")
    match kind:
        case "OF":
            return classical.obrien_fleming(alpha)
        case "P":
            return classical.pocock(alpha)
        case "WT":
            return classical.wang_tsiatis(alpha, shape=float(args.get("deltaWT", 0)))
        case "HP":
            return classical.haybittle_peto(alpha, early=float(args.get("constantBoundsHP", 3)))
        case "noEarlyEfficacy":
            return spending.at_the_end(alpha)
    return _spending(kind.removeprefix("as"), alpha, args.get("gammaA", 1), args.get("userAlphaSpending"))


def group_sequential(args: dict[str, Any]) -> GroupSequential:
    """The design of getDesignGroupSequential or getDesignInverseNormal."""
    alpha, beta = float(args.get("alpha", 0.025)), float(args.get("beta", 0.2))
    sides = int(args.get("sided", 1))
    fractions = information_rates(args)
    futility: Any = None
    beta_kind = args.get("typeBetaSpending", "none")
    if beta_kind != "none":
        futility = _spending(beta_kind.removeprefix("bs"), beta, args.get("gammaB", 1), args.get("userBetaSpending"))
    elif args.get("futilityBounds") not in (None, "NA"):
        bounds = np.array(as_list(args["futilityBounds"]))
        futility = np.where(bounds <= -6, -np.inf, bounds)
    binding = bool(args.get("bindingFutility", False)) and futility is not None
    return GroupSequential(fractions, efficacy=_efficacy(args, alpha), futility=futility, binding=binding, sides=sides)


FISHER_METHODS = {
    "equalAlpha": "equal_levels",
    "fullAlpha": "full_last_level",
    "noInteraction": "no_interaction",
    "userDefinedAlpha": "given",
}


def fisher(args: dict[str, Any]) -> FisherCombination:
    """The design of getDesignFisher."""
    fractions = information_rates(args)
    futility = args.get("alpha0Vec")
    limits = None if futility in (None, "NA") else as_list(futility)
    if not bool(args.get("bindingFutility", True)):
        limits = None
    method: Any = FISHER_METHODS[args.get("method", "equalAlpha")]
    spent = as_list(args["userAlphaSpending"]) if method == "given" else None
    return FisherCombination(fractions, float(args.get("alpha", 0.025)), limits, method, spent)
