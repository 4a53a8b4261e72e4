"""Continuous endpoints and who benefits, against R: lm, emmeans, sandwich, clubSandwich, coin, Hmisc, maxstat."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from calor.analyze.benefit.fractional_polynomials import fractional_polynomials
from calor.analyze.benefit.interaction import interaction
from calor.analyze.benefit.joint_interaction import joint_interaction
from calor.analyze.benefit.maximally_selected_rank import Approximation, maximally_selected_rank
from calor.analyze.benefit.mediation import mediation
from calor.analyze.benefit.mfpi import Mfpi, mfpi
from calor.analyze.benefit.restricted_cubic_spline import spline_basis, spline_interaction
from calor.analyze.benefit.stepp import stepp, window_starts
from calor.analyze.benefit.threshold_search import threshold_search
from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.ancova_log import ancova_log, percent_change
from calor.analyze.continuous.anhecova import anhecova
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.g_computation import g_computation
from calor.analyze.continuous.least_squares import LeastSquares, Robust, least_squares
from calor.analyze.continuous.quade import quade
from calor.analyze.continuous.rank_sum import mann_whitney, rank_sum, rank_z
from calor.analyze.continuous.t_test import t_test
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
        level = 1 - 2 * float(next(iter(limits)).split()[0]) / 100  # R names a limit by its percentile: "2.5 %"
        for which, limit in zip(("lower", "upper"), limits.values(), strict=True):
            got_limit = fit.coefficient(name, robust).interval(level)[which == "upper"]
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
    close(difference.estimate / (difference.se or 1.0), want["t.ratio"], tolerance, "t.ratio")
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


@adapter(FILE, r"inter(action)?_(?!rcs|spline).*|joint.*|.*median_?split.*")
def interactions(case: Case) -> None:
    outputs, tolerance, table = case["outputs"], case["tolerance"], with_split(case, table_of(case))
    coefficients = {re.sub(r"TRUE\b", "", name): row for name, row in outputs["coef"].items()}
    response = formula(case)[0]
    design = np.column_stack([column(table, term) for term in coefficients])
    fit = least_squares(design, column(table, response), list(coefficients))
    intervals = {re.sub(r"TRUE\b", "", name): row for name, row in outputs.get("ci95", {}).items()}
    check_fit(fit, {**case, "outputs": {**outputs, "coef": coefficients, **({"ci95": intervals} if intervals else {})}})
    products = [name for name in coefficients if re.fullmatch(r"(trt|armf?active):\w.*|\w.*:(trt|armf?active)", name)]
    markers = [re.sub(r"^(trt|armf?active):|:(trt|armf?active)$", "", name) for name in products]
    rest = tuple(c for c in covariates_of(coefficients) if c not in markers)
    terms = table.assign(response=column(table, response), **{m: column(table, m) for m in (*markers, *rest)})
    comparison = Comparison("response", "arm", ARMS, rest)
    if len(markers) > 1:
        found = joint_interaction(terms, comparison, biomarkers=dict.fromkeys(markers, "linear"))
        for slope, product in zip(found.slopes, products, strict=True):
            close(slope.estimate, coefficients[product]["Estimate"], tolerance, product)
            close(slope.p_value or 0.0, coefficients[product]["Pr(>|t|)"], tolerance, product)
        test = found.joint
        for key, value in (("F", test.f), ("df1", test.df1), ("df2", test.df2), ("p", test.p_value)):
            if key in outputs:
                close(value, outputs[key], tolerance, key)
        return
    check_one_interaction(case, terms, comparison, markers[0], coefficients[products[0]])


def with_split(case: Case, table: pd.DataFrame) -> pd.DataFrame:
    """Add the median split, under the names a model may give it; at or above the median unless the case says above."""
    words = case["what"] + case["model"]
    high = table.hscrp_bl >= table.hscrp_bl.median()
    if ">" in words and ">=" not in words:
        high = table.hscrp_bl > table.hscrp_bl.median()
    return table.assign(
        **dict.fromkeys(("hi", "high", "split", "above", "med", "crp_hi", "hscrp_hi"), high.astype(float))
    )


def check_one_interaction(
    case: Case, terms: pd.DataFrame, comparison: Comparison, marker: str, want: dict[str, float]
) -> None:
    outputs, tolerance = case["outputs"], case["tolerance"]
    raw = {"lc": "hscrp_bl", "li": "il6_bl"}.get(marker) or re.sub(r"^log\((\w+)\)$", r"\1", marker)
    probabilities = [100 * q for q in outputs.get("quantile_probs", [0.5])]
    scale = "linear" if raw == marker else "log"
    found = interaction(terms, comparison, biomarker=raw, scale=scale, percentiles=probabilities)  # type: ignore[arg-type]
    close(found.slope_difference.estimate, want["Estimate"], tolerance, "slope difference")
    close(found.slope_difference.p_value or 0.0, want["Pr(>|t|)"], tolerance, "slope p")
    if "quantile_probs" not in outputs:
        return
    for got, row in zip(found.effects, outputs["effects"], strict=True):
        at = got.biomarker if scale == "linear" else np.log(got.biomarker)
        effect = got.effect
        values = (at, effect.estimate, effect.se, effect.lower, effect.upper, effect.p_value)
        for value, key in zip(values, row, strict=True):
            close(value or 0.0, row[key], tolerance, f"P{got.percentile} {key}")


@adapter(FILE, r"ancova_log.*")
def log_ancova(case: Case) -> None:
    table, outputs, tolerance = table_of(case), case["outputs"], case["tolerance"]
    check_fit(refit(case, table, outputs["coef"]), case)
    covariates = covariates_of(outputs["coef"])
    response = re.sub(r"^log\((\w+)\)$", r"\1", formula(case)[0])
    terms = table.assign(**{c: column(table, c) for c in covariates})
    found = ancova_log(terms, response=response, arm="arm", arms=ARMS, covariates=covariates).ratios[0]
    close(found.estimate, outputs["gmr"], tolerance, "geometric mean ratio")
    close(percent_change(found.estimate), outputs["pct"], tolerance, "percent")
    close(percent_change(found.lower), outputs["pct_ci"][0], tolerance, "percent lower")
    close(percent_change(found.upper), outputs["pct_ci"][1], tolerance, "percent upper")
    close(found.p_value or 0.0, outputs["coef"]["trt"]["Pr(>|t|)"], tolerance, "p")


@adapter(FILE, r"anhecova.*|lin_.*")
def heterogeneous_slopes(case: Case) -> None:
    table, outputs, tolerance = table_of(case), case["outputs"], case["tolerance"]
    fit = refit(case, table, outputs["coef"])
    check_fit(fit, case)
    for key in (k for k in outputs if re.fullmatch(r"hc\d", k)):
        robust: Robust = key.upper()  # type: ignore[assignment]
        check_coefficients(fit, outputs[key], robust, case)
        comparison = Comparison("tbr_fu", "arm", ARMS, ("tbr_bl",))
        found = anhecova(table, comparison, se=robust).differences[0]
        close(found.estimate, outputs[key]["trt"]["Estimate"], tolerance, "average effect")
        close(found.se or 0.0, outputs[key]["trt"]["Std. Error"], tolerance, "average effect SE")
        close(found.p_value or 0.0, outputs[key]["trt"]["Pr(>|t|)"], tolerance, "average effect p")


def two_samples(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Active and control values: inline x and y, or the column that the model names."""
    outputs = case["outputs"]
    if "x" in outputs:
        return np.array(outputs["x"], dtype=float), np.array(outputs["y"], dtype=float)
    table = table_of(case)
    named = re.search(r"\(([\w()]+) ?~", case["model"])
    response = (
        named[1]
        if named
        else next((w for w in ("follow", "change") if w in (case["id"] + case["what"]).lower()), "change")
    )
    name = {"change": "chg", "follow": "tbr_fu"}.get(response, response)
    values = column(table, "chg" if case["id"].startswith("change") and not named else name)
    return values[table.arm == "active"], values[table.arm == "placebo"]


