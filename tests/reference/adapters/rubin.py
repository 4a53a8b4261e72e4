"""Rubin's rules against R's mice::pool.scalar."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from calor.analyze.missing.rubin import rubin
from tests.reference.registry import Case, adapter, close, data_file, number


@adapter("stats_binary_multiplicity_safety_bayes", r"rubin_.*")
def pool_scalar(case: Case) -> None:
    if "data_file" in case:
        table = pd.read_csv(data_file(case["data_file"]))
        estimates, errors = table["est"].to_numpy(dtype=float), table["se"].to_numpy(dtype=float)
    else:
        inputs = case["inputs"]
        estimates = np.array(inputs.get("est", inputs.get("Q")), dtype=float)
        errors = np.array(inputs["se"], dtype=float) if "se" in inputs else np.sqrt(np.array(inputs["U"], dtype=float))
    # pool.scalar takes the sample size n and the number of coefficients k (1 unless given); without n it is infinite.
    arguments = dict(re.findall(r"\b(n|k)\s*=\s*([\w.]+)", str(case.get("model", ""))))
    size = float(arguments.get("n", "inf"))
    got = rubin(estimates, errors, complete_df=size - float(arguments.get("k", 1)))
    values = {
        "qbar": got.estimate,
        "ubar": got.within,
        "b": got.between,
        "t": got.total,
        "df": got.df,
        "r": got.increase,
        "fmi": got.fraction_missing,
        "se": got.se,
        "p": got.p_value,
        "m": float(estimates.size),
    }
    compared = [key for key in case["outputs"] if key in values]
    assert compared
    for key in compared:
        close(values[key], number(case["outputs"][key]), case["tolerance"], key)
