"""Run one block of trials: the unit of work that a worker gets, and that is added up in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float

from calor.errors import SimulationError
from calor.kernels.cohort import Cohort
from calor.kernels.cohort_statistics import COX_SCORE
from calor.kernels.cohort_trials import cohort_trials
from calor.kernels.enrichment_statistics import Results, Truth, enrichment_trials
from calor.kernels.interim import GIVEN, SPIESSENS_DEBOIS, Plan
from calor.kernels.visits import Visits
from calor.simulate.operating import Tally, tally
from calor.simulate.selection import Interim, Rule

BLOCK = 2_000  # fixed, so that sums are added in the same order whatever the workers


class Engine(Protocol):
    """What draws trials."""

    @property
    def plan(self) -> Plan:
        """The design as numbers."""

    @property
    def truth(self) -> Float[np.ndarray, " population"]:
        """True effect of each population."""

    def draw(self, seed: int, first: int, given: np.ndarray, results: Results) -> None:
        """Draw trials into `results`."""


@dataclass(frozen=True, eq=False)
class StatisticEngine:
    """Draws normal statistics.

    Attributes:
        plan: The design as numbers.
        parts: What is true of the parts.
        truth: True effect of each population.
    """

    plan: Plan
    parts: Truth
    truth: Float[np.ndarray, " population"]

    def draw(self, seed: int, first: int, given: np.ndarray, results: Results) -> None:
        """Draw trials into `results`."""
        enrichment_trials(seed, first, self.plan, self.parts, _correlations(self.plan), given, results)


@dataclass(frozen=True, eq=False)
class CohortEngine:
    """Draws participants, and tests them as the trial would.

    Attributes:
        plan: The design as numbers.
        cohort: What is true of candidates and participants.
        visits: What is true of responses; None where events are tested.
        truth: True effect of each population.
    """

    plan: Plan
    cohort: Cohort
    visits: Visits | None
    truth: Float[np.ndarray, " population"]

    def draw(self, seed: int, first: int, given: np.ndarray, results: Results) -> None:
        """Draw trials into `results`."""
        plan, cohort = self.plan, self.cohort
        adjusted = cohort.shares.size == 0 if plan.statistic == COX_SCORE else None
        cohort_trials(seed, first, plan, cohort, self.visits, adjusted, _correlations(plan), given, results)


def _correlations(plan: Plan) -> Float[np.ndarray, "population population"] | None:
    """Return room for correlations where the intersection test needs them."""
    return np.eye(plan.members.shape[0]) if plan.intersection == SPIESSENS_DEBOIS else None


def empty_results(trials: int, looks: int, populations: int) -> Results:
    """Return room for the results of a block.

    >>> empty_results(3, 2, 2).z.shape
    (3, 2, 2)
    """
    by_look = (trials, looks)
    floats = [np.zeros((*by_look, populations)) for _ in range(3)]
    return Results(
        stages=np.zeros(trials, dtype=np.int64),
        followed=np.zeros(by_look, dtype=np.int64),
        rejected=np.zeros(by_look, dtype=np.int64),
        success=np.zeros(trials, dtype=np.bool_),
        futile=np.zeros(trials, dtype=np.bool_),
        units=np.zeros(by_look),
        z=floats[0],
        effect=floats[1],
        se=floats[2],
        months=np.full(trials, np.nan),
        enrolled=np.full(trials, np.nan),
        screened=np.full(trials, np.nan),
        complete=np.ones(trials, dtype=np.bool_),
        pipeline=np.full(by_look, np.nan),
    )


def draw_block(engine: Engine, rule: Rule | None, seed: int, first: int, trials: int) -> Results:
    """Draw trials `first`, `first` + 1, ...; with a user's rule, look by look.

    The user's rule sees all trials of the block at a look at once; they are then drawn again, which gives the same
    numbers, and followed one look further.
    """
    plan = engine.plan
    looks, populations = plan.planned.size, plan.members.shape[0]
    results = empty_results(trials, looks, populations)
    given = np.full((trials, looks), -1, dtype=np.int64)
    engine.draw(seed, first, given, results)
    if plan.rule != GIVEN or rule is None:
        return results
    for look in range(looks - 1):
        here = results.stages == look + 1
        followed = (results.followed[here, look, None] >> np.arange(populations) & 1).astype(bool)
        z, effect, se = (table[here, look] for table in (results.z, results.effect, results.se))
        chosen = np.asarray(rule(Interim(look + 1, z, effect, se, followed)))
        if chosen.shape != followed.shape or chosen.dtype != bool:
            got = f"{chosen.dtype} {chosen.shape}"
            raise SimulationError.must("rule", f"return booleans {followed.shape}", got, fix="See Interim.")
        given[here, look] = (chosen & followed) @ (1 << np.arange(populations))
        results = empty_results(trials, looks, populations)
        engine.draw(seed, first, given, results)
    return results


@dataclass(frozen=True, eq=False)
class Task:
    """What every block of a simulation has in common.

    Attributes:
        engine: What draws trials.
        rule: The user's own selection rule.
        seed: Of the simulation.
        estimates: Compare estimators.
    """

    engine: Engine
    rule: Rule | None
    seed: int
    estimates: bool


def run_blocks(task: Task, first: int, trials: int) -> list[tuple[int, Tally]]:
    """Draw consecutive blocks, and give the size and the sums of each."""
    plan = task.engine.plan if task.estimates else None
    found = []
    for start in range(first, first + trials, BLOCK):
        size = min(BLOCK, first + trials - start)
        results = draw_block(task.engine, task.rule, task.seed, start, size)
        found.append((size, tally(results, task.engine.truth, plan)))
    return found