def confidence(case: Case) -> float:
    found = re.search(r"conf\.level ?= ?(0?\.\d+)", case["model"])
    return float(found[1]) if found else 0.95


@adapter(FILE, r"(?!power).*t_?test.*")
def two_means(case: Case) -> None:
    active, control = two_samples(case)
    first_is_placebo = "placebo minus active" in case["what"] or "~ trt" in case["model"]
    first, second = (control, active) if first_is_placebo else (active, control)
    for kind, want in case["outputs"].items():
        found = t_test(first, second, equal_variances=kind == "pooled", level=confidence(case))
        close(found.estimate / (found.se or 1.0), want["t"], case["tolerance"], f"{kind} t")
        close(found.df or 0.0, want["df"], case["tolerance"], f"{kind} df")
        close(found.p_value or 0.0, want["p"], case["tolerance"], f"{kind} p")
        close(found.lower, want["ci"][0], case["tolerance"], f"{kind} lower")
        close(found.upper, want["ci"][1], case["tolerance"], f"{kind} upper")


@adapter(FILE, r"(?!maxstat|power).*wilcox.*")
def rank_sums(case: Case) -> None:
    outputs, tolerance = case["outputs"], case["tolerance"]
    active, control = two_samples(case)
    tied = len(np.unique(np.r_[active, control])) < len(active) + len(control)
    asked_exact = "exact" in case["model"].lower() and "exact=false" not in case["model"].lower().replace(" ", "")
    corrected = not re.search(r"correct ?= ?F", case["model"])
    found = rank_sum(
        active,
        control,
        distribution="exact" if asked_exact and not tied else "normal",
        continuity=corrected,
        level=confidence(case),
    )
    close(mann_whitney(active, control), outputs["W"], tolerance, "W")
    close(found.p_value or 0.0, outputs["p"], tolerance, "p")
    values = (found.estimate, found.lower, found.upper)
    wants = (outputs["hl"], *outputs["ci"])
    if found.method.startswith("exact"):
        for value, want, what in zip(values, wants, ("shift", "lower", "upper"), strict=True):
            close(value, want, tolerance, what)
        return
    # R seeks the roots of the standardized statistic with tolerance 1e-4 and reports where it stopped: ours are the
    # pairwise differences where it jumps, the same to that tolerance; our statistic under R's search agrees exactly.
    # An even number of pairs leaves the root anywhere between the two middle ones, whose mean is the median.
    middle = np.sort(np.subtract.outer(active, control), axis=None)
    half = (len(middle) - 1) // 2
    assert middle[half] - 1e-4 <= outputs["hl"] <= middle[-half - 1] + 1e-4
    assert middle[half] <= found.estimate <= middle[-half - 1]
    for value, want, what in zip(values[1:], wants[1:], ("lower", "upper"), strict=True):
        close(value, want, max(tolerance, 1e-4), what)
    quantile = norm.ppf((1 + confidence(case)) / 2)
    for target, continuity, want in zip((0.0, 1.0, -1.0), (False, corrected, corrected), wants, strict=True):
        close(r_root(active, control, target * quantile, continuity), want, tolerance, f"root at {target}")


