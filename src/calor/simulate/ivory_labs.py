"""Blood tests of the reconstructed IVORY over its visits. Baseline quartiles are published, the courses are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.protocol.biomarkers import Biomarker
from calor.simulate.ivory_conduct import protocol, visit_days

_DAYS = (1, 5, 12, 26, 40, 54, 61)


@dataclass(frozen=True)
class Course:
    """How one analyte runs, apart from its baseline.

    Attributes:
        decimals: Decimals reported.
        noise: Standard deviation of the logarithm within a participant.
        drug: Factor under aldesleukin on each of the days 1, 5, 12, 26, 40, 54, 61.
    """

    decimals: int
    noise: float
    drug: tuple[float, ...]


COURSES: Mapping[str, Course] = {
    "HSCRP": Course(2, 0.45, (1, 1.8, 1.2, 1.0, 0.9, 0.9, 0.8)),
    "IL6": Course(2, 0.35, (1, 1.3, 1.0, 1.0, 0.9, 0.9, 0.9)),
    "TNIHS": Course(0, 0.20, (1, 1, 1, 1, 1, 1, 1)),
    "EOS": Course(2, 0.20, (1, 2.2, 1.8, 1.9, 1.8, 1.8, 1.5)),
    "TREG": Course(1, 0.08, (1, 1.75, 1.25, 1.30, 1.30, 1.30, 1.20)),
}

NORMAL: Mapping[str, tuple[float, float]] = {"EOS": (0.02, 0.5)}
"""Limits of normal, in the protocol's unit, of the analytes that are graded; the others have none."""


def blood_tests(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    """Measure every analyte at every visit up to a participant's last day.

    >>> from calor.simulate.ivory_baseline import baseline
    >>> from calor.simulate.ivory_conduct import conduct
    >>> from calor.simulate.ivory_model import IvoryModel
    >>> rng = np.random.default_rng(1)
    >>> tests = blood_tests(rng, conduct(rng, baseline(rng, IvoryModel())))
    >>> float(tests.loc[(tests["paramcd"] == "TNIHS") & (tests["visit"] == "V1"), "value"].max())
    12400.0

    Args:
        rng: Random generator.
        table: Participants, from `ivory_conduct.conduct`.

    Returns:
        One row per participant, analyte and visit: `row` (of `table`), `paramcd`, `visit` (id), `ady`, `value`. hs-CRP
        and troponin at screening are the values of the published baseline table.
    """
    n = len(table)
    rows = [_rows(table, "HSCRP", "V1", table["screened"].to_numpy(), table["hscrp"].to_numpy())]
    rows.append(_rows(table, "TNIHS", "V1", table["screened"].to_numpy(), table["tni"].to_numpy()))
    steady = _steady(rng, table)
    visits = [visit for visit in protocol().visits if visit.day >= 1]
    for visit in visits:
        ady = table["last_day"].to_numpy() if visit.id == "V15" else visit_days(rng, visit, n)
        for paramcd, course in COURSES.items():
            factor = np.where(table["active"], course.drug[_DAYS.index(visit.day)], 1.0)
            noise = np.exp(course.noise * rng.standard_normal(n) - course.noise**2 / 2)
            value = _untreated(paramcd, table, steady, visit.day) * factor * noise
            rows.append(_rows(table, paramcd, visit.id, ady, value.round(course.decimals)))
    made = pd.concat(rows, ignore_index=True)
    present = made["ady"] <= table["last_day"].to_numpy()[made["row"]]
    left = ~table["completer"].to_numpy()[made["row"]] & (made["visit"] == "V15")
    return made[present & ~left].sort_values(["row", "paramcd", "ady"], kind="stable", ignore_index=True)


def biomarker(paramcd: str) -> Biomarker:
    """Return the protocol's biomarker with this PARAMCD.

    >>> biomarker("HSCRP").unit
    'mg/L'
    """
    return next(b for b in protocol().biomarkers if b.paramcd == paramcd)


def _rows(
    table: pd.DataFrame, paramcd: str, visit: str, ady: Float[np.ndarray, " n"], value: Float[np.ndarray, " n"]
) -> pd.DataFrame:
    return pd.DataFrame({"row": range(len(table)), "paramcd": paramcd, "visit": visit, "ady": ady, "value": value})


def _steady(rng: np.random.Generator, table: pd.DataFrame) -> dict[str, Float[np.ndarray, " n"]]:
    """Give each participant the level that the acute phase falls to; it follows the screening value in part."""
    high = np.log(table["hscrp"].to_numpy() / 9.2)
    return {
        "HSCRP": np.exp(np.log(1.7) + 0.45 * high + 0.95 * rng.standard_normal(len(table))),
        "IL6": np.exp(np.log(2.4) + 0.5 * table["il6"].to_numpy()),
        "TNIHS": np.exp(np.log(5.0) + 0.4 * rng.standard_normal(len(table))),
        "EOS": 0.20 * np.exp(0.40 * table["eos"].to_numpy()),
        "TREG": 6.0 * np.exp(0.25 * table["treg"].to_numpy()),
    }


def _untreated(
    paramcd: str, table: pd.DataFrame, steady: Mapping[str, Float[np.ndarray, " n"]], day: int
) -> Float[np.ndarray, " n"]:
    """Return the level without drug: the acute phase decays to the steady level (12 days hs-CRP, 4 days troponin)."""
    level = steady[paramcd]
    since = day - table["screened"].to_numpy()
    if paramcd == "HSCRP":
        return np.asarray(level + np.maximum(table["hscrp"].to_numpy() - level, 0) * np.exp(-since / 12))
    if paramcd == "TNIHS":
        return np.asarray(level + np.maximum(table["tni"].to_numpy() - level, 0) * np.exp(-since / 4) + 0.5)
    if paramcd == "IL6":
        return np.asarray(level * (1 + np.exp(-since / 12)))
    return level
