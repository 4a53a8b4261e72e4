"""From the protocol's looks to a design, and from its planning assumptions to a size."""

from __future__ import annotations

import math

import numpy as np

from calor.design import means, spending, survival
from calor.design.accrual import Accrual
from calor.design.comparison import Comparison
from calor.design.expected_events import Stratum
from calor.design.group_sequential import GroupSequential
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
from calor.design.planned_populations import PlannedPopulation, PopulationTable
from calor.design.size_table import SizeTable
from calor.design.spending import SpendingFunction
from calor.errors import DesignError
from calor.protocol import Protocol
from calor.protocol.looks import EventsPlanning, LookPlan, Planning, Spending

MONTHS_PER_YEAR = 12.0


def declared_design(protocol: Protocol) -> GroupSequential:
    """Return the group-sequential design of the protocol's `[looks]`.

    Raises:
        DesignError: The protocol declares no looks, or they make no design.
    """
    plan = _plan(protocol)
    beta = None if plan.futility is None else _spending(plan.futility.spending, 1 - plan.power)
    return GroupSequential(
        np.array([look.information_fraction for look in plan.looks]),
        efficacy=_spending(plan.efficacy, plan.alpha),
        futility=beta,
        binding=plan.futility is not None and plan.futility.binding,
        sides=plan.sides,
    )


def declared_size(protocol: Protocol, design: GroupSequential) -> SizeTable:
    """Return the size of the trial under the protocol's planning assumptions; calendar time in months.

    Raises:
        DesignError: The protocol states no planning assumptions, or they admit no such trial.
    """
    plan = _plan(protocol)
    assumed = declared_planning(protocol)
    comparison = Comparison(allocation_ratio=_ratio(protocol))
    if isinstance(assumed, EventsPlanning):
        return survival.sample_size(
            design,
            hazard_ratio=assumed.hazard_ratio,
            power=_power(assumed, plan, design),
            control=PiecewiseHazard.constant(assumed.control_rate_per_year / MONTHS_PER_YEAR),
            accrual=Accrual.uniform(assumed.accrual_months),
            follow_up=assumed.follow_up_months,
            dropout=_dropout(assumed),
            comparison=comparison,
        )
    return means.sample_size(
        design,
        difference=assumed.difference,
        sd=assumed.sd,
        power=plan.power,
        baseline_correlation=assumed.baseline_correlation,
        comparison=comparison,
    )


def declared_populations(protocol: Protocol, design: GroupSequential) -> PopulationTable | None:
    """Return what the planned events are in each population that the looks decide on; None where it is one.

    Raises:
        DesignError: The protocol states no planning assumptions.
    """
    assumed = declared_planning(protocol)
    if not isinstance(assumed, EventsPlanning) or assumed.events is None or not assumed.populations:
        return None
    labels = {own.id: own.label for own in protocol.sets}
    all_rate = assumed.control_rate_per_year * (1 + assumed.hazard_ratio)
    rows = [PlannedPopulation("All participants", 1.0, assumed.hazard_ratio, assumed.events)]
    for own in assumed.populations:
        part = own.share * own.control_rate_per_year * (1 + own.hazard_ratio) / all_rate
        rows.append(PlannedPopulation(labels[own.set], own.share, own.hazard_ratio, assumed.events * min(part, 1.0)))
    return PopulationTable(design, tuple(rows))


def declared_planning(protocol: Protocol) -> Planning:
    """Return the planning assumptions of the protocol's `[looks]`.

    Raises:
        DesignError: There are none.
    """
    assumed = _plan(protocol).planning
    if assumed is None:
        raise DesignError.must(
            "looks.planning", "state what is assumed", "nothing", fix="Add effect, rates and accrual to the protocol."
        )
    return assumed


def declared_stratum(assumed: EventsPlanning, participants: float) -> Stratum:
    """Return accrual and hazards of the assumed trial with this many participants, for projections."""
    return Stratum(
        Accrual.uniform(assumed.accrual_months, participants),
        PiecewiseHazard.constant(assumed.control_rate_per_year / MONTHS_PER_YEAR),
        HazardRatio.constant(assumed.hazard_ratio),
        _dropout(assumed),
    )


def _power(assumed: EventsPlanning, plan: LookPlan, design: GroupSequential) -> float:
    """Return the power aimed at for all participants, or the one that the stated events give them."""
    if assumed.events is None:
        return plan.power
    return design.crossing(abs(math.log(assumed.hazard_ratio)) * math.sqrt(assumed.events) / 2).power


def _plan(protocol: Protocol) -> LookPlan:
    if protocol.looks is None:
        raise DesignError.must("protocol", "declare looks", "no [looks]", fix="examples/outcome shows how.")
    return protocol.looks


def _spending(declared: Spending, total: float) -> SpendingFunction:
    parameter = declared.parameter if declared.parameter is not None else 0.0
    match declared.function:
        case "obrien_fleming":
            return spending.obrien_fleming(total)
        case "pocock":
            return spending.pocock(total)
        case "hwang_shih_decani":
            return spending.hwang_shih_decani(total, gamma=parameter)
        case "kim_demets":
            return spending.kim_demets(total, rho=parameter)


def _dropout(assumed: EventsPlanning) -> Dropout:
    share = assumed.dropout_per_year
    return Dropout.by(MONTHS_PER_YEAR, treatment=share, control=share) if share else Dropout.none()


def _ratio(protocol: Protocol) -> float:
    """Return treatment to control of a two-arm trial."""
    control = [arm.ratio for arm in protocol.arms if arm.role == "control"]
    active = [arm.ratio for arm in protocol.arms if arm.role == "active"]
    if len(active) != 1:
        raise DesignError.must("arms", "be control and one active arm", len(active), fix="Size one comparison.")
    return active[0] / control[0]
