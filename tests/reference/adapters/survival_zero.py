"""Time to event against R: survival, coxphf, logistf, survRM2, cmprsk, MASS."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.firth_logistic import firth_logistic
from calor.analyze.counts.fisher_exact import FisherExact, fisher_exact
from calor.analyze.counts.negative_binomial import negative_binomial
from calor.analyze.counts.poisson_rate import poisson_rate
from calor.analyze.counts.poisson_regression import poisson_regression
from calor.analyze.counts.rate_ratio import rate_ratio
from calor.analyze.estimate import Estimate
from calor.analyze.survival.aalen_johansen import aalen_johansen
from calor.analyze.survival.cause_specific_cox import cause_specific_cox
from calor.analyze.survival.cox import cox
from calor.analyze.survival.fine_gray import fine_gray
from calor.analyze.survival.finkelstein_schoenfeld import finkelstein_schoenfeld
from calor.analyze.survival.firth_cox import firth_cox
from calor.analyze.survival.grambsch_therneau import grambsch_therneau
from calor.analyze.survival.gray import gray
from calor.analyze.survival.hazard_ratios import HazardRatios
from calor.analyze.survival.hierarchy import EventTime, Measure
from calor.analyze.survival.kaplan_meier import KaplanMeier, kaplan_meier
from calor.analyze.survival.landmark import landmark
from calor.analyze.survival.lin_wei import lin_wei
from calor.analyze.survival.logrank import logrank
from calor.analyze.survival.lwyy import lwyy
from calor.analyze.survival.mean_cumulative import mean_cumulative
from calor.analyze.survival.nelson_aalen import nelson_aalen
from calor.analyze.survival.permutation_logrank import permutation_logrank
from calor.analyze.survival.rmst import rmst
from calor.analyze.survival.rmst_adjusted import rmst_adjusted
from calor.analyze.survival.weibull import weibull
from calor.analyze.survival.win_ratio import win_ratio
from calor.errors import AnalysisError
from tests.reference.registry import Case, adapter, close, number
from tests.reference.survival_calls import (
    Call,
    coefficient_columns,
    numbers_after,
    read_call,
    strata,
    ties,
)

FILE = "stats_survival_zero"


def _level(call: Call) -> float:
    found = re.search(r"conf\.?(?:int|level)\s*=\s*(0?\.\d+)", call.text)
    return float(found[1]) if found else 0.95


def _arms(call: Call) -> dict[str, Any]:
    """The arm of a formula `~ x`, none for `~ 1`."""
    if re.match(r"1\b", call.right) or (not call.right and "strata" not in call.text):
        return {}
    return {"arm": call.arm}


@adapter(FILE, r"km.*|kaplan.*|survfit.*|median.*")
def kaplan_meier_curve(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    words = f"{case['id']} {call.text}".replace("_", " ")
    kind = next((k for k in ("log-log", "plain", "logit", "arcsin") if re.search(rf"\b{k}\b", words)), "log")
    columns = {"time": call.time, "event": call.event, **_arms(call)}
    table = call.table.dropna(subset=[c for c in columns.values() if c in call.table])
    fit = kaplan_meier(table, **columns, interval=kind, level=_level(call))
    _km_times(fit, want, tolerance)
    quantiles = want.get("quartiles") or want.get("quantiles") or want.get("median")
    assert quantiles is not None or "surv" in want, sorted(want)
    shares = [0.5] if "median" in want else want.get("probs") or [0.25, 0.5, 0.75]
    if isinstance(quantiles, dict) and any("=" in key for key in quantiles):
        arms = {f"{call.arm}={arm}": arm for arm in fit.arms}
        for key, value in quantiles.items():
            _same_times([fit.quantile(arms[key], share).time for share in shares], value, tolerance, key)
    elif quantiles is not None:
        got = [fit.quantile(arm, share) for arm in fit.arms for share in shares]
        for key, field in _QUANTILES.items():
            if not isinstance(quantiles, dict) and field == "time":
                _same_times([q.time for q in got], quantiles, tolerance, field)
                break
            if key in quantiles:
                _same_times([getattr(q, field) for q in got], quantiles[key], tolerance, key)


_QUANTILES = {
    "q": "time",
    "quantile": "time",
    "median": "time",
    "lo": "lower",
    "lower": "lower",
    "hi": "upper",
    "upper": "upper",
}


def _same_times(got: list[float | None], want: Any, tolerance: float, what: str) -> None:
    for time, value in zip(got, np.ravel(want), strict=True):
        close(float("nan") if time is None else time, value, tolerance, what)


def _km_times(fit: KaplanMeier, want: dict[str, Any], tolerance: float) -> None:
    times = want.get("times") or want.get("time")
    if times is None:
        return
    pairs = [(fit.arms[0], t) for t in times]
    if "strata" in want:
        labels = {str(arm): arm for arm in fit.arms}
        pairs = [(labels[s.split("=")[-1]], t) for s, t in zip(want["strata"], times, strict=True)]
    elif len(fit.arms) > 1:
        pairs = [(arm, t) for arm in fit.arms for t in times]
    for i, (arm, time) in enumerate(pairs):
        own = replace(fit, arms=(arm,))
        row = own.at([time]).iloc[0]
        names = {"surv": "survival", "se": "se", "lo": "lower", "hi": "upper", "lower": "lower", "upper": "upper"}
        for key, column in names.items():
            if key in want:
                close(float(row[column]), np.ravel(want[key])[i], tolerance, f"{key} at {time}")
        if "n_risk" in want:
            assert own.at_risk([time]).iloc[0, 0] == np.ravel(want["n_risk"])[i]


@adapter(FILE, r"nelson.*|na_.*|fleming.*|cumhaz.*")
def nelson_aalen_curve(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    times = want.get("times") or want.get("time") or numbers_after(call.text, "at")
    fit = nelson_aalen(call.table, time=call.time, event=call.event, **_arms(call))
    got = fit.at(times)
    assert "cumhaz" in want, sorted(want)
    for key, column in (("cumhaz", "hazard"), ("se", "se"), ("surv", "survival")):
        for a, b in zip(got[column], np.ravel(want.get(key, [])), strict=False):
            close(a, b, tolerance, key)


@adapter(FILE, r"logrank.*|survdiff.*|fh_.*|peto.*")
def logrank_test(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    powers = {k: float(v) for k, v in re.findall(r"(rho|gamma)\s*=\s*([\d.]+)", call.text)}
    layers = strata(call.text)
    table = call.table.dropna(subset=[call.arm, *layers])
    got = logrank(table, time=call.time, event=call.event, arm=call.arm, strata=layers, **powers)
    assert set(want) & {"chisq", "p", "z", "statistic"}, sorted(want)
    for key, value in (("chisq", got.chi_square), ("statistic", got.chi_square), ("p", got.p_value)):
        if key in want:
            close(value, want[key], tolerance, key)
    for key, values in (("obs", got.observed), ("exp", got.expected)):
        if key in want:
            reference = np.array(want[key], dtype=float)
            reference = reference if reference.ndim == 1 else reference.sum(axis=1)
            for a, b in zip(values, reference, strict=True):
                close(a, b, tolerance, key)
    if "var" in want:
        reference = np.array(want["var"], dtype=float)
        own = got.covariance if reference.ndim == 2 else got.covariance[0, 0]
        for a, b in zip(np.ravel(own), np.ravel(reference), strict=True):
            close(float(a), float(b), tolerance, "var")
    if "z" in want and got.z is not None:
        close(abs(got.z), abs(number(want["z"])), tolerance, "z")


@adapter(FILE, r"perm.*|coin.*")
def permutation_test(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    rng = np.random.default_rng(20261122)
    got = permutation_logrank(
        call.table,
        time=call.time,
        event=call.event,
        arm=call.arm,
        strata=strata(call.text),
        rng=rng,
        permutations=100_000,
    )
    keys = [key for key in want if key.startswith("p") or "asym" in key]
    assert keys or "z" in want, sorted(want)
    for key in keys:
        asymptotic = "asym" in key
        close(got.asymptotic_p_value if asymptotic else got.p_value, want[key], tolerance, key)
    if "z" in want:
        close(abs(got.z), abs(number(want["z"])), tolerance, "z")


def _compare_fit(case: Case, fit: HazardRatios, names: list[str], robust: HazardRatios | None = None) -> None:
    """Compare coefficients, intervals and tests of a fit with a printed coxph."""
    want, tolerance = case["outputs"], case["tolerance"]
    used = robust or fit
    for i, name in enumerate(names):
        if isinstance(want["coef"][name], dict):
            _compare_coefficient(case, fit, used, i, name)
        else:
            close(fit.coefficients[i], want["coef"][name], tolerance, name)
    loglik = want.get("loglik")
    for value, reference in zip(
        (fit.loglik_null, fit.loglik), loglik if isinstance(loglik, list) else [], strict=False
    ):
        close(value, reference, tolerance, "loglik")
    for key, value in (("score", fit.score.statistic), ("lr", fit.likelihood_ratio.statistic)):
        if key in want:
            close(value, want[key], tolerance, key)
    if "wald" in want:  # R keeps two decimals of it
        assert abs(used.wald.statistic - number(want["wald"])) <= 0.0051
    for key, count in (("nevent", fit.events), ("n", len(fit.likelihood.rows.time))):
        assert key not in want or count == number(want[key])


def _compare_coefficient(case: Case, fit: HazardRatios, used: HazardRatios, i: int, name: str) -> None:
    want, tolerance = case["outputs"], case["tolerance"]
    estimate = used.hazard_ratio(used.terms.names[i])
    got = {
        "coef": fit.coefficients[i],
        "exp(coef)": np.exp(fit.coefficients[i]),
        "se(coef)": fit.se[i],
        "robust se": used.se[i],
        "z": used.coefficients[i] / used.se[i],
        "Pr(>|z|)": estimate.p_value,
    }
    for key, value in want["coef"][name].items():
        close(float(got[key]), value, tolerance, f"{name} {key}")
    ratios = {"exp(coef)": estimate.estimate, "exp(-coef)": 1 / estimate.estimate}
    for key, value in want.get("ci", {}).get(name, {}).items():
        limit = estimate.lower if "lower" in key else estimate.upper
        close(ratios.get(key, limit), value, tolerance, f"{name} {key}")


def _design(call: Call, case: Case) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Put R's coefficients beside the times as plain columns, complete rows only."""
    names = [name for name in case["outputs"]["coef"] if name.strip("()").lower() != "intercept"]
    names = [name for name in names if not name.lower().startswith("log(scale")]
    columns = coefficient_columns(call.table, names)
    table = pd.concat([call.table, columns], axis=1)
    need = [*columns, call.time, call.event, *strata(call.text)]
    return table.dropna(subset=need), names, list(columns)


