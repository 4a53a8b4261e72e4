"""Cross-checks of analyses over visits, of curves, of what is searched for and of what is not randomized."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from calor.protocol.analyses import (
    AncovaAnalysis,
    EffectCurveAnalysis,
    MediationAnalysis,
    MissingDataAnalysis,
    MmrmAnalysis,
    ModifiersAnalysis,
    RepeatedAnalysis,
    ResponderAnalysis,
)
from calor.protocol.endpoints import ContinuousEndpoint
from calor.protocol.problem import Key, Problem, unknown
from calor.protocol.protocol import Protocol

ENDPOINT_KIND = {
    "ancova": "continuous",
    "dose_trend": "continuous",
    "interaction": "continuous",
    "events": "time_to_event",
    "adverse_events": "adverse_events",
    "mmrm": "continuous",
    "missing_data": "continuous",
    "subgroups": "continuous",
    "effect_curve": "continuous",
    "threshold_search": "continuous",
    "responder": "continuous",
    "joint_interaction": "continuous",
    "individual_benefit": "continuous",
    "mediation": "continuous",
    "surrogacy": "continuous",
    "tobit": "continuous",
    "laboratory_safety": "laboratory",
    "events_of_interest": "adverse_events",
    "competing_risks": "time_to_event",
    "recurrent_events": "recurrent_events",
    "win_ratio": "hierarchical",
    "landmark": "time_to_event",
    "proportions": "binary",
}
"""The kind of endpoint that each method analyzes."""


def _repeated_measures_fit(protocol: Protocol) -> Iterator[Problem]:
    """Check the visits of analyses over several visits."""
    days = {visit.id: visit.day for visit in protocol.visits}
    for i, analysis in enumerate(protocol.analyses):
        if not isinstance(analysis, RepeatedAnalysis):
            continue
        at: Key = ("analyses", i, "visits")
        for j, name in enumerate(analysis.visits):
            yield from unknown((*at, j), "visit", name, days)
        known = [days[name] for name in analysis.visits if name in days]
        if any(later <= earlier for earlier, later in pairwise(known)):
            yield Problem(at, f"must follow each other, got {', '.join(analysis.visits)}. Order them by day.")
        own = _own_visit(protocol, analysis.estimand)
        place = analysis.visits[-1:] if isinstance(analysis, MissingDataAnalysis) else analysis.visits
        if own in days and own not in place:
            where = "end with" if isinstance(analysis, MissingDataAnalysis) else "hold"
            got = ", ".join(analysis.visits)
            yield Problem(at, f'must {where} the endpoint\'s own visit "{own}", got {got}. Change one of them.')


def _own_visit(protocol: Protocol, estimand: str) -> str | None:
    """Return the visit of an estimand's continuous endpoint; None where a reference leads nowhere."""
    endpoints = [e.endpoint for e in protocol.estimands if e.id == estimand]
    visits = [e.visit for e in protocol.endpoints if isinstance(e, ContinuousEndpoint) and e.id in endpoints]
    return visits[0] if visits else None


def _mixed_models_have_visits(protocol: Protocol) -> Iterator[Problem]:
    for i, analysis in enumerate(protocol.analyses):
        if not isinstance(analysis, MmrmAnalysis):
            continue
        if len(analysis.visits) < 2:
            yield Problem(("analyses", i, "visits"), 'must be two or more, got one. Use method "ancova" for one visit.')
        for name in analysis.by_visit:
            known = (*analysis.covariates, *analysis.factors)
            yield from unknown(("analyses", i, "by_visit"), "covariate or factor", name, known)


IMPUTED_FOR = {
    "missing_at_random": "hypothetical",
    "jump_to_reference": "treatment_policy",
    "copy_reference": "treatment_policy",
    "copy_increments_in_reference": "treatment_policy",
    "last_mean_carried_forward": "hypothetical",
}
"""The strategy for an intercurrent event (ICH E9(R1)) that each way of imputing after it serves."""


def _imputation_serves_the_estimand(protocol: Protocol) -> Iterator[Problem]:
    estimands = {estimand.id: estimand for estimand in protocol.estimands}
    for i, analysis in enumerate(protocol.analyses):
        if not isinstance(analysis, MissingDataAnalysis) or analysis.estimand not in estimands:
            continue
        events = {e.event: e.strategy for e in estimands[analysis.estimand].intercurrent_events}
        yield from unknown(("analyses", i, "event"), "intercurrent event of the estimand", analysis.event, events)
        first, declared = analysis.strategies[0], events.get(analysis.event)
        if declared is not None and IMPUTED_FOR[first] != declared:
            yield Problem(
                ("analyses", i, "strategies"),
                f'must begin with one that serves the estimand: "{analysis.event}" has the strategy "{declared}", '
                f'and "{first}" serves "{IMPUTED_FOR[first]}". Put another one first.',
            )


