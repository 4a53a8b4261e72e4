"""What it would be worth to know more before the next trial is chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.gate.basis import Basis
from calor.gate.evaluate import evaluate
from calor.gate.option import Option
from calor.gate.situation import Situation
from calor.protocol.gate_design import GateDesign

_DATA_SETS = 600


@dataclass(frozen=True, eq=False)
class Information:
    """Values of information, in the plan's unit.

    Attributes:
        table: One row per source: `what`, `value` (gain of the best choice), `cost` (NaN where none is stated).
    """

    table: pd.DataFrame

    def __str__(self) -> str:
        rows = [f"{row.what}: {row.value:,.0f}" for row in self.table.itertuples()]
        return "; ".join(rows)


def information(basis: Basis, here: Situation, options: Sequence[Option]) -> Information:
    """Return the value of a second test, of more participants in the finished trial, of a better assay, and of truth.

    The best choice is the option of highest value, or no trial, which is worth 0. Options beyond the limits are no
    choices.

    Args:
        basis: What the choice rests on.
        here: What the options were evaluated in.
        options: All that were evaluated.

    Reference:
        Raiffa H, Schlaifer R. Applied Statistical Decision Theory. Harvard 1961. Ades AE, Lu G, Claxton K. Medical
        Decision Making 2004;24:207-227 (sample information).
    """
    plan, choices = basis.plan, [option for option in options if option.feasible]
    worth = np.vstack([np.zeros(here.worlds.size), *(option.worth for option in choices)])
    now = float(worth.mean(axis=1).max())
    once = max((option.value for option in choices if option.gate.tests <= 1), default=0.0)
    more = plan.sensitivity.more_participants
    acts = here.worlds.link != 0
    link = sum(float(worth[:, part].mean(axis=1).max()) * float(part.mean()) for part in (acts, ~acts) if part.any())
    scans = more * (plan.costs.participant + 2 * plan.costs.scan)
    rows = [
        ("A second test in the gate, where one was the most", max(now - max(once, 0.0), 0.0), math.nan),
        (f"{more} more participants in the finished trial", _sample(basis, here, worth, more) - now, scans),
        ("An assay without error", _better_assay(basis, choices, now), math.nan),
        ("Whether the effect does anything to events", link - now, math.nan),
        ("Everything that is uncertain", float(worth.max(axis=0).mean()) - now, math.nan),
    ]
    return Information(pd.DataFrame(rows, columns=["what", "value", "cost"]))


def _sample(basis: Basis, here: Situation, worth: Float[np.ndarray, "option world"], more: int) -> float:
    """Return the expected worth of the best choice after more participants of the finished trial's kind.

    Each simulated data set comes from a world, and weighs the worlds by how likely they make its estimates of the
    average effect and of its slope.
    """
    finished, curves = basis.finished, here.worlds.curves
    truth = np.column_stack([curves.level + curves.slope * finished.center, curves.slope * finished.spread])
    se = 2 * finished.residual_sd / math.sqrt(more)
    rng = np.random.default_rng(basis.plan.effort.seed)
    which = rng.integers(0, truth.shape[0], _DATA_SETS)
    estimates = truth[which] + se * rng.standard_normal((_DATA_SETS, 2))
    distance = ((estimates[:, None, :] - truth[None, :, :]) ** 2).sum(axis=2) / se**2
    weights = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / 2)
    weights /= weights.sum(axis=1, keepdims=True)
    # Divided by what the same weights say of today's choice, so that luck in the data sets cancels.
    after = weights @ worth.T
    today = int(worth.mean(axis=1).argmax())
    return float(worth[today].mean() + (after.max(axis=1) - after[:, today]).mean())


def _better_assay(basis: Basis, choices: Sequence[Option], now: float) -> float:
    """Return the gain of the ten best closed-form options when the assay's own error is gone."""
    plan = without_assay_error(basis.plan)
    here = basis.situation(plan)
    known = sorted((o for o in choices if o.design in {"gated", "two_endpoint"}), key=lambda o: -o.value)[:10]
    again = [e for option in known for e in evaluate(here, option.gate, (option.design,)) if e.feasible]
    return max((option.value for option in again), default=0.0) - max((option.value for option in known), default=now)


def without_assay_error(plan: GateDesign) -> GateDesign:
    """Return the plan with markers that vary between and within persons, but not by the assay."""
    error = plan.sensitivity.assay_log_sd**2
    windows = []
    for window in plan.windows:
        within = window.log_sd**2 * (1 - window.icc)
        left = window.log_sd**2 - min(error, 0.99 * within)
        icc = window.log_sd**2 * window.icc / left
        windows.append(window.model_copy(update={"log_sd": math.sqrt(left), "icc": icc}))
    return plan.model_copy(update={"windows": tuple(windows)})
