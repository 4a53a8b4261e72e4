"""Participants at baseline, all arms together."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from calor.analyze.baseline import describe
from calor.datasets.dataset import Dataset
from calor.protocol.endpoints import ContinuousEndpoint
from calor.protocol.protocol import Protocol
from calor.report.number import number


def pooled_baseline(protocol: Protocol, datasets: Mapping[str, Dataset]) -> pd.DataFrame:
    """Describe strata and what was measured at baseline.

    Returns:
        `what`, `n`, `value` (mean and SD, or percent) and `quartiles` (empty for a stratum).
    """
    adsl = datasets["adsl"].frame
    strata = adsl["STRATAR"].value_counts().sort_index()
    rows = [
        {"what": f"Stratum {name}", "n": int(n), "value": f"{100 * n / len(adsl):.0f} %", "quartiles": None}
        for name, n in strata.items()
        if len(strata) > 1
    ]
    for name in _measured(protocol, datasets):
        dataset, code, label = name
        frame = datasets[dataset].frame
        values = frame.loc[(frame["PARAMCD"] == code) & (frame["ABLFL"] == "Y"), "AVAL"].dropna()
        if len(values) > 1:
            rows.append({"what": label, "n": len(values), **_described(values)})
    return pd.DataFrame(rows, columns=["what", "n", "value", "quartiles"])


def _measured(protocol: Protocol, datasets: Mapping[str, Dataset]) -> list[tuple[str, str, str]]:
    """Return dataset, code and words of everything that may have a baseline."""
    found = [("adlb", b.paramcd, f"{b.label} ({b.unit})") for b in protocol.biomarkers]
    if "adpet" in datasets:
        scans = [e for e in protocol.endpoints if isinstance(e, ContinuousEndpoint) and e.dataset == "adpet"]
        found += [("adpet", e.paramcd, e.label) for e in scans]
    return found


def _described(values: pd.Series) -> dict[str, str]:
    found = describe(values.to_numpy(float), 0)
    digits = 1 if found["median"] >= 10 else 2
    told = {name: number(found[name], digits) for name in ("mean", "sd", "median", "q1", "q3")}
    return {
        "value": f"{told['mean']} ({told['sd']})", "quartiles": f"{told['median']} ({told['q1']} to {told['q3']})"
    }  # fmt: skip
