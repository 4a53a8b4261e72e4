"""The choice of the gate as a finding: for the trial's report, and as a page of its own beside the tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from calor.analyze.finding import Finding
from calor.gate.gates import times_words, window_words
from calor.gate.trial_designs import WORDS
from calor.protocol import Protocol
from calor.report.document import Document
from calor.report.section import Section
from calor.report.sections import KINDS, gate_design
from calor.trial import stored
from calor.trial.gate_assumptions import assumptions, rates
from calor.trial.gate_simulation import simulation_finding
from calor.trial.gate_step import FOLDER, NEXT
from calor.trial.gate_what_if import PAGE, QUICK, banner, footer, what_if_page
from calor.trial.steps import GATE, GATE_SIMULATION
from calor.trial.trial import Trial

if TYPE_CHECKING:
    from calor.gate.option import Option
    from calor.trial.gate import GateOutcome

_SENTENCE = "The design, and how it fares where treatment works and where it does not."
_ASSUMED = (
    "That an effect on inflammation prevents events is assumed, with a probability that it does not; no benefit on "
    "outcomes is established"
)
RANKED = 8
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
        *([f"{QUICK}."] if outcome.quick else []),
        f"{outcome.robustness}.",
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
        sentences=(*own.sentences[:3], _ASSUMED, *own.sentences[3:]),
        tables={"ranked": _ranked(outcome), **_figures(outcome), **_rest(outcome)},
        notes=tuple(notes),
    )


def write_pages(trial: Trial, outcome: GateOutcome, folder: Path) -> None:
    """Store the findings for the trial's report, and write the pages of the choice and of the simulations.

    Args:
        trial: The finished trial.
        outcome: What was found.
        folder: Gets `report.html` with figures and tables, the what-if page, and beside the next protocol its
            simulation report.
    """
    chosen, simulated = gate_finding(trial.protocol, outcome), simulation_finding(trial.protocol, outcome)
    for finding in (chosen, simulated):
        stored.store(outcome.folder.parent / "analyses" / finding.id, finding, outcome.made_of)
    what_if_page(trial, outcome).save(folder / PAGE)
    beside = {**chosen.tables, "words": chosen.tables["words"].assign(page=PAGE)}
    sections = (KINDS[GATE].section(replace(chosen, tables=beside)), KINDS[GATE_SIMULATION].section(simulated))
    document = Document(
        title=f"The next trial's gate, after {trial.protocol.trial.id}",
        subtitle=f"{outcome.basis.plan.next_trial.id} · seed {outcome.basis.plan.effort.seed}",
        headline=f"{chosen.sentences[0]}.",
        sections=sections,
        banner=banner(trial),
        footer=footer(outcome),
    )
    document.save(folder)
    _simulation_report(trial, outcome, chosen, sections[1]).save(folder / NEXT)


def _simulation_report(trial: Trial, outcome: GateOutcome, chosen: Finding, simulated: Section) -> Document:
    """Return what goes with the next protocol: the simulations, and everything that they assume."""
    assumed = Section(
        id="assumed",
        title="What was assumed",
        sentence="Every number of this report rests on these.",
        tables=gate_design.assumed(chosen),
        notes=(f"{_ASSUMED}.",),
    )
    return Document(
        title=f"Simulation report of {outcome.basis.plan.next_trial.id}",
        subtitle=f"{outcome.basis.plan.next_trial.title} · after {trial.protocol.trial.id}",
        headline=simulated.sentence,
        sections=(replace(simulated, sentence=_SENTENCE), assumed),
        banner=banner(trial),
        footer=footer(outcome),
    )


def _ranked(outcome: GateOutcome) -> pd.DataFrame:
    """Return the best options within the limits, and the best of every other design."""
    kept = sorted((o for o in outcome.options if o.feasible), key=lambda o: -o.value)
    others = (option for option in outcome.recommendation.contenders if option not in kept[:RANKED])
    shown = [*kept[:RANKED], *sorted(others, key=lambda option: -option.value)]
    return pd.DataFrame([{"rank": str(rank), **_row(option)} for rank, option in enumerate(shown, start=1)])


def _row(option: Option) -> dict[str, object]:
    return {**option.row(), "gate": option.words, "option": option.label, "design_words": WORDS[option.design]}


def _figures(outcome: GateOutcome) -> dict[str, pd.DataFrame]:
    """Return what the figures draw."""
    chosen = outcome.recommendation.chosen
    same = [o for o in outcome.options if o.gate.window == chosen.gate.window and o.design in {chosen.design, "gated"}]
    course = pd.DataFrame(
        [
            {"cutoff": o.gate.cutoff, "tests": o.gate.tests, "interval_days": o.gate.interval_days,
             "design": o.design, "power": o.power, "assurance": o.assurance, "assurance_se": o.assurance_se}
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


def _rest(outcome: GateOutcome) -> dict[str, pd.DataFrame]:
    plan, marker, gate = outcome.basis.plan, outcome.basis.finished.biomarker, outcome.recommendation.chosen.gate
    words = {
        "unit": plan.costs.unit, "biomarker": marker.label, "biomarker_unit": marker.unit, "times": times_words(gate),
        "window": window_words(plan.window(gate.window)), "page": f"{FOLDER}/{PAGE}",
    }  # fmt: skip
    return {
        "corner": outcome.robustness.corner,
        "beliefs": outcome.recommendation.beliefs,
        "information": outcome.information.table,
        "rates": rates(plan),
        "assumptions": assumptions(plan, marker, "" if outcome.records is None else outcome.records.window),
        "words": pd.DataFrame([words]),
    }
