"""A long table of visits, checked and turned into measurements and design."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from calor.analyze.columns import need_columns, numeric_column
from calor.analyze.estimate import Exclusion
from calor.errors import AnalysisError

ELSEWHERE = "in no arm compared"


@dataclass(frozen=True)
class RepeatedMeasures:
    """Columns of a table with one row per participant and visit.

    Attributes:
        response: What was measured; rows where it is missing are left out.
        participant: Identifier of the participant.
        visit: Visit, in the order of its categories if it is categorical, else sorted (Week 4 before Week 12).
        arm: Arm of the participant.
        covariates: Numeric columns measured before randomization.
        factors: Columns of categories, such as strata.
        by_visit: Those covariates and factors whose effect may differ from visit to visit.
        weight: Column of weights; a measurement's variance is divided by its weight.
        coordinates: Columns that place a measurement for a spatial covariance, such as study day.
    """

    response: str
    participant: str
    visit: str
    arm: str
    covariates: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    by_visit: tuple[str, ...] = ()
    weight: str | None = None
    coordinates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        stray = [name for name in self.by_visit if name not in self.covariates + self.factors]
        if stray:
            raise AnalysisError.must(
                "by_visit", "name covariates or factors of the model", stray, fix="Add them there first."
            )

    @property
    def numeric(self) -> tuple[str, ...]:
        """Columns that hold numbers in every row used."""
        weight = () if self.weight is None else (self.weight,)
        return tuple(dict.fromkeys((*self.covariates, *weight, *self.coordinates)))

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Every column that the model reads."""
        roles = (self.response, self.participant, self.visit, self.arm)
        return tuple(dict.fromkeys((*roles, *self.factors, *self.numeric)))


@dataclass(frozen=True)
class Coded:
    """A column of categories as numbers.

    Attributes:
        levels: The categories in order.
        code: Position of each row's category in `levels`.
    """

    levels: tuple[object, ...]
    code: Int[np.ndarray, " row"]

    def indicators(self) -> Float[np.ndarray, "row level"]:
        """Return one column of 0 and 1 per level but the first."""
        return np.asarray(self.code[:, None] == np.arange(1, len(self.levels)), dtype=float)


@dataclass(frozen=True)
class VisitTable:
    """The rows that an analysis of repeated measures uses.

    Attributes:
        columns: Where they came from.
        response: What was measured.
        participant: Number of the participant, 0, 1, ...
        identifiers: Identifier of each participant.
        visit: Visits.
        arm: Arms, the reference first.
        covariates: Numeric columns by name.
        factors: Category columns by name.
        excluded: Participants left out, with reasons.
    """

    columns: RepeatedMeasures
    response: Float[np.ndarray, " row"]
    participant: Int[np.ndarray, " row"]
    identifiers: tuple[object, ...]
    visit: Coded
    arm: Coded
    covariates: dict[str, Float[np.ndarray, " row"]]
    factors: dict[str, Coded]
    excluded: tuple[Exclusion, ...]

    @property
    def arm_of_participant(self) -> Int[np.ndarray, " participant"]:
        """Number of each participant's arm."""
        return self.arm.code[np.unique(self.participant, return_index=True)[1]]


def read_visits(table: pd.DataFrame, columns: RepeatedMeasures, arms: tuple[str, ...]) -> VisitTable:
    """Check a long table and keep the rows of the given arms that have a response.

    Args:
        table: One row per participant and visit.
        columns: Which column is what.
        arms: Arms to analyze, the reference first.

    Raises:
        AnalysisError: A column is absent, a participant has a visit twice or two arms, an arm has fewer than two
            participants with a response, or a covariate is missing.

    >>> table = pd.DataFrame({"id": [1, 1, 2, 3, 4], "visit": ["a", "b", "a", "a", "b"], "y": [1.0, 2.0, 3.0, 4.0, 5.0],
    ...                       "arm": ["p", "p", "p", "t", "t"]})
    >>> visits = read_visits(table, RepeatedMeasures("y", "id", "visit", "arm"), ("p", "t"))
    >>> visits.visit.levels, visits.arm.code.tolist()
    (('a', 'b'), [0, 0, 0, 1, 1])
    """
    _check_columns(table, columns, arms)
    response = numeric_column(table, columns.response)
    in_arms = table[columns.arm].isin(list(arms)).to_numpy()
    _check_visits(table, columns, in_arms)
    used = in_arms & ~np.isnan(response)
    arm = Coded(tuple(arms), pd.Index(arms).get_indexer(pd.Index(table[columns.arm]))[used])
    participant, identifiers = pd.factorize(table[columns.participant][used])
    _check_arms(arm, participant, identifiers.size)
    without = table[columns.participant][in_arms].nunique() - identifiers.size
    elsewhere = table[columns.participant][~in_arms].nunique()
    reasons = ((without, "without a response at any visit"), (elsewhere, ELSEWHERE))
    return VisitTable(
        columns=columns,
        response=response[used],
        participant=participant.astype(np.int64),
        identifiers=tuple(identifiers),
        visit=_coded(table, columns.visit, used),
        arm=arm,
        covariates={name: complete(table, name, used) for name in columns.numeric},
        factors={name: _coded(table, name, used) for name in columns.factors},
        excluded=tuple(Exclusion(reason, count) for count, reason in reasons if count),
    )


