"""Visits, and the window in which each may take place."""

from __future__ import annotations

from calor.protocol.value import DayWindow, Identifier, Text, Value


class Visit(Value):
    """One visit.

    Attributes:
        id: The protocol's name, for example `V15`.
        label: The visit as datasets write it in `AVISIT`.
        day: Planned study day (day 1 is the first dose).
        window: First and last study day that count as this visit.
        measures: Ids of the biomarkers and imaging endpoints taken.
    """

    id: Identifier
    label: Text
    day: int
    window: DayWindow
    measures: tuple[Identifier, ...] = ()

    def holds(self, study_day: int) -> bool:
        """Tell whether a study day lies in the window; both ends count.

        >>> Visit(id="V2", label="Baseline", day=0, window=(-6, 0)).holds(-7)
        False
        """
        return self.window[0] <= study_day <= self.window[1]


def analysis_day(study_day: int) -> int:
    """Return ADaM's `ADY` for a protocol study day: `ADY` has no day 0, the day before day 1 is -1.

    >>> [analysis_day(day) for day in (-6, 0, 1, 61)]
    [-7, -1, 1, 61]
    """
    return study_day if study_day >= 1 else study_day - 1
