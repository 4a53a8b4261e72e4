"""A simulation's memory does not grow with the number of its trials."""

from __future__ import annotations

import tracemalloc

from calor.design import GroupSequential, spending
from calor.design.inverse_normal import InverseNormal
from calor.simulate import parts
from calor.simulate.enrichment import Enrichment
from calor.simulate.trials import simulate

POPULATIONS = {"biomarker_positive": ["pos"], "full_population": ["pos", "neg"]}


def peak(trials: int) -> int:
    test = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025)))
    truth = parts.means(["pos", "neg"], [0.4, 0.6], [0.4, 0.1])
    tracemalloc.start()
    simulate(Enrichment(test, [100, 200], POPULATIONS), truth, trials=trials)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_ten_times_the_trials_need_no_more_memory() -> None:
    peak(2_000)  # loads and compiles
    few, many = peak(10_000), peak(100_000)
    assert many < 1.2 * few, f"{few} bytes for 10,000 trials, {many} for 100,000"