UNCONFIRMED = ("threshold_search", "responder", "landmark", "individual_benefit", "mediation", "surrogacy")
"""Methods whose result confirms nothing, whatever the role."""


def _exploration_stays_exploratory(protocol: Protocol) -> Iterator[Problem]:
    for i, analysis in enumerate(protocol.analyses):
        if analysis.method in UNCONFIRMED and analysis.role != "exploratory":
            yield Problem(
                ("analyses", i, "role"),
                f'must be "exploratory" for the method "{analysis.method}", got "{analysis.role}". '
                "What is searched for, not randomized or taken from other trials confirms nothing.",
            )


def _curves_have_what_their_form_needs(protocol: Protocol) -> Iterator[Problem]:
    for i, analysis in enumerate(protocol.analyses):
        if isinstance(analysis, EffectCurveAnalysis):
            for key, value in (("window", analysis.window), ("seed", analysis.seed)):
                if (value is None) == (analysis.form == "stepp"):
                    need = "needs" if analysis.form == "stepp" else "has no"
                    yield Problem(("analyses", i, key), f'must fit its form: "{analysis.form}" {need} {key}. Mend it.')


def _what_comes_first_is_measured_before(protocol: Protocol) -> Iterator[Problem]:
    """Check that response and mediators are measured before the endpoint."""
    visits = {visit.id: visit for visit in protocol.visits}
    for i, analysis in enumerate(protocol.analyses):
        if isinstance(analysis, ResponderAnalysis):
            key, name, what = "biomarker", analysis.biomarker, "Judge response earlier."
        elif isinstance(analysis, MediationAnalysis):
            key, name, what = "mediator", analysis.mediator, "Take the mediator earlier."
        else:
            continue
        yield from unknown(("analyses", i, key), "biomarker", name, (b.id for b in protocol.biomarkers))
        yield from unknown(("analyses", i, "visit"), "visit", analysis.visit, visits)
        own = visits.get(_own_visit(protocol, analysis.estimand) or "")
        judged = visits.get(analysis.visit)
        if own is not None and judged is not None and judged.window[1] >= own.window[0]:
            yield Problem(
                ("analyses", i, "visit"),
                f'must end before the endpoint\'s visit "{own.id}" begins (day {own.window[0]}), got "{judged.id}", '
                f"which ends on day {judged.window[1]}. {what}",
            )


def _modifiers_are_known(protocol: Protocol) -> Iterator[Problem]:
    for i, analysis in enumerate(protocol.analyses):
        if not isinstance(analysis, ModifiersAnalysis):
            continue
        names = [modifier.biomarker for modifier in analysis.modifiers]
        for j, name in enumerate(names):
            at: Key = ("analyses", i, "modifiers", j, "biomarker")
            yield from unknown(at, "biomarker (or BASE)", name, ("BASE", *(b.id for b in protocol.biomarkers)))
            if names.index(name) < j:
                yield Problem(at, f'must be unique, got "{name}" twice. Leave one out.')


def _quade_has_a_covariate(protocol: Protocol) -> Iterator[Problem]:
    for i, analysis in enumerate(protocol.analyses):
        if isinstance(analysis, AncovaAnalysis) and "quade" in analysis.beside and not analysis.covariates:
            at: Key = ("analyses", i, "beside")
            yield Problem(at, 'must have covariates to rank for "quade", got none. Ask for "rank_sum" instead.')


def _multiple_imputation_is_seeded(protocol: Protocol) -> Iterator[Problem]:
    for i, analysis in enumerate(protocol.analyses):
        if isinstance(analysis, MissingDataAnalysis) and (analysis.seed is None) == (analysis.imputation == "multiple"):
            need = "needs a" if analysis.imputation == "multiple" else "has no"
            yield Problem(("analyses", i, "seed"), f'must fit its imputation: "{analysis.imputation}" {need} seed.')


ANALYSIS_CHECKS: tuple[Callable[[Protocol], Iterator[Problem]], ...] = (
    _repeated_measures_fit,
    _mixed_models_have_visits,
    _imputation_serves_the_estimand,
    _exploration_stays_exploratory,
    _curves_have_what_their_form_needs,
    _what_comes_first_is_measured_before,
    _modifiers_are_known,
    _multiple_imputation_is_seeded,
    _quade_has_a_covariate,
)
