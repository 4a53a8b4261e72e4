"""Cross-checks: what no single key can know about itself.

Each check yields `Problem`s; `CHECKS` is the whole list. A problem names the key and the fix.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator

from calor.protocol.analyses import ModifierAnalysis
from calor.protocol.analysis_checks import ANALYSIS_CHECKS, ENDPOINT_KIND
from calor.protocol.endpoints import BinaryEndpoint, ContinuousEndpoint
from calor.protocol.event_checks import EVENT_CHECKS
from calor.protocol.gate_design_checks import GATE_DESIGN_CHECKS
from calor.protocol.look_checks import LOOK_CHECKS
from calor.protocol.problem import Key, Problem
from calor.protocol.problem import unknown as _unknown
from calor.protocol.protocol import Protocol
from calor.protocol.safety_checks import SAFETY_CHECKS


def problems(protocol: Protocol) -> list[Problem]:
    """Return everything that the cross-checks find, in the order of the protocol."""
    return [problem for check in CHECKS for problem in check(protocol)]


def _ids_are_unique(protocol: Protocol) -> Iterator[Problem]:
    for group in ("arms", "visits", "biomarkers", "sets", "endpoints", "estimands", "analyses", "safety_limits"):
        counts = Counter(part.id for part in getattr(protocol, group))
        for i, part in enumerate(getattr(protocol, group)):
            if counts[part.id] > 1:
                yield Problem((group, i, "id"), f'must be unique, got "{part.id}" {counts[part.id]} times. Rename one.')


def _one_control(protocol: Protocol) -> Iterator[Problem]:
    controls = [arm.id for arm in protocol.arms if arm.role == "control"]
    if len(controls) != 1:
        yield Problem(
            ("arms",), f'must hold one arm with role "control", got {len(controls)}. Effects are estimated against it.'
        )


def _regimens_name_arms(protocol: Protocol) -> Iterator[Problem]:
    for i, regimen in enumerate(protocol.regimens):
        yield from _unknown(("regimens", i, "arm"), "arm", regimen.arm, (arm.id for arm in protocol.arms))
        last = regimen.dosing_days[-1]
        if last > protocol.trial.follow_up_days:
            yield Problem(
                ("regimens", i, "courses"),
                f"must end within follow-up (day {protocol.trial.follow_up_days}), got a dose on day {last}. "
                "Shorten the course or lengthen trial.follow_up_days.",
            )
        repeated = [day for day, times in Counter(regimen.dosing_days).items() if times > 1]
        if repeated:
            yield Problem(
                ("regimens", i, "courses"),
                f"must not give two doses on one day, got day {repeated[0]} twice. Start the later course afterwards.",
            )


def _visits_lie_in_follow_up(protocol: Protocol) -> Iterator[Problem]:
    end = protocol.trial.follow_up_days
    measured = [biomarker.id for biomarker in protocol.biomarkers] + [endpoint.id for endpoint in protocol.endpoints]
    for i, visit in enumerate(protocol.visits):
        first, last = visit.window
        if not first <= visit.day <= last:
            yield Problem(
                ("visits", i, "window"),
                f"must contain the planned day {visit.day}, got [{first}, {last}]. Move the day or the window.",
            )
        if last > end:
            yield Problem(
                ("visits", i, "window"),
                f"must end within follow-up (day {end}), got day {last}. "
                "Move the window or lengthen trial.follow_up_days.",
            )
        for j, name in enumerate(visit.measures):
            yield from _unknown(("visits", i, "measures", j), "biomarker or endpoint", name, measured)


def _biomarkers_are_plausible(protocol: Protocol) -> Iterator[Problem]:
    for i, biomarker in enumerate(protocol.biomarkers):
        low, high = biomarker.plausible
        if not low < high:
            yield Problem(("biomarkers", i, "plausible"), f"must increase, got [{low:g}, {high:g}]. Swap them.")


def _gate_fits(protocol: Protocol) -> Iterator[Problem]:
    gate = protocol.gate
    if gate is None:
        return
    yield from _unknown(("gate", "biomarker"), "biomarker", gate.biomarker, (b.id for b in protocol.biomarkers))
    first, last = gate.window
    if first > last:
        yield Problem(("gate", "window"), f"must increase, got [{first}, {last}]. Swap them.")
    needed = (gate.tests - 1) * gate.least_interval_days
    if needed > last - first:
        yield Problem(
            ("gate", "window"),
            f"must hold {gate.tests} tests {gate.least_interval_days} days apart ({needed} days), got {last - first} "
            "days. Widen the window or shorten the interval.",
        )
    for i, rule in enumerate(gate.set_aside):
        if (rule.above is None) == (rule.within_days_of is None):
            yield Problem(("gate", "set_aside", i), "must have either above or within_days_of. Give exactly one.")
        elif rule.within_days_of is not None and rule.days is None:
            yield Problem(("gate", "set_aside", i), "must say how many days. Give days.")


def _endpoints_name_visits(protocol: Protocol) -> Iterator[Problem]:
    for i, endpoint in enumerate(protocol.endpoints):
        if isinstance(endpoint, ContinuousEndpoint | BinaryEndpoint):
            visits = (visit.id for visit in protocol.visits)
            yield from _unknown(("endpoints", i, "visit"), "visit", endpoint.visit, visits)


def _estimands_name_their_parts(protocol: Protocol) -> Iterator[Problem]:
    arms = {arm.id: arm for arm in protocol.arms}
    for i, estimand in enumerate(protocol.estimands):
        at: Key = ("estimands", i)
        yield from _unknown((*at, "endpoint"), "endpoint", estimand.endpoint, (e.id for e in protocol.endpoints))
        yield from _unknown((*at, "treatment", "control"), "arm", estimand.treatment.control, arms)
        for j, name in enumerate(estimand.treatment.active):
            yield from _unknown((*at, "treatment", "active", j), "arm", name, arms)
        control = arms.get(estimand.treatment.control)
        if control is not None and control.role != "control":
            yield Problem((*at, "treatment", "control"), f'must be the control arm, got "{control.id}". Swap the arms.')


def _analyses_name_their_parts(protocol: Protocol) -> Iterator[Problem]:
    estimands = {estimand.id: estimand for estimand in protocol.estimands}
    endpoints = {endpoint.id: endpoint for endpoint in protocol.endpoints}
    for i, analysis in enumerate(protocol.analyses):
        at: Key = ("analyses", i)
        yield from _unknown((*at, "estimand"), "estimand", analysis.estimand, estimands)
        yield from _unknown((*at, "set"), "analysis set", analysis.set, (s.id for s in protocol.sets))
        estimand = estimands.get(analysis.estimand)
        endpoint = endpoints.get(estimand.endpoint) if estimand else None
        needed = ENDPOINT_KIND[analysis.method]
        if endpoint is not None and endpoint.kind != needed:
            yield Problem(
                (*at, "method"),
                f'must suit a {endpoint.kind} endpoint ("{endpoint.id}"), got "{analysis.method}", '
                f"which needs a {needed} one. Change the method or the estimand.",
            )
        if isinstance(analysis, ModifierAnalysis) and analysis.modifier != "BASE":
            known = (b.id for b in protocol.biomarkers)
            yield from _unknown((*at, "modifier"), "biomarker (or BASE)", analysis.modifier, known)
        if analysis.method == "dose_trend" and any(arm.dose is None for arm in protocol.arms):
            yield Problem((*at, "method"), "must know the dose of every arm. Give each arm a dose.")


def _one_primary(protocol: Protocol) -> Iterator[Problem]:
    primary = [i for i, analysis in enumerate(protocol.analyses) if analysis.role == "primary"]
    shared = protocol.multiplicity is not None and protocol.multiplicity.method != "none"
    if protocol.analyses and not primary:
        yield Problem(("analyses",), 'must hold one with role "primary", got none. Name it before the data are seen.')
    if len(primary) > 1 and not shared:
        yield Problem(
            ("analyses", primary[1], "role"),
            f"must be primary once, got {len(primary)} primary analyses and no multiplicity procedure. "
            "Declare [multiplicity] or make the others secondary.",
        )


def _multiplicity_adds_up(protocol: Protocol) -> Iterator[Problem]:
    plan = protocol.multiplicity
    if plan is None:
        return
    for i, name in enumerate(plan.hypotheses):
        yield from _unknown(("multiplicity", "hypotheses", i), "analysis", name, (a.id for a in protocol.analyses))
    if plan.method != "none" and not plan.hypotheses:
        yield Problem(("multiplicity", "hypotheses"), "must name the analyses tested, got none. List their ids.")
    if plan.method != "graph":
        return
    n = len(plan.hypotheses)
    if len(plan.weights) != n or not math.isclose(sum(plan.weights), 1.0, abs_tol=1e-9):
        yield Problem(
            ("multiplicity", "weights"),
            f"must be {n} numbers that add up to 1, got {len(plan.weights)} adding up to {sum(plan.weights):g}. "
            "Give each hypothesis its share of alpha.",
        )
    if len(plan.transitions) != n or any(len(row) != n for row in plan.transitions):
        yield Problem(("multiplicity", "transitions"), f"must be a {n} by {n} table. Give one row per hypothesis.")
        return
    for i, row in enumerate(plan.transitions):
        if sum(row) > 1 + 1e-9 or row[i] != 0 or min(row) < 0:
            yield Problem(
                ("multiplicity", "transitions", i),
                f"must be weights of at least 0 that add up to at most 1 with none to itself, got {list(row)}. "
                "Lower them.",
            )


def _screening_fits(protocol: Protocol) -> Iterator[Problem]:
    screening = protocol.screening
    if screening is None:
        return
    at: Key = ("screening", "criteria")
    counts = Counter(rule.id for rule in screening.criteria)
    for i, rule in enumerate(screening.criteria):
        if counts[rule.id] > 1:
            yield Problem((*at, i, "id"), f'must be unique, got "{rule.id}" {counts[rule.id]} times. Rename one.')
        if rule.kind == "recent_infarction" and rule.days[0] > rule.days[1]:
            yield Problem((*at, i, "days"), f"must increase, got {list(rule.days)}. Swap them.")
        if rule.kind == "age" and rule.at_most is not None and rule.at_most < rule.at_least:
            yield Problem((*at, i, "at_most"), f"must be at least at_least, got {rule.at_most}. Raise it.")
        if rule.kind == "biomarker_gate" and protocol.gate is None:
            yield Problem((*at, i), "must have a [gate] to ask for, got none. Declare [gate] or remove the criterion.")
    for kind in ("recent_infarction", "biomarker_gate"):
        several = [i for i, rule in enumerate(screening.criteria) if rule.kind == kind]
        if len(several) > 1:
            yield Problem((*at, several[1], "kind"), f"must be {kind} once, got {len(several)} such criteria.")


CHECKS: tuple[Callable[[Protocol], Iterator[Problem]], ...] = (
    _ids_are_unique,
    _one_control,
    _regimens_name_arms,
    _visits_lie_in_follow_up,
    _biomarkers_are_plausible,
    _gate_fits,
    _endpoints_name_visits,
    _estimands_name_their_parts,
    _analyses_name_their_parts,
    _one_primary,
    _multiplicity_adds_up,
    _screening_fits,
    *ANALYSIS_CHECKS,
    *EVENT_CHECKS,
    *LOOK_CHECKS,
    *SAFETY_CHECKS,
    *GATE_DESIGN_CHECKS,
)