def r_root(active: np.ndarray, control: np.ndarray, target: float, continuity: bool) -> float:
    """Brent's root search (1973, section 4.2) as R's uniroot runs it, tolerance 1e-4, on our statistic."""

    def f(shift: float) -> float:
        return rank_z(active, control, shift=shift, continuity=continuity) - target

    a, b = active.min() - control.max(), active.max() - control.min()
    fa, fb = f(a), f(b)
    c, fc = a, fa
    for _ in range(1000):
        previous = b - a
        if abs(fc) < abs(fb):
            a, b, c = b, c, b
            fa, fb, fc = fb, fc, fb
        tolerance = 2 * np.finfo(float).eps * abs(b) + 0.5e-4
        step = (c - b) / 2
        if abs(step) <= tolerance or fb == 0:
            break
        if abs(previous) >= tolerance and abs(fa) > abs(fb):
            step = interpolated(a, b, c, fa, fb, fc, tolerance) or step
        step = step if abs(step) >= tolerance else np.copysign(tolerance, step)
        a, fa = b, fb
        b += step
        fb = f(b)
        if (fb > 0) == (fc > 0) and fb * fc != 0:
            c, fc = a, fa
    return float(b)


def interpolated(a: float, b: float, c: float, fa: float, fb: float, fc: float, tolerance: float) -> float | None:
    """The secant or inverse quadratic step, if it is short enough to be trusted."""
    span, t1 = c - b, fb / (fa if a == c else fc)
    if a == c:
        p, q = span * t1, 1 - t1
    else:
        q, t2 = fa / fc, fb / fa
        p = t2 * (span * q * (q - t1) - (b - a) * (t1 - 1))
        q = (q - 1) * (t1 - 1) * (t2 - 1)
    p, q = (p, -q) if p > 0 else (-p, q)
    return p / q if p < 0.75 * span * q - abs(tolerance * q) / 2 and p < abs((b - a) * q / 2) else None


