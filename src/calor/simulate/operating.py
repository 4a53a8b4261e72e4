"""Operating characteristics of a simulated design, each with its Monte Carlo standard error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.kernels.adjusted_estimates import add_estimates
from calor.kernels.enrichment_statistics import Results
from calor.kernels.interim import Plan
from calor.kernels.tally import add_up
from calor.simulate.monte_carlo import Mean, Rate

Tally = dict[str, Float[np.ndarray, "..."]]
ESTIMATORS = ("ordinary", "later", "shrunken", "median_unbiased")


@dataclass(frozen=True)
class Estimator:
    """How one way of estimating a population's effect does in trials that followed it to their end.

    Attributes:
        bias: Given that the population was followed to the end.
        bias_if_rejected: The same in the trials that rejected its hypothesis.
        coverage: Of the 95 % interval.
        above: Share of estimates above the truth; 0.5 if median-unbiased.
    """

    bias: Mean
    bias_if_rejected: Mean
    coverage: Rate
    above: Rate

    @classmethod
    def of(cls, sums: Float[np.ndarray, " sum"]) -> Estimator:
        """Return it from number, sum and squares, the same if rejected, intervals that cover, estimates above."""
        n, total, squares, hits, hit_total, hit_squares, covered, above = map(float, sums)
        bias, hit = Mean.of(total, squares, n), Mean.of(hit_total, hit_squares, hits)
        return cls(bias, hit, Rate.of(covered, n), Rate.of(above, n))


@dataclass(frozen=True)
class Estimation:
    """How well a population's effect is estimated in trials that followed it to their end.

    Attributes:
        truth: The true effect; benefit is positive.
        bias: Of the ordinary estimate from all data, given that the population was followed to the end.
        bias_if_rejected: The same in the trials that rejected its hypothesis.
        bias_later: Of the estimate from the stages after the first alone, which selection at the first does not bias.
        coverage: Of the ordinary 95 % interval.
        estimators: With `estimates=True`, "ordinary", "later", "shrunken" and "median_unbiased" (not under Fisher's
            combination) side by side.
    """

    truth: float
    bias: Mean
    bias_if_rejected: Mean
    bias_later: Mean
    coverage: Rate
    estimators: Mapping[str, Estimator]


@dataclass(frozen=True, eq=False)
class Run:
    """A simulation's results.

    Attributes:
        trials: Trials run.
        seed: Its seed.
        made_of: SHA-256 of the design, the truth, the rule and the seed.
        version: Of Calor.
        populations: Their names, in the order of the tables below.
        power: By population: its hypothesis is rejected by the end.
        power_any: At least one hypothesis is rejected.
        stopped_for_futility: The trial stopped for futility, or with nobody selected.
        incomplete: A look was not reached within the longest duration; such trials are counted, and analyzed at it.
        reached: Share of trials that reach each look.
        success_at: Share that ends there with the rejections asked for.
        futile_at: Share that ends there for futility.
        rejected_at: By population, the first look at which it is rejected.
        followed_at: By population, share of all trials that follow it at each look.
        units: Events or participants in all.
        enrolled: Participants, screened: candidates up to the last who entered, months: duration; NaN for simulated
            statistics.
        pipeline: Participants at each look, held, whose last visit is still to come; NaN for events.
        estimation: By population.
    """

    trials: int
    seed: int
    made_of: str
    version: str
    populations: tuple[str, ...]
    power: Mapping[str, Rate]
    power_any: Rate
    stopped_for_futility: Rate
    incomplete: Rate
    reached: tuple[Rate, ...]
    success_at: tuple[Rate, ...]
    futile_at: tuple[Rate, ...]
    rejected_at: Mapping[str, tuple[Rate, ...]]
    followed_at: Mapping[str, tuple[Rate, ...]]
    units: Mean
    enrolled: Mean
    screened: Mean
    months: Mean
    pipeline: tuple[Mean, ...]
    estimation: Mapping[str, Estimation]

    def __str__(self) -> str:
        each = "; ".join(f"{name} {rate}" for name, rate in self.power.items())
        return f"{self.trials:,} trials: any hypothesis rejected {self.power_any}; {each}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per characteristic, with population, value and Monte Carlo SE."""
        rows: list[tuple[str, str, Rate | Mean]] = [("power", name, rate) for name, rate in self.power.items()]
        rows += [("power", "any", self.power_any), ("futility", "", self.stopped_for_futility)]
        rows += [("incomplete", "", self.incomplete), ("units", "", self.units), ("enrolled", "", self.enrolled)]
        rows += [("screened", "", self.screened), ("months", "", self.months)]
        for what, by_look in (("reached", self.reached), ("success", self.success_at), ("futile", self.futile_at)):
            rows += [(f"{what} at look {k + 1}", "", rate) for k, rate in enumerate(by_look)]
        rows += [(f"pipeline at look {k + 1}", "", mean) for k, mean in enumerate(self.pipeline)]
        for name, seen in self.estimation.items():
            rows += [("bias", name, seen.bias), ("bias if rejected", name, seen.bias_if_rejected)]
            rows += [("bias, later stages", name, seen.bias_later), ("coverage", name, seen.coverage)]
            for kind, way in seen.estimators.items():
                rows += [(f"{kind}: bias", name, way.bias), (f"{kind}: bias if rejected", name, way.bias_if_rejected)]
                rows += [(f"{kind}: coverage", name, way.coverage), (f"{kind}: above the truth", name, way.above)]
        for what, shares in (("rejected", self.rejected_at), ("followed", self.followed_at)):
            for name, looks in shares.items():
                rows += [(f"{what} at look {k + 1}", name, rate) for k, rate in enumerate(looks)]
        records = [(what, name, found.value, found.se, found.trials) for what, name, found in rows]
        return pd.DataFrame(records, columns=["characteristic", "population", "value", "se", "trials"])


