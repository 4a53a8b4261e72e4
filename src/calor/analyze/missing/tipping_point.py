"""Tipping-point analysis: how much worse dropouts must have been for the conclusion to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.missing.reference_based import jackknife, normal_estimate
from calor.analyze.missing.strategies import StrategyName, strategy_named
from calor.analyze.missing.visit_grid import visit_grid
from calor.analyze.mixed.mmrm import Fitting
from calor.analyze.mixed.visit_table import RepeatedMeasures
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Delta:
    """One cell of the table: what was added to the values imputed after dropout, and the difference that results."""

    active: float
    reference: float
    difference: Estimate


@dataclass(frozen=True)
class TippingPoint(Drawable):
    """The difference between arms under ever less favorable assumptions on dropouts.

    Attributes:
        visit: Visit analyzed.
        cells: One per pair of deltas.
        tips_at: Smallest delta in the active arm, in size, at which the difference is no longer significant, nothing
            being added in the reference arm; None if it stays significant, or was not to begin with.
    """

    visit: str
    cells: tuple[Delta, ...]
    tips_at: float | None

    def __str__(self) -> str:
        if self.tips_at is None:
            return f"No delta of the table changes the conclusion at {self.visit}."
        return f"The conclusion at {self.visit} tips when dropouts of the active arm are shifted by {self.tips_at:g}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair of deltas."""
        parts = [
            cell.difference.to_frame().assign(delta_active=cell.active, delta_reference=cell.reference)
            for cell in self.cells
        ]
        return pd.concat(parts, ignore_index=True)


def tipping_point(
    table: pd.DataFrame,
    columns: RepeatedMeasures,
    *,
    arms: tuple[str, str],
    deltas: Sequence[float],
    reference_deltas: Sequence[float] = (0.0,),
    strategy: StrategyName = "missing at random",
    level: float = 0.95,
) -> TippingPoint:
    """Add deltas to the values imputed after dropout and compare the arms at the last visit.

    Gaps before a later response keep their imputed values. The imputation, with its jackknife, is done once: the
    analysis is linear in the deltas.

    Args:
        table: One row per participant and visit.
        columns: Which column is what.
        arms: The two arms, the reference first.
        deltas: Added in the active arm, in units of the response; 0 is the analysis itself.
        reference_deltas: Added in the reference arm.
        strategy: How responses go on after dropout before a delta is added.
        level: Confidence level, 0 to 1; the conclusion changes when the interval covers zero.

    Raises:
        AnalysisError: No deltas, more than two arms, or what `reference_based` refuses.

    >>> rng = np.random.default_rng(1)
    >>> who, visit = np.repeat(np.arange(30), 2), np.tile([1, 2], 30)
    >>> table = pd.DataFrame({"id": who, "visit": visit, "arm": np.where(who % 2, "active", "placebo"),
    ...                       "y": rng.normal(size=30)[who] + 0.5 * rng.normal(size=60) - 1.5 * (who % 2)})
    >>> table.loc[(who % 5 == 0) & (visit == 2), "y"] = np.nan
    >>> columns = RepeatedMeasures("y", "id", "visit", "arm")
    >>> print(tipping_point(table, columns, arms=("placebo", "active"), deltas=[0, 1, 2, 3, 4]))
    The conclusion at 2 tips when dropouts of the active arm are shifted by 3.

    Reference: Yan, Lee and Li, Journal of Biopharmaceutical Statistics 2009; Ratitch, O'Kelly and Tosiello,
        Pharmaceutical Statistics 2013.
    """
    check_level(level)
    if len(arms) != 2:
        raise AnalysisError.must("arms", "be two", list(arms), fix="Compare one active arm with the reference.")
    if not len(deltas) or not len(reference_deltas) or not np.isfinite([*deltas, *reference_deltas]).all():
        raise AnalysisError.must("deltas", "be finite and at least one", list(deltas), fix="Give them as [0, 0.5, 1].")
    grid = visit_grid(table, columns, arms)
    replicates = jackknife(grid, strategy_named(strategy), Fitting())
    label = f"{grid.arms[1]} v {grid.arms[0]} at {grid.visits[-1]}"
    cells = []
    for in_reference in reference_deltas:
        for in_active in deltas:
            estimate, se = replicates.shifted(np.array([in_reference, in_active], dtype=float))
            value = (float(estimate[-1, -1]), float(se[-1, -1]))
            method = f"{strategy} with delta {in_active:g}, jackknife"
            difference = normal_estimate(
                label, value, level=level, n=grid.arm.size, method=method, excluded=grid.excluded
            )
            cells.append(Delta(float(in_active), float(in_reference), difference))
    return TippingPoint(grid.visits[-1], tuple(cells), _first_to_tip(cells))


def _first_to_tip(cells: Sequence[Delta]) -> float | None:
    """Find the smallest shift of the active arm alone that takes significance away."""
    alone = sorted((cell for cell in cells if cell.reference == 0.0), key=lambda cell: abs(cell.active))
    lost = [cell.active for cell in alone if cell.difference.lower <= 0.0 <= cell.difference.upper]
    if not lost or lost[0] == alone[0].active:
        return None
    return lost[0]
