"""Run a design many times and report its operating characteristics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed

from calor.errors import SimulationError
from calor.simulate.blocks import BLOCK, CohortEngine, Engine, StatisticEngine, Task, run_blocks
from calor.simulate.cohort import Cohort
from calor.simulate.enrichment import Enrichment
from calor.simulate.monte_carlo import Rate
from calor.simulate.operating import Run, Tally, characteristics
from calor.simulate.parts import Parts
from calor.simulate.progress import Progress, fingerprint, load, save
from calor.simulate.whole_number import check_whole_number

Population = Parts | Cohort
CHUNK = 64  # most blocks that a worker gets in one job
ROUND = 4  # jobs per worker handed out at once


def simulate(  # noqa: PLR0913 - each has a use of its own, and all but two have defaults
    design: Enrichment,
    population: Population,
    *,
    trials: int = 10_000,
    seed: int = 1,
    workers: int = 1,
    target_se: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: Path | None = None,
    estimates: bool = False,
) -> Run:
    """Simulate trials of a design in a population.

    A trial's numbers follow from the seed and the trial's own number, and blocks of trials are added up in order: the
    result does not depend on `workers`, on an interruption, or on where it ran. Workers are local processes; within
    `joblib.parallel_config(backend="dask")` they are the cluster's.

    Args:
        design: Looks, populations, selection and tests.
        population: What is true: `Parts` to draw test statistics, `Cohort` to draw participants.
        trials: Number of trials.
        seed: Any whole number from 0 on, below 2**63.
        workers: Processes; 1 to stay in this one, -1 for every core.
        target_se: Stop early, after the first block with which the Monte Carlo SE of the power of any hypothesis
            falls to this.
        progress: Called after each block, for example with `calor.simulate.progress.show`.
        checkpoint: File in which to keep what is done, and from which to go on; trials done beyond `trials` count.
        estimates: Compare ordinary, later-stage, shrunken and median-unbiased estimates; this takes time.

    Raises:
        SimulationError: Numbers that make no simulation; a checkpoint of another one.

    >>> from calor.design import GroupSequential, spending
    >>> from calor.design.inverse_normal import InverseNormal
    >>> from calor.simulate import parts
    >>> test = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025)))
    >>> populations = {"biomarker_positive": ["positive"], "full_population": ["positive", "negative"]}
    >>> truth = parts.survival(["positive", "negative"], [0.4, 0.6], hazard_ratios=[0.6, 0.9])
    >>> run = simulate(Enrichment(test, [150, 300], populations), truth, trials=4000, seed=1)
    >>> 0.8 < run.power_any.value < 0.9
    True
    """
    check_whole_number("trials", trials, 1, fix="Give 10_000.")
    check_whole_number("seed", seed, 0, fix="Give 1.")
    if workers == 0:
        raise SimulationError.must("workers", "not be 0", workers, fix="Give 1, or -1 for every core.")
    if target_se is not None and not target_se > 0:
        raise SimulationError.must("target_se", "be positive", target_se, fix="Give 0.001.")
    engine = engine_for(design, population)
    task = Task(engine, design.selection.rule, seed, estimates)
    made_of = fingerprint(task, BLOCK)
    done, sums = (0, None) if checkpoint is None else load(checkpoint, made_of)
    enough = sums is not None and _enough(sums, target_se)
    for size, block in iter(()) if enough else _blocks(task, done, trials, workers):
        sums = block if sums is None else {name: sums[name] + block[name] for name in block}
        done += size
        if checkpoint is not None:
            save(checkpoint, made_of, done, sums)
        if progress is not None:
            progress(Progress(done, trials, _power(sums)))
        if _enough(sums, target_se):
            break
    assert sums is not None  # noqa: S101 - at least one block has run
    return characteristics(sums, tuple(design.populations), engine.truth, seed, made_of)


def engine_for(design: Enrichment, population: Population) -> Engine:
    """Return the engine that draws trials of a design in a population.

    Raises:
        SimulationError: Looks in months without a cohort; parts that the populations do not have; a statistic at the
            last visit without visits.
    """
    plan = design.plan(population.names)
    if isinstance(population, Cohort):
        if design.at_last_visit and population.visits is None:
            fix = "Give the cohort its visits, or test events by logrank or cox_score."
            raise SimulationError.must("statistic", "suit the cohort", design.statistic, fix=fix)
        truth = population.effects(plan.members, at_last_visit=design.at_last_visit)
        visits = population.visit_numbers if design.at_last_visit else None
        return CohortEngine(plan, population.numbers, visits, truth)
    if design.by == "months":
        raise SimulationError.must("by", "be units for simulated statistics", design.by, fix="Simulate a Cohort.")
    return StatisticEngine(plan, population.truth, population.effects(plan.members))


def power_over(
    design: Enrichment, populations: Mapping[str, Population], *, trials: int = 10_000, seed: int = 1, workers: int = 1
) -> pd.DataFrame:
    """Return the power of any and each hypothesis over a grid of truths; under null truths, the type I error.

    Args:
        design: The design.
        populations: Each truth by its label.
        trials: For each.
        seed: The same for each, so that differences are less noisy than the rates.
        workers: Processes.

    Raises:
        SimulationError: No truth; and as `simulate`.

    >>> from calor.design import GroupSequential, spending
    >>> from calor.design.inverse_normal import InverseNormal
    >>> from calor.simulate import parts
    >>> test = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025)))
    >>> design = Enrichment(test, [150, 300], {"biomarker_positive": ["pos"], "full_population": ["pos", "neg"]})
    >>> nulls = {f"{s}": parts.means(["pos", "neg"], [s, 1 - s], [0, 0]) for s in (0.2, 0.5)}
    >>> bool((power_over(design, nulls, trials=2000)["any"] < 0.04).all())
    True
    """
    if not populations:
        raise SimulationError.must("populations", "hold a truth", dict(populations), fix='Give {"null": Parts}.')
    rows = []
    for label, population in populations.items():
        run = simulate(design, population, trials=trials, seed=seed, workers=workers)
        row: dict[str, object] = {"truth": label, "any": run.power_any.value, "any_se": run.power_any.se}
        for name, rate in run.power.items():
            row |= {name: rate.value, f"{name}_se": rate.se}
        rows.append(row)
    return pd.DataFrame(rows)


def _blocks(task: Task, done: int, trials: int, workers: int) -> Iterator[tuple[int, Tally]]:
    """Run the trials that are left, in blocks, and give them in order."""
    if workers == 1:
        for first in range(done, trials, BLOCK):
            yield from run_blocks(task, first, min(BLOCK, trials - first))
        return
    with Parallel(n_jobs=workers) as parallel:
        crew = parallel.n_jobs if parallel.n_jobs > 0 else 8
        blocks = -(-(trials - done) // BLOCK)
        each = BLOCK * min(CHUNK, max(1, blocks // (4 * crew)))
        jobs = [(first, min(each, trials - first)) for first in range(done, trials, each)]
        for start in range(0, len(jobs), ROUND * crew):
            batch = jobs[start : start + ROUND * crew]
            for found in parallel(delayed(run_blocks)(task, first, size) for first, size in batch):
                yield from found


def _power(sums: Tally) -> Rate:
    return Rate.of(float(sums["once"][1]), float(sums["once"][0]))


def _enough(sums: Tally, target_se: float | None) -> bool:
    return target_se is not None and _power(sums).se <= target_se
