"""Time an MMRM of 200 participants at 4 visits: unstructured, Kenward-Roger, fit and summary.

Baselines in the same run: statsmodels' MixedLM, which knows no unstructured covariance and no small-sample degrees of
freedom (random intercept only), and the likelihood written participant by participant, maximized without derivatives.

Run: python benchmarks/mmrm.py
"""

from __future__ import annotations

import platform
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import pandas as pd
from scipy import optimize
from statsmodels.regression.mixed_linear_model import MixedLM

from calor.analyze.mixed.mmrm import Fitting, mmrm
from calor.analyze.mixed.visit_design import measurements, visit_design
from calor.analyze.mixed.visit_table import RepeatedMeasures, read_visits

COLUMNS = RepeatedMeasures("y", "id", "visit", "arm", covariates=("base",), factors=("site",))
ARMS = ("placebo", "active")


def trial(participants: int = 200, visits: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(20)
    who, visit = np.repeat(np.arange(participants), visits), np.tile(np.arange(visits), participants)
    base, site = rng.normal(size=participants), rng.choice(["north", "south", "west"], participants)
    root = np.linalg.cholesky(0.5 * np.eye(visits) + 0.5 + np.diag(0.3 * np.arange(visits)))
    noise = rng.normal(size=(participants, visits)) @ root.T
    y = 2 + base[who] + noise.reshape(-1) - 0.3 * (who % 2) * visit
    arm = np.where(who % 2, "active", "placebo")
    table = pd.DataFrame({"id": who, "visit": visit, "arm": arm, "base": base[who], "site": site[who], "y": y})
    return table.assign(y=table["y"].mask((rng.random(who.size) < 0.2) & (visit > 0)))


def naive(table: pd.DataFrame) -> float:
    """Maximize the restricted likelihood, a loop over participants at each evaluation."""
    read = read_visits(table, COLUMNS, ARMS)
    data = measurements(read, visit_design(read), by_arm=False)
    parts = [np.flatnonzero(data.participant == one) for one in range(data.unit.size)]
    rows, columns = np.tril_indices(4)

    def minus(parameter: np.ndarray) -> float:
        lower = np.zeros((4, 4))
        lower[rows, columns] = parameter
        lower[np.diag_indices(4)] = np.exp(np.diag(lower))
        sigma = lower @ lower.T
        information, score, square, log_det = 0.0, 0.0, 0.0, 0.0
        for part in parts:
            at = data.occasion[part]
            block = sigma[np.ix_(at, at)]
            x, y = data.design[part], data.response[part]
            solved = np.linalg.solve(block, np.column_stack([x, y]))
            information = information + x.T @ solved[:, :-1]
            score = score + x.T @ solved[:, -1]
            square += y @ solved[:, -1]
            log_det += np.linalg.slogdet(block)[1]
        return float(
            0.5 * (log_det + np.linalg.slogdet(information)[1] + square - score @ np.linalg.solve(information, score))
        )

    return float(optimize.minimize(minus, np.zeros(10), method="L-BFGS-B").fun)


def statsmodels(table: pd.DataFrame) -> None:
    read = read_visits(table, COLUMNS, ARMS)
    design = visit_design(read).design
    MixedLM(read.response, design, groups=read.participant).fit(reml=True).summary()


def seconds(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Give the smallest processor and wall time of several runs, after one to warm up."""
    run()
    spent = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        spent.append((time.process_time() - cpu, time.perf_counter() - wall))
    return min(s[0] for s in spent), min(s[1] for s in spent)


def main() -> None:
    warnings.simplefilter("ignore")
    table = trial()
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "statsmodels"))
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {versions}")
    print(f"{'':58s} {'CPU ms':>9s} {'wall ms':>9s}")
    jobs: list[tuple[str, Callable[[], object], int]] = [
        ("MMRM, unstructured, Kenward-Roger: fit and summary", lambda: str(mmrm(table, COLUMNS, arms=ARMS)), 30),
        (
            "the same with second derivatives",
            lambda: str(mmrm(table, COLUMNS, arms=ARMS, fitting=Fitting(df="kenward-roger"))),
            30,
        ),
        ("baseline: statsmodels MixedLM, random intercept", lambda: statsmodels(table), 5),
        ("baseline: participant by participant, L-BFGS, fit only", lambda: naive(table), 1),
    ]
    for name, run, repeats in jobs:
        cpu, wall = seconds(run, repeats)
        print(f"{name:58s} {1000 * cpu:9.1f} {1000 * wall:9.1f}")


if __name__ == "__main__":
    main()
