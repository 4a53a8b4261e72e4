"""The smallest good table for every figure."""

from __future__ import annotations

import pandas as pd

ARMS = ("Placebo", "Aldesleukin")
WORDS = {"name": "a-figure", "title": "It shows this.", "caption": "n = 60; method; estimand."}
AXES = ("Days", "hs-CRP (mg/L)")

FLOW = pd.DataFrame(
    [
        ("randomized", "", 63, ""),
        ("allocated", "Placebo", 31, ""),
        ("allocated", "Aldesleukin", 32, ""),
        ("analyzed", "Placebo", 29, ""),
        ("analyzed", "Aldesleukin", 31, ""),
    ],
    columns=["stage", "arm", "count", "reason"],
)
EFFECTS = pd.DataFrame({"label": ["All"], "estimate": [-0.171], "lower": [-0.308], "upper": [-0.034]})
CURVE = pd.DataFrame({"baseline": [1.0, 9.0], "effect": [0.0, -0.3], "lower": [-0.2, -0.5], "upper": [0.2, -0.1]})
PEOPLE = pd.DataFrame(
    {"arm": ARMS, "baseline": [2.4, 2.3], "followup": [2.4, 2.0], "USUBJID": ["IVORY-007", "IVORY-008"]}
)
STEPS = pd.DataFrame(
    [(arm, t, 0.1 * (t > 0), 0.0, 0.3, False) for arm in ARMS for t in (0, 12)],
    columns=["arm", "time", "estimate", "lower", "upper", "censored"],
)
AT_RISK = pd.DataFrame([(arm, t, 27 - t) for arm in ARMS for t in (0, 12)], columns=["arm", "time", "at_risk"])
INCIDENCE = pd.DataFrame({"term": ["Nausea"] * 2, "arm": ARMS, "incidence": [0.06, 0.09]})
DIFFERENCES = pd.DataFrame({"term": ["Nausea"], "arm": ARMS[1:], "difference": [0.03], "lower": [-0.1], "upper": [0.2]})
PEAKS = pd.DataFrame({"arm": ARMS, "aminotransferase": [0.8, 5.0], "bilirubin": [0.5, 2.5], "trigger": [False, True]})
VISITS = pd.DataFrame(
    [(arm, t, 3.0, 2.0, 4.0, 30) for arm in ARMS for t in (0, 5)],
    columns=["arm", "time", "estimate", "lower", "upper", "n"],
)
