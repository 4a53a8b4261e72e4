"""Evaluate every gate in every design, and keep the best so far in sight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from joblib import Parallel, delayed

from calor.errors import DesignError
from calor.gate.evaluate import evaluate
from calor.gate.gates import CandidateGate, candidate_gates
from calor.gate.option import Option
from calor.gate.population import marker
from calor.gate.situation import Situation
from calor.protocol.gate_design import GateDesign

ROUND = 4
"""Gates per worker handed out at once."""
_LEAST_SHARE = 1e-4


@dataclass(frozen=True)
class Searched:
    """How far the search has come.

    Attributes:
        done: Gates evaluated.
        planned: Gates in all.
        best: The best option so far; None while none is within the limits.
    """

    done: int
    planned: int
    best: Option | None

    def __str__(self) -> str:
        return f"{self.done} of {self.planned} gates; best so far: {self.best or 'none within the limits'}"


def search(
    here: Situation, *, workers: int = 1, progress: Callable[[Searched], None] | None = None
) -> tuple[Option, ...]:
    """Evaluate all comers in every window, and every gate of the grid in every design.

    Each option's numbers follow from the plan and its seed alone: workers, or a cluster chosen by
    `joblib.parallel_config(backend="dask")`, change nothing but the time.

    Args:
        here: What options are evaluated in.
        workers: Processes; 1 to stay in this one, -1 for every core.
        progress: Called as gates are done.

    Raises:
        DesignError: A cut-off that nearly everybody or nearly nobody reaches; no gate and no design is expected to do
            any good.
    """
    _check_cutoffs(here.plan)
    jobs: list[tuple[CandidateGate, Sequence[str]]] = [
        (CandidateGate(window.id), ("gated",)) for window in here.plan.windows
    ]
    jobs += [(gate, here.plan.grid.designs) for gate in candidate_gates(here.plan)]
    found: list[Option] = []
    for done, options in enumerate(_evaluated(here, jobs, workers), start=1):
        found += options
        if progress is not None:
            progress(Searched(done, len(jobs), best(found)))
    if not found:
        fix = "The effect on inflammation that is believed, or the link, leaves nothing to design for."
        raise DesignError.must("gate_design", "expect benefit somewhere", "none in any gate", fix=fix)
    return tuple(found)


def _check_cutoffs(plan: GateDesign) -> None:
    """Refuse a cut-off that does not divide the candidates of a window."""
    for window in plan.windows:
        for cutoff in plan.grid.cutoffs:
            share = marker(window).share_at_least(cutoff)
            if not _LEAST_SHARE <= share <= 1 - _LEAST_SHARE:
                rule = f"be reached by one candidate in {1 / _LEAST_SHARE:,.0f}, and missed by one"
                got = f"{cutoff:g}, which {100 * share:.4g} % reach"
                fix = f"The window's median is {window.median:g}; leave the cut-off out."
                raise DesignError.must("grid.cutoffs", rule, got, where=f"window {window.id}", fix=fix)


def best(options: Sequence[Option]) -> Option | None:
    """Return the option of the highest value among those within the limits."""
    return max((option for option in options if option.feasible), key=lambda option: option.value, default=None)


def _evaluated(
    here: Situation, jobs: Sequence[tuple[CandidateGate, Sequence[str]]], workers: int
) -> Iterator[list[Option]]:
    """Evaluate the jobs and give their options in order."""
    if workers == 1:
        yield from (evaluate(here, gate, designs) for gate, designs in jobs)
        return
    with Parallel(n_jobs=workers) as parallel:
        at_once = ROUND * max(1, parallel.n_jobs if parallel.n_jobs > 0 else 8)
        for start in range(0, len(jobs), at_once):
            yield from parallel(
                delayed(evaluate)(here, gate, designs) for gate, designs in jobs[start : start + at_once]
            )
