"""Continuous endpoints and who benefits, against R: lm, emmeans, sandwich, clubSandwich, coin, Hmisc, maxstat."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from calor.analyze.ancova import ancova
from calor.analyze.comparison import Comparison
from calor.analyze.interaction import interaction
from calor.analyze.least_squares import LeastSquares, Robust, least_squares
from tests.reference.registry import Case, adapter, close, data_file

FILE = "stats_ancova_interaction"
ARMS = ("placebo", "active")


def table_of(case: Case) -> pd.DataFrame:
    """The simulated IVORY, with the names that the cases' models use."""
    table = pd.read_csv(data_file(case.get("data_file", "stats_ivory_wide.csv")))
    table["arm"] = table["armf"] = np.where(table.trt == 1, "active", "placebo")
    table["lc"], table["li"] = np.log(table.hscrp_bl), np.log(table.il6_bl)
    table["blc"] = table.tbr_bl - table.tbr_bl.mean()
    table["chg"] = table.tbr_fu - table.tbr_bl
    table["pct"] = 100 * table.chg / table.tbr_bl
    return table


def column(table: pd.DataFrame, term: str) -> np.ndarray:
    """Evaluate one term of an R formula: a name, log(), I(), a product with ':'."""
    if term == "(Intercept)":
        return np.ones(len(table))
    if ":" in term:
        return np.prod([column(table, part) for part in term.split(":")], axis=0)
    if term not in table and (factor := re.fullmatch(r"(?:factor\((\w+)\)|(\w+?))(active|placebo|1|0)", term)):
        name, level = factor[1] or factor[2], factor[3]
        return (table[name].astype(str) == level).to_numpy(dtype=float)
    code = term.replace("^", "**")
    names = {"log": np.log, "log2": np.log2, "sqrt": np.sqrt, "I": lambda x: x, "mean": np.mean, "median": np.median}
    return np.asarray(eval(code, {"__builtins__": {}}, {**names, **dict(table.items())}), dtype=float)  # noqa: S307


def formula(case: Case) -> tuple[str, list[str]]:
    """Read 'response ~ a + b*c' from the case's model; products are expanded."""
    found = re.search(r"([\w()]+|\w+\(.*?\)) ?~ ?([^,]*)", case["model"])
    assert found, case["model"]
    response = re.sub(r"^.*\blm\(", "", found[1])
    response = response + ")" if response.count("(") > response.count(")") else response
    right = found[2].strip()
    while right.count(")") > right.count("("):
        right = right[: right.rindex(")")]
    return response, [t.strip() for t in right.split("+")]


def refit(case: Case, table: pd.DataFrame, coefficients: dict[str, Any]) -> LeastSquares:
    """Fit the columns that the case's coefficient table names."""
    response, _ = formula(case)
    design = np.column_stack([column(table, term) for term in coefficients])
    return least_squares(design, column(table, response), list(coefficients))


def check_coefficients(
    fit: LeastSquares, want: dict[str, dict[str, float]], robust: Robust, case: Case, ci: dict[str, Any] | None = None
) -> None:
    for name, row in want.items():
        got = fit.coefficient(name, robust)
        close(got.estimate, row["Estimate"], case["tolerance"], f"{name} estimate")
        close(got.se, row["Std. Error"], case["tolerance"], f"{name} SE")
        close(got.estimate / got.se, row["t value"], case["tolerance"], f"{name} t")
        close(got.p_value, row["Pr(>|t|)"], case["tolerance"], f"{name} p")
    for name, limits in (ci or {}).items():
        for which, limit in zip(("lower", "upper"), limits.values(), strict=True):
            got_limit = fit.coefficient(name, robust).interval(0.95)[which == "upper"]
            close(got_limit, limit, case["tolerance"], f"{name} {which}")


def check_fit(fit: LeastSquares, case: Case, robust: Robust = "model") -> None:
    outputs, tolerance = case["outputs"], case["tolerance"]
    check_coefficients(fit, outputs["coef"], robust, case, outputs.get("ci95"))
    if "sigma" in outputs:
        close(fit.sd, outputs["sigma"], tolerance, "residual SD")
    if "df_resid" in outputs:
        assert fit.df == outputs["df_resid"]
    if "n" in outputs:
        assert len(fit.residuals) == outputs["n"]
    if "r2" in outputs:
        y = fit.design @ fit.coefficients + fit.residuals
        close(1 - fit.rss / float(np.sum((y - y.mean()) ** 2)), outputs["r2"], tolerance, "R squared")


def robust_of(case: Case) -> Robust:
    found = re.search(r"HC[0-4]|CR2", case["id"]) or re.search(r"HC[0-4]|CR2", case["what"])
    return found[0] if found else "model"  # type: ignore[return-value]


def covariates_of(coefficients: dict[str, Any]) -> list[str]:
    return [c for c in coefficients if c != "(Intercept)" and not re.search(r"\b(trt|armf?active|arm)\b|:", c)]


