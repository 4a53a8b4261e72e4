"""MMRM, generalized least squares and random-effects models against R (mmrm, nlme, lme4 with lmerTest).

The fixed effects of a case are read off the names of its coefficients ("ARMCDTRT:AVISITVIS2"), so any formula over the
columns of its data file is understood.

Some references stop short of the maximum: mmrm's optimizer ends when the log likelihood gains less than about 4e-6,
which moves coefficients in the fourth digit. Where a number differs, the adapter therefore requires that our likelihood
is the higher one, and compares once more at the covariance that the reference itself prints.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from calor.analyze.mixed.covariance.structures import (
    spatial_covariance,
    visit_covariance,
)
from calor.analyze.mixed.inference import Inference
from calor.analyze.mixed.linear_mixed import linear_mixed
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.analyze.mixed.marginal_model import MarginalFit, assemble, fit_marginal_model
from calor.analyze.mixed.mmrm import Fitting, Mmrm, infer, mmrm
from calor.analyze.mixed.patterns import patterns
from calor.analyze.mixed.restricted_likelihood import differentiate, minus_log_likelihood
from calor.analyze.mixed.visit_table import RepeatedMeasures
from tests.reference.registry import Case, adapter, close, data_file

STRUCTURES = {
    "us": "unstructured",
    "cs": "compound symmetry",
    "csh": "heterogeneous compound symmetry",
    "toep": "Toeplitz",
    "toeph": "heterogeneous Toeplitz",
    "ar1": "autoregressive",
    "ar1h": "heterogeneous autoregressive",
    "ad": "ante-dependence",
    "adh": "heterogeneous ante-dependence",
    "sp_exp": "spatial exponential",
    "sp_gau": "spatial Gaussian",
}
RESPONSES = ("FEV1", "log_hscrp", "Reaction", "distance")
PARTICIPANTS = ("USUBJID", "id", "Subject")
VISITS = ("AVISIT", "visit", "VISIT")


class Problem(NamedTuple):
    """A case read: its table, fixed effects and covariance."""

    table: pd.DataFrame
    response: str
    participant: str
    visit: str | None
    names: tuple[str, ...]
    fitting: Fitting
    weight: str | None
    group: str | None
    text: str


def words(case: Case) -> str:
    return " ".join([case["id"], case.get("what", ""), str(case.get("model", "")), str(case.get("control", ""))])


def first_of(candidates: tuple[str, ...], table: pd.DataFrame) -> str | None:
    return next((name for name in candidates if name in table.columns), None)


def load(case: Case) -> pd.DataFrame:
    table = pd.read_csv(data_file(case["data_file"]))
    if "trt" in table and "arm" not in table:
        table["arm"] = np.where(table["trt"] == 1, "act", "pbo")
    return table


def structure(text: str, model: str) -> str:
    found = re.search(r"\b(sp_exp|sp_gau|toeph|toep|ar1h|ar1|adh|ad|csh|cs|us)\s*\(", model)
    if found:
        return STRUCTURES[found.group(1)]
    if re.search(r"cor(CompSymm|AR1|Symm)", model):
        each = "varIdent" in model
        for part, name in (("CompSymm", "compound symmetry"), ("AR1", "autoregressive")):
            if "cor" + part in model:
                return ("heterogeneous " if each else "") + name
        return "unstructured"
    for token in re.split(r"[_\s]+", text):
        if token.lower() in STRUCTURES:
            return STRUCTURES[token.lower()]
    return "unstructured"


def fitting(case: Case) -> Fitting:
    text, model = words(case), str(case.get("model", ""))
    ml = re.search(r"reml\s*=\s*F", text, re.I) or (
        re.search(r"\bML\b|_ML\b", text) and not re.search(r"\bREML\b", text)
    )
    if re.search("jackknife", text, re.I):
        vcov = "jackknife"
    elif re.search("bias.?reduced|CR2", text, re.I):
        vcov = "bias-reduced"
    elif re.search("empirical|CR0|sandwich", text, re.I):
        vcov = "empirical"
    else:
        vcov = "model"
    if re.search("between.?within", text, re.I):
        df = "between-within"
    elif re.search(r"residual", text, re.I):
        df, vcov = "residual", "empirical" if vcov == "model" else vcov
    elif vcov != "model" or re.search("satterthwaite", text, re.I) or ml:
        df = "satterthwaite"
    elif re.search(r"kenward.?roger.?linear|KR.?linear|first.?order", text, re.I):
        df = "kenward-roger-linear"
    else:
        df = "kenward-roger"
    return Fitting(
        covariance=structure(case["id"], model),  # type: ignore[arg-type]
        by_arm=bool(re.search(r"group|\|\s*\w+\s*/", text)),
        method="ML" if ml else "REML",
        df=df,
        vcov=vcov,
    )


def read(case: Case) -> Problem:
    table, model, text = load(case), str(case.get("model", "")), words(case)
    formula = re.search(r"(\w+)\s*~", model)
    response = formula.group(1) if formula else first_of(RESPONSES, table)
    inner = re.search(r"\|\s*(?:(\w+)\s*/\s*)?(\w+)\s*\)", model)
    participant = inner.group(2) if inner else first_of(PARTICIPANTS, table)
    chosen = fitting(case)
    group = (inner.group(1) if inner else None) or (first_of(("ARMCD", "arm"), table) if chosen.by_arm else None)
    assert response is not None
    assert participant is not None
    names = tuple(case["outputs"]["coef"])
    used = table.dropna(subset=[response, *[c for c in table if any(c in name for name in names)]])
    return Problem(
        table=used,
        response=response,
        participant=participant,
        visit=first_of(VISITS, table),
        names=names,
        fitting=chosen,
        weight="WEIGHT" if re.search("weight", text, re.I) and "WEIGHT" in table else None,
        group=group,
        text=text,
    )


# --- fixed effects from the names of coefficients ------------------------------------------------------------------


def part(name: str, table: pd.DataFrame) -> tuple[str | None, str | None]:
    """Split one factor of a coefficient's name into column and level."""
    if name == "(Intercept)":
        return None, None
    if name in table.columns and pd.api.types.is_numeric_dtype(table[name]):
        return name, None
    column = max((c for c in table.columns if name.startswith(c)), key=len)
    return column, name[len(column) :]


