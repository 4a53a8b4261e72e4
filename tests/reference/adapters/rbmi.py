"""Reference-based imputation against R's rbmi: conditional means with the jackknife."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from calor.analyze.missing.reference_based import reference_based
from calor.analyze.missing.strategies import StrategyName
from calor.analyze.mixed.mmrm import Fitting
from calor.analyze.mixed.visit_table import RepeatedMeasures
from tests.reference.registry import Case, adapter, close, data_file

STRATEGIES: dict[str, StrategyName] = {
    "MAR": "missing at random",
    "JR": "jump to reference",
    "J2R": "jump to reference",
    "CR": "copy reference",
    "CIR": "copy increments in reference",
    "LMCF": "last mean carried forward",
}
STRUCTURES = {"us": "unstructured", "cs": "compound symmetry", "toep": "Toeplitz", "ar1": "autoregressive"}


@adapter("stats_rbmi", r"rbmi_.*")
def conditional_mean_jackknife(case: Case) -> None:
    table = pd.read_csv(data_file(case["data_file"]))
    table["arm"] = np.where(table["trt"] == 1, "alt", "ref")
    name = next(token for token in case["id"].split("_") if token in STRATEGIES)
    structure = re.search(r"\b(us|cs|toep|ar1)\b", case["model"])
    result = reference_based(
        table,
        RepeatedMeasures("log_hscrp", "id", "visit", "arm", covariates=("log_hscrp_bl",), by_visit=("log_hscrp_bl",)),
        arms=("ref", "alt"),
        strategy=STRATEGIES[name],
        fitting=Fitting(covariance=STRUCTURES[structure.group(1)] if structure else "unstructured"),  # type: ignore[arg-type]
    )
    found = {f"lsm_{e.label.replace(' at ', '_')}": e for e in result.ls_means}
    found |= {"trt_" + e.label.split(" at ")[1]: e for e in result.contrasts}
    for key, want in case["outputs"]["pars"].items():
        got = found[key]
        assert got.se is not None
        assert got.p_value is not None
        close(got.estimate, want["est"], case["tolerance"], f"{key} estimate")
        close(got.se, want["se"], case["tolerance"], f"{key} standard error")
        close(got.lower, want["ci"][0], case["tolerance"], f"{key} lower limit")
        close(got.upper, want["ci"][1], case["tolerance"], f"{key} upper limit")
        close(got.p_value, want["p"], case["tolerance"], f"{key} p")
