"""Recruitment against plan: both lines end where they should, and what cannot be is refused."""

from __future__ import annotations

from datetime import date

import pytest

from calor.errors import ReportError
from calor.report.figures.recruitment import recruitment

PLAN = (date(2026, 7, 1), date(2027, 6, 30), 60)
TODAY = date(2026, 9, 1)
TOLD = {"name": "recruitment", "title": "Recruitment.", "caption": "Dashed: the plan."}


def test_both_lines_are_named_with_their_counts() -> None:
    days = [date(2026, 8, 2), date(2026, 7, 9), date(2026, 8, 2)]
    svg = recruitment(days, planned=PLAN, today=TODAY, **TOLD).to_svg()  # type: ignore[arg-type]
    assert svg.count(">3 so far<") == 1
    assert svg.count(">plan: 60<") == 1


def test_before_anybody_is_randomized_the_line_lies_at_zero() -> None:
    assert ">0 so far<" in recruitment([], planned=PLAN, today=TODAY, **TOLD).to_svg()  # type: ignore[arg-type]


@pytest.mark.parametrize("day", [date(2026, 6, 30), date(2026, 9, 2)])
def test_a_randomization_before_the_plan_or_after_today_is_refused(day: date) -> None:
    with pytest.raises(ReportError, match="lie between 2026-07-01 and 2026-09-01, got 1"):
        recruitment([day], planned=PLAN, today=TODAY, **TOLD)  # type: ignore[arg-type]


def test_a_plan_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ReportError, match="end after"):
        recruitment([], planned=(PLAN[1], PLAN[0], 60), today=TODAY, **TOLD)  # type: ignore[arg-type]
