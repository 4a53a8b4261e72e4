"""The attrition funnel: who is left after each criterion, and what each criterion costs alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.errors import ScreenError
from calor.screen.screened import Screened

COUNTS = ("left", "met", "not_met", "undetermined", "alone", "alone_undetermined")


@dataclass(frozen=True)
class Funnel:
    """Counts at each step.

    Attributes:
        table: One row per step: `step` (`persons`, `infarction`, then the criteria's ids); `left`, who met everything
            so far; `met`, `not_met` and `undetermined` among those who were left before; `alone` and
            `alone_undetermined`, who met everything but this criterion.
    """

    table: pd.DataFrame

    def __str__(self) -> str:
        return " > ".join(f"{row.step} {row.left:,}" for row in self.table.itertuples())

    def to_frame(self) -> pd.DataFrame:
        """Return the counts.

        >>> from calor.screen.example import example_screen
        >>> funnel(example_screen()).to_frame()["left"].to_list()
        [6, 5, 5, 4, 3, 1]
        """
        return self.table

    def shareable(self, least: int) -> pd.DataFrame:
        """Return the counts as texts from which no small cell can be worked out.

        A count below `least` reads `<least`; every other is rounded to a multiple of it, so that differences between
        steps reveal none either.

        Raises:
            ScreenError: `least` is below 1.

        >>> table = pd.DataFrame({"step": ["persons"], **{name: [103] for name in COUNTS}})
        >>> Funnel(table.assign(met=3)).shareable(5)[["left", "met"]].iloc[0].to_list()
        ['105', '<5']
        """
        if least < 1:
            raise ScreenError.must("least", "be at least 1", least, fix="Give the smallest count that may be shown.")
        shown = self.table[["step"]].copy()
        for name in COUNTS:
            shown[name] = [_shown(int(n), least) for n in self.table[name]]
        return shown


def _shown(n: int, least: int) -> str:
    return f"<{least}" if 0 < n < least else str(least * ((2 * n + least) // (2 * least)))


def funnel(screened: Screened) -> Funnel:
    """Count who is left after each criterion, in the protocol's order.

    Args:
        screened: Answers of a screen.

    >>> from calor.screen.example import example_screen
    >>> print(funnel(example_screen()))
    persons 6 > infarction 5 > recent 5 > alive 4 > statin 3 > inflamed 1
    """
    met = screened.met
    left = np.ones(len(met), dtype=bool)
    ever = {"left": len(met), "met": len(met), "not_met": screened.persons - len(met)}
    rows = [{"step": "persons", "left": screened.persons}, {"step": "infarction", **ever}]
    for j, name in enumerate(screened.rules.ids):
        others = (np.delete(met, j, axis=1) == 1).all(axis=1)
        here = met[:, j]
        rows.append(
            {
                "step": name,
                "left": (left & (here == 1)).sum(),
                "met": (left & (here == 1)).sum(),
                "not_met": (left & (here == 0)).sum(),
                "undetermined": (left & (here == -1)).sum(),
                "alone": (others & (here == 0)).sum(),
                "alone_undetermined": (others & (here == -1)).sum(),
            }
        )
        left &= here == 1
    return Funnel(pd.DataFrame(rows, columns=["step", *COUNTS]).fillna(0).astype(dict.fromkeys(COUNTS, "int64")))
