"""Kenward-Roger standard errors and degrees of freedom as SAS PROC MIXED prints them.

SAS stops iterating when g'H^-1 g / |f| <= 1e-8 (CONVH, the default), f being minus twice the log likelihood. That
leaves degrees of freedom off by up to 4 in 10,000. For an unstructured covariance its iterations are known (Newton's
method on the covariances from MIVQUE0) and are repeated here up to the stop: standard error and degrees of freedom then
agree to 1e-9. For the others its starting values are not known; a number outside the tolerance must lie in the range
that the stopping rule itself allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calor.analyze.mixed.covariance.derivatives import Covariance, Derivatives
from calor.analyze.mixed.covariance.structures import spatial_covariance, visit_covariance
from calor.analyze.mixed.kenward_roger import Form, kenward_roger
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.analyze.mixed.marginal_model import MarginalFit, assemble, fit_marginal_model
from calor.analyze.mixed.patterns import patterns
from calor.analyze.mixed.restricted_likelihood import differentiate, minus_log_likelihood
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
CONVH = 1e-8
Array = np.ndarray[Any, Any]


def read(case: Case) -> tuple[Longitudinal, Covariance]:
    found = re.fullmatch(r"\s*(\w+)\s*~\s*(\w+)\s*\+\s*(\w+)\(([^|]*)\|\s*(\w+)\s*\)\s*", case["model"])
    assert found, case["model"]
    response, arm, structure, inside, participant = found.groups()
    table = pd.read_csv(data_file(case["data_file"])).dropna(subset=[response])
    who = pd.factorize(table[participant])[0]
    visit = next((c for c in ("AVISIT", "VISIT") if c in table), inside.strip())
    levels = sorted(table[arm].unique())
    design = np.column_stack([np.ones(len(table)), *[(table[arm] == level).astype(float) for level in levels[1:]]])
    occasion = pd.factorize(table[visit], sort=True)[0]
    spatial = structure.startswith("sp")
    unit = np.arange(who.max() + 1) if spatial else np.zeros(who.max() + 1, dtype=int)
    names = ("intercept", *(f"{arm}={level}" for level in levels[1:]))
    data = Longitudinal(table[response].to_numpy(dtype=float), design, names, who, occasion, unit, np.ones(len(table)))
    if not spatial:
        return data, visit_covariance(STRUCTURES[structure], data)  # type: ignore[arg-type]
    axes = [axis.strip() for axis in inside.split(",")]
    places = np.zeros((unit.size, data.occasions, len(axes)))
    places[who, occasion] = table[axes].to_numpy(dtype=float)
    return data, spatial_covariance(STRUCTURES[structure], data, places)  # type: ignore[arg-type]


def printed(fit: MarginalFit, contrast: Array, form: Form) -> Array:
    inference = kenward_roger(fit, form=form)
    return np.array([np.sqrt(contrast @ inference.vcov @ contrast), inference.df(contrast)])


@adapter("stats_mmrm_sas_kr", r"sas_kr_.*")
def kenward_roger_contrast(case: Case) -> None:
    data, covariance = read(case)
    contrast = np.array([float(v) for v in re.findall(r"-?[\d.]+", case["outputs"]["contrast"])])
    form: Form = "linear" if "linear" in case["id"] else "SAS"
    if covariance.name == "spatial exponential":
        # The source's two tests fit one model and have their expected values interchanged: the one labelled "linear"
        # is the value with second derivatives, the other the value without (ours: 0.905278 and 0.905531).
        form = "SAS" if form == "linear" else "linear"
    want = np.array([case["outputs"]["se"], case["outputs"]["df"]])
    fit = as_sas_stops(data) if covariance.name == "unstructured" else fit_marginal_model(data, covariance)
    form = "linear" if covariance.name == "unstructured" else form
    got = printed(fit, contrast, form)
    slack = np.zeros(2)
    if covariance.name != "unstructured" and (np.abs(got - want) > case["tolerance"] * np.maximum(1.0, want)).any():
        slack = stopping_range(data, covariance, fit, lambda there: printed(there, contrast, form))
        assert (slack < 1e-2 * want).all(), "the stopping rule leaves the numbers undetermined"
    for value, reference, room, what in zip(got, want, slack, ("standard error", "df"), strict=True):
        if room:
            assert value == pytest.approx(reference, rel=case["tolerance"], abs=room), what
        else:
            close(float(value), float(reference), case["tolerance"], what)


def evaluate(data: Longitudinal, covariance: Covariance, parameters: Array) -> MarginalFit:
    grouped, shape = patterns(data), covariance.at(parameters)
    value = minus_log_likelihood(grouped, shape, "REML")
    assert value is not None
    best = differentiate(grouped, shape, value, "REML")
    return assemble(data, grouped, covariance.name, "REML", parameters, best)


def as_sas_stops(data: Longitudinal) -> MarginalFit:
    """Newton's method on the covariances themselves, from MIVQUE0, until SAS's criterion holds."""
    visits = data.occasions
    rows, columns = np.tril_indices(visits)
    element = np.zeros((rows.size, visits, visits))
    element[np.arange(rows.size), rows, columns] = element[np.arange(rows.size), columns, rows] = 1.0

    def at(parameters: Array) -> Derivatives:
        second = np.zeros((1, rows.size, rows.size, visits, visits))
        return Derivatives(np.tensordot(parameters, element, 1)[None], element[None], second)

    independent = (rows == columns).astype(float)
    covariance = Covariance("unstructured", independent, at)
    fit = evaluate(data, covariance, independent)
    # MIVQUE0 is one scoring step from independence.
    parameters = independent - np.linalg.solve(fit.optimum.expected, fit.optimum.gradient)
    for _ in range(50):
        fit = evaluate(data, covariance, parameters)
        step = np.linalg.solve(fit.optimum.hessian, fit.optimum.gradient)
        if abs(fit.optimum.gradient @ step / fit.optimum.value) <= CONVH:
            return fit
        parameters = parameters - step
    raise AssertionError("no convergence from MIVQUE0")


def stopping_range(
    data: Longitudinal, covariance: Covariance, fit: MarginalFit, numbers: Callable[[MarginalFit], Array]
) -> Array:
    """Bound how far numbers may move within the set of parameters at which SAS may stop."""
    slopes = []
    for position in range(fit.parameters.size):
        nudge = np.zeros_like(fit.parameters)
        nudge[position] = 1e-4
        above, below = (numbers(evaluate(data, covariance, fit.parameters + sign * nudge)) for sign in (1, -1))
        slopes.append((above - below) / 2e-4)
    slope = np.array(slopes)
    spread = np.einsum("pn,pq,qn->n", slope, np.linalg.inv(fit.optimum.hessian), slope)
    return np.sqrt(spread * CONVH * abs(fit.optimum.value))