def _check_columns(table: pd.DataFrame, columns: RepeatedMeasures, arms: tuple[str, ...]) -> None:
    """Refuse absent columns and a list of arms that makes no comparison."""
    need_columns(table, columns.all_columns)
    if len(set(arms)) < 2 or len(set(arms)) < len(arms):
        raise AnalysisError.must("arms", "name two or more different arms", list(arms), fix="Put the reference first.")
    unknown = sorted(set(map(str, arms)) - set(table[columns.arm].dropna().astype(str)))
    if unknown:
        raise AnalysisError.must("arms", f"occur in column {columns.arm}", unknown, fix="Check the spelling.")


def _check_visits(table: pd.DataFrame, columns: RepeatedMeasures, in_arms: Bool[np.ndarray, " row"]) -> None:
    """Refuse a visit that a participant has twice and rows without participant or visit."""
    keys = table[[columns.participant, columns.visit]][in_arms]
    if keys.isna().to_numpy().any():
        raise AnalysisError.must("participant and visit", "be given in every row", "a missing one", fix="Fill it in.")
    twice = keys[keys.duplicated()]
    if len(twice):
        row = twice.iloc[0]
        raise AnalysisError.must(
            "visit",
            "occur once per participant",
            f"{len(twice)} again",
            fix="Keep the row that the protocol's visit window prefers.",
            where=f"participant {row.iloc[0]}, visit {row.iloc[1]}",
        )


def _check_arms(arm: Coded, participant: Int[np.ndarray, " row"], participants: int) -> None:
    """Refuse a participant in two arms and an arm with fewer than two participants."""
    member = np.zeros((participants, len(arm.levels)), dtype=bool)
    member[participant, arm.code] = True
    if (member.sum(axis=1) > 1).any():
        raise AnalysisError.must(
            "arm", "be the same at every visit of a participant", "two arms", fix="Use the arm allocated."
        )
    if (member.sum(axis=0) < 2).any():
        fewest = int(member.sum(axis=0).argmin())
        raise AnalysisError.must(
            "arms",
            "each hold at least two participants with a response",
            int(member[:, fewest].sum()),
            where=f"arm {arm.levels[fewest]}",
            fix="Leave that arm out or wait for data.",
        )


def complete(table: pd.DataFrame, name: str, used: Bool[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
    """Read a numeric column that may not be missing where it is used."""
    values = numeric_column(table, name)[used]
    if not np.isfinite(values).all():
        raise AnalysisError.must(
            name,
            "be known for every measurement used",
            f"{int((~np.isfinite(values)).sum())} missing or infinite",
            fix="Impute it (analyze.missing) or leave it out.",
        )
    return np.asarray(values)


def _coded(table: pd.DataFrame, name: str, used: Bool[np.ndarray, " row"]) -> Coded:
    """Read a column of categories, in their own order if they have one."""
    column = table[name][used]
    if column.isna().to_numpy().any():
        raise AnalysisError.must(
            name, "be known for every measurement used", "a missing category", fix="Give it a category of its own."
        )
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
        return Coded(tuple(column.cat.categories), column.cat.codes.to_numpy().astype(np.int64))
    code, levels = pd.factorize(column, sort=True)
    order = sorted(range(len(levels)), key=lambda position: _by_number(levels[position]))
    return Coded(tuple(levels[position] for position in order), np.argsort(order)[code].astype(np.int64))


def _by_number(level: object) -> tuple[object, ...]:
    """Order names by the numbers in them: Week 4 before Week 12."""
    if not isinstance(level, str):
        return (level,)
    return tuple(int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", level))