@adapter(FILE, r"quade.*")
def rank_ancova(case: Case) -> None:
    table, outputs = table_of(case), case["outputs"]
    found = quade(table, Comparison("tbr_fu", "arm", ARMS, ("tbr_bl",)))
    for value, key in ((found.f, "F"), (found.df1, "df1"), (found.df2, "df2"), (found.p_value, "p")):
        close(value, outputs[key], case["tolerance"], key)


@adapter(FILE, r"g_?comp.*")
def standardization(case: Case) -> None:
    """The model of `ancova_multi`: follow-up on arm, baseline, age, sex and diabetes."""
    outputs, tolerance = case["outputs"], case["tolerance"]
    covariates = ("tbr_bl", "age", "female", "diabetes")
    by_arm = "*" in case["model"]
    found = g_computation(table_of(case), Comparison("tbr_fu", "arm", ARMS, covariates), by_arm=by_arm)
    control, active = found.ls_means
    close(active.estimate, outputs["mu1"], tolerance, "active mean")
    close(control.estimate, outputs["mu0"], tolerance, "control mean")
    close(found.differences[0].estimate, outputs["diff"], tolerance, "difference")


INTERACTED = Comparison("tbr_fu", "arm", ARMS, ("tbr_bl",))


@adapter(FILE, r"inter(action)?_(rcs|spline).*|rcs.*|spline.*")
def spline(case: Case) -> None:
    outputs, tolerance, table = case["outputs"], case["tolerance"], table_of(case)
    named = re.search(r"rcs\((\w+), ?(\d)\)", case["model"])
    assert named, case["model"]
    biomarker = {"lc": "hscrp_bl", "li": "il6_bl"}.get(named[1], named[1])
    scale = "linear" if biomarker == named[1] else "log"
    found = spline_interaction(table, INTERACTED, biomarker=biomarker, knots=int(named[2]), scale=scale)  # type: ignore[arg-type]
    knots = np.array(found.knots) if scale == "linear" else np.log(found.knots)
    for got, want in zip(knots, outputs["knots"], strict=True):
        close(float(got), want, tolerance, "knot")
    basis = spline_basis(table[named[1]].to_numpy(), knots)
    first = next((v for k, v in outputs.items() if k.startswith("basis")), [])
    for got_row, want_row in zip(basis, first, strict=False):
        for got, want in zip(got_row, want_row, strict=True):
            close(float(got), want, tolerance, "basis")
    both = {"": found.interaction, "_nonlin": found.nonlinearity}
    for suffix, test in both.items():
        for key, value in (("F", test.f), ("p", test.p_value), ("df1", test.df1), ("df2", test.df2)):
            if key + suffix in outputs:
                close(value, outputs[key + suffix], tolerance, key + suffix)


@adapter(FILE, r"fp\d?_.*")
def fractional_polynomial_table(case: Case) -> None:
    outputs, tolerance = case["outputs"], case["tolerance"]
    found = fractional_polynomials(table_of(case), INTERACTED, biomarker="hscrp_bl")
    close(found.null, outputs["null_dev"], tolerance, "null deviance")
    for power, want in zip(outputs["powers"], outputs["fp1_dev"], strict=True):
        close(found.first[(float(power),)], want, tolerance, f"power {power}")
    for row in outputs["fp2"]:
        close(found.second[(float(row["p1"]), float(row["p2"]))], row["dev"], tolerance, f"pair {row}")
    assert len(outputs["fp2"]) == len(found.second)
    assert found.best_first == tuple(np.atleast_1d(outputs["best_fp1"]).astype(float))
    assert found.best_second == tuple(np.atleast_1d(outputs["best_fp2"]).astype(float))