def factor_values(table: pd.DataFrame, column: str, level: str | None) -> np.ndarray[Any, Any]:
    if level is None:
        return table[column].to_numpy(dtype=float)
    return (table[column].astype(str) == level).to_numpy(dtype=float)


def design(problem: Problem) -> np.ndarray[Any, Any]:
    columns = []
    for name in problem.names:
        values = np.ones(len(problem.table))
        for piece in name.split(":"):
            column, level = part(piece, problem.table)
            if column is not None:
                values = values * factor_values(problem.table, column, level)
        columns.append(values)
    return np.column_stack(columns)


def grid_row(problem: Problem, fixed: dict[str, str]) -> np.ndarray[Any, Any]:
    """Weights of an LS mean: factors named in `fixed` at that level, others averaged, covariates at their mean."""
    row = np.ones(len(problem.names))
    for position, name in enumerate(problem.names):
        for piece in name.split(":"):
            column, level = part(piece, problem.table)
            if column is None:
                continue
            if level is None:
                at = fixed.get(column)
                row[position] *= problem.table[column].mean() if at is None else float(at)
            elif column in fixed:
                row[position] *= float(str(fixed[column]) == level)
            else:
                row[position] /= problem.table[column].nunique()
    return row


def measurements(problem: Problem) -> Longitudinal:
    table = problem.table
    participant = pd.factorize(table[problem.participant])[0]
    count = int(participant.max()) + 1
    if problem.visit is None:
        occasion = table.groupby(problem.participant, sort=False).cumcount().to_numpy()
    else:
        occasion = pd.factorize(table[problem.visit], sort=True)[0]
    unit = np.zeros(count, dtype=int)
    if problem.group is not None:
        unit[participant] = pd.factorize(table[problem.group], sort=True)[0]
    if problem.fitting.covariance.startswith("spatial"):
        unit = np.arange(count)
    weight = np.ones(len(table)) if problem.weight is None else table[problem.weight].to_numpy(dtype=float)
    response = table[problem.response].to_numpy(dtype=float)
    return Longitudinal(response, design(problem), problem.names, participant, occasion, unit, weight)


def covariance(problem: Problem, data: Longitudinal) -> Any:
    if not problem.fitting.covariance.startswith("spatial"):
        return visit_covariance(problem.fitting.covariance, data)  # type: ignore[arg-type]
    inner = re.search(r"sp_\w+\(([^|]*)\|", problem.text)
    names = [c.strip() for c in inner.group(1).split(",")] if inner else ["VISITN"]
    places = np.zeros((data.unit.size, data.occasions, len(names)))
    places[data.participant, data.occasion] = problem.table[names].to_numpy(dtype=float)
    return spatial_covariance(problem.fitting.covariance, data, places)  # type: ignore[arg-type]