@adapter(FILE, r"cox(?!zph|_?ph_test).*|naive.*|strat.*|phreg.*")
def cox_fit(case: Case) -> None:
    call = read_call(case)
    table, names, covariates = _design(call, case)
    options: dict[str, Any] = {
        "covariates": covariates,
        "ties": ties(f"{case['id']} {call.text}"),
        "level": _level(call),
    }
    if call.start is not None:
        _recurrent_fit(case, call)
        return
    if any(abs(_log_hazard_ratio(value)) > 10 for value in case["outputs"]["coef"].values()):
        with pytest.raises(AnalysisError, match="firth"):  # R prints a number where there is none
            cox(table, time=call.time, event=call.event, strata=strata(call.text), **options)
        return
    if "cause" in case["id"]:
        cause = re.search(r"status\s*==\s*(\d)", call.text)
        status = "event" if "mgus" in case["data_file"] else "status"
        fit = cause_specific_cox(table, time=call.time, status=status, cause=int(cause[1]) if cause else 1, **options)
    else:
        fit = cox(table, time=call.time, event=call.event, strata=strata(call.text), **options)
    printed = next(iter(case["outputs"]["coef"].values()))
    robust = None
    if isinstance(printed, dict) and "robust se" in printed:
        cluster = re.search(r"cluster\s*[=(]\s*([\w.]+)", call.text)
        robust = lin_wei(fit, table[cluster[1]].tolist() if cluster else None)
    _compare_fit(case, fit, names, robust)


