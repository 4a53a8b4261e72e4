"""Cross-checks of the sequential plan: looks in order, spending with its parameter, one duration of recruitment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from calor.protocol.analysis_checks import ENDPOINT_KIND
from calor.protocol.problem import Problem
from calor.protocol.problem import unknown as _unknown
from calor.protocol.protocol import Protocol

PARAMETRIC = ("hwang_shih_decani", "kim_demets")
"""Spending functions that need a parameter."""


def _looks_increase(protocol: Protocol) -> Iterator[Problem]:
    plan = protocol.looks
    if plan is None:
        return
    yield from _unknown(("looks", "analysis"), "analysis", plan.analysis, (a.id for a in protocol.analyses))
    fractions = [look.information_fraction for look in plan.looks]
    if any(b <= a for a, b in pairwise(fractions)):
        yield Problem(
            ("looks", "looks"),
            f"must have increasing information_fraction, got {fractions}. Give each look its own fraction, in order.",
        )
    spendings = {"efficacy": plan.efficacy} | ({"futility": plan.futility.spending} if plan.futility else {})
    for place, spending in spendings.items():
        if (spending.parameter is None) == (spending.function in PARAMETRIC):
            need = "needs" if spending.function in PARAMETRIC else "has no"
            yield Problem(("looks", place), f'must fit its function: "{spending.function}" {need} parameter. Mend it.')
    kinds = {analysis.id: ENDPOINT_KIND[analysis.method] for analysis in protocol.analyses}
    if plan.planning is not None and plan.planning.kind != kinds.get(plan.analysis, plan.planning.kind):
        yield Problem(
            ("looks", "planning", "kind"),
            f'must be "{kinds[plan.analysis]}" like its analysis, got "{plan.planning.kind}". Change one of them.',
        )
    if fractions[-1] != 1.0:
        yield Problem(("looks", "looks"), f"must end at information_fraction 1, got {fractions[-1]:g}.")


def _one_duration_of_recruitment(protocol: Protocol) -> Iterator[Problem]:
    stated = protocol.trial.recruitment_months
    planning = None if protocol.looks is None else protocol.looks.planning
    if stated is None or planning is None or planning.kind != "time_to_event":
        return
    if planning.accrual_months != stated:
        yield Problem(
            ("looks", "planning", "accrual_months"),
            f"must equal trial.recruitment_months ({stated:g}), got {planning.accrual_months:g}. Change one of them.",
        )


def _populations_are_declared(protocol: Protocol) -> Iterator[Problem]:
    planning = None if protocol.looks is None else protocol.looks.planning
    if planning is None or planning.kind != "time_to_event":
        return
    for i, population in enumerate(planning.populations):
        at = ("looks", "planning", "populations", i, "set")
        yield from _unknown(at, "analysis set", population.set, (s.id for s in protocol.sets))
    if planning.populations and planning.events is None:
        yield Problem(
            ("looks", "planning", "events"),
            "must be given where several populations are tested, got none. Take those that `calor design gate` found.",
        )


LOOK_CHECKS: tuple[Callable[[Protocol], Iterator[Problem]], ...] = (
    _looks_increase,
    _one_duration_of_recruitment,
    _populations_are_declared,
)
