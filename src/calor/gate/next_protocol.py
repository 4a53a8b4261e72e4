"""The next trial's protocol: the finished trial's, with the chosen gate, its strata, size, looks and estimands."""

from __future__ import annotations

import math
from collections.abc import Sequence

from calor.gate.calendar import YEAR
from calor.gate.next_entry import eligibility, gate, gate_words, screening, strata
from calor.gate.next_looks import POSITIVE_SET, planned_looks
from calor.gate.option import Option
from calor.gate.situation import Situation
from calor.gate.trial_designs import SIMULATED
from calor.protocol import Protocol, parse_protocol
from calor.protocol.analyses import Analysis, EventsAnalysis
from calor.protocol.arms import Randomization
from calor.protocol.endpoints import TimeToEventEndpoint
from calor.protocol.estimands import AnalysisSet, Estimand, IntercurrentEvent
from calor.protocol.gate_beliefs import EffectSource
from calor.protocol.gate_design import GateDesign
from calor.protocol.multiplicity import Multiplicity
from calor.protocol.protocol import TrialHead
from calor.protocol.visits import Visit
from calor.protocol.write import write_protocol

MONTH_DAYS = 365.25 / YEAR
_BLOCK = 4
_END = "END"
_EVENT, _INFLAMMATION = "clinical_event", "inflammation"


def next_protocol(finished: Protocol, here: Situation, chosen: Option) -> Protocol:
    """Return the next trial's protocol, checked as any protocol is.

    Arms, regimens, biomarkers, visits, imaging and safety come from the finished trial; its primary endpoint stays as
    a secondary one. What the finished trial cannot know (strata, intercurrent events, estimands of events) is a
    proposal for the team to edit.

    Args:
        finished: The finished trial's protocol.
        here: What the option was evaluated in.
        chosen: The option.

    Raises:
        ProtocolError: The parts do not fit each other.
    """
    plan, analyses = here.plan, _analyses(finished, here.plan, chosen)
    estimands = [_estimand(finished, plan, chosen), *_used(finished.estimands, {a.estimand for a in analyses})]
    measured = {estimand.endpoint for estimand in estimands}
    days = math.ceil(chosen.longest * MONTH_DAYS)
    changed = {
        "trial": TrialHead(
            id=plan.next_trial.id,
            title=plan.next_trial.title,
            phase="3",
            blinding=finished.trial.blinding,
            participants=finished.trial.participants,
            planned_size=_BLOCK * math.ceil(chosen.planned / _BLOCK),
            recruitment_months=round(chosen.accrual_months, 2),
            follow_up_days=max(days, finished.trial.follow_up_days),
        ),
        "randomization": Randomization(
            method="permuted_blocks", block_sizes=(_BLOCK, 6), strata=strata(finished, here, chosen)
        ),
        "visits": _visits(finished, measured, days),
        "gate": gate(finished, plan, chosen),
        "eligibility": eligibility(finished, plan, chosen),
        "screening": screening(finished, plan, chosen),
        "sets": _sets(finished, chosen, {analysis.set for analysis in analyses}),
        "endpoints": (
            _endpoint(plan, days),
            *(e for e in finished.endpoints if e.id in measured and e.id != _EVENT),
        ),
        "estimands": tuple(estimands),
        "analyses": tuple(analyses),
        "multiplicity": _multiplicity(plan, chosen),
        "looks": planned_looks(here, chosen),
        "gate_design": _onwards(plan, chosen),
    }
    drafted = finished.model_copy(update=changed)
    return parse_protocol(write_protocol(drafted), name=f"{plan.next_trial.id}'s protocol")


def comments(finished: Protocol, chosen: Option, reasons: Sequence[str]) -> list[str]:
    """Return what stands above the next protocol: where it comes from, and what it does not show."""
    return [
        f"Written by `calor design gate` from {finished.trial.id}: {chosen}.",
        *reasons,
        "That a lower marker prevents events is an assumption here, not a finding. Edit before use.",
    ]


def _visits(finished: Protocol, measured: set[str], days: int) -> tuple[Visit, ...]:
    """Return the finished trial's visits, with what is still measured at them, and the end of the trial."""
    kept = measured | {biomarker.id for biomarker in finished.biomarkers}
    own = [v.model_copy(update={"measures": tuple(m for m in v.measures if m in kept)}) for v in finished.visits]
    end = max(days, finished.trial.follow_up_days)
    return (*(v for v in own if v.id != _END), Visit(id=_END, label="End of trial", day=end, window=(end - 60, end)))


