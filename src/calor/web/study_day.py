"""Study days: day 1 is the day of randomization, on which the first dose is given; day 0 is the day before it."""

from __future__ import annotations

from datetime import date, datetime, timedelta


def study_day(on: date | datetime, randomized: date | datetime) -> int:
    """Return the study day of a date.

    >>> study_day(date(2026, 6, 30), date(2026, 6, 30)), study_day(date(2026, 6, 29), date(2026, 6, 30))
    (1, 0)
    """
    return (_day(on) - _day(randomized)).days + 1


def date_of(day: int, randomized: date | datetime) -> date:
    """Return the date of a study day.

    >>> date_of(5, date(2026, 6, 30)).isoformat()
    '2026-07-04'
    """
    return _day(randomized) + timedelta(days=day - 1)


def _day(at: date | datetime) -> date:
    return at.date() if isinstance(at, datetime) else at
