"""Every participant at every visit, observed or not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from calor.analyze.columns import numeric_column
from calor.analyze.estimate import Exclusion
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.analyze.mixed.visit_design import visit_design
from calor.analyze.mixed.visit_table import (
    ELSEWHERE,
    Coded,
    RepeatedMeasures,
    VisitTable,
    complete,
    read_visits,
)
from calor.errors import AnalysisError


@dataclass(frozen=True)
class VisitGrid:
    """Responses of a trial by participant and visit.

    Attributes:
        response: NaN where not observed.
        arm: Number of each participant's arm, 0 for the reference.
        arms: Names of the arms.
        visits: Names of the visits in order.
        own: Design of the imputation model, each participant in the own arm.
        reference: The same with everyone in the reference arm.
        names: Names of its coefficients.
        adjustment: Covariates and factor indicators of the analysis at a single visit.
        identifiers: Identifier of each participant.
        excluded: Participants left out; those without any response are imputed, not left out.
    """

    response: Float[np.ndarray, "participant visit"]
    arm: Int[np.ndarray, " participant"]
    arms: tuple[str, ...]
    visits: tuple[str, ...]
    own: Float[np.ndarray, "participant visit coefficient"]
    reference: Float[np.ndarray, "participant visit coefficient"]
    names: tuple[str, ...]
    adjustment: Float[np.ndarray, "participant column"]
    identifiers: tuple[object, ...]
    excluded: tuple[Exclusion, ...]

    @property
    def observed(self) -> Bool[np.ndarray, "participant visit"]:
        """Where there is a response."""
        return np.asarray(~np.isnan(self.response))

    @property
    def event(self) -> Int[np.ndarray, " participant"]:
        """First visit after the last response: when a participant dropped out; the number of visits for completers."""
        visits = self.response.shape[1]
        last_to_first = self.observed[:, ::-1]
        return np.asarray(np.where(last_to_first.any(axis=1), visits - last_to_first.argmax(axis=1), 0))

    def keep(self, rows: Int[np.ndarray, " kept"]) -> VisitGrid:
        """Take some of the participants, in the order given, again where they repeat."""
        return replace(
            self,
            response=self.response[rows],
            arm=self.arm[rows],
            own=self.own[rows],
            reference=self.reference[rows],
            adjustment=self.adjustment[rows],
            identifiers=tuple(self.identifiers[row] for row in rows),
        )

    def measurements(self) -> Longitudinal:
        """List the observed responses with the design of the imputation model."""
        participant, occasion = np.nonzero(self.observed)
        present, renumbered = np.unique(participant, return_inverse=True)
        return Longitudinal(
            response=self.response[participant, occasion],
            design=self.own[participant, occasion],
            names=self.names,
            participant=renumbered.reshape(-1).astype(np.int64),
            occasion=occasion.astype(np.int64),
            unit=np.zeros(present.size, dtype=np.int64),
            weight=np.ones(participant.size),
        )


def visit_grid(table: pd.DataFrame, columns: RepeatedMeasures, arms: tuple[str, ...]) -> VisitGrid:
    """Spread a long table over participants and visits.

    Args:
        table: One row per participant and visit; a participant without any response needs one row with the baseline.
        columns: Which column is what; covariates and factors do not change with the visit.
        arms: Arms to compare, the reference first.

    Raises:
        AnalysisError: The table is unfit (see `read_visits`), or a covariate changes between visits.

    >>> table = pd.DataFrame({"id": [1, 1, 2, 3, 4, 4], "visit": [1, 2, 1, 1, 1, 2], "arm": list("pppttt"),
    ...                       "y": [1.0, 2.0, 3.0, 4.0, 5.0, 3.5]})
    >>> grid = visit_grid(table, RepeatedMeasures("y", "id", "visit", "arm"), ("p", "t"))
    >>> grid.event.tolist()
    [2, 1, 1, 2]
    """
    if columns.weight is not None or columns.coordinates:
        raise AnalysisError.must(
            "columns", "have neither weight nor coordinates for imputation", columns.weight, fix="Leave them out."
        )
    read = read_visits(table, columns, arms)
    rows = table[table[columns.arm].isin(list(arms))]
    participant, identifiers = pd.factorize(rows[columns.participant])
    known = pd.Index(read.visit.levels).get_indexer(pd.Index(rows[columns.visit]))
    visits = len(read.visit.levels)
    response = np.full((len(identifiers), visits), np.nan)
    response[participant[known >= 0], known[known >= 0]] = numeric_column(rows, columns.response)[known >= 0]

    _check_constant(rows, columns, participant)
    first = rows.iloc[np.unique(participant, return_index=True)[1]]
    everyone = np.ones(len(first), dtype=bool)
    arm = pd.Index(arms).get_indexer(pd.Index(first[columns.arm]))
    full = VisitTable(
        columns=columns,
        response=response.reshape(-1),
        participant=np.repeat(np.arange(len(first)), visits),
        identifiers=tuple(identifiers),
        visit=Coded(read.visit.levels, np.tile(np.arange(visits), len(first))),
        arm=Coded(tuple(arms), np.repeat(arm, visits)),
        covariates={name: np.repeat(complete(first, name, everyone), visits) for name in columns.numeric},
        factors={name: _repeated(first, name, read.factors[name].levels, visits) for name in columns.factors},
        excluded=tuple(each for each in read.excluded if each.reason == ELSEWHERE),
    )
    own = visit_design(full)
    in_reference = visit_design(replace(full, arm=Coded(tuple(arms), np.zeros_like(full.arm.code))))
    shape = (len(first), visits, len(own.names))
    indicators = [coded.indicators() for coded in full.factors.values()]
    numeric = [full.covariates[name][:, None] for name in columns.covariates]
    adjustment = np.hstack([np.zeros((full.response.size, 0)), *indicators, *numeric])[::visits]
    return VisitGrid(
        response=response,
        arm=arm,
        arms=tuple(map(str, arms)),
        visits=tuple(map(str, read.visit.levels)),
        own=own.design.reshape(shape),
        reference=in_reference.design.reshape(shape),
        names=own.names,
        adjustment=adjustment,
        identifiers=tuple(identifiers),
        excluded=full.excluded,
    )


def _check_constant(rows: pd.DataFrame, columns: RepeatedMeasures, participant: Int[np.ndarray, " row"]) -> None:
    """Refuse baseline columns that change between a participant's visits."""
    for name in (columns.arm, *columns.covariates, *columns.factors):
        pairs = pd.DataFrame({"who": participant, "value": rows[name].to_numpy()}).drop_duplicates()
        if len(pairs) > participant.max() + 1:
            raise AnalysisError.must(
                name,
                "be the same at every visit of a participant",
                "a change",
                fix="Give the baseline value throughout.",
            )


def _repeated(first: pd.DataFrame, name: str, levels: tuple[object, ...], visits: int) -> Coded:
    """Code a factor for every participant and visit by the levels that have responses."""
    code = pd.Index(levels).get_indexer(pd.Index(first[name]))
    if (code < 0).any():
        raise AnalysisError.must(
            name, "have a response in each of its levels", "a level without one", fix="Join it with another level."
        )
    return Coded(levels, np.repeat(code, visits))
