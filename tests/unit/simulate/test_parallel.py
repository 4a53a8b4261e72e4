"""Workers change nothing, even when one dies."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings

import joblib
import pytest

from calor.design import GroupSequential, spending
from calor.design.inverse_normal import InverseNormal
from calor.simulate import parts, selection
from calor.simulate.cohort import Cohort, Site
from calor.simulate.enrichment import Enrichment
from calor.simulate.trials import simulate

POPULATIONS = {"biomarker_positive": ["pos"], "full_population": ["pos", "neg"]}
DESIGN = Enrichment(
    InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))),
    [150, 300],
    POPULATIONS,
    selection.best(),
)
PEOPLE = Cohort(["pos", "neg"], [Site(40.0)], 1000, 0.02, [0.65, 0.95], shares=[0.4, 0.6])


def test_threads_change_nothing() -> None:
    truth = parts.means(["pos", "neg"], [0.4, 0.6], [0.4, 0.1])
    alone = simulate(DESIGN, truth, trials=9_000, seed=3)
    with joblib.parallel_config(backend="threading"):
        together = simulate(DESIGN, truth, trials=9_000, seed=3, workers=2)
    assert together.to_frame().equals(alone.to_frame())


@pytest.mark.slow
def test_processes_change_nothing() -> None:
    alone = simulate(DESIGN, PEOPLE, trials=6_000, seed=3)
    together = simulate(DESIGN, PEOPLE, trials=6_000, seed=3, workers=2)
    assert together.to_frame().equals(alone.to_frame())


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_half_way_gives_the_same_numbers() -> None:
    distributed = pytest.importorskip("distributed")
    alone = simulate(DESIGN, PEOPLE, trials=60_000, seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cluster's own, about a worker that dies
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            address, victim = next(iter(client.run(os.getpid).items()))
            killed, over = threading.Event(), threading.Event()

            def kill_one() -> None:
                while not client.processing().get(address) and not over.is_set():
                    time.sleep(0.02)
                os.kill(victim, signal.SIGKILL)
                killed.set()

            killer = threading.Thread(target=kill_one)
            killer.start()
            with joblib.parallel_config(backend="dask", wait_for_workers_timeout=60):
                together = simulate(DESIGN, PEOPLE, trials=60_000, seed=3, workers=2)
            half_way = killed.is_set()
            over.set()
            killer.join()
            assert half_way, "the simulation ended before the worker was killed"
    assert together.to_frame().equals(alone.to_frame())
