"""How long the next trial takes, and how many participants it needs, for a number of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.optimize import brentq

from calor.design.accrual import Accrual
from calor.design.expected_events import Stratum, expected_events, time_of_events
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
from calor.protocol.gate_design import GateDesign

YEAR = 12.0
_SHORTEST = 0.5
_OVERRUN = 4.0  # times the limit, beyond which nobody asks how long a restricted trial would take


@dataclass(frozen=True)
class Course:
    """The trial's course in months from its first randomization.

    Attributes:
        events: At the last look; fewer than asked for where a limit binds.
        planned: Participants if nobody is dropped.
        participants: Randomized, in the mean over both courses where the trial may restrict.
        accrual_months: Until the last randomization.
        months: Until the last look, in the mean over both courses where the trial may restrict.
        longest: Until the last look of the longer course.
        limit: What binds: "participants", "months", or "" for nothing.
    """

    events: float
    planned: float
    participants: float
    accrual_months: float
    months: float
    longest: float
    limit: str = ""


@dataclass(frozen=True)
class Conditions:
    """What events depend on.

    Attributes:
        per_month: Participants randomized once sites have ramped up.
        yearly_rate: Of events under control.
        hazard_ratio: Treatment over control.
    """

    per_month: float
    yearly_rate: float
    hazard_ratio: float

    def stratum(self, plan: GateDesign, accrual_months: float) -> Stratum:
        """Return accrual and hazards as `calor.design` takes them."""
        lost = gone_per_year(plan)
        return Stratum(
            accrual(self.per_month, accrual_months, plan.recruitment.ramp_months),
            PiecewiseHazard.constant(self.yearly_rate / YEAR),
            HazardRatio.constant(self.hazard_ratio),
            Dropout.by(YEAR, treatment=lost, control=lost) if lost else Dropout.none(),
        )


def gone_per_year(plan: GateDesign) -> float:
    """Return the share of participants whom dropout or a competing death takes out of a trial in a year."""
    return 1 - (1 - plan.test.dropout_per_year) * (1 - plan.prognosis.death_per_year)


def look_months(plan: GateDesign, conditions: Conditions, run: Course, fractions: Sequence[float]) -> list[float]:
    """Return the month of each look but the last, if nobody is dropped.

    Args:
        plan: Ramp, dropout.
        conditions: Accrual and hazards.
        run: The course.
        fractions: Of the events, at each look.
    """
    stratum = conditions.stratum(plan, run.accrual_months)
    return [time_of_events([stratum], fraction * run.events) for fraction in fractions[:-1]]


def accrual(per_month: float, months: float, ramp_months: float) -> Accrual:
    """Return accrual at half the rate while sites ramp up, then at the whole.

    >>> accrual(100.0, 12.0, 4.0).total
    1000.0
    """
    if months <= ramp_months:
        return Accrual((months,), (per_month / 2,))
    if ramp_months == 0:
        return Accrual((months,), (per_month,))
    return Accrual((ramp_months, months - ramp_months), (per_month / 2, per_month))


def course(plan: GateDesign, conditions: Conditions, events: float) -> Course:
    """Return the shortest course with the least follow-up that yields the events, within the limits.

    Args:
        plan: Limits, follow-up, dropout, ramp.
        conditions: Accrual and hazards.
        events: Wanted at the last look.
    """
    follow, limits = plan.test.follow_up_months, plan.limits
    ramp = plan.recruitment.ramp_months
    fill = limits.participants / conditions.per_month + ramp / 2  # month in which the last place is taken
    longest = max(min(fill, limits.months - follow), _SHORTEST)

    def seen(months: float) -> float:
        return _events(plan, conditions, months, months + follow)

    if seen(longest) >= events:
        shortest = 2 / conditions.per_month
        least = float(brentq(lambda m: seen(m) - events, shortest, longest, xtol=1e-6))
        return _course(plan, conditions, events, least, least + follow, "")
    if longest < fill:
        return _course(plan, conditions, seen(longest), longest, longest + follow, "months")
    most = _events(plan, conditions, longest, limits.months)
    if most <= events:
        return _course(plan, conditions, most, longest, limits.months, "months")
    last = time_of_events([conditions.stratum(plan, longest)], events)
    return _course(plan, conditions, events, longest, last, "participants")


def restricted_months(
    plan: GateDesign, planned: Course, everyone: Conditions, positive: Conditions
) -> tuple[float, float]:
    """Return months and participants if the full population is dropped at the interim look.

    From then on only the biomarker-positive are randomized, up to the planned number, and only their events count.

    Args:
        plan: Looks, limits.
        planned: Course if nobody is dropped.
        everyone: Accrual and hazards of the full population.
        positive: Those of the biomarker-positive.
    """
    first = plan.test.looks[0] * planned.events
    at = time_of_events([everyone.stratum(plan, planned.accrual_months)], first)
    before = float(everyone.stratum(plan, planned.accrual_months).accrual.enrolled(at))
    goes_on = max(planned.participants - before, 0.0) / positive.per_month
    stratum = positive.stratum(plan, min(at, planned.accrual_months) + goes_on)
    target = float(expected_events([stratum], at).sum()) + planned.events - first
    latest = _OVERRUN * plan.limits.months
    months = latest if float(expected_events([stratum], latest).sum()) <= target else time_of_events([stratum], target)
    entered = before + min(goes_on, max(months - at, 0.0)) * positive.per_month
    return months, entered


def _events(plan: GateDesign, conditions: Conditions, accrual_months: float, at: float) -> float:
    return float(expected_events([conditions.stratum(plan, accrual_months)], at).sum())


def _course(
    plan: GateDesign, conditions: Conditions, events: float, accrual_months: float, months: float, limit: str
) -> Course:
    total = conditions.stratum(plan, accrual_months).accrual.total
    return Course(events, total, total, accrual_months, months, months, limit)
