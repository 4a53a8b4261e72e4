"""The simulation report of an adaptive or enriched design: nulls over a nuisance grid, power, bias, coverage.

What FDA (Adaptive Designs, 2019, section VII) and ICH E20 (draft, 2025) ask to see: scenarios, Monte Carlo error, type
I error over what nobody knows, and how well effects are estimated; seeds and versions stand in the provenance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from calor.gate.basis import Basis
from calor.gate.confirm import cohort, course_of, design_of
from calor.gate.option import Option
from calor.gate.sensitivity import Side, changed
from calor.gate.situation import GateStudy, Situation, study
from calor.gate.trial_designs import FULL, POSITIVE
from calor.gate.worlds import Worlds
from calor.simulate.operating import Run
from calor.simulate.trials import simulate

NUISANCE: tuple[tuple[str, dict[str, Side]], ...] = (
    ("as stated", {}),
    ("event rate worse", {"event_rate": "worse"}),
    ("event rate better", {"event_rate": "better"}),
    ("marker less repeatable", {"icc": "worse"}),
    ("marker more repeatable", {"icc": "better"}),
    ("slower recruitment", {"recruitment": "worse"}),
)
"""What is not known and must not matter for the type I error."""


@dataclass(frozen=True, eq=False)
class OperatingReport:
    """Operating characteristics of the recommended design, simulated by participant.

    Attributes:
        nulls: One row per scenario without any effect on events: type I error with its Monte Carlo SE.
        effects: One row per scenario and population with an effect: power, mean estimate, what the test sees, bias,
            coverage, each with its Monte Carlo SE.
        estimators: One row per scenario with an effect, population and way to estimate it: bias of all trials that
            followed the population to their end, bias of those that were significant, coverage, each with its SE.
        courses: One row per scenario: the share that is significant in any population, events, participants,
            candidates and months in the mean, the share that stops before the last look, the share that goes on with
            part of the populations, and the share that does not come to its last look, each with its Monte Carlo SE.
        seed: Of every simulation.
    """

    nulls: pd.DataFrame
    effects: pd.DataFrame
    estimators: pd.DataFrame
    courses: pd.DataFrame
    seed: int

    def __str__(self) -> str:
        worst = self.nulls.sort_values("type_1_error").iloc[-1]
        return (
            f"Type I error at most {100 * worst['type_1_error']:.2f} % (SE {100 * worst['se']:.2f}, "
            f"{worst['scenario']}) over {len(self.nulls)} nulls of {int(worst['trials']):,} trials"
        )


def operating_report(basis: Basis, chosen: Option, *, workers: int = 1) -> OperatingReport:
    """Simulate the recommended design by participant, without an effect and with several.

    Args:
        basis: What the choice rests on.
        chosen: The recommended option, at its planned size.
        workers: Processes.
    """
    nulls, courses = [], []
    for label, sides in NUISANCE:
        here = changed(basis, sides, chosen)
        run = _run(here, chosen, here.expected.without_effect(), workers, estimates=False)
        rate = run.power_any
        nulls.append({"scenario": label, "type_1_error": rate.value, "se": rate.se, "trials": run.trials})
        courses.append({"scenario": f"no effect, {label}", **_course(run)})
    here = basis.situation()
    one = here.expected
    worlds = {
        "as expected": one,
        "half the effect": _halved(one),
        "same effect for everyone": one.unmodified(),
    }
    effects, estimators = [], []
    for label, world in worlds.items():
        run = _run(here, chosen, world, workers, estimates=True)
        seen = {name: _target(study(here, chosen.gate), world, name) for name in run.estimation}
        effects += _estimated(run, seen, label)
        estimators += _ways(run, seen, label)
        courses.append({"scenario": label, **_course(run)})
    seed = basis.plan.effort.seed
    tables = {"nulls": nulls, "effects": effects, "estimators": estimators, "courses": courses}
    return OperatingReport(**{name: pd.DataFrame(rows) for name, rows in tables.items()}, seed=seed)


def _run(here: Situation, chosen: Option, world: Worlds, workers: int, *, estimates: bool) -> Run:
    effort = here.plan.effort
    return simulate(
        design_of(here.plan, chosen),
        cohort(here.plan, chosen, world),
        trials=effort.confirm_trials,
        seed=effort.seed,
        workers=workers,
        estimates=estimates,
    )


def _course(run: Run) -> dict[str, float]:
    """Return how often a trial is significant, and how it goes in the mean."""
    return {"significant": run.power_any.value, "significant_se": run.power_any.se, **course_of(run)}


def _ways(run: Run, seen: Mapping[str, float], label: str) -> list[dict[str, object]]:
    """Return how each way to estimate a population's effect does, against what the test sees in it."""
    rows: list[dict[str, object]] = []
    for name, estimation in run.estimation.items():
        off = estimation.truth - seen[name]
        for way, found in estimation.estimators.items():
            rows.append(
                {
                    "scenario": label,
                    "population": name,
                    "estimator": way,
                    "bias": off + found.bias.value,
                    "bias_se": found.bias.se,
                    "bias_if_rejected": off + found.bias_if_rejected.value,
                    "bias_if_rejected_se": found.bias_if_rejected.se,
                    "coverage": found.coverage.value,
                    "coverage_se": found.coverage.se,
                }
            )
    return rows


def _estimated(run: Run, seen: Mapping[str, float], label: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, estimation in run.estimation.items():
        mean = estimation.truth + estimation.bias.value
        rows.append(
            {
                "scenario": label,
                "population": name,
                "power": run.power[name].value,
                "power_se": run.power[name].se,
                "hazard_ratio": float(np.exp(-seen[name])),
                "bias": mean - seen[name],
                "bias_se": estimation.bias.se,
                "coverage": estimation.coverage.value,
                "coverage_se": estimation.coverage.se,
                "trials": run.trials,
            }
        )
    return rows


def _target(found: GateStudy, world: Worlds, population: str) -> float:
    """Return the benefit (minus the log hazard ratio) that an unstratified test sees in a population."""
    seen = found.seen(world)
    those = {POSITIVE: seen.positive, FULL: seen.everyone}[population]
    return -float(those.log_hazard_ratio[0])


def _halved(world: Worlds) -> Worlds:
    return replace(world, link=world.link / 2)
