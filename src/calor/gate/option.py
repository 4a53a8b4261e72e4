"""One way to run the next trial: a gate in a design, with all that is computed of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float

from calor.gate.calendar import Course
from calor.gate.expense import candidates
from calor.gate.gates import CandidateGate, gate_words
from calor.gate.outcome_rates import rate_at_median
from calor.gate.population import DENSITY, marker, true_positives
from calor.gate.situation import GateStudy
from calor.gate.trial_designs import SIMULATED, WORDS
from calor.gate.worlds import Diluted, PerWorld
from calor.protocol.gate_design import GateDesign
from calor.simulate.monte_carlo import Rate

PREVENTED_YEARS = 3.0


@dataclass(frozen=True, eq=False)
class Option:
    """A gate in a design.

    Attributes:
        gate: The gate.
        words: The gate in words.
        design: Name of the design.
        share: Of candidates who pass the gate.
        eligible_per_month: Candidates who have every test and pass, all sites together.
        true_positives: Share of the enrolled whose long-term marker is high.
        expected_fall: Fall on retest of those who pass with nobody treated, 0 to 1.
        hazard_ratio: Diluted, of those whom the primary test is about, in the expected world.
        events: At the last look.
        planned: Participants if nobody is dropped.
        participants: Randomized, in the mean over both courses where the trial may restrict.
        candidates: With an infarction and meeting all else, to be approached.
        accrual_months: Until the last randomization.
        months: Until the last look; the mean over both courses where the trial may restrict.
        expected_months: Until the trial stops, early or not, in the expected world.
        longest: Until the last look of the longer course.
        limit: What binds the size: "participants", "months" or "".
        cost: Expected.
        power: In the expected world.
        power_se: Its Monte Carlo standard error; 0 for closed forms.
        assurance: Probability of significance, averaged over the worlds.
        assurance_se: Standard error of it, from simulation and from the choice of worlds.
        events_prevented: For 1,000 candidates in three years if what succeeds is adopted, averaged over the worlds.
        false_high: Chance to conclude "works only in high" where all benefit alike; None where it is not asked.
        false_high_se: Its Monte Carlo standard error.
        value: Value of success times its probability, less cost.
        feasible: Within the limits of cost, months and power; that of participants binds the size already.
        success: Probability of significance in each world.
        worth: Value less cost in each world.
    """

    gate: CandidateGate
    words: str
    design: str
    share: float
    eligible_per_month: float
    true_positives: float
    expected_fall: float
    hazard_ratio: float
    events: float
    planned: float
    participants: float
    candidates: float
    accrual_months: float
    months: float
    expected_months: float
    longest: float
    limit: str
    cost: float
    power: float
    power_se: float
    assurance: float
    assurance_se: float
    events_prevented: float
    false_high: float | None
    false_high_se: float | None
    value: float
    feasible: bool
    success: Float[np.ndarray, " world"]
    worth: Float[np.ndarray, " world"]

    @property
    def label(self) -> str:
        """Gate and design in words."""
        return f"{self.words} ({WORDS[self.design]})"

    def row(self) -> dict[str, object]:
        """Return everything but the arrays, as one row of a table."""
        gate = {name: getattr(self.gate, name) for name in ("window", "cutoff", "tests", "interval_days")}
        kept = [f.name for f in fields(self) if f.name not in {"gate", "success", "worth"}]
        return {**gate, **{name: getattr(self, name) for name in kept}}

    def __str__(self) -> str:
        error = f" (SE {100 * self.power_se:.1f})" if self.power_se > 0 else ""
        return (
            f"{self.label}: {self.participants:,.0f} participants, {self.events:,.0f} events, "
            f"{self.months:.0f} months ({self.expected_months:.0f} expected, as it may stop early), "
            f"power {100 * self.power:.0f} %{error}, "
            f"assurance {100 * self.assurance:.1f} % (SE {100 * self.assurance_se:.1f})"
        )


@dataclass(frozen=True, eq=False)
class Outlook:
    """How a design of given size fares.

    Attributes:
        power: In the expected world.
        success: Probability of significance of any population, in each world.
        simulation_se: Of its mean; 0 where nothing is simulated.
        for_all: Part of `success` that is for the full population of a design that begins with everyone.
        cost: In each world, if no look stops it.
        expected_months: See `Option`.
        power_se: See `Option`.
        false_high: See `Option`.
    """

    power: float
    success: PerWorld
    simulation_se: float
    for_all: PerWorld
    cost: PerWorld
    expected_months: float
    power_se: float = 0.0
    false_high: Rate | None = None


def option(study: GateStudy, design: str, run: Course, outlook: Outlook) -> Option:
    """Put together an option from its course and its outlook."""
    plan, wide = study.plan, design in SIMULATED
    who = study.one.everyone if wide else study.one.positive
    weights = DENSITY if wide else study.admitted.weights
    benefit = study.all.positive.log_hazard_ratio < 0
    worth = plan.costs.success * outlook.success * benefit - outlook.cost
    cost = float(outlook.cost.mean())
    spread = float(outlook.success.std()) / math.sqrt(outlook.success.size)
    return Option(
        gate=study.gate,
        words=gate_words(study.gate, study.window, study.here.biomarker),
        design="all_comers" if study.gate.tests == 0 else design,
        share=study.share,
        eligible_per_month=study.tested_per_month * study.share,
        true_positives=true_positives(weights, plan.persistent_from, marker(plan.window(plan.reference_window))),
        expected_fall=study.admitted.expected_fall,
        hazard_ratio=math.exp(float(who.log_hazard_ratio[0])),
        events=run.events,
        planned=run.planned,
        participants=run.participants,
        candidates=candidates(study, run.participants, 1.0 if wide else study.share),
        accrual_months=run.accrual_months,
        months=run.months,
        expected_months=outlook.expected_months,
        longest=run.longest,
        limit=run.limit,
        cost=cost,
        power=outlook.power,
        power_se=outlook.power_se,
        assurance=float(outlook.success.mean()),
        assurance_se=math.hypot(outlook.simulation_se, spread),
        events_prevented=_prevented(study, outlook, wide=wide),
        false_high=None if outlook.false_high is None else outlook.false_high.value,
        false_high_se=None if outlook.false_high is None else outlook.false_high.se,
        value=float(worth.mean()),
        feasible=_feasible(plan, run, cost, outlook.power),
        success=outlook.success,
        worth=worth,
    )


def _feasible(plan: GateDesign, run: Course, cost: float, power: float) -> bool:
    """Tell whether an option keeps the limits, whichever course it takes."""
    limits = plan.limits
    return cost <= limits.cost and power >= limits.least_power and run.longest <= limits.months + 1e-6


def _prevented(study: GateStudy, outlook: Outlook, *, wide: bool) -> float:
    """Return events prevented for 1,000 candidates, when those are treated in whom the trial succeeded."""
    worlds = study.here.worlds
    at_median = rate_at_median(study.window, worlds.control) * worlds.rate * PREVENTED_YEARS

    def fewer(those: Diluted) -> PerWorld:
        control = at_median * those.hazard
        return np.asarray(np.exp(-control * np.exp(those.log_hazard_ratio)) - np.exp(-control))

    of_positive = study.share * (outlook.success - outlook.for_all) * fewer(study.all.positive)
    of_all = outlook.for_all * fewer(study.all.everyone) if wide else 0.0
    return float(1000 * (of_positive + of_all).mean())
