"""STEPP: the treatment effect in overlapping windows of participants ordered by the biomarker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from calor.analyze.continuous.batched_least_squares import batched_least_squares
from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level, format_p
from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Window:
    """One subpopulation: participants `first` to `last` (counted from 1) in the order of the biomarker."""

    first: int
    last: int
    lower: float
    upper: float
    median: float
    effect: Estimate


@dataclass(frozen=True)
class Stepp(Drawable):
    """Treatment effect by window of the biomarker.

    Attributes:
        windows: Windows in the order of the biomarker.
        overall: Effect in everyone.
        supremum: Largest distance of a window's effect from the overall effect.
        p_value: Permutation p-value of no relation of effect and biomarker.
        permutations: How many permutations gave it.
    """

    windows: tuple[Window, ...]
    overall: Estimate
    supremum: float
    p_value: float
    permutations: int
    biomarker: str

    def __str__(self) -> str:
        low, high = self.windows[0].effect, self.windows[-1].effect
        return (
            f"STEPP over {self.biomarker}, {len(self.windows)} windows: effect {low.estimate:.3f} in the lowest, "
            f"{high.estimate:.3f} in the highest, {self.overall.estimate:.3f} overall; {format_p(self.p_value)} "
            f"({self.permutations} permutations), n = {self.overall.n}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per window."""
        return pd.DataFrame(
            {
                "first": [w.first for w in self.windows],
                "last": [w.last for w in self.windows],
                "lower_biomarker": [w.lower for w in self.windows],
                "upper_biomarker": [w.upper for w in self.windows],
                "biomarker": [w.median for w in self.windows],
                "effect": [w.effect.estimate for w in self.windows],
                "se": [w.effect.se for w in self.windows],
                "lower": [w.effect.lower for w in self.windows],
                "upper": [w.effect.upper for w in self.windows],
            }
        )


def stepp(
    table: pd.DataFrame,
    comparison: Comparison,
    *,
    biomarker: str,
    rng: np.random.Generator,
    size: int,
    overlap: int,
    permutations: int = 2500,
    level: float = 0.95,
) -> Stepp:
    """Estimate the effect in sliding windows and test by permutation whether it moves with the biomarker.

    Windows hold `size` participants, share `overlap` with the next, and the last one ends with the last
    participant. Ties keep the order of the table. The permutation shuffles the biomarker within each arm, so that
    every permuted window has the arms of a real one.

    Args:
        table: One row per participant.
        comparison: Two arms, the endpoint and the covariates.
        biomarker: Numeric baseline column.
        rng: Source of the permutations.
        size: Participants per window.
        overlap: Participants shared by neighbors.
        permutations: Number of permutations.
        level: Confidence level of each window's interval.

    Raises:
        AnalysisError: Windows that do not slide or do not fit, a window without both arms, or what `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(4)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 40, "crp": np.exp(rng.normal(2.2, 1.3, 80))})
        >>> table["tbr"] = 2.2 - 0.2 * (table.arm == "active") * np.log(table.crp) + rng.normal(0, 0.25, 80)
        >>> two = Comparison("tbr", "arm", ("placebo", "active"))
        >>> found = stepp(table, two, biomarker="crp", rng=rng, size=30, overlap=20, permutations=500)
        >>> len(found.windows), found.p_value < 0.05
        (6, True)

    Reference:
        Bonetti and Gelber, Biostatistics 2004 (tail-oriented and sliding windows, supremum statistic).
    """
    check_level(level)
    comparison.require_two_arms()
    cases = complete_cases(table, comparison, extra=[biomarker])
    size = whole_number("size", size, least=1, fix="Try half the participants.")
    overlap = whole_number("overlap", overlap, fix="Try a third of the participants.")
    permutations = whole_number("permutations", permutations, least=1, fix="Use 2500.")
    if not overlap < size < cases.n:
        got = f"size {size}, overlap {overlap}, {cases.n} participants"
        raise AnalysisError.must(
            "size", "exceed overlap and be less than the participants", got, fix="Try size n/2, overlap n/3."
        )
    starts = window_starts(cases.n, size, overlap)
    values = cases.extra[biomarker]
    order = np.argsort(values, kind="stable")
    design = np.hstack([np.ones((cases.n, 1)), cases.indicators, cases.adjustment])
    overall = _effect(cases, design, np.arange(cases.n), level)
    windows = tuple(_window(cases, design, values, order[s : s + size], s, level) for s in starts)
    supremum = max(abs(w.effect.estimate - overall.estimate) for w in windows)
    null = _permuted(cases, design, order, starts, size, rng, permutations) - overall.estimate
    exceeding = int(np.sum(np.abs(null).max(axis=1) >= supremum * (1 - 1e-9)))
    return Stepp(windows, overall, supremum, (1 + exceeding) / (1 + permutations), permutations, biomarker)


def window_starts(n: int, size: int, overlap: int) -> list[int]:
    """Return where windows start, counted from 0; the last is flush right.

    >>> window_starts(63, 25, 15)
    [0, 10, 20, 30, 38]
    """
    starts = list(range(0, n - size + 1, size - overlap))
    return starts if starts[-1] == n - size else [*starts, n - size]


def _effect(
    cases: CompleteCases, design: Float[np.ndarray, "n p"], rows: Int[np.ndarray, " m"], level: float
) -> Estimate:
    names = ["(intercept)", *cases.arm_names, *cases.adjustment_names]
    fit = least_squares(design[rows], cases.response[rows], names)
    lower, upper = (contrast := fit.contrast(np.eye(len(names))[1])).interval(level)
    return Estimate(
        label=cases.comparison.labels[0],
        estimate=contrast.estimate,
        lower=lower,
        upper=upper,
        level=level,
        scale="difference",
        method="ANCOVA",
        n=len(rows),
        se=contrast.se,
        p_value=contrast.p_value,
        df=contrast.df,
        excluded=cases.excluded,
    )


def _window(
    cases: CompleteCases,
    design: Float[np.ndarray, "n p"],
    values: Float[np.ndarray, " n"],
    rows: Int[np.ndarray, " m"],
    start: int,
    level: float,
) -> Window:
    effect = _effect(cases, design, rows, level)
    inside = values[rows]
    return Window(
        start + 1, start + len(rows), float(inside.min()), float(inside.max()), float(np.median(inside)), effect
    )


def _permuted(
    cases: CompleteCases,
    design: Float[np.ndarray, "n p"],
    order: Int[np.ndarray, " n"],
    starts: Sequence[int],
    size: int,
    rng: np.random.Generator,
    permutations: int,
) -> Float[np.ndarray, "b windows"]:
    """Effects by window after shuffling, within arms, which participant stands at which place of the order."""
    places = np.tile(order, (permutations, 1))
    for arm in (0, 1):
        at = np.flatnonzero(cases.arm[order] == arm)
        places[:, at] = rng.permuted(places[:, at], axis=1)
    effects = []
    for start in starts:
        weights = np.zeros((permutations, cases.n))
        np.put_along_axis(weights, places[:, start : start + size], 1.0, axis=1)
        fits = batched_least_squares(weights, design, cases.response)
        effects.append(np.where(fits.usable, fits.coefficients[:, 1], np.inf))
    return np.column_stack(effects)
