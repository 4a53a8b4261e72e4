"""Cross-checks of what makes somebody look at a participant or stop the trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from calor.protocol.analyses import EventsOfInterestAnalysis
from calor.protocol.problem import Problem, unknown
from calor.protocol.protocol import Protocol
from calor.protocol.safety_limits import ExactBoundary


def _safety_limits_are_whole(protocol: Protocol) -> Iterator[Problem]:
    for i, limit in enumerate(protocol.safety_limits):
        given = [limit.biomarker is not None, limit.comparator is not None, limit.value is not None]
        if any(given) and not all(given):
            yield Problem(("safety_limits", i), "must have biomarker, comparator and value together, or none of them.")
        if limit.biomarker is not None:
            known = (b.id for b in protocol.biomarkers)
            yield from unknown(("safety_limits", i, "biomarker"), "biomarker", limit.biomarker, known)


def _harm_rules_name_their_parts(protocol: Protocol) -> Iterator[Problem]:
    analyses = {a.id: a for a in protocol.analyses if isinstance(a, EventsOfInterestAnalysis)}
    for i, limit in enumerate(protocol.safety_limits):
        rule, at = limit.harm, ("safety_limits", i, "harm")
        if rule is None:
            continue
        if limit.level != "trial":
            yield Problem(("safety_limits", i, "level"), 'must be "trial" where the limit has a harm rule. Change it.')
        yield from unknown((*at, "arm"), "arm", rule.arm, (arm.id for arm in protocol.arms))
        yield from unknown((*at, "analysis"), "events_of_interest analysis", rule.analysis, analyses)
        if rule.analysis in analyses:
            groups = (group.label for group in analyses[rule.analysis].groups)
            yield from unknown((*at, "group"), "group of that analysis", rule.group, groups)
        if any(later <= earlier for earlier, later in pairwise(rule.looks)):
            yield Problem((*at, "looks"), f"must increase, got {list(rule.looks)}. Give each look its number.")
        spent = rule.boundary.alpha_spent if isinstance(rule.boundary, ExactBoundary) else rule.looks
        if len(spent) != len(rule.looks):
            yield Problem(
                (*at, "boundary", "alpha_spent"),
                f"must have one chance per look ({len(rule.looks)}), got {len(spent)}. Give each look its share.",
            )


SAFETY_CHECKS: tuple[Callable[[Protocol], Iterator[Problem]], ...] = (
    _safety_limits_are_whole,
    _harm_rules_name_their_parts,
)
