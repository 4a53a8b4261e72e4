"""How complete the visits are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from calor.web.board.tables import Plain
from calor.web.calendar import DONE, MISSED, OUTSIDE, OVERDUE


def completeness(visits: Sequence[Plain]) -> pd.DataFrame:
    """Count, for each visit, those due: held in or outside the window, not held, not recorded though the window closed.

    >>> rows = [{"visit": "Day 1", "status": DONE}, {"visit": "Day 1", "status": OVERDUE}]
    >>> completeness(rows)[["visit", "due", "held", "percent"]].values.tolist()
    [['Day 1', 2, 1, 50.0]]
    """
    rows = []
    for visit in dict.fromkeys(row["visit"] for row in visits):
        counts = Counter(row["status"] for row in visits if row["visit"] == visit)
        held = counts[DONE] + counts[OUTSIDE]
        due = held + counts[MISSED] + counts[OVERDUE]
        rows.append(
            {
                "visit": visit, "due": due, "held": held, DONE: counts[DONE], OUTSIDE: counts[OUTSIDE],
                MISSED: counts[MISSED], "open": counts[OVERDUE], "percent": 100 * held / due if due else None,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
