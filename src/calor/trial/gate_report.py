"""The choice of the gate as a finding: for the trial's report, and as a page of its own beside the tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from calor.analyze.finding import Finding
from calor.gate.outcome_rates import published
from calor.gate.trial_designs import WORDS
from calor.protocol import Protocol
from calor.protocol.gate_design import GateDesign
from calor.report.document import Document
from calor.report.sections import KINDS
from calor.trial import stored
from calor.trial.steps import GATE
from calor.trial.trial import Trial

if TYPE_CHECKING:
    from calor.gate.option import Option
    from calor.trial.gate import GateOutcome

RANKED = 12
"""Options that the report prints; the files hold all."""


def gate_finding(protocol: Protocol, outcome: GateOutcome) -> Finding:
    """Compose the finding.

    Args:
        protocol: The finished trial's.
        outcome: What was found.
    """
    own, plan = outcome.recommendation, outcome.basis.plan
    estimand = protocol.estimand(protocol.analysis(plan.effect.analysis).estimand)
    notes = [
        "That an effect on inflammation prevents events is assumed, with a probability that it does not; no benefit "
        "on outcomes is established.",
        f"{outcome.robustness}.",
        f"{outcome.operating}.",
        *([] if outcome.records is None else [f"{outcome.records}."]),
    ]
    if protocol.trial.participants == "synthetic":
        notes.insert(0, "The finished trial's participants are synthetic: what follows shows the method.")
    return Finding(
        id=GATE,
        label="the next trial's biomarker gate",
        role="planning",
        kind=GATE,
        method="closed forms, simulated statistics and simulated participants over common worlds",
        estimand=estimand.label,
        population=f"{len(outcome.options)} combinations of gate and design",
        arms=(),
        sentences=own.sentences,
        tables={"ranked": _ranked(outcome), **_figures(outcome), **_rest(protocol, outcome)},
        notes=tuple(notes),
    )


def write_page(trial: Trial, outcome: GateOutcome, folder: Path) -> None:
    """Store the finding for the trial's report, and write `report.html` with figures and tables into a folder."""
    finding = gate_finding(trial.protocol, outcome)
    made_of = outcome.made_of
    document = Document(
        title=f"The next trial's gate, after {trial.protocol.trial.id}",
        subtitle=f"{outcome.basis.plan.next_trial.id} · seed {outcome.basis.plan.effort.seed}",
        headline=f"{finding.sentences[0]}.",
        sections=(KINDS[GATE].section(finding),),
        banner="" if trial.protocol.trial.participants == "real" else "Synthetic participants, assumed inputs.",
        footer=f"Calor {made_of.calor} · code {made_of.code[:12]} · protocol {made_of.inputs['protocol'][:12]}",
    )
    document.save(folder)
    stored.store(outcome.folder.parent / "analyses" / GATE, finding, made_of)


def _ranked(outcome: GateOutcome) -> pd.DataFrame:
    """Return the best options within the limits, and the best of every other design."""
    kept = sorted((o for o in outcome.options if o.feasible), key=lambda o: -o.value)
    shown = [*kept[:RANKED], *(c for c in outcome.recommendation.contenders if c not in kept[:RANKED])]
    return pd.DataFrame([_row(option) for option in shown])


def _row(option: Option) -> dict[str, object]:
    return {**option.row(), "gate": str(option.gate), "design_words": WORDS[option.design]}


def _figures(outcome: GateOutcome) -> dict[str, pd.DataFrame]:
    """Return what the figures draw."""
    chosen = outcome.recommendation.chosen
    same = [o for o in outcome.options if o.gate.window == chosen.gate.window and o.design in {chosen.design, "gated"}]
    course = pd.DataFrame(
        [
            {"cutoff": o.gate.cutoff, "tests": o.gate.tests, "interval_days": o.gate.interval_days,
             "design": o.design, "power": o.power, "assurance": o.assurance, "share": o.share, "months": o.months}
            for o in same
            if o.gate.tests
        ]
    )  # fmt: skip
    cloud = pd.DataFrame([_row(option) for option in outcome.options if option.feasible])
    front = {id(option) for option in outcome.recommendation.front}
    kept = [option for option in outcome.options if option.feasible]
    cloud["on_front"] = [id(option) in front for option in kept]
    cloud["chosen"] = [option is chosen for option in kept]
    return {"by_cutoff": course, "cloud": cloud, "tornado": outcome.robustness.tornado}


def _rest(protocol: Protocol, outcome: GateOutcome) -> dict[str, pd.DataFrame]:
    plan = outcome.basis.plan
    marker = protocol.biomarker(str(outcome.next.gate.biomarker)) if outcome.next.gate else protocol.biomarkers[0]
    unit = {"unit": plan.costs.unit, "biomarker": marker.label, "biomarker_unit": marker.unit}
    return {
        "corner": outcome.robustness.corner,
        "beliefs": outcome.recommendation.beliefs,
        "confirmed": pd.DataFrame([each.row() for each in outcome.confirmed]),
        "information": outcome.information.table,
        "nulls": outcome.operating.nulls,
        "effects": outcome.operating.effects,
        "rates": _rates(plan),
        "assumptions": _assumptions(plan),
        "words": pd.DataFrame([unit]),
    }


def _rates(plan: GateDesign) -> pd.DataFrame:
    rows = [
        {"window": w.id, "trial": t.label, "per_100_years": 100 * t.per_year, "gate": t.cutoff,
         "infarction": t.infarction, "source": t.source}
        for w in plan.windows
        for t in published(w.outcome_trials)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _assumptions(plan: GateDesign) -> pd.DataFrame:
    """Return every stated number of the plan that is no effort and no name."""
    rows = []
    for part in ("link", "effect", "prognosis", "recruitment", "costs", "limits", "test"):
        values = getattr(plan, part).model_dump()
        rows += [{"part": part, "what": name.replace("_", " "), "value": str(value)} for name, value in values.items()]
    for w in plan.windows:
        value = f"median {w.median:.3g}, log-SD {w.log_sd:.3g}, intraclass correlation {w.icc:.2f}"
        rows.append({"part": "window", "what": f"{w.id}, day {w.days[0]} to {w.days[1]}", "value": value})
    return pd.DataFrame(rows)