def at_parameters(data: Longitudinal, shape: Any, method: Any, parameters: np.ndarray[Any, Any]) -> MarginalFit:
    grouped, matrices = patterns(data), shape.at(parameters)
    value = minus_log_likelihood(grouped, matrices, method)
    assert value is not None
    best = differentiate(grouped, matrices, value, method)
    return assemble(data, grouped, shape.name, method, parameters, best)


def reference_parameters(fit: MarginalFit, shape: Any, case: Case) -> np.ndarray[Any, Any] | None:
    """Find the parameters at which our structure equals the covariance that the reference prints."""
    printed = case["outputs"].get("vcov_visit", case["outputs"].get("vcov_subj"))
    if printed is None or fit.structure.startswith("spatial"):
        return None
    want = np.array(list(printed.values()) if isinstance(printed, dict) else printed, dtype=float)
    want = want.reshape(-1, *want.shape[-2:])
    if want.shape != fit.covariance.shape:
        return None
    parameters = fit.parameters
    for _ in range(30):
        here = shape.at(parameters)
        slope = np.moveaxis(here.first, 1, -1).reshape(want.size, -1)
        parameters = parameters + np.linalg.lstsq(slope, (want - here.value).reshape(-1), rcond=None)[0]
    assert np.abs(shape.at(parameters).value - want).max() < 1e-8 * np.abs(want).max()
    return parameters


# --- comparisons ---------------------------------------------------------------------------------------------------


def compare_row(
    inference: Inference, weights: np.ndarray[Any, Any], row: dict[str, Any], tolerance: float, what: str
) -> None:
    got = inference.estimate(weights, what, level=0.95, n=1)
    assert got.se is not None
    assert got.p_value is not None
    values = {
        **dict.fromkeys(("Estimate", "emmean", "estimate", "est"), got.estimate),
        **dict.fromkeys(("Std. Error", "SE", "se"), got.se),
        "df": got.df,
        **dict.fromkeys(("t value", "t.ratio"), got.estimate / got.se),
        **dict.fromkeys(("Pr(>|t|)", "p.value"), got.p_value),
        **dict.fromkeys(("lower.CL", "lwr"), got.lower),
        **dict.fromkeys(("upper.CL", "upr"), got.upper),
        "ratio": np.exp(got.estimate),
    }
    compared = 0
    for key, want in row.items():
        if key in values and not isinstance(want, str):
            value = values[key]
            assert value is not None
            close(float(value), want, tolerance, f"{what} {key}")
            compared += 1
    assert compared >= 3, f"{what}: nothing to compare in {sorted(row)}"


def compare_fixed(problem: Problem, inference: Inference, case: Case) -> None:
    outputs, tolerance = case["outputs"], case["tolerance"]
    identity = np.eye(len(problem.names))
    for position, (name, row) in enumerate(outputs["coef"].items()):
        compare_row(inference, identity[position], row, tolerance, name)
    for key in ("lsmeans", "emmeans"):
        for row in outputs.get(key, []):
            at = {k: str(v) for k, v in row.items() if k in problem.table.columns}
            compare_row(inference, grid_row(problem, at), row, tolerance, f"LS mean {at}")
    for key in ("diffs", "contrasts"):
        for row in outputs.get(key, []):
            compare_row(inference, difference(problem, row), row, tolerance, f"{row['contrast']} {key}")
    if "joint" in outputs:
        rows = np.array([difference(problem, row) for row in outputs["diffs"]])
        got, want = inference.joint(rows), outputs["joint"]
        close(got.numerator_df, want["num_df"], 0.0, "joint numerator df")
        close(got.denominator_df, want["denom_df"], tolerance, "joint denominator df")
        close(got.statistic, want["f_stat"], tolerance, "joint F")
        close(got.p_value, want["p_val"], tolerance, "joint p")


def difference(problem: Problem, row: dict[str, Any]) -> np.ndarray[Any, Any]:
    one, other = (side.strip(" ()") for side in row["contrast"].split(" - "))
    at = {k: str(v) for k, v in row.items() if k in problem.table.columns}
    column = next(c for c in problem.table if c not in at and {one, other} <= set(problem.table[c].astype(str)))
    return grid_row(problem, {**at, column: one}) - grid_row(problem, {**at, column: other})


