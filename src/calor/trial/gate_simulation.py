"""The simulation report of the recommended design, as a finding: what FDA (2019) and ICH E20 (draft, 2025) ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from calor.analyze.finding import Finding
from calor.gate.confirm import design_of
from calor.gate.trial_designs import FULL, POSITIVE, SIMULATED, WORDS, group_sequential
from calor.protocol import Protocol
from calor.protocol.gate_design import GateDesign
from calor.trial.gate_what_if import QUICK
from calor.trial.steps import GATE_SIMULATION

if TYPE_CHECKING:
    from calor.gate.option import Option
    from calor.trial.gate import GateOutcome

POPULATIONS = {POSITIVE: "biomarker-positive", FULL: "full population"}
ESTIMATORS = {
    "ordinary": "ordinary, all data",
    "later": "stages after the first alone",
    "shrunken": "first stage drawn towards the full population",
    "median_unbiased": "median unbiased, stage-wise",
}
_KERNEL = "participant by participant: arrival, tests of the marker, blocks, events, dropout, looks"


def simulation_finding(protocol: Protocol, outcome: GateOutcome) -> Finding:
    """Compose the finding.

    Args:
        protocol: The finished trial's.
        outcome: What was found.
    """
    own, found = outcome.recommendation.chosen, outcome.operating
    tables = {
        "nulls": found.nulls,
        "effects": found.effects.assign(population=found.effects["population"].map(POPULATIONS)),
        "estimators": _estimators(found.estimators, wide=own.design in SIMULATED),
        "courses": found.courses,
        "confirmed": pd.DataFrame([each.row() for each in outcome.confirmed]),
        "design": pd.DataFrame(simulated_design(outcome.basis.plan, own), columns=["what", "value"]),
        "made_of": pd.DataFrame(_made_of(outcome), columns=["what", "value"]),
    }
    return Finding(
        id=GATE_SIMULATION,
        label="simulation report of the recommended design",
        role="planning",
        kind=GATE_SIMULATION,
        method=f"simulation {_KERNEL}",
        estimand=protocol.estimand(protocol.analysis(outcome.basis.plan.effect.analysis).estimand).label,
        population=own.words,
        arms=(),
        sentences=(f"{found}", _power(found.courses, own.design), _estimates(found.effects)),
        tables=tables,
        notes=(
            *((f"{QUICK}.",) if outcome.quick else ()),
            "Every scenario takes the design at the recommended size and the same seed, so that differences between "
            "scenarios are not of chance. Type I error: significance of any population although nothing changes "
            "events. Bias is towards benefit, of the ordinary estimate, in trials that followed the population to "
            "their end; the interval is the ordinary one of 95 %.",
            "Asked for by FDA, Adaptive Designs for Clinical Trials of Drugs and Biologics (November 2019), and by the "
            "draft of ICH E20 (June 2025): the design, the scenarios, the level over what is not known, power, bias "
            "and coverage, size and duration, each with its simulation error; seed, versions and code.",
        ),
    )


def _estimators(table: pd.DataFrame, *, wide: bool) -> pd.DataFrame:
    """Put the table in words; where one population is followed there is no other to draw it towards."""
    kept = table if wide else table[table["estimator"] != "shrunken"]
    return kept.assign(
        population=kept["population"].map(POPULATIONS), estimator=kept["estimator"].map(ESTIMATORS)
    ).reset_index(drop=True)


def _power(courses: pd.DataFrame, design: str) -> str:
    first = courses.set_index("scenario").loc["as expected"]
    given = ", given that the biomarker lets it go on to events" if design == "two_endpoint" else ""
    error = 100 * first["significant_se"]
    return f"Power if the effect is as expected {100 * first['significant']:.1f} % (SE {error:.1f}){given}"


def _estimates(effects: pd.DataFrame) -> str:
    worst = effects.dropna(subset=["bias"]).sort_values("bias").iloc[-1]
    return (
        f"Over {effects['scenario'].nunique()} effects the log hazard ratio is overstated by at most "
        f"{max(worst['bias'], 0.0):.3f} (SE {worst['bias_se']:.3f}); its interval covers "
        f"{100 * effects['coverage'].min():.1f} to {100 * effects['coverage'].max():.1f} %"
    )


def simulated_design(plan: GateDesign, chosen: Option) -> list[tuple[str, str]]:
    """Return the simulated design in words: what, and its value."""
    sequential, made = group_sequential(plan, chosen.design), design_of(plan, chosen)
    looks = "; ".join(
        f"at {planned:,.0f} events z > {bound:.3f}"
        for planned, bound in zip(made.planned, sequential.efficacy_bounds, strict=True)
    )
    test = "log-rank, one population, group-sequential"
    if chosen.design in SIMULATED:
        test = "log-rank, stratified by marker; closed test of both populations (Simes), inverse normal"
    rows = [
        ("Gate", chosen.words),
        ("Design", WORDS[chosen.design]),
        ("Allocation", "1:1, permuted blocks"),
        ("Size", f"{chosen.planned:,.0f} participants, {chosen.events:,.0f} events"),
        ("Test", test),
        ("Looks", looks),
        ("Level", f"{plan.test.alpha:g} one-sided, O'Brien-Fleming spending; no futility bound"),
    ]
    if chosen.design == "adaptive":
        rule = "at an interim look the full population is dropped if its log hazard ratio falls short of the "
        rows.append(("Adaptation", f"{rule}biomarker-positive's by more than {plan.test.restrict_beyond:g}"))
    follow = f"{plan.test.follow_up_months:g} months at least; {100 * plan.test.dropout_per_year:g} % lost a year"
    return [*rows, ("Follow-up", follow), ("Simulated", _KERNEL)]


def _made_of(outcome: GateOutcome) -> list[tuple[str, str]]:
    made_of = outcome.made_of
    rows = [("Seed of every simulation", str(outcome.operating.seed)), ("Calor", made_of.calor)]
    rows += [("Code, SHA-256", made_of.code), ("Python", made_of.python), *made_of.libraries.items()]
    return rows + [(f"{name}, SHA-256", digest) for name, digest in made_of.inputs.items()]
