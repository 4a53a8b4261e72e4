"""Who enters the next trial: its gate, strata, eligibility, and the criteria for records."""

from __future__ import annotations

from calor.gate.gates import rule_words
from calor.gate.option import Option
from calor.gate.situation import Situation, study
from calor.gate.trial_designs import SIMULATED
from calor.protocol import Protocol
from calor.protocol.arms import Stratum
from calor.protocol.biomarkers import Gate
from calor.protocol.eligibility import Criterion
from calor.protocol.gate_design import GateDesign
from calor.protocol.screening import GateCriterion, InfarctionCriterion, Screening, ScreeningCriterion


def gate(finished: Protocol, plan: GateDesign, chosen: Option) -> Gate | None:
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


def gate_words(finished: Protocol, plan: GateDesign, chosen: Option) -> str:
    """Return the gate in words; empty for none."""
    own = gate(finished, plan, chosen)
    return "" if own is None else rule_words(chosen.gate, finished.biomarker(own.biomarker))


def strata(finished: Protocol, here: Situation, chosen: Option) -> tuple[Stratum, ...]:
    """Return strata by marker (passing the gate or not; or by the geometric mean of those who pass) and by time."""
    times = _by_time(*here.plan.window(chosen.gate.window).days)
    if chosen.gate.tests == 0:
        return times
    own = finished.biomarker(biomarker_of(finished, here.plan))
    bound = chosen.gate.cutoff
    if chosen.design not in SIMULATED:
        bound = float(f"{study(here, chosen.gate).admitted.entry_mean:.2g}")
    marker = Stratum(
        id=f"{own.id}_level", label=f"{own.label} at entry",
        levels=(f"below {bound:g} {own.unit}", f"{bound:g} {own.unit} or more"),
    )  # fmt: skip
    return marker, *times


def _by_time(first: int, last: int) -> tuple[Stratum, ...]:
    """Return the halves of the window; one day has none."""
    half = (first + last) // 2
    levels = (f"{first} to {half}", f"{half + 1} to {last}")
    return (Stratum(id="since_infarction", label="Days since infarction", levels=levels),) if first < last else ()


def eligibility(finished: Protocol, plan: GateDesign, chosen: Option) -> tuple[Criterion, ...]:
    """Return the window, the gate in words, and the finished trial's criteria that stay."""
    first, last = plan.window(chosen.gate.window).days
    own = [
        Criterion(id="infarction", kind="include", text=f"Myocardial infarction {first} to {last} days ago"),
    ]
    words = gate_words(finished, plan, chosen)
    if words:
        own.append(Criterion(id="inflamed", kind="include", text=words))
    kept = (c for c in finished.eligibility if c.id in plan.next_trial.keep)
    return (*own, *kept)


def screening(finished: Protocol, plan: GateDesign, chosen: Option) -> Screening:
    """Return the finished trial's criteria for records, with the new window and gate."""
    days = plan.window(chosen.gate.window).days
    before = finished.screening
    gated = next((c for c in (before.criteria if before else ()) if isinstance(c, GateCriterion)), None)
    kept: list[ScreeningCriterion] = [InfarctionCriterion(kind="recent_infarction", id="infarction", days=days)]
    moving = (InfarctionCriterion, GateCriterion)
    kept += [c for c in (before.criteria if before else ()) if not isinstance(c, moving)]
    if gate(finished, plan, chosen) is not None:
        plain = GateCriterion(kind="biomarker_gate", id="inflamed", run_in_days=0)
        kept.append((gated or plain).model_copy(update={"pattern": "any"}))
    given = before or Screening(criteria=tuple(kept))
    return given.model_copy(update={"criteria": tuple(kept)})