def compare_covariance(fit: MarginalFit, case: Case) -> None:
    outputs, tolerance = case["outputs"], case["tolerance"]
    if "loglik" in outputs:
        close(fit.log_likelihood, outputs["loglik"], tolerance, "log likelihood")
    printed = outputs.get("vcov_visit", outputs.get("vcov_subj"))
    if printed is None or fit.structure.startswith("spatial"):
        return
    want = np.array(list(printed.values()) if isinstance(printed, dict) else printed, dtype=float)
    want = want.reshape(-1, *want.shape[-2:])
    # A reference that stopped early misses variances most: in units of their own size, one digit less.
    scale = np.abs(want).max()
    assert np.abs(fit.covariance - want).max() <= 10 * tolerance * scale, "covariance between visits"


def either(problem: Problem, data: Longitudinal, case: Case, compare: Callable[[MarginalFit], None]) -> None:
    """Compare at our maximum; where the reference stopped short of it, at the reference's own covariance."""
    shape = covariance(problem, data)
    fit = fit_marginal_model(data, shape, method=problem.fitting.method)
    compare_covariance(fit, case)
    try:
        compare(fit)
    except AssertionError:
        parameters = reference_parameters(fit, shape, case)
        if parameters is None:
            raise
        there = at_parameters(data, shape, problem.fitting.method, parameters)
        gained = fit.log_likelihood - there.log_likelihood
        assert 0.0 < gained < 1e-4, f"our log likelihood is {gained} higher: not a matter of convergence"
        compare(there)


@adapter("stats_mixed_models", r"mmrm_.*")
def mmrm_fit(case: Case) -> None:
    problem = read(case)
    either(problem, measurements(problem), case, lambda fit: compare_fixed(problem, infer(fit, problem.fitting), case))
    if "diffs" in case["outputs"]:
        compare_public(problem, case)


def compare_public(problem: Problem, case: Case) -> None:
    """Compare LS means and differences of the table-level function."""
    outputs, tolerance = case["outputs"], case["tolerance"]
    result = public(problem, case)
    for got, row in zip(result.contrasts, outputs["diffs"], strict=True):
        one, other = (side.strip(" ()") for side in row["contrast"].split(" - "))
        assert got.label == f"{one} v {other} at {row[problem.visit]}"
        for value, key in ((got.estimate, "estimate"), (got.se, "SE"), (got.df, "df"), (got.p_value, "p.value")):
            assert value is not None
            close(value, row[key], tolerance, f"{got.label} {key}")
    by_label = {got.label: got for got in result.ls_means}
    for row in outputs.get("lsmeans", []):
        arm = next(row[c] for c in ("ARMCD", "arm", "trt") if c in row)
        got = by_label[f"{arm} at {row[problem.visit]}"]
        for value, key in ((got.estimate, "emmean"), (got.se, "SE"), (got.lower, "lower.CL"), (got.upper, "upper.CL")):
            assert value is not None
            close(value, row[key], tolerance, f"{got.label} {key}")


def public(problem: Problem, case: Case) -> Mmrm:
    arm = next(c for c in ("ARMCD", "arm", "trt") if c in problem.table)
    one, other = (side.strip(" ()") for side in case["outputs"]["diffs"][0]["contrast"].split(" - "))
    crossed = [[part(p, problem.table)[0] for p in name.split(":")] for name in problem.names if ":" in name]
    assert problem.visit is not None
    by_visit = {c for pair in crossed for c in pair if c is not None} - {arm, problem.visit}
    pieces = [part(p, problem.table) for name in problem.names for p in name.split(":")]
    others = list(dict.fromkeys(c for c, _ in pieces if c is not None and c not in (arm, problem.visit)))
    factors = {c for c, level in pieces if level is not None}
    columns = RepeatedMeasures(
        problem.response,
        problem.participant,
        problem.visit,
        arm,
        covariates=tuple(c for c in others if c not in factors),
        factors=tuple(c for c in others if c in factors),
        by_visit=tuple(c for c in others if c in by_visit),
        weight=problem.weight,
    )
    return mmrm(problem.table, columns, arms=(other, one), fitting=problem.fitting)


