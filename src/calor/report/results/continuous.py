"""How results of the chapter on continuous endpoints are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import f as f_distribution

from calor.analyze.continuous.ancova import Ancova
from calor.analyze.continuous.ancova_log import LogAncova
from calor.analyze.continuous.quade import Quade
from calor.analyze.continuous.unadjusted import Unadjusted
from calor.analyze.estimate import Estimate
from calor.report.figure import Figure
from calor.report.results.estimates import clear, estimates
from calor.report.results.tests_of_no_effect import tail


def ancova(result: Ancova) -> Figure:
    """Draw the differences between arms."""
    return estimates(result.differences, name="ancova", title=shown(result.differences))


def ancova_log(result: LogAncova) -> Figure:
    """Draw the ratios between arms."""
    return estimates(result.ratios, name="ancova-log", title=shown(result.ratios))


def quade(result: Quade) -> Figure:
    """Draw the F statistic against its distribution under no effect."""

    def chance(at: np.ndarray) -> np.ndarray:
        return np.asarray(f_distribution.sf(at, result.df1, result.df2))

    return tail(
        result.f,
        result.p_value,
        chance,
        name="quade",
        title="Ranks of the endpoint, adjusted for ranks of the covariates, compared between arms.",
        caption=f"Quade's rank analysis of covariance. n = {result.n}.",
        axis=f"F({result.df1}, {result.df2})",
    )


def unadjusted(result: Unadjusted) -> Figure:
    """Draw the adjusted difference above the unadjusted ones, and the imbalance that separates them."""
    return estimates(
        (result.ancova, result.followup, result.change, result.imbalance),
        labels=("ANCOVA", "Follow-up, unadjusted", "Change score, unadjusted", "Baseline itself"),
        name="unadjusted",
        title="What a baseline imbalance does to the difference between arms.",
    )


def shown(found: tuple[Estimate, ...]) -> str:
    """Say which comparisons show a difference."""
    names = [e.label for e in found if clear(e)]
    return f"A difference is shown: {'; '.join(names)}." if names else "No clear difference between arms."


FIGURES: dict[type, Callable[[Any], Figure]] = {
    Ancova: ancova,
    LogAncova: ancova_log,
    Quade: quade,
    Unadjusted: unadjusted,
}
"""How each result of this chapter is drawn."""