def _log_hazard_ratio(value: Any) -> float:
    return number(value["coef"] if isinstance(value, dict) else value)


@adapter(FILE, r"lwyy.*|andersen.*|ag_.*|pwp.*")
def recurrent_fit(case: Case) -> None:
    _recurrent_fit(case, read_call(case))


def _recurrent_fit(case: Case, call: Call) -> None:
    table, names, covariates = _design(call, case)
    way = ties(f"{case['id']} {call.text}")
    columns = {"start": call.start, "stop": call.time, "event": call.event}
    fit = lwyy(table.set_index("id"), **columns, covariates=covariates, ties=way, level=_level(call))
    naive = np.linalg.inv(fit.likelihood.point(fit.coefficients).information)
    _compare_fit(case, replace(fit, covariance=naive), names, fit)


@adapter(FILE, r"coxzph.*|zph.*|ph_test.*|cox_?ph_test.*")
def proportional_hazards(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    found = re.search(r"\b(km|identity|rank|log)\b", f"{call.text} {case['id'].replace('_', ' ')}")
    covariates = [term for term in want["table"] if term != "GLOBAL"]
    table = call.table
    for term in covariates:
        if term not in table:
            inner = re.sub(r"^(?:factor|as\.factor)\(([\w.]+)\)$", r"\1", term)
            text = table[inner].astype(str).where(table[inner].notna()) if inner in table else None
            table = table.assign(**{term: coefficient_columns(table, [term])["v0"] if text is None else text})
    layers = strata(call.text)
    table = table.dropna(subset=[*[part for c in covariates for part in c.split(":") if part in table], *layers])
    fit = cox(
        table,
        time=call.time,
        event=call.event,
        covariates=covariates,
        strata=layers,
        ties=ties(call.text),
    )
    got = grambsch_therneau(fit, transform=found[1] if found else "km")
    for term, row in want["table"].items():
        test = got.overall if term == "GLOBAL" else got.by_term[term]
        assert test.df == number(row["df"])
        close(test.statistic, row["chisq"], tolerance, f"{term} chisq")
        close(test.p_value, row["p"], tolerance, f"{term} p")


@adapter(FILE, r"firthcox.*|coxphf.*")
def firth_cox_fit(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    table, names, covariates = _design(call, case)
    way = "efron" if "efron" in call.text.lower() else "breslow"
    fit = firth_cox(table, time=call.time, event=call.event, covariates=covariates, ties=way, level=_level(call))
    wald = "wald" in str(want.get("method", case["id"])).lower()
    for i, (name, column) in enumerate(zip(names, covariates, strict=True)):
        estimate = fit.wald(column) if wald else fit.hazard_ratio(column)
        got = {
            "coef": fit.coefficients[i],
            "se": fit.se[i],
            "hr": estimate.estimate,
            "lo": estimate.lower,
            "hi": estimate.upper,
            "p": estimate.p_value,
        }
        for key, value in got.items():
            if key in want:
                close(float(value or 0.0), want[key][name], tolerance, f"{name} {key}")
    for got_loglik, reference in zip((fit.loglik_null, fit.loglik), want.get("loglik", []), strict=False):
        close(got_loglik, reference, tolerance, "loglik")


@adapter(FILE, r"firthlog.*|logistf.*")
def firth_logistic_fit(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    event = re.search(r"\(\s*([\w.]+)\s*~", case["model"])
    call = replace(call, event=event[1] if event else call.event, time=event[1] if event else call.event)
    table, names, covariates = _design(call, case)
    fit = firth_logistic(table, event=call.event, covariates=covariates, level=_level(call))
    wald = "pl=false" in call.text.lower().replace(" ", "") or "wald" in case["id"]
    half = norm.ppf((1 + fit.level) / 2) * fit.se
    got = {
        "coef": fit.coefficients,
        "se": fit.se,
        "lo": fit.coefficients - half if wald else fit.lower,
        "hi": fit.coefficients + half if wald else fit.upper,
        "p": 2 * norm.sf(np.abs(fit.coefficients / fit.se)) if wald else fit.p_values,
    }
    order = ["(Intercept)", *names]
    for key, values in got.items():
        for name, value in zip(order, values, strict=True):
            if key in want and name in want[key]:
                close(float(value), want[key][name], tolerance, f"{name} {key}")
    for value, reference in zip((fit.loglik, fit.loglik_null), want.get("loglik", []), strict=False):
        close(value, reference, tolerance, "loglik")


@adapter(FILE, r"weib.*|survreg.*|aft.*")
def weibull_fit(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    table, names, covariates = _design(call, case)
    fit = weibull(table, time=call.time, event=call.event, covariates=covariates, level=_level(call))
    got = dict(zip(["(Intercept)", *names], fit.coefficients, strict=True)) | {"Log(scale)": np.log(fit.scale)}
    errors = dict(zip(["(Intercept)", *names, "Log(scale)"], fit.se, strict=True))
    for name, reference in want["coef"].items():
        values = reference if isinstance(reference, dict) else {"Value": reference}
        for key, value in values.items():
            z = got[name] / errors[name]
            own = {"Value": got[name], "coef": got[name], "Estimate": got[name], "z": z, "p": 2 * norm.sf(abs(z))}
            close(float(own.get(key, errors[name])), value, tolerance, f"{name} {key}")
    for name, value in (want.get("se") or {}).items() if isinstance(want.get("se"), dict) else ():
        close(float(errors[name]), value, tolerance, f"{name} se")
    if "scale" in want:
        close(fit.scale, want["scale"], tolerance, "scale")
    logliks = np.ravel(want.get("loglik", []))
    for value, reference in zip(
        (fit.loglik_null, fit.loglik)[-len(logliks) :] if len(logliks) else (), logliks, strict=True
    ):
        close(value, reference, tolerance, "loglik")


def _two_arms(call: Call) -> dict[str, Any]:
    """Build the arm column of `arm1 = trt==2`, or take the arm's larger value as active."""
    found = re.search(r"arm\s*1?\s*=\s*\(?([\w.]+)\s*==\s*['\"]?([^'\");,\s]+)", call.text)
    column, value = (found[1], found[2]) if found else (call.arm, str(call.table[call.arm].dropna().max()))
    active = (call.table[column].astype(str) == value).astype(int)
    return {"table": call.table.assign(_arm=active), "arm": "_arm", "arms": (0, 1)}


@adapter(FILE, r"rmst.*")
def restricted_mean(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    horizon = float(re.search(r"tau\s*=\s*([\d.]+)", call.text)[1])  # type: ignore[index]
    columns = {**_two_arms(call), "time": call.time, "event": call.event, "horizon": horizon}
    labels = {
        "difference": "RMST (arm=1)-(arm=0)",
        "ratio": "RMST (arm=1)/(arm=0)",
        "lost_ratio": "RMTL (arm=1)/(arm=0)",
    }
    covariates = re.search(r"covariates\s*=\s*(?:c?bind)?\(?([\w.+, ]+)", call.text)
    if covariates:
        names = re.findall(r"[\w.]+", covariates[1])
        columns["table"] = columns["table"].dropna(subset=names)
        for kind, label in labels.items():
            fit = rmst_adjusted(**columns, covariates=names, kind=kind)  # type: ignore[arg-type]
            _same_contrast(fit.effect, want["adj"][label], tolerance, label)
            if kind == "difference":
                _same_rows(fit, want.get("diff", {}), tolerance)
        return
    fit = rmst(**columns, level=_level(call))
    for key, estimate in (("arm1", fit.by_arm[1]), ("arm0", fit.by_arm[0])):
        for field, value in (("Est.", estimate.estimate), ("se", estimate.se), ("lower .95", estimate.lower)):
            close(float(value or 0.0), want[key][field], tolerance, f"{key} {field}")
        close(estimate.upper, want[key]["upper .95"], tolerance, f"{key} upper")
    for kind, label in labels.items():
        if (estimate := getattr(fit, kind)) is not None:  # R prints a ratio of times lost where an arm loses none
            _same_contrast(estimate, want["unadj"][label], tolerance, label)


def _same_contrast(estimate: Any, want: dict[str, Any], tolerance: float, label: str) -> None:
    got = {"Est.": estimate.estimate, "lower .95": estimate.lower, "upper .95": estimate.upper, "p": estimate.p_value}
    for key, value in want.items():
        close(got[key], value, tolerance, f"{label} {key}")


def _same_rows(fit: Any, want: dict[str, Any], tolerance: float) -> None:
    for (name, row), beta, se in zip(want.items(), fit.coefficients, np.sqrt(np.diag(fit.covariance)), strict=False):
        half = norm.ppf(0.975) * se
        got = {"coef": beta, "se(coef)": se, "z": beta / se, "p": 2 * norm.sf(abs(beta / se))}
        got |= {"lower .95": beta - half, "upper .95": beta + half}
        for key, value in row.items():
            close(float(got[key]), value, tolerance, f"{name} {key}")


def _cause(call: Call) -> int:
    found = re.search(r"(?:failcode|etype|cause)\s*=+\s*['\"]?(\d)", call.text)
    return int(found[1]) if found else 1


def _status(case: Case) -> tuple[str, str]:
    return ("etime", "event") if "mgus" in case["data_file"] else ("time", "status")


@adapter(FILE, r"cuminc.*|gray.*|cif.*")
def cumulative_incidence(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    time, status = _status(case)
    inside = re.search(r"cuminc\(([^)]*)\)", call.text)
    names = [part.strip() for part in inside[1].split(",")] if inside else []
    grouped = len(names) < 1 or (len(names) > 2 and names[2] in call.table)
    arm = {"arm": names[2] if len(names) > 2 else call.arm} if grouped else {}
    rho = re.search(r"rho\s*=\s*([\d.]+)", call.text)
    for cause, test in want.get("tests", {}).items():
        weight = float(rho[1]) if rho else 0.0
        got = gray(call.table, time=time, status=status, cause=int(cause), rho=weight, **arm)
        close(got.chi_square, test["stat"], tolerance, "Gray")
        close(got.p_value, test["pv"], tolerance, "Gray p")
        assert got.df == number(test["df"])
    for i, row in enumerate(want.get("rows", [])):
        group, cause = str(row).rsplit(" ", 1)
        curve = aalen_johansen(call.table, time=time, status=status, cause=int(cause), **arm)
        own = curve.at(want["times"])
        if grouped:
            own = own[own["arm"].astype(str) == group]
        for a, b in zip(own["incidence"], want["est"][i], strict=True):
            close(a, b, tolerance, "incidence")
        for a, b in zip(own["se"] ** 2, want["var"][i], strict=True):
            close(a, b, tolerance, "variance")


@adapter(FILE, r"aj.*|aalen.*|.*jackknife.*")
def aalen_johansen_curve(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    time, status = _status(case)
    groups = want.get("strata")
    arm = {"arm": groups[0].split("=")[0]} if groups else {}
    for state in range(len(want["pstate"][0])):
        curve = aalen_johansen(call.table, time=time, status=status, cause=state, variance="jackknife", **arm)
        for i, at in enumerate(want["time"]):
            own = curve.at([at])
            if groups:
                own = own[own["arm"].astype(str) == groups[i].split("=")[1]]
            close(float(own["incidence"].iloc[0]), want["pstate"][i][state], tolerance, "probability")
            close(float(own["se"].iloc[0]), want["se"][i][state], tolerance, "se")


@adapter(FILE, r"finegray.*|fine_gray.*|crr.*")
def fine_gray_fit(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    time, status = _status(case)
    table, names, covariates = _design(replace(call, event=status, time=time), case)
    columns: dict[str, Any] = {"time": time, "status": status, "covariates": covariates, "cause": _cause(call)}
    if "crr" not in call.text:
        fit = fine_gray(table, **columns, form="geskus")
        naive = np.linalg.inv(fit.likelihood.point(fit.coefficients).information)
        _compare_fit(case, replace(fit, covariance=naive), names, fit)
        return
    fit = fine_gray(table, **columns)
    for name, beta, se in zip(names, _as_crr_stops(fit), fit.se, strict=True):
        close(float(beta), want["coef"][name], tolerance, name)
        close(float(se), want["se"][name], tolerance, f"{name} se")
    if "loglik" in want:
        close(fit.loglik, want["loglik"], tolerance, "loglik")
    if "n" in want:
        assert fit.n == number(want["n"])


def _as_crr_stops(fit: HazardRatios) -> np.ndarray:
    """Walk Calor's likelihood as crr does, which stops at a gradient of 1e-6 times the log-likelihood."""
    beta = np.zeros_like(fit.coefficients)
    while True:
        point = fit.likelihood.point(beta)
        if max(np.abs(point.score) * np.maximum(np.abs(beta), 1)) < max(abs(point.loglik), 1) * 1e-6:
            np.testing.assert_allclose(fit.coefficients, beta, atol=1e-4)  # and the maximum is next to it
            return beta
        beta = beta + np.linalg.solve(point.information, point.score)


def _totals(call: Call, covariates: list[str]) -> pd.DataFrame:
    table = call.table.assign(_length=call.table["stop"] - call.table["start"])
    return table.groupby("id").agg(
        event=("event", "sum"), time=("_length", "sum"), **{c: (c, "first") for c in covariates}
    )


@adapter(FILE, r"negbin.*|glm_nb.*|nb_.*|poisson_(?!rate).*|quasi.*")
def count_regression(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    names = [name for name in want["coef"] if name != "(Intercept)"]
    table = _totals(call, names)
    columns = {"events": "event", "follow_up": "time", "covariates": names}
    negative = "nb" in case["id"] or "negbin" in case["id"]
    words = f"{case['id']} {call.text}".lower()
    kind = "robust" if re.search("robust|sandwich|hc0", words) else "dispersion" if "family=quasi" in words else "model"
    fit = negative_binomial(table, **columns) if negative else poisson_regression(table, **columns, variance=kind)
    for i, (name, row) in enumerate(want["coef"].items()):
        z = fit.coefficients[i] / fit.se[i]
        got = {"Estimate": fit.coefficients[i], "Std. Error": fit.se[i], "z value": z, "Pr(>|z|)": 2 * norm.sf(abs(z))}
        for key, value in row.items():
            close(float(got.get(key, fit.se[i])), value, tolerance, f"{name} {key}")
    for key, value in (("theta", fit.theta), ("loglik", fit.loglik), ("pearson_disp", fit.dispersion)):
        if key in want:
            close(float(value or 0.0), want[key], tolerance, key)


@adapter(FILE, r"mean_cumulative.*|mcf.*")
def mean_cumulative_curve(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    groups = want.get("strata")
    arm = {"arm": groups[0].split("=")[0]} if groups else {}
    fit = mean_cumulative(call.table.set_index("id"), start="start", stop="stop", event="event", **arm)
    for i, time in enumerate(want["time"]):
        own = fit.at([time])
        own = own[own["arm"].astype(str) == groups[i].split("=")[1]] if groups else own
        close(float(own["mean"].iloc[0]), want["cumhaz"][i], tolerance, "mean")
        close(float(own["se"].iloc[0]), want["se"][i], tolerance, "se")


@adapter(FILE, r"rate_exact.*|rate_ratio.*|poisson_rate.*|poisson_test.*")
def exact_rates(case: Case) -> None:
    want, tolerance = case["outputs"], case["tolerance"]
    model = case["model"]
    found = re.search(r"conf\.level\s*=\s*([\d.]+)", model)
    level = float(found[1]) if found else 0.95
    one_sided = re.search(r"alternative\s*=\s*['\"]?(less|greater|l|g)", model)
    two = re.search(r"c\((\d+)\s*,\s*(\d+)\)\s*,\s*(?:T\s*=\s*)?c\(([\d.]+)\s*,\s*([\d.]+)\)", model)
    one = re.search(r"\(\s*(\d+)\s*,\s*(?:T\s*=\s*)?([\d.]+)", model)

    def estimate(at: float) -> Estimate:
        if two:
            return rate_ratio(int(two[1]), float(two[3]), int(two[2]), float(two[4]), level=at)
        assert one, model
        return poisson_rate(int(one[1]), float(one[2]), level=at)

    got = estimate(2 * level - 1 if one_sided else level)
    limits = [got.lower, got.upper]
    if one_sided:  # the other limit is open
        limits[0 if one_sided[1][0] == "l" else 1] = 0.0 if one_sided[1][0] == "l" else float("inf")
    for value, reference in zip(limits, want["ci"], strict=True):
        close(value, reference, tolerance, "limit")
    if "est" in want:
        close(got.estimate, want["est"], tolerance, "estimate")
    if "p" in want and two:
        p_value = _one_sided_p(estimate, one_sided[1][0]) if one_sided else got.p_value
        close(p_value or 0.0, want["p"], tolerance, "p")
    if "upper_one" in want:
        close(estimate(2 * level - 1).upper, want["upper_one"], tolerance, "one-sided upper")


def _one_sided_p(estimate: Callable[[float], Estimate], side: str) -> float:
    """Find the one-sided p-value as the error at which the limit on that side touches no difference."""

    def beyond(p: float) -> float:
        limit = estimate(1 - 2 * p)
        return np.log(limit.upper if side == "l" else limit.lower)

    return float(brentq(beyond, 1e-8, 0.4999, xtol=1e-13))


def _same_fisher(got: FisherExact, case: Case) -> None:
    want, tolerance = case["outputs"], case["tolerance"]
    side = re.search(r"alternative\s*=\s*['\"]?([lg])", case["model"])
    p_value = {"l": got.p_fewer, "g": got.p_more}[side[1]] if side else got.p_minlike
    keys = {"p", "p_value", "p.value", "fisher_p"} & set(want)
    assert keys, sorted(want)
    for key in keys:
        close(p_value, want[key], tolerance, key)
    if got.odds_ratio is not None and not side:
        for key in {"or", "est"} & set(want):
            close(got.odds_ratio.estimate, want[key], tolerance, key)
        for value, reference in zip((got.odds_ratio.lower, got.odds_ratio.upper), want.get("ci", []), strict=False):
            close(value, float("inf") if reference is None else reference, tolerance, "limit")


@adapter(FILE, r"fisher.*|binom.*|clopper.*|cp_.*")
def exact_proportions(case: Case) -> None:
    want, tolerance = case["outputs"], case["tolerance"]
    counts = [int(n) for n in re.findall(r"(?<![\w.])\d+(?![\w.])", case["model"].split("conf")[0])]
    if "fisher" in case["id"] or "fisher" in case["model"]:
        a, b, c, d = counts[:4]
        _same_fisher(fisher_exact(EventCount(a, a + b), EventCount(c, c + d)), case)
        return
    got = clopper_pearson(EventCount(counts[0], counts[1]))
    for value, reference in zip((got.lower, got.upper), want["ci"], strict=True):
        close(value, reference, tolerance, "limit")
    if "upper_one" in want:
        bound = clopper_pearson(EventCount(counts[0], counts[1]), side="upper").upper
        close(bound, want["upper_one"], tolerance, "one-sided upper")


@adapter(FILE, r"win.*|hce.*|finkelstein.*|fs_.*")
def hierarchical_composite(case: Case) -> None:
    call, want, tolerance = read_call(case), case["outputs"], case["tolerance"]
    hierarchy = [EventTime("death_time", "death"), EventTime("hosp_time", "hosp"), Measure("delta", better="lower")]
    columns: dict[str, Any] = {"hierarchy": hierarchy, "arm": "trt", "arms": (0, 1)}
    columns["strata"] = ["stratum"] if "strat" in f"{case['id']} {call.text}" else []
    got = win_ratio(call.table, **columns, level=_level(call))
    test = finkelstein_schoenfeld(call.table, **columns)
    log_ratio = float(np.log(got.ratio.estimate))
    values = {
        "wins": got.wins,
        "losses": got.losses,
        "ties": got.ties,
        "wins_by_level": got.wins_by_level,
        "losses_by_level": got.losses_by_level,
        "win_ratio": got.ratio.estimate,
        "log_wr_se": got.ratio.se,
        "wr_ci": (got.ratio.lower, got.ratio.upper),
        "z": log_ratio / (got.ratio.se or 1.0),
        "p": got.ratio.p_value,
        "net_benefit": got.net_benefit.estimate,
        "nb_se": got.net_benefit.se,
        "win_odds": got.odds.estimate,
        "fs_z": test.z,
        "fs_p": test.p_value,
    }
    if "finkelstein" in case["id"] or case["id"].startswith("fs"):
        values |= {
            "z": test.z,
            "p": test.p_value,
            "statistic": test.statistic,
            "T": test.statistic,
            "var": test.variance,
        }
    for key, reference in want.items():
        for a, b in zip(np.ravel(values[key]), np.ravel(reference), strict=True):
            close(float(a), float(b), tolerance, key)


@adapter(FILE, r"landmark.*")
def landmark_fit(case: Case) -> None:
    call = read_call(case)
    table, names, covariates = _design(call, case)
    at = numbers_after(call.text, "landmark") or numbers_after(call.text, "at") or numbers_after(call.text, ">")
    way = ties(call.text)
    result = landmark(table, time=call.time, event=call.event, at=at[0], covariates=covariates, ties=way)
    _compare_fit(case, result.fit, names)