def tally(results: Results, truth: Float[np.ndarray, " population"], plan: Plan | None = None) -> Tally:
    """Add up the trials of a block; tallies of blocks add up to that of the simulation.

    Args:
        results: From a kernel.
        truth: True effect of each population.
        plan: The design, to compare estimators; None to leave that out.
    """
    trials, looks = results.followed.shape
    once, by_look = np.zeros(12), np.zeros((5, looks))
    by_population, errors = np.zeros((2, looks, truth.size)), np.zeros((3, 3, truth.size))
    covered, estimates = np.zeros(truth.size), np.zeros((len(ESTIMATORS), truth.size, 8))
    if plan is not None:
        add_estimates(results, plan, truth, estimates)
    add_up(results, truth, once, by_look, by_population, errors, covered)
    once[0] = trials
    sums = {"once": once, "by_look": by_look, "by_population": by_population, "errors": errors}
    return sums | {"covered": covered, "estimates": estimates}


def characteristics(
    sums: Tally, names: tuple[str, ...], truth: Float[np.ndarray, " population"], seed: int, made_of: str
) -> Run:
    """Return the operating characteristics of a tally.

    Args:
        sums: The tally.
        names: Of the populations.
        truth: True effect of each.
        seed: Of the simulation.
        made_of: Hash of its inputs.
    """
    once, rejected, followed = sums["once"], sums["by_population"][0], sums["by_population"][1]
    n = float(once[0])
    error, hit, later = sums["errors"]
    estimation = {
        name: Estimation(
            truth=float(truth[g]),
            bias=Mean.of(error[1, g], error[2, g], error[0, g]),
            bias_if_rejected=Mean.of(hit[1, g], hit[2, g], hit[0, g]),
            bias_later=Mean.of(later[1, g], later[2, g], later[0, g]),
            coverage=Rate.of(sums["covered"][g], error[0, g]),
            estimators={
                kind: Estimator.of(row)
                for kind, row in zip(ESTIMATORS, sums["estimates"][:, g], strict=True)
                if row[0] > 0
            },
        )
        for g, name in enumerate(names)
    }
    return Run(
        trials=int(n),
        seed=seed,
        made_of=made_of,
        version=version("calor"),
        populations=names,
        power={name: Rate.of(rejected[:, g].sum(), n) for g, name in enumerate(names)},
        power_any=Rate.of(float(once[1]), n),
        stopped_for_futility=Rate.of(float(once[2]), n),
        incomplete=Rate.of(float(once[3]), n),
        reached=tuple(Rate.of(count, n) for count in sums["by_look"][0]),
        success_at=tuple(Rate.of(count, n) for count in sums["by_look"][1]),
        futile_at=tuple(Rate.of(count, n) for count in sums["by_look"][2]),
        rejected_at={name: tuple(Rate.of(c, n) for c in rejected[:, g]) for g, name in enumerate(names)},
        followed_at={name: tuple(Rate.of(c, n) for c in followed[:, g]) for g, name in enumerate(names)},
        units=Mean.of(once[4], once[5], n),
        enrolled=Mean.of(once[6], once[7], n),
        screened=Mean.of(once[8], once[9], n),
        months=Mean.of(once[10], once[11], n),
        pipeline=tuple(Mean.of(total, squares, count) for count, _, _, total, squares in sums["by_look"].T),
        estimation=estimation,
    )