def _sets(finished: Protocol, chosen: Option, used: set[str]) -> tuple[AnalysisSet, ...]:
    kept = tuple(s for s in finished.sets if s.id in used and s.id != POSITIVE_SET)
    if chosen.design not in SIMULATED:
        return kept
    positive = AnalysisSet(id=POSITIVE_SET, label=f"Biomarker-positive participants ({chosen.words})", flag="BMPOSFL")
    return (*kept, positive)


def _endpoint(plan: GateDesign, days: int) -> TimeToEventEndpoint:
    return TimeToEventEndpoint(
        kind="time_to_event", id=_EVENT, label=plan.next_trial.endpoint, dataset="adtte", paramcd="TTCEV",
        horizon_days=days,
    )  # fmt: skip


def _estimand(finished: Protocol, plan: GateDesign, chosen: Option) -> Estimand:
    first, last = plan.window(chosen.gate.window).days
    words = gate_words(finished, plan, chosen)
    whom = f"Adults {first} to {last} days after infarction" + (f" with {words}" if words else "")
    stopping = IntercurrentEvent(
        event="Stopping study treatment", strategy="treatment_policy", how="Events count whatever was taken"
    )
    death = IntercurrentEvent(
        event="Death that is not part of the endpoint", strategy="while_on_treatment", how="Follow-up ends at death"
    )
    return Estimand(
        id=_EVENT,
        label=f"Effect on {plan.next_trial.endpoint}",
        treatment=finished.estimand(finished.primary.estimand).treatment,
        population=whom,
        endpoint=_EVENT,
        intercurrent_events=(stopping, death),
        summary="Hazard ratio",
    )


def _analyses(finished: Protocol, plan: GateDesign, chosen: Option) -> list[Analysis]:
    """Return the primary analysis of events, and what stays of the finished trial's: its primary as a secondary."""
    everyone = finished.sets[0].id
    own: list[Analysis] = [_events("primary", plan.next_trial.endpoint, everyone)]
    if chosen.design in SIMULATED:
        label = f"{plan.next_trial.endpoint}, biomarker-positive"
        own.append(_events(f"primary_{POSITIVE_SET}", label, POSITIVE_SET))
    effect = finished.analysis(plan.effect.analysis)
    harm = {limit.harm.analysis for limit in finished.safety_limits if limit.harm}
    for analysis in finished.analyses:
        if analysis.role == "primary" and analysis.estimand == effect.estimand:
            own.append(analysis.model_copy(update={"id": _INFLAMMATION, "role": "secondary"}))
        elif analysis.role == "safety" or analysis.id in {effect.id, _INFLAMMATION, *harm}:
            own.append(analysis)
    return own


def _events(name: str, label: str, analyzed: str) -> EventsAnalysis:
    return EventsAnalysis(
        id=name, label=label, role="primary", estimand=_EVENT, set=analyzed, method="events", primary_method="logrank"
    )


def _used(estimands: tuple[Estimand, ...], names: set[str]) -> list[Estimand]:
    return [estimand for estimand in estimands if estimand.id in names and estimand.id != _EVENT]


def _multiplicity(plan: GateDesign, chosen: Option) -> Multiplicity:
    """Return the closed test of two populations: with Simes' test of their intersection it is Hochberg's."""
    alpha = 2 * plan.test.alpha
    if chosen.design not in SIMULATED:
        return Multiplicity(method="none", alpha=alpha)
    return Multiplicity(method="hochberg", alpha=alpha, hypotheses=("primary", f"primary_{POSITIVE_SET}"))


def _onwards(plan: GateDesign, chosen: Option) -> GateDesign:
    """Return the inputs with which the next trial's own successor will be chosen."""
    effect = EffectSource(**{**plan.effect.model_dump(), "window": chosen.gate.window})
    after = plan.next_trial.model_copy(
        update={"id": f"{plan.next_trial.id}_NEXT", "title": f"After {plan.next_trial.id}: {plan.next_trial.title}"}
    )
    kept = after.model_copy(update={"keep": tuple(plan.next_trial.keep)})
    return plan.model_copy(update={"effect": effect, "next_trial": kept})