@adapter(FILE, r"mfpi.*")
def fractional_polynomial_interaction(case: Case) -> None:
    outputs, tolerance = case["outputs"], case["tolerance"]
    flexibility = re.search(r"flex\D{0,2}(\d)", case["id"] + " " + case["what"])
    degree = 1 if "FP1" in case["model"] + case["what"] else 2
    found = mfpi(
        table_of(case),
        INTERACTED,
        biomarker="hscrp_bl",
        degree=degree,  # type: ignore[arg-type]
        flexibility=int(flexibility[1]) if flexibility else 1,  # type: ignore[arg-type]
    )
    numbers = {"F": found.f, "p_F": found.p_f, "lr": found.likelihood_ratio, "p_lr": found.p_likelihood_ratio}
    numbers |= {"df": found.df, "df1": found.df, "p": found.p_f, "chi2": found.likelihood_ratio}
    numbers |= {"dev_main": found.main_deviance, "dev0": found.main_deviance, "main_dev": found.main_deviance}
    numbers |= dict.fromkeys(("dev_int", "dev1", "dev_inter", "inter_dev", "dev"), found.interaction_deviance)
    for key, want in outputs.items():
        if "power" in key:
            assert powers_named(found, key) == tuple(float(p) for p in np.atleast_1d(want)), key
        else:
            close(numbers[key], want, tolerance, key)


def powers_named(found: Mfpi, key: str) -> tuple[float, ...]:
    if "main" in key:
        return found.main_powers
    return found.control_powers if re.search(r"0|plac|contr|ctrl", key) else found.active_powers


def rng() -> np.random.Generator:
    return np.random.default_rng(20261122)


@adapter(FILE, r"threshold.*|sup_?t.*")
def threshold(case: Case) -> None:
    outputs, tolerance = case["outputs"], case["tolerance"]
    share = re.search(r"(\d+) ?[-–] ?(\d+) ?%", case["what"])
    between = (float(share[1]), float(share[2])) if share else (20.0, 80.0)
    found = threshold_search(
        table_of(case), INTERACTED, biomarker="hscrp_bl", rng=rng(), between=between, bootstraps=50
    )
    if "cuts" in outputs:
        assert found.cuts.tolist() == outputs["cuts"]
    for got, want in zip(found.t, outputs.get("t", []), strict="t" in outputs):
        close(float(got), want, tolerance, "t")
    numbers = {"best_cut": found.best_cut, "cut": found.best_cut, "max_abs_t": found.max_abs_t, "p": found.p_value}
    numbers |= {"obs": found.max_abs_t, "observed": found.max_abs_t, "max_t": found.max_abs_t}
    for key in {"p_perm", "perm_p", "p_adj", "pvalue", "p_value"} & set(outputs):
        numbers[key] = found.p_value
    compared = {k for k in numbers if k in outputs}
    for key in compared:
        close(numbers[key], outputs[key], tolerance, key)
    assert compared, f"nothing to compare among {list(outputs)}"


@adapter(FILE, r"maxstat.*")
def maximally_selected(case: Case) -> None:
    outputs, tolerance, table = case["outputs"], case["tolerance"], table_of(case)
    words = f"{case['id']} {case['what']} {case['model']}"
    side = re.search(r"trt ?== ?([01])", case["model"])
    rows = table[table.trt == int(side[1])] if side else table
    names = re.search(r"(\w+|\w+\(\w+\)) ?~ ?(\w+)", case["model"])
    assert names, case["model"]
    share = {k: float(v) for k, v in re.findall(r"(minprop|maxprop) ?= ?(\.?\d*\.?\d+)", case["model"])}
    found = maximally_selected_rank(
        column(rows, names[1]),
        column(rows, names[2]),
        between=(share.get("minprop", 0.1), share.get("maxprop", 0.9)),
        approximation=approximation_named(words),
        scores="values" if re.search(r"data scores|smethod ?= ?.?gauss", words.lower()) else "ranks",
        rng=rng(),
    )
    numbers = {"stat": found.statistic, "p": found.p_value, "cut": found.cut}
    for key, want in outputs.items():
        close(numbers[key], want, tolerance, key)