@adapter("stats_mixed_models", r"gls_.*")
def gls(case: Case) -> None:
    """nlme::gls: normal tests on N - p degrees of freedom, ML standard errors inflated by sqrt(N / (N - p))."""
    problem = read(case)
    chosen = replace(problem.fitting, df="residual", vcov="model")
    problem = problem._replace(fitting=chosen)
    data = measurements(problem)
    rows, columns = data.design.shape

    def compare(fit: MarginalFit) -> None:
        inflate = np.sqrt(rows / (rows - columns)) if fit.method == "ML" else 1.0
        se = inflate * np.sqrt(np.diag(fit.vcov))
        for value, spread, (name, row) in zip(fit.coefficients, se, case["outputs"]["coef"].items(), strict=True):
            p_value = 2.0 * stats.t.sf(abs(value) / spread, rows - columns)
            got = {"Value": value, "Std.Error": spread, "t-value": value / spread, "p-value": p_value}
            for key, want in row.items():
                close(float(got[key]), want, case["tolerance"], f"{name} {key}")
        if "sigma" in case["outputs"]:
            # nlme's sigma is the standard deviation at the visit that comes first in the data.
            visit = 0 if not fit.structure.startswith(("unstr", "heterog")) else data.occasion[0]
            close(float(np.sqrt(fit.covariance[0, visit, visit])), case["outputs"]["sigma"], case["tolerance"], "sigma")

    either(problem, data, case, compare)


@adapter("stats_mixed_models", r"(lmer|cs)_.*")
def random_effects(case: Case) -> None:
    problem = read(case)
    outputs, tolerance = case["outputs"], case["tolerance"]
    formula = re.search(r"\(([^|()]*)\|+\s*\w+\s*\)", str(case["model"]))
    inside = formula.group(1) if formula else "1"
    slopes = [t.strip() for t in inside.split("+") if t.strip() not in ("0", "1", "-1")]
    intercept = [] if re.search(r"(^|\s|\+)0|-\s*1", inside) else [np.ones(len(problem.table))]
    random = np.column_stack([*intercept, *[problem.table[s].to_numpy(dtype=float) for s in slopes]])
    fixed = dict(zip(problem.names, design(problem).T, strict=True))
    response = problem.table[problem.response].to_numpy(dtype=float)
    who = problem.table[problem.participant].to_numpy()
    kr = "kenward" in problem.text.lower()
    fit = linear_mixed(response, fixed, random, participant=who, df="kenward-roger" if kr else "satterthwaite")
    compare_fixed(problem, fit.inference, case)
    if "loglik" in outputs:
        close(fit.log_likelihood, outputs["loglik"], tolerance, "log likelihood")
    if "varcor" in outputs:
        effects = len(fit.random)
        below = [fit.random[j, i] for i in range(effects) for j in range(i + 1, effects)]
        got = [*np.diag(fit.random), *below, fit.residual_variance]
        for position, (value, want) in enumerate(zip(got, outputs["varcor"], strict=True)):
            close(float(value), want, tolerance, f"variance component {position}")
    if "anova" in outputs:
        compare_anova(problem, fit.inference, fit.residual_variance, case)


def compare_anova(problem: Problem, inference: Inference, residual: float, case: Case) -> None:
    """Compare tests of whole terms (type III: factors coded to sum to zero)."""
    table = problem.table
    terms = [term(name, table) for name in problem.names]
    summed = np.column_stack([sum_coded(problem, name) for name in problem.names])
    change, *_ = np.linalg.lstsq(summed, design(problem), rcond=None)
    for name, row in case["outputs"]["anova"].items():
        rows = change[[position for position, t in enumerate(terms) if t == name]]
        got = inference.joint(rows)
        close(got.statistic, row["F value"], case["tolerance"], f"{name} F")
        close(got.numerator_df, row["NumDF"], 0.0, f"{name} numerator df")
        close(got.denominator_df, row["DenDF"], case["tolerance"], f"{name} denominator df")
        close(got.p_value, row["Pr(>F)"], case["tolerance"], f"{name} p")
        close(got.statistic * residual, row["Mean Sq"], case["tolerance"], f"{name} mean square")
        close(got.statistic * residual * got.numerator_df, row["Sum Sq"], case["tolerance"], f"{name} sum of squares")


def term(name: str, table: pd.DataFrame) -> str:
    return ":".join(str(part(piece, table)[0]) for piece in name.split(":"))


def sum_coded(problem: Problem, name: str) -> np.ndarray[Any, Any]:
    """Code a column of the design so that each factor's effects sum to zero: -1 in the reference level."""
    table = problem.table
    values = np.ones(len(table))
    for piece in name.split(":"):
        column, level = part(piece, table)
        if column is None:
            continue
        coded = factor_values(table, column, level)
        if level is not None:
            pieces = [part(p, table) for other in problem.names for p in other.split(":")]
            named = {at for c, at in pieces if c == column}
            coded = coded - (~table[column].astype(str).isin(named)).to_numpy(dtype=float)
        values = values * coded
    return values
