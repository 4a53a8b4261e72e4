"""Cross-checks of event endpoints and of what their analyses name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from calor.protocol.analyses import (
    CompetingRisksAnalysis,
    EventsAnalysis,
    LandmarkAnalysis,
    ProportionsAnalysis,
)
from calor.protocol.endpoints import HierarchicalEndpoint, TimeToEventEndpoint
from calor.protocol.problem import Problem, unknown
from calor.protocol.protocol import Protocol

STRATIFIED = ("logrank", "permutation_logrank", "cox", "firth_cox")
ADJUSTED = ("cox", "firth_cox", "weibull", "rmst")
WEIGHTED = ("logrank",)
"""Which primary methods of a time to an event take strata, covariates and a weight."""

STRATIFIED_PROPORTIONS = ("miettinen_nurminen", "newcombe", "mantel_haenszel")


def _components_are_measured(protocol: Protocol) -> Iterator[Problem]:
    """Check that a hierarchical composite is made of times to events and of numbers."""
    kinds = {endpoint.id: endpoint.kind for endpoint in protocol.endpoints}
    for i, endpoint in enumerate(protocol.endpoints):
        if not isinstance(endpoint, HierarchicalEndpoint):
            continue
        counts = Counter(component.endpoint for component in endpoint.components)
        for j, component in enumerate(endpoint.components):
            at = ("endpoints", i, "components", j)
            yield from unknown((*at, "endpoint"), "endpoint", component.endpoint, kinds)
            kind = kinds.get(component.endpoint, "continuous")
            if kind not in ("continuous", "time_to_event"):
                yield Problem(
                    (*at, "endpoint"),
                    f'must be a time to an event or a number, got "{component.endpoint}", which is {kind}. '
                    "Declare such an endpoint.",
                )
            if (component.margin or component.response != "AVAL") and kind == "time_to_event":
                yield Problem(at, "must have neither margin nor response for a time to an event. Remove them.")
            if counts[component.endpoint] > 1:
                yield Problem((*at, "endpoint"), f'must stand once, got "{component.endpoint}" twice. Remove one.')


def _competing_events_are_told_apart(protocol: Protocol) -> Iterator[Problem]:
    for i, endpoint in enumerate(protocol.endpoints):
        if not isinstance(endpoint, TimeToEventEndpoint):
            continue
        for code, times in Counter(event.cnsr for event in endpoint.competing).items():
            if times > 1:
                yield Problem(("endpoints", i, "competing"), f"must have one event for each cnsr, got {code} twice.")
    endpoints = {e.id: e for e in protocol.endpoints}
    estimands = {e.id: endpoints.get(e.endpoint) for e in protocol.estimands}
    for i, analysis in enumerate(protocol.analyses):
        own = estimands.get(analysis.estimand)
        competes = isinstance(own, TimeToEventEndpoint) and not own.competing
        if isinstance(analysis, CompetingRisksAnalysis) and competes:
            yield Problem(
                ("analyses", i, "method"),
                'must have an endpoint with competing events for the method "competing_risks", got none. '
                "Declare `competing` in the endpoint.",
            )


def _event_methods_take_what_they_name(protocol: Protocol) -> Iterator[Problem]:
    """Check that strata, covariates, weight and horizon go with the primary method."""
    for i, analysis in enumerate(protocol.analyses):
        if not isinstance(analysis, EventsAnalysis):
            continue
        named = analysis.primary_method
        given = {
            "strata": (bool(analysis.strata), STRATIFIED),
            "covariates": (bool(analysis.covariates), ADJUSTED),
            "weight": (any(analysis.weight), WEIGHTED),
            "horizon_days": (analysis.horizon_days is not None, ("rmst",)),
        }
        for key, (there, methods) in given.items():
            if there and named not in methods:
                yield Problem(
                    ("analyses", i, key),
                    f'must fit its primary_method: "{named}" has no {key}. Remove it, or take {" or ".join(methods)}.',
                )
        if named == "rmst" and analysis.horizon_days is None:
            yield Problem(("analyses", i, "horizon_days"), 'must be given for "rmst", got none. Name where it ends.')


def _proportions_take_what_they_name(protocol: Protocol) -> Iterator[Problem]:
    for i, analysis in enumerate(protocol.analyses):
        if not isinstance(analysis, ProportionsAnalysis):
            continue
        named = analysis.primary_method
        if analysis.strata and named not in STRATIFIED_PROPORTIONS:
            yield Problem(
                ("analyses", i, "strata"),
                f'must fit its primary_method: "{named}" has no strata. Remove them, or take '
                f"{' or '.join(STRATIFIED_PROPORTIONS)}.",
            )
        if named == "mantel_haenszel" and not analysis.strata:
            yield Problem(("analyses", i, "strata"), 'must be named for "mantel_haenszel", got none. Name them.')


def _landmarks_name_their_parts(protocol: Protocol) -> Iterator[Problem]:
    for i, analysis in enumerate(protocol.analyses):
        if isinstance(analysis, LandmarkAnalysis):
            biomarkers = (b.id for b in protocol.biomarkers)
            yield from unknown(("analyses", i, "biomarker"), "biomarker", analysis.biomarker, biomarkers)
            yield from unknown(("analyses", i, "visit"), "visit", analysis.visit, (v.id for v in protocol.visits))


EVENT_CHECKS: tuple[Callable[[Protocol], Iterator[Problem]], ...] = (
    _components_are_measured,
    _competing_events_are_told_apart,
    _event_methods_take_what_they_name,
    _proportions_take_what_they_name,
    _landmarks_name_their_parts,
)