def approximation_named(words: str) -> Approximation:
    if re.search(r"Lau(sen)? ?(19)?92", words):
        return "Lausen 1992"
    if re.search(r"pmethod ?= ?.?(HL|min)", words):
        pytest.skip("an approximation that Calor does not offer")
    if re.search(r"exact ?Gauss", words, re.IGNORECASE):
        return "normal"
    return "permutation" if re.search(r"condMC|permut|Monte", words) else "Lausen 1994"


@adapter(FILE, r"stepp.*")
def sliding_windows(case: Case) -> None:
    outputs, tolerance, table = case["outputs"], case["tolerance"], table_of(case)
    size = int(re.search(r"(\d+) (patients|participants|subjects)", case["what"])[1])  # type: ignore[index]
    overlap = int(re.search(r"overlap(?:ping)? ?=? ?(\d+)", case["what"])[1])  # type: ignore[index]
    biomarker = re.search(r"order\((\w+)\)", case["model"])
    found = stepp(
        table,
        INTERACTED,
        biomarker=biomarker[1] if biomarker else "hscrp_bl",
        rng=rng(),
        size=size,
        overlap=overlap,
        permutations=2000 if "p" in outputs else 100,
    )
    assert [w.first - 1 for w in found.windows] == window_starts(len(table), size, overlap)
    assert {"windows", "overall", "sup", "p"} & set(outputs), sorted(outputs)
    for got, want in zip(found.windows, outputs.get("windows", []), strict="windows" in outputs):
        numbers = {"start": got.first, "lo": got.lower, "hi": got.upper, "med": got.median}
        numbers |= {"est": got.effect.estimate, "se": got.effect.se or 0.0, "n": got.effect.n}
        for key, value in want.items():
            close(numbers[key], value, tolerance, f"window {got.first} {key}")
    for key, number in (("overall", found.overall.estimate), ("sup", found.supremum), ("p", found.p_value)):
        if key in outputs:
            close(number, outputs[key], tolerance, key)


@adapter(FILE, r"mediation.*")
def product_of_coefficients(case: Case) -> None:
    outputs, tolerance, table = case["outputs"], case["tolerance"], table_of(case)
    a_model, b_model = re.findall(r"lm\(([^~]+~[^)]+(?:\([^)]*\)[^)]*)*)\)", case["model"])
    mediator = a_model.split("~")[0].strip()
    response = b_model.split("~")[0].strip()
    a_terms = [t.strip() for t in a_model.split("~")[1].split("+")]
    b_terms = [t.strip() for t in b_model.split("~")[1].split("+")]
    terms = {t: column(table, t) for t in {mediator, *a_terms, *b_terms}}
    found = mediation(
        table.assign(**terms),
        Comparison(response, "arm", ARMS, tuple(t for t in b_terms if t not in {"trt", mediator})),
        mediator=mediator,
        rng=rng(),
        mediator_covariates=[t for t in a_terms if t != "trt"],
        bootstraps=200,
    )
    numbers = {"a": found.a.estimate, "b": found.b.estimate, "ind": found.indirect.estimate}
    numbers |= {"sobel_se": found.indirect.se or 0.0, "direct": found.direct.estimate, "total": found.total.estimate}
    for key, want in outputs.items():
        close(numbers[key], want, tolerance, key)


HANDLED = (
    "ancova|anhecova|lin_|inter|joint|rcs|spline|quade|g_?comp|fp|mfpi|threshold|sup_?t|maxstat|stepp|mediation|power"
)


@adapter(FILE, rf"(?!{HANDLED})(?!.*t_?test)(?!.*wilcox)(?!.*median_?split).*")
def other_models(case: Case) -> None:
    """Any further linear model that prints its coefficients: change by arm, one arm, other endpoints."""
    outputs, table = case["outputs"], table_of(case)
    side = re.search(r"trt ?== ?([01])", case["model"])
    rows = table[table.trt == int(side[1])] if side else table
    tables = {
        key: rows
        for key, rows in outputs.items()
        if isinstance(rows, dict) and all(isinstance(row, dict) and "Estimate" in row for row in rows.values())
    }
    if not tables or "~" not in case["model"]:
        pytest.skip("no adapter yet")
    response = formula(case)[0]
    for coefficients in tables.values():
        design = np.column_stack([column(rows, term) for term in coefficients])
        fit = least_squares(design, column(rows, response), list(coefficients))
        check_coefficients(fit, coefficients, robust_of(case), case)
