"""Trials per second and core: participants through three looks, and normal statistics with a closed test; peak memory.

The baseline in the same run makes the same survival trial with NumPy and pandas and asks
`calor.analyze.survival.logrank` at each look.
"""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import replace

import numba
import numpy as np
import pandas as pd

from calor.analyze.survival.logrank import logrank
from calor.design import GroupSequential, spending
from calor.design.inverse_normal import InverseNormal
from calor.simulate import parts, selection
from calor.simulate.blocks import draw_block, empty_results
from calor.simulate.cohort import Cohort, Site
from calor.simulate.enrichment import Enrichment, Statistic
from calor.simulate.trials import engine_for, simulate
from calor.simulate.visits import Visits

POPULATIONS = {"biomarker_positive": ["pos"], "full_population": ["pos", "neg"]}
EVENTS = (150, 225, 300)


def survival_trial() -> tuple[Enrichment, Cohort]:
    """1,000 participants, two strata, three looks; the bounds are out of reach, so that every look is held."""
    never = GroupSequential([0.5, 0.75, 1.0], efficacy=spending.obrien_fleming(1e-8))
    design = Enrichment(never, EVENTS, POPULATIONS, selection.everyone())
    cohort = Cohort(
        ["pos", "neg"], [Site(40.0)], 1000, 0.02, [0.65, 0.95], shares=[0.4, 0.6], dropout_hazard=(0.002, 0.002)
    )
    return design, cohort


def visits_trial(statistic: Statistic) -> tuple[Enrichment, Cohort]:
    """400 participants, three visits, two strata, two looks at last visits."""
    never = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(1e-8))
    design = Enrichment(never, [150, 300], POPULATIONS, selection.everyone(), statistic=statistic)
    visits = Visits([1.0, 3.0, 6.0], effect=[0.3, 0.1], correlation=0.6)
    shares, dropout = [0.4, 0.6], (0.01, 0.01)
    return design, Cohort(["pos", "neg"], [Site(30.0)], 400, shares=shares, dropout_hazard=dropout, visits=visits)


def baseline(trials: int) -> None:
    """The same trial, one array operation after another."""
    rng = np.random.default_rng(1)
    for _ in range(trials):
        n = 1000
        entry = rng.exponential(1 / 40, n).cumsum()
        part = (rng.random(n) < 0.6).astype(int)
        arm = np.empty(n, dtype=int)
        for p in (0, 1):
            size = int((part == p).sum())
            arm[part == p] = rng.permuted(np.tile([0, 0, 1, 1], (size // 4 + 1, 1)), axis=1).ravel()[:size]
        hazard = 0.02 * np.where(arm == 1, np.where(part == 0, 0.65, 0.95), 1.0)
        event, dropout = rng.exponential(1 / hazard), rng.exponential(500.0, n)
        calendar = np.sort((entry + event)[event < dropout])
        for count in EVENTS:
            cut = calendar[count - 1]
            here = entry < cut
            time_ = np.minimum(np.minimum(event, dropout), cut - entry)[here]
            happened = (event <= np.minimum(dropout, cut - entry))[here]
            table = pd.DataFrame({"months": time_, "event": happened, "arm": arm[here], "part": part[here]})
            logrank(table, time="months", event="event", arm="arm", strata=["part"])
            logrank(table[table.part == 0], time="months", event="event", arm="arm")


def cpu_rate(work: Callable[[int], object], trials: int, repeats: int = 5) -> float:
    """Best trials per second of this process's CPU time."""
    best = 0.0
    for _ in range(repeats):
        start = time.process_time()
        work(trials)
        best = max(best, trials / (time.process_time() - start))
    return best


def main() -> None:
    design, cohort = survival_trial()
    people = engine_for(design, cohort)
    test = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025)))
    statistics_design = Enrichment(test, [150, 300], POPULATIONS, selection.best())
    truth = parts.survival(["pos", "neg"], [0.4, 0.6], [0.65, 0.95])
    statistics = engine_for(statistics_design, truth)
    never = np.full((100_000, 2), -1)
    room = empty_results(100_000, 2, 2)
    rows = [
        ("participants: calor.simulate", cpu_rate(lambda n: draw_block(people, None, 1, 0, n), 4_000)),
        ("participants: NumPy and calor.analyze.survival.logrank", cpu_rate(baseline, 10, repeats=2)),
        ("statistics: kernel", cpu_rate(lambda n: statistics.draw(1, 0, never, room), 100_000)),
        (
            "statistics: simulate(), all included",
            cpu_rate(lambda n: simulate(statistics_design, truth, trials=n), 200_000),
        ),
    ]
    for statistic in ("ancova", "mmrm", "cox_score"):
        cohort_design = visits_trial(statistic) if statistic != "cox_score" else survival_trial()
        engine = engine_for(replace(cohort_design[0], statistic=statistic), cohort_design[1])
        rows.append((f"participants: {statistic}", cpu_rate(lambda n, e=engine: draw_block(e, None, 1, 0, n), 200)))
    versions = f"NumPy {np.__version__}, numba {numba.__version__}"
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {versions}")
    for name, rate in rows:
        print(f"{name:56s}{rate:12,.0f} trials/s of CPU")
    for trials in (100_000, 2_000_000):
        simulate(statistics_design, truth, trials=trials)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory after {trials:9,} trials: {peak:,.0f} MiB")
    for name, plan, population, trials in (
        ("participants", design, cohort, 60_000),
        ("statistics", statistics_design, truth, 8_000_000),
    ):
        walls = []
        for workers in (1, 2):
            simulate(plan, population, trials=4_000, workers=workers)
            start = time.perf_counter()
            simulate(plan, population, trials=trials, workers=workers)
            walls.append(time.perf_counter() - start)
        print(f"{name}: two processes over one, wall clock at this load: {walls[0] / walls[1]:.2f}")


if __name__ == "__main__":
    main()
