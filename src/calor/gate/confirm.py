"""Options of the front once more, participant by participant: arrival, tests, allocation, events, looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.gate.calendar import YEAR
from calor.gate.gates import CandidateGate
from calor.gate.option import Option
from calor.gate.outcome_rates import rate_at_median
from calor.gate.population import admitted, marker
from calor.gate.situation import Situation
from calor.gate.trial_designs import PARTS, SIMULATED, biomarker_passes, enrichment, positive_only
from calor.gate.worlds import Worlds, diluted
from calor.protocol.gate_design import GateDesign
from calor.simulate.cohort import Cohort
from calor.simulate.effect_shape import Effect
from calor.simulate.enrichment import Enrichment
from calor.simulate.marker import Screening
from calor.simulate.monte_carlo import Mean, Rate
from calor.simulate.operating import Run
from calor.simulate.sites import Site
from calor.simulate.trials import simulate

_LONGEST = 2.5  # times the planned duration; a look that has not come by then is held then, and counted as incomplete
_NO_GATE_SDS = 3.7  # the simulator wants two parts: no gate is one that turns away one candidate in ten thousand


@dataclass(frozen=True, eq=False)
class Confirmed:
    """An option simulated by participant in the expected world, beside what the search said of it.

    Attributes:
        option: The option.
        run: Its operating characteristics; the events of a two-endpoint design, given that it goes on to them.
        goes_on: Chance that it goes on to events; 1 for other designs.
    """

    option: Option
    run: Run
    goes_on: float

    @property
    def power(self) -> tuple[float, float]:
        """Power and its Monte Carlo standard error."""
        return self.goes_on * self.run.power_any.value, self.goes_on * self.run.power_any.se

    def row(self) -> dict[str, object]:
        """Return both views as one row of a table."""
        power, se = self.power
        own = self.option
        return {
            "option": own.label,
            "power": power,
            "power_se": se,
            "power_searched": own.power,
            "power_searched_se": own.power_se,
            "months_searched": own.expected_months if own.design != "two_endpoint" else math.nan,
            "participants_searched": own.participants,
            **course_of(self.run),
            "trials": self.run.trials,
        }


def confirm(here: Situation, options: Sequence[Option], *, workers: int = 1) -> tuple[Confirmed, ...]:
    """Simulate options by participant in the expected world.

    Args:
        here: What they were evaluated in.
        options: Those to confirm.
        workers: Processes.
    """
    found = []
    for option in options:
        run = simulate(
            design_of(here.plan, option),
            cohort(here.plan, option, here.expected),
            trials=here.plan.effort.confirm_trials,
            seed=here.plan.effort.seed,
            workers=workers,
        )
        found.append(Confirmed(option, run, _goes_on(here, option)))
    return tuple(found)


def course_of(run: Run) -> dict[str, float]:
    """Return how a trial goes in the mean, each number with its Monte Carlo standard error under `..._se`."""
    n, reached = run.trials, run.reached[-1].value
    early = sum(won.value + lost.value for won, lost in zip(run.success_at[:-1], run.futile_at[:-1], strict=True))
    dropped = sum(reached - followed[-1].value for followed in run.followed_at.values())  # one of two, never both
    found: dict[str, Rate | Mean] = {
        "events": run.units,
        "participants": run.enrolled,
        "candidates": run.screened,
        "months": run.months,
        "stopped_early": Rate.of(early * n, n),
        "restricted": Rate.of(max(dropped, 0.0) * n, n),
        "incomplete": run.incomplete,
    }
    return {key: x for name, each in found.items() for key, x in ((name, each.value), (f"{name}_se", each.se))}


def confirmed_table(found: Sequence[Confirmed]) -> pd.DataFrame:
    """Return one row per confirmed option."""
    return pd.DataFrame([each.row() for each in found])


def design_of(plan: GateDesign, option: Option) -> Enrichment:
    """Return the option's looks, populations and tests."""
    if option.design in SIMULATED:
        return enrichment(plan, option.design, option.events)
    return positive_only(plan, option.events)


def cohort(plan: GateDesign, option: Option, world: Worlds) -> Cohort:
    """Return the candidates and participants of an option in one world, as the simulator draws them.

    Args:
        plan: Inputs.
        option: Gate, design and size.
        world: What is true; the first is taken.
    """
    recruit, window = plan.recruitment, plan.window(option.gate.window)
    wide = option.design in SIMULATED
    one = world.take(np.zeros(1, dtype=np.int64)).in_window(window)
    hazard = float(rate_at_median(window, one.control)[0] * one.rate[0]) / YEAR
    lost = -math.log1p(-plan.test.dropout_per_year) / YEAR
    death = -math.log1p(-plan.prognosis.death_per_year) / YEAR
    return Cohort(
        names=PARTS,
        sites=[Site(_arrivals(plan, option, wide=wide), ramp_months=recruit.ramp_months)],
        participants=round(_places(option)),
        control_hazard=hazard,
        hazard_ratio=_by_marker(plan, option.gate, lambda u: one.log_hazard_ratio(u)[0]),
        prognosis=_by_marker(plan, option.gate, lambda u: one.prognosis[0] * u),
        marker=marker(window),
        screening=screening(plan, option.gate, wide=wide),
        dropout_hazard=(lost, lost),
        competing_hazard=(death, death),
        duration_months=_LONGEST * option.months,
    )


def screening(plan: GateDesign, gate: CandidateGate, *, wide: bool) -> Screening:
    """Return the gate as the simulator screens by it: candidates come evenly over its window."""
    window = plan.window(gate.window)
    first, last = window.days
    return Screening(
        cuts=[gate.cutoff or window.median * math.exp(-_NO_GATE_SDS * window.log_sd)],
        tests=max(gate.tests, 1),
        interval_days=float(gate.interval_days),
        presents_within_days=float(last - first),
        window_days=float(last - first),
        enrolls=None if wide else [1],
    )


def _arrivals(plan: GateDesign, option: Option, *, wide: bool) -> float:
    """Return candidates a month who would take part, all sites together, within the sites' capacity."""
    recruit = plan.recruitment
    coming = recruit.sites * recruit.candidates_per_site_month * recruit.complete * recruit.consent
    enrolled = 1.0 if wide else option.share
    return min(coming, recruit.capacity_per_month / enrolled)


def _places(option: Option) -> float:
    """Return the places to fill: those of the course in which nobody is dropped."""
    return max(option.planned, 4.0)


def _by_marker(plan: GateDesign, gate: CandidateGate, of_level: Effect) -> Effect:
    """Return the exponential of a function of the long-term marker in SDs, as a function of the marker itself."""
    own = marker(plan.window(gate.window))

    def ratio(true: Float[np.ndarray, " marker"]) -> Float[np.ndarray, " marker"]:
        return np.asarray(np.exp(of_level(np.log(true / own.median) / own.between)))

    return ratio


def _goes_on(here: Situation, option: Option) -> float:
    if option.design != "two_endpoint":
        return 1.0
    weights = admitted(option.gate, here.plan.window(option.gate.window)).weights
    return float(biomarker_passes(here.plan, diluted(here.expected, weights).effect)[0])
