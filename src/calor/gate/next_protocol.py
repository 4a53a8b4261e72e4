"""The next trial's protocol: the finished trial's, with the chosen gate, its strata, size, looks and estimands."""

from __future__ import annotations

import math
from collections.abc import Sequence

from calor.gate.calendar import YEAR
from calor.gate.gates import rule_words
from calor.gate.next_looks import POSITIVE_SET, planned_looks
from calor.gate.option import Option
from calor.gate.situation import Situation, study
from calor.gate.trial_designs import SIMULATED
from calor.protocol import Protocol, parse_protocol
from calor.protocol.analyses import Analysis, EventsAnalysis
from calor.protocol.arms import Randomization, Stratum
from calor.protocol.biomarkers import Gate
from calor.protocol.eligibility import Criterion
from calor.protocol.endpoints import TimeToEventEndpoint
from calor.protocol.estimands import AnalysisSet, Estimand, IntercurrentEvent
from calor.protocol.gate_design import EffectSource, GateDesign
from calor.protocol.multiplicity import Multiplicity
from calor.protocol.protocol import TrialHead
from calor.protocol.screening import GateCriterion, InfarctionCriterion, Screening, ScreeningCriterion
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
            method="permuted_blocks", block_sizes=(_BLOCK, 6), strata=_strata(finished, here, chosen)
        ),
        "visits": _visits(finished, measured, days),
        "gate": _gate(finished, plan, chosen),
        "eligibility": _eligibility(finished, plan, chosen),
        "screening": _screening(finished, plan, chosen),
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


def _gate(finished: Protocol, plan: GateDesign, chosen: Option) -> Gate | None:
    """Return the gate; a design that begins with everyone has none for entry."""
    if chosen.gate.tests == 0 or chosen.design in SIMULATED:
        return None
    return Gate(
        biomarker=biomarker_of(finished, plan),
        cutoff=chosen.gate.cutoff,
        comparator=">=",
        tests=chosen.gate.tests,
        least_interval_days=chosen.gate.interval_days,
        window=plan.window(chosen.gate.window).days,
        window_from="infarction",
        set_aside=() if finished.gate is None else finished.gate.set_aside,
    )


def biomarker_of(finished: Protocol, plan: GateDesign) -> str:
    """Return the id of the biomarker of the gate: the modifier of the analysis that the effect comes from."""
    return str(getattr(finished.analysis(plan.effect.analysis), "modifier"))  # noqa: B009 - the checks know its kind


def _strata(finished: Protocol, here: Situation, chosen: Option) -> tuple[Stratum, ...]:
    """Return strata by marker (passing the gate or not; or below and above the median of those who pass) and time."""
    first, last = here.plan.window(chosen.gate.window).days
    half = (first + last) // 2
    time = Stratum(
        id="since_infarction", label="Days since infarction", levels=(f"{first} to {half}", f"{half + 1} to {last}")
    )
    if chosen.gate.tests == 0:
        return (time,)
    own = finished.biomarker(biomarker_of(finished, here.plan))
    bound = chosen.gate.cutoff
    if chosen.design not in SIMULATED:
        bound = float(f"{study(here, chosen.gate).admitted.entry_mean:.2g}")
    marker = Stratum(
        id=f"{own.id}_level", label=f"{own.label} at entry",
        levels=(f"below {bound:g} {own.unit}", f"{bound:g} {own.unit} or more"),
    )  # fmt: skip
    return marker, time


def _visits(finished: Protocol, measured: set[str], days: int) -> tuple[Visit, ...]:
    """Return the finished trial's visits, with what is still measured at them, and the end of the trial."""
    kept = measured | {biomarker.id for biomarker in finished.biomarkers}
    own = [v.model_copy(update={"measures": tuple(m for m in v.measures if m in kept)}) for v in finished.visits]
    end = max(days, finished.trial.follow_up_days)
    return (*(v for v in own if v.id != _END), Visit(id=_END, label="End of trial", day=end, window=(end - 60, end)))


def _eligibility(finished: Protocol, plan: GateDesign, chosen: Option) -> tuple[Criterion, ...]:
    first, last = plan.window(chosen.gate.window).days
    own = [
        Criterion(id="infarction", kind="include", text=f"Myocardial infarction {first} to {last} days ago"),
    ]
    words = _gate_words(finished, plan, chosen)
    if words:
        own.append(Criterion(id="inflamed", kind="include", text=words))
    kept = (c for c in finished.eligibility if c.id in plan.next_trial.keep)
    return (*own, *kept)


def _gate_words(finished: Protocol, plan: GateDesign, chosen: Option) -> str:
    gate = _gate(finished, plan, chosen)
    if gate is None:
        return ""
    return rule_words(chosen.gate, finished.biomarker(gate.biomarker))


def _screening(finished: Protocol, plan: GateDesign, chosen: Option) -> Screening:
    """Return the finished trial's criteria for records, with the new window and gate."""
    days = plan.window(chosen.gate.window).days
    before = finished.screening
    gated = next((c for c in (before.criteria if before else ()) if isinstance(c, GateCriterion)), None)
    kept: list[ScreeningCriterion] = [InfarctionCriterion(kind="recent_infarction", id="infarction", days=days)]
    moving = (InfarctionCriterion, GateCriterion)
    kept += [c for c in (before.criteria if before else ()) if not isinstance(c, moving)]
    if _gate(finished, plan, chosen) is not None:
        plain = GateCriterion(kind="biomarker_gate", id="inflamed", run_in_days=0)
        kept.append((gated or plain).model_copy(update={"pattern": "any"}))
    given = before or Screening(criteria=tuple(kept))
    return given.model_copy(update={"criteria": tuple(kept)})


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
    words = _gate_words(finished, plan, chosen)
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
