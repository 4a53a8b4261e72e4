"""Baseline of the reconstructed IVORY: one row per participant, matched to the published table.

Reference: Table 1 of the IVORY report (Nature Medicine 2025, doi 10.1038/s41591-025-04090-y).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.simulate.exact_moments import with_mean_sd, with_ranks
from calor.simulate.ivory_model import IvoryModel

_LATENT = ("age", "grace", "bmi", "ldl", "tni", "hscrp", "tbr", "il6", "eos", "treg")
_CORRELATIONS = {
    ("age", "grace"): 0.7,
    ("bmi", "hscrp"): 0.2,
    ("tni", "hscrp"): 0.3,
    ("tni", "tbr"): 0.3,
    ("hscrp", "il6"): 0.6,
}
FLAGS = {
    "HTNFL": "Hypertension",
    "PRPCIFL": "Prior Percutaneous Coronary Intervention",
    "STROKEFL": "Prior Stroke",
    "T2DMFL": "Type 2 Diabetes Mellitus",
    "ASAFL": "Aspirin",
    "P2Y12FL": "P2Y12 Inhibitor",
    "STATINFL": "Statin",
    "BBFL": "Beta Blocker",
    "RASFL": "Renin-Angiotensin System Inhibitor",
    "SMOKEFL": "Current Smoker",
    "PCIIDXFL": "PCI for the Index Event",
}
"""History, drugs and smoking: a column of "Y" and "N" each, with its label."""


@dataclass(frozen=True)
class ArmTable:
    """One arm of the published baseline table.

    Attributes:
        label: The arm as datasets write it.
        n: Randomized.
        completers: With both scans.
        age, tni, ldl, hscrp: Value at each rank; the quartiles are published, the ends (of age apart) are not.
        bmi, grace, tbr: Mean and standard deviation.
        diagnosis: Participants with each diagnosis.
        female: Women.
        counts: Participants with each of `FLAGS`.
    """

    label: str
    n: int
    completers: int
    age: Mapping[int, float]
    tni: Mapping[int, float]
    ldl: Mapping[int, float]
    hscrp: Mapping[int, float]
    bmi: tuple[float, float]
    grace: tuple[float, float]
    tbr: tuple[float, float]
    diagnosis: Mapping[str, int]
    female: int
    counts: Mapping[str, int] = field(default_factory=dict)


def _counts(*numbers: int) -> dict[str, int]:
    return dict(zip(FLAGS, numbers, strict=True))


def _quartiles(n: int, low: float, q1: float, median: float, q3: float, high: float) -> dict[int, float]:
    """Place least value, quartiles and greatest value at ranks; each quartile at both ranks beside it."""
    quarter = n // 4 if n % 4 == 0 else n // 4 + 1
    middle = {n // 2: median, n // 2 + 1: median} if n % 2 == 0 else {n // 2 + 1: median}
    lower = {quarter: q1, quarter + 1: q1}
    upper = {n - quarter: q3, n - quarter + 1: q3}
    return {1: low, **lower, **middle, **upper, n: high}


PLACEBO = ArmTable(
    label="Placebo",
    n=31,
    completers=29,
    age={1: 39, 16: 55, 31: 75},
    tni=_quartiles(31, 4, 20, 59, 346, 12_400),
    ldl=_quartiles(31, 0.8, 1.40, 1.80, 2.70, 4.3),
    hscrp=_quartiles(31, 2.1, 5.0, 10.1, 29.1, 118.0),
    bmi=(29.6, 5.8),
    grace=(96.1, 19),
    tbr=(2.39, 0.28),
    diagnosis={"Unstable angina": 0, "NSTEMI": 15, "STEMI": 16},
    female=7,
    counts=_counts(29, 2, 0, 0, 31, 31, 31, 30, 30, 12, 31),
)
ALDESLEUKIN = ArmTable(
    label="Aldesleukin",
    n=32,
    completers=31,
    age={1: 34, 16: 56, 17: 57, 32: 73},
    tni=_quartiles(32, 5, 28, 67, 305, 9_800),
    ldl=_quartiles(32, 0.9, 1.68, 2.10, 2.40, 4.1),
    hscrp=_quartiles(32, 2.0, 4.4, 8.4, 19.2, 96.0),
    bmi=(29.8, 5.7),
    grace=(95.4, 25),
    tbr=(2.26, 0.27),
    diagnosis={"Unstable angina": 2, "NSTEMI": 11, "STEMI": 19},
    female=3,
    counts=_counts(32, 5, 2, 2, 32, 32, 31, 28, 29, 10, 30),
)


def baseline(rng: np.random.Generator, model: IvoryModel) -> pd.DataFrame:
    """Make the baseline of both arms, placebo first, a row per participant.

    Returns:
        Columns `arm`, `active`, `completer`, `age` [years], `sex`, `bmi` [kg/m2], `diagnosis`, `tni` [ng/L],
        `ldl` [mmol/L], `grace`, `hscrp` [mg/L], `tbr`, the `FLAGS`, and the standardized `il6`, `eos` and `treg`.

    >>> table = baseline(np.random.default_rng(1), IvoryModel())
    >>> table.groupby("arm")["tbr"].mean().round(2).to_dict()
    {'Aldesleukin': 2.26, 'Placebo': 2.39}
    """
    return pd.concat([_arm(rng, table, model) for table in (PLACEBO, ALDESLEUKIN)], ignore_index=True)


def _arm(rng: np.random.Generator, table: ArmTable, model: IvoryModel) -> pd.DataFrame:
    z = _latent(rng, table.n, model)
    frame = pd.DataFrame(
        {
            "arm": table.label,
            "active": table.label == ALDESLEUKIN.label,
            "completer": rng.permutation(np.arange(table.n) < table.completers),
            "age": with_ranks(z["age"], table.age, 0),
            "sex": _some(rng, table.n, table.female, "F", "M"),
            "bmi": with_mean_sd(z["bmi"], *table.bmi, 1),
            "diagnosis": rng.permutation(np.repeat(list(table.diagnosis), list(table.diagnosis.values()))),
            "tni": with_ranks(z["tni"], table.tni, 0, log=True),
            "ldl": with_ranks(z["ldl"], table.ldl, 2, log=True),
            "grace": with_mean_sd(z["grace"], *table.grace, 0),
            "hscrp": with_ranks(z["hscrp"], table.hscrp, 1, log=True),
            "tbr": with_mean_sd(z["tbr"], *table.tbr, 4),
        }
    )
    for flag, count in table.counts.items():
        frame[flag] = _some(rng, table.n, count, "Y", "N")
    return frame.assign(**{name: z[name] for name in ("il6", "eos", "treg")})


def _latent(rng: np.random.Generator, n: int, model: IvoryModel) -> dict[str, Float[np.ndarray, " n"]]:
    """Draw correlated standard normal variables, bounded at 2.3 so that small arms hold no freak."""
    correlation = np.eye(len(_LATENT))
    for (a, b), r in {**_CORRELATIONS, ("hscrp", "tbr"): model.hscrp_tbr_correlation}.items():
        i, j = _LATENT.index(a), _LATENT.index(b)
        correlation[i, j] = correlation[j, i] = r
    draws = rng.multivariate_normal(np.zeros(len(_LATENT)), correlation, n)
    draws = 2.3 * np.tanh(draws / 2.3)
    return dict(zip(_LATENT, draws.T, strict=True))


def _some(rng: np.random.Generator, n: int, count: int, yes: str, no: str) -> list[str]:
    return [yes if chosen else no for chosen in rng.permutation(np.arange(n) < count)]
