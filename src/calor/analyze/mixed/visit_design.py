"""Fixed effects of a trial with visits: arm by visit, covariates and factors, and where LS means are taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.longitudinal import Longitudinal
from calor.analyze.mixed.visit_table import VisitTable

# A block of columns: their names, their values in each row, and their values averaged over the population.
Block = tuple[tuple[str, ...], Float[np.ndarray, "row column"], Float[np.ndarray, " column"]]


@dataclass(frozen=True)
class VisitDesign:
    """The design matrix and the contrasts that give least-squares means.

    Attributes:
        names: Coefficients.
        design: Their columns.
        means: Coefficients' weights in the LS mean of each arm at each visit.
    """

    names: tuple[str, ...]
    design: Float[np.ndarray, "row coefficient"]
    means: Float[np.ndarray, "arm visit coefficient"]


def visit_design(table: VisitTable) -> VisitDesign:
    """Cross arm and visit, and add covariates and factors, by visit where asked.

    LS means weigh the levels of each factor equally and set covariates to their mean over the measurements.

    Reference: Searle, Speed and Milliken, The American Statistician 1980 (population marginal means).

    >>> import pandas as pd
    >>> from calor.analyze.mixed.visit_table import RepeatedMeasures, read_visits
    >>> table = pd.DataFrame({"id": [1, 2, 3, 4], "visit": "a", "y": [1.0, 2.0, 3.0, 5.0], "arm": ["p", "p", "t", "t"]})
    >>> visit_design(read_visits(table, RepeatedMeasures("y", "id", "visit", "arm"), ("p", "t"))).means[:, 0].tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    arms, visits = len(table.arm.levels), len(table.visit.levels)
    arm_names, visit_names = (
        _named(table.columns.arm, table.arm.levels),
        _named(table.columns.visit, table.visit.levels),
    )
    arm, visit = table.arm.indicators(), table.visit.indicators()
    arm_at, visit_at = np.eye(arms)[:, 1:], np.eye(visits)[:, 1:]

    def spread(
        over_arms: Float[np.ndarray, "arm a"], over_visits: Float[np.ndarray, "visit v"]
    ) -> Float[np.ndarray, "arm visit av"]:
        return np.asarray(np.einsum("ap,vq->avpq", over_arms, over_visits).reshape(arms, visits, -1))

    one, ones = np.ones((arms, 1)), np.ones((visits, 1))
    names: list[str] = ["intercept", *arm_names, *visit_names]
    columns = [np.ones((table.response.size, 1)), arm, visit]
    means = [spread(one, ones), spread(arm_at, ones), spread(one, visit_at)]
    for block_names, values, average in _population_blocks(table):
        names += block_names
        columns.append(values)
        means.append(spread(one, ones) * average)
        if block_names[0].split("=")[0] in table.columns.by_visit:
            names += _cross_names(block_names, visit_names)
            columns.append(_cross(values, visit))
            means.append(np.einsum("avp,q->avqp", spread(one, visit_at), average).reshape(arms, visits, -1))
    names += _cross_names(arm_names, visit_names)
    columns.append(_cross(arm, visit))
    means.append(spread(arm_at, visit_at))
    return VisitDesign(tuple(names), np.hstack(columns), np.concatenate(means, axis=2))


def _population_blocks(table: VisitTable) -> list[Block]:
    """List the columns of covariates and factors with the values at which LS means take them."""
    blocks: list[Block] = []
    for name, coded in table.factors.items():
        levels = len(coded.levels)
        if levels > 1:
            blocks.append((_named(name, coded.levels), coded.indicators(), np.full(levels - 1, 1.0 / levels)))
    for name in table.columns.covariates:
        values = table.covariates[name][:, None]
        blocks.append(((name,), values, values.mean(axis=0)))
    return blocks


def _named(column: str, levels: tuple[object, ...]) -> tuple[str, ...]:
    """Name the indicator columns of a factor."""
    return tuple(f"{column}={level}" for level in levels[1:])


def _cross_names(one: tuple[str, ...], other: tuple[str, ...]) -> list[str]:
    """Name the products of two blocks."""
    return [f"{a}:{b}" for a in one for b in other]


def _cross(one: Float[np.ndarray, "row a"], other: Float[np.ndarray, "row b"]) -> Float[np.ndarray, "row ab"]:
    """Multiply every column of one block with every column of another."""
    return np.asarray((one[:, :, None] * other[:, None, :]).reshape(one.shape[0], -1))


def measurements(table: VisitTable, design: VisitDesign, *, by_arm: bool) -> Longitudinal:
    """Join response and design into measurements with one covariance, or one per arm."""
    weight = table.columns.weight
    unit = table.arm_of_participant if by_arm else np.zeros(len(table.identifiers), dtype=np.int64)
    return Longitudinal(
        response=table.response,
        design=design.design,
        names=design.names,
        participant=table.participant,
        occasion=table.visit.code,
        unit=unit,
        weight=np.ones(table.response.size) if weight is None else table.covariates[weight],
    )