@adapter(FILE, r"ancova_(?!lsmeans|log|CR2|power).*")
def ancova_coefficients(case: Case) -> None:
    table, robust = table_of(case), robust_of(case)
    want = case["outputs"]["coef"]
    fit = refit(case, table, want)
    check_fit(fit, case, robust)
    covariates = covariates_of(want)
    terms = table.assign(**{c: column(table, c) for c in covariates}, response=column(table, formula(case)[0]))
    found = ancova(terms, response="response", arm="arm", arms=ARMS, covariates=covariates, se=robust)
    arm = next(c for c in want if c not in {"(Intercept)", *covariates})
    close(found.differences[0].estimate, want[arm]["Estimate"], case["tolerance"], "difference")
    close(found.differences[0].se or 0.0, want[arm]["Std. Error"], case["tolerance"], "difference SE")
    close(found.differences[0].p_value or 0.0, want[arm]["Pr(>|t|)"], case["tolerance"], "difference p")


@adapter(FILE, r"ancova_lsmeans.*")
def ls_means(case: Case) -> None:
    table, outputs, tolerance = table_of(case), case["outputs"], case["tolerance"]
    terms = [t for t in formula(case)[1] if t not in {"arm", "armf", "trt"}]
    terms_table = table.assign(**{t: column(table, t) for t in terms if not t.startswith("factor")})
    factors = [t for t in terms if t.startswith("factor")]
    terms_table = terms_table.assign(**{t: table[t[7:-1]] for t in factors})
    covariates = [t for t in terms if t not in factors]
    found = ancova(terms_table, response=formula(case)[0], arm="arm", arms=ARMS, covariates=covariates, factors=factors)
    for got, want in zip(found.ls_means, outputs["means"], strict=True):
        assert got.label == want["armf"]
        for value, key in zip((got.estimate, got.se, got.df, got.lower, got.upper), list(want)[1:], strict=True):
            close(value or 0.0, want[key], tolerance, f"{got.label} {key}")
    (difference,), (want,) = found.differences, outputs["diff"]
    keys = ("estimate", "SE", "df", "lower.CL", "upper.CL", "p.value")
    values = [getattr(difference, name) for name in ("estimate", "se", "df", "lower", "upper", "p_value")]
    for value, key in zip(values, keys, strict=True):
        close(value, want[key], tolerance, key)
    if "mean_baseline" in outputs:
        close(float(table.tbr_bl.mean()), outputs["mean_baseline"], tolerance, "mean baseline")


@adapter(FILE, r"ancova_CR2.*")
def bell_mccaffrey(case: Case) -> None:
    outputs, tolerance = case["outputs"], case["tolerance"]
    table = table_of(case)
    design = np.column_stack([column(table, term) for term in outputs["names"]])
    fit = least_squares(design, table.tbr_fu.to_numpy(), outputs["names"])
    for i, name in enumerate(outputs["names"]):
        got = fit.coefficient(name, "CR2")
        for value, key in ((got.estimate, "est"), (got.se, "se"), (got.df, "df"), (got.p_value, "p")):
            close(value, outputs[key][i], tolerance, f"{name} {key}")
    covariates = covariates_of(dict.fromkeys(outputs["names"]))
    found = ancova(table, response="tbr_fu", arm="arm", arms=ARMS, covariates=covariates, se="CR2").differences[0]
    close(found.df or 0.0, outputs["df"][outputs["names"].index("trt")], tolerance, "difference df")


@adapter(FILE, r"inter(action)?_(linear|log|raw).*")
def linear_interaction(case: Case) -> None:
    outputs, tolerance, table = case["outputs"], case["tolerance"], table_of(case)
    check_fit(refit(case, table, outputs["coef"]), case)
    product = next(name for name in outputs["coef"] if ":" in name)
    marker = re.sub(r"\b(trt|armf?active):|:(trt|armf?active)\b", "", product)
    raw = {"lc": "hscrp_bl", "li": "il6_bl"}.get(marker) or re.sub(r"^log\((\w+)\)$", r"\1", marker)
    covariates = [c for c in covariates_of(outputs["coef"]) if c != marker]
    comparison = Comparison("tbr_fu", "arm", ARMS, tuple(covariates))
    found = interaction(
        table,
        comparison,
        biomarker=raw,
        scale="linear" if raw == marker else "log",
        percentiles=[100 * q for q in outputs.get("quantile_probs", [0.5])],
    )
    close(found.slope_difference.estimate, outputs["coef"][product]["Estimate"], tolerance, "slope difference")
    close(found.slope_difference.p_value or 0.0, outputs["coef"][product]["Pr(>|t|)"], tolerance, "slope p")
    for got, want in zip(found.effects, outputs.get("effects", []), strict="effects" in outputs):
        at = got.biomarker if raw == marker else np.log(got.biomarker)
        effect = got.effect
        values = (at, effect.estimate, effect.se, effect.lower, effect.upper, effect.p_value)
        for value, key in zip(values, want, strict=True):
            close(value or 0.0, want[key], tolerance, f"P{got.percentile} {key}")
