"""Closed testing over nested or overlapping populations in a trial with stages and selection.

Every intersection of the populations' null hypotheses is tested by combining its stage-wise p-values; a population's
hypothesis is rejected when every intersection that contains it is. A population dropped at an interim look leaves the
intersections of the later stages, which are then tested by the populations still followed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from calor.design import intersection
from calor.design.conditional_power import conditional_rejection_probability
from calor.design.fisher_combination import FisherCombination
from calor.design.inverse_normal import InverseNormal
from calor.design.repeated import critical_at, evidence, repeated_p
from calor.errors import DesignError

StageTest = Callable[[Float[np.ndarray, " population"], int], float]  # p-values (NaN: not in it), stage from 0 -> p
IntersectionTest = Literal["bonferroni", "simes", "sidak"] | StageTest
Combination = InverseNormal | FisherCombination

_PLAIN = {"bonferroni": intersection.bonferroni, "simes": intersection.simes, "sidak": intersection.sidak}


@dataclass(frozen=True, eq=False)
class ClosedTest:
    """The closed test of every population at every stage done.

    Attributes:
        populations: Names, in the order of the rows below.
        intersections: Each intersection, as membership of the populations; the largest first.
        adjusted_p: Stage-wise p-value of each intersection; NaN where none of its populations was followed.
        statistics: Combined statistic of each intersection up to each stage (z, or Fisher's product); NaN once a
            stage is missing.
        rejected_intersections: Intersections rejected by each stage.
        rejected: Populations whose hypothesis is rejected by each stage.
        test: The combination test used.
        p_values: The stage-wise p-values given.
    """

    populations: tuple[str, ...]
    intersections: tuple[tuple[bool, ...], ...]
    adjusted_p: Float[np.ndarray, "intersection stage"]
    statistics: Float[np.ndarray, "intersection stage"]
    rejected_intersections: Bool[np.ndarray, "intersection stage"]
    rejected: Bool[np.ndarray, "population stage"]
    test: Combination
    p_values: Float[np.ndarray, "population stage"]

    @cached_property
    def repeated_p(self) -> Float[np.ndarray, "population stage"]:
        """Smallest level at which the closed test rejects each population by each stage; NaN where not followed."""
        levels = self._each(lambda done: _repeated(self.test, done))
        return self._over_members(np.minimum.accumulate(levels, axis=1), np.max)

    @cached_property
    def conditional_rejection(self) -> Float[np.ndarray, "population stage"]:
        """Probability under the null of rejecting each population later; NaN at the end or where not followed."""
        last = self.test.weights.size
        return self._over_members(
            self._each(lambda done: _conditional(self.test, done) if done.size < last else math.nan), np.min
        )

    def _each(self, value: Callable[[Float[np.ndarray, " stage"]], float]) -> Float[np.ndarray, "intersection stage"]:
        """Return a value of each intersection's stage-wise p-values so far; NaN once a stage is missing."""
        result = np.full(self.adjusted_p.shape, np.nan)
        for i, k in np.ndindex(*result.shape):
            done = self.adjusted_p[i, : k + 1]
            if not np.isnan(done).any():
                result[i, k] = value(done)
        return result

    def _over_members(
        self, values: Float[np.ndarray, "intersection stage"], worst: Callable[..., Any]
    ) -> Float[np.ndarray, "population stage"]:
        """Return each population's worst value over the intersections that contain it."""
        inside = np.array(self.intersections)
        rows = [worst(values[inside[:, g]], axis=0) for g in range(len(self.populations))]
        return np.where(np.isnan(self.p_values), np.nan, np.array(rows))

    def __str__(self) -> str:
        stage = self.rejected.shape[1]
        parts = [
            f"{name}: {'rejected' if done[-1] else 'not rejected'}"
            for name, done in zip(self.populations, self.rejected, strict=True)
        ]
        return f"closed test after stage {stage}: " + "; ".join(parts)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per intersection and stage."""
        rows = []
        for i, members in enumerate(self.intersections):
            name = " & ".join(itertools.compress(self.populations, members))
            for k in range(self.adjusted_p.shape[1]):
                done = bool(self.rejected_intersections[i, k])
                rows.append((name, k + 1, self.adjusted_p[i, k], self.statistics[i, k], done))
        return pd.DataFrame(rows, columns=["intersection", "stage", "adjusted_p", "statistic", "rejected"])


def closed_test(
    test: Combination,
    p_values: Float[np.ndarray, "population stage"],
    *,
    intersection_test: IntersectionTest = "simes",
    populations: Sequence[str] | None = None,
) -> ClosedTest:
    """Test every population, controlling the probability of any false rejection.

    Args:
        test: The combination test for every intersection.
        p_values: One-sided p-value of each population and stage; NaN from the stage on at which it is not followed.
        intersection_test: Test of an intersection within a stage; see `spiessens_debois` for one that knows the
            populations' correlation.
        populations: Names; "1", "2", ... when None.

    Raises:
        DesignError: P-values outside 0 to 1, a population followed again after being dropped, or none followed at a
            stage.

    >>> from calor.design import GroupSequential, spending
    >>> test = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.pocock(0.025)))
    >>> p = np.array([[0.0367, 0.0635], [0.0385, 0.0374]])
    >>> print(closed_test(test, p, populations=["biomarker_positive", "full_population"]))
    closed test after stage 2: biomarker_positive: rejected; full_population: rejected

    Reference: Marcus R, Peritz E, Gabriel KR. Biometrika 1976;63:655-660. Wassmer G, Brannath W. Group Sequential and
        Confirmatory Adaptive Designs in Clinical Trials. Springer 2016.
    """
    p = _checked(test, p_values, intersection_test)
    names = tuple(populations) if populations is not None else tuple(str(g + 1) for g in range(p.shape[0]))
    if len(set(names)) != p.shape[0]:
        raise DesignError.must("populations", f"be {p.shape[0]} different names", names, fix="Name each row once.")
    subsets = intersections(p.shape[0])
    adjusted = np.array(
        [
            [adjust(np.where(members, p[:, k], np.nan), intersection_test, k) for k in range(p.shape[1])]
            for members in subsets
        ]
    )
    statistics = np.full(adjusted.shape, np.nan)
    crossed = np.zeros(adjusted.shape, dtype=bool)
    for i, k in np.ndindex(*adjusted.shape):
        done = adjusted[i, : k + 1]
        if not np.isnan(done).any():
            strength = evidence(test, done, k + 1)
            statistics[i, k] = math.exp(-strength) if isinstance(test, FisherCombination) else strength
            crossed[i, k] = strength >= critical_at(test, k + 1)
    rejected = np.maximum.accumulate(crossed, axis=1)
    inside = np.array(subsets)
    return ClosedTest(
        populations=names,
        intersections=subsets,
        adjusted_p=adjusted,
        statistics=statistics,
        rejected_intersections=rejected,
        rejected=np.array([rejected[inside[:, g]].all(axis=0) for g in range(p.shape[0])]),
        test=test,
        p_values=p,
    )


def intersections(populations: int) -> tuple[tuple[bool, ...], ...]:
    """Return every non-empty set of populations as membership flags, the largest sets first.

    >>> intersections(2)
    ((True, True), (True, False), (False, True))
    """
    flags = [f for f in itertools.product((True, False), repeat=populations) if any(f)]
    return tuple(sorted(flags, key=lambda f: -sum(f)))


def spiessens_debois(correlations: Sequence[Float[np.ndarray, "population population"]]) -> StageTest:
    """Return the intersection test of Spiessens and Debois for the populations' correlation at each stage.

    >>> test = spiessens_debois([np.array([[1, 0.6], [0.6, 1]])])
    >>> round(test(np.array([0.02, 0.03]), 0), 4)
    0.0354
    """

    def adjusted(p: Float[np.ndarray, " population"], stage: int) -> float:
        inside = ~np.isnan(p)
        if stage >= len(correlations):
            raise DesignError.must("correlations", "have a matrix per stage", len(correlations), fix="Add the stage's.")
        return intersection.spiessens_debois(p[inside], np.asarray(correlations[stage])[np.ix_(inside, inside)])

    return adjusted


def adjust(p_values: Float[np.ndarray, " population"], intersection_test: IntersectionTest, stage: int = 0) -> float:
    """Return the p-value of an intersection from those of its populations; NaN stands for one not in it or dropped.

    >>> adjust(np.array([0.01, np.nan, 0.04]), "bonferroni")
    0.02
    """
    inside = ~np.isnan(p_values)
    if not inside.any():
        return math.nan
    if callable(intersection_test):
        return intersection_test(p_values, stage)
    return _PLAIN[intersection_test](p_values[inside])


def _repeated(test: Combination, adjusted: Float[np.ndarray, " stage"]) -> float:
    if isinstance(test, FisherCombination):
        return test.repeated_p(adjusted.tolist())
    return repeated_p(test, adjusted.size, evidence(test, adjusted, adjusted.size))


def _conditional(test: Combination, adjusted: Float[np.ndarray, " stage"]) -> float:
    if isinstance(test, FisherCombination):
        return test.conditional_rejection(adjusted.tolist())
    return conditional_rejection_probability(test.design, adjusted.size, evidence(test, adjusted, adjusted.size))


def _checked(
    test: Combination, p_values: Float[np.ndarray, "population stage"], intersection_test: IntersectionTest
) -> Float[np.ndarray, "population stage"]:
    """Return the p-values as an array, refusing tables that no trial can give."""
    p = np.array(p_values, dtype=float)
    stages = test.weights.size
    if p.ndim != 2 or p.shape[0] == 0 or not 1 <= p.shape[1] <= stages:
        raise DesignError.must(
            "p_values", f"be a table of populations by 1 to {stages} stages", f"shape {p.shape}", fix="Add the rows."
        )
    if np.any((p < 0) | (p > 1)):
        raise DesignError.must("p_values", "lie between 0 and 1", p.tolist(), fix="Give one-sided p-values.")
    missing = np.isnan(p)
    if np.any(missing[:, :-1] & ~missing[:, 1:]):
        row = int(np.argmax((missing[:, :-1] & ~missing[:, 1:]).any(axis=1))) + 1
        raise DesignError.must(
            "p_values", "stay missing once a population is dropped", p[row - 1].tolist(), where=f"population {row}",
            fix="A population that was dropped cannot come back.",
        )  # fmt: skip
    if missing.all(axis=0).any():
        stage = int(np.argmax(missing.all(axis=0))) + 1
        raise DesignError.must("p_values", "be known for a population", "none", where=f"stage {stage}", fix="Cut it.")
    if not callable(intersection_test) and intersection_test not in _PLAIN:
        fix = f"Use one of {', '.join(_PLAIN)}, or spiessens_debois(...)."
        raise DesignError.must("intersection_test", "be a known test", repr(intersection_test), fix=fix)
    return p
