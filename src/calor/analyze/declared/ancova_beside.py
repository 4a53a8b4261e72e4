"""The same comparison by other methods: what a protocol may show beneath its ANCOVA, one function each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.ancova_log import ancova_log
from calor.analyze.continuous.anhecova import anhecova
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.g_computation import g_computation
from calor.analyze.continuous.quade import quade
from calor.analyze.continuous.rank_sum import rank_sum
from calor.analyze.continuous.unadjusted import Unadjusted, unadjusted
from calor.analyze.declared.records import ARM
from calor.analyze.estimate import Estimate
from calor.protocol.analyses import AncovaAnalysis, Beside

COLUMNS = ["label", "estimate", "lower", "upper", "level", "scale", "method", "n", "p_value"]


@dataclass(frozen=True)
class Asked:
    """What the ANCOVA was asked of: the records, the declared analysis, the arms' labels, control first."""

    table: pd.DataFrame
    analysis: AncovaAnalysis
    arms: tuple[str, ...]

    @property
    def comparison(self) -> Comparison:
        """The declared model's terms."""
        return Comparison(self.analysis.response, ARM, self.arms, self.analysis.covariates, self.analysis.factors)

    def against(self, active: str) -> Comparison:
        """Return the comparison of one active arm with control, unadjusted."""
        return Comparison(self.analysis.response, ARM, (self.arms[0], active))


def beside_ancova(asked: Asked) -> pd.DataFrame:
    """Return one row per declared method and comparison; empty when none is asked for."""
    frames = [row for method in asked.analysis.beside for row in METHODS[method](asked)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)


def crude(asked: Asked) -> list[Unadjusted]:
    """Return the unadjusted differences of each active arm beside its ANCOVA."""
    level = asked.analysis.level
    return [
        unadjusted(asked.table, Comparison("AVAL", ARM, (asked.arms[0], active)), baseline="BASE", level=level)
        for active in asked.arms[1:]
    ]


def _rows(method: str, estimates: Iterable[Estimate]) -> list[pd.DataFrame]:
    return [estimate.to_frame().assign(method=method) for estimate in estimates]


def _hc3(asked: Asked) -> list[pd.DataFrame]:
    declared = asked.analysis
    found = ancova(
        asked.table, response=declared.response, arm=ARM, arms=asked.arms, covariates=declared.covariates,
        factors=declared.factors, level=declared.level, se="HC3",
    )  # fmt: skip
    return _rows("ANCOVA, HC3 errors", found.differences)


def _heterogeneous_slopes(asked: Asked) -> list[pd.DataFrame]:
    found = anhecova(asked.table, asked.comparison, level=asked.analysis.level, population="superpopulation")
    return _rows("ANHECOVA, slopes by arm", found.differences)


def _g_computation(asked: Asked) -> list[pd.DataFrame]:
    found = g_computation(asked.table, asked.comparison, level=asked.analysis.level, by_arm=True)
    return _rows("g-computation, slopes by arm", found.differences)


def _log_ratio(asked: Asked) -> list[pd.DataFrame]:
    declared = asked.analysis
    logged = asked.table.assign(BASE=np.log(asked.table["BASE"].where(asked.table["BASE"] > 0)))
    found = ancova_log(
        logged, response="AVAL", arm=ARM, arms=asked.arms, covariates=declared.covariates, factors=declared.factors,
        level=declared.level,
    )  # fmt: skip
    return _rows("Ratio, ANCOVA of logarithms", found.ratios)


def _rank_sum(asked: Asked) -> list[pd.DataFrame]:
    """Compare by ranks, without adjustment, where every pair of arms has its own test."""
    response = asked.analysis.response
    values = {arm: asked.table.loc[asked.table[ARM] == arm, response].dropna().to_numpy() for arm in asked.arms}
    control, *active = asked.arms
    found = [
        rank_sum(values[arm], values[control], level=asked.analysis.level, label=f"{arm} v {control}") for arm in active
    ]
    return _rows("Wilcoxon rank sum, Hodges-Lehmann shift", found)


def _quade(asked: Asked) -> list[pd.DataFrame]:
    """Test each active arm against control by Quade's rank ANCOVA, which has no estimate."""
    rows = []
    for active in asked.arms[1:]:
        one = asked.against(active)
        covariates = tuple(asked.analysis.covariates)
        found = quade(asked.table, Comparison(one.response, ARM, one.arms, covariates))
        rows.append(
            pd.DataFrame(
                [{"label": one.labels[0], "scale": "test", "method": "Quade's rank ANCOVA", "n": found.n,
                  "df": float(found.df2), "p_value": found.p_value}]
            )
        )  # fmt: skip
    return rows


METHODS: dict[Beside, Callable[[Asked], list[pd.DataFrame]]] = {
    "HC3": _hc3,
    "heterogeneous_slopes": _heterogeneous_slopes,
    "g_computation": _g_computation,
    "log_ratio": _log_ratio,
    "unadjusted": lambda asked: _rows("Follow-up, unadjusted", [c.followup for c in crude(asked)]),
    "change_score": lambda asked: _rows("Change score, unadjusted", [c.change for c in crude(asked)]),
    "rank_sum": _rank_sum,
    "quade": _quade,
}
"""The function behind each method that may stand beside an ANCOVA; a test proves the table complete."""
