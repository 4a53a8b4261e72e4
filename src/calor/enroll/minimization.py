"""Pocock and Simon's minimization, keeping the allocation ratio at every position."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from calor.enroll.draws import checked_draws
from calor.enroll.ratio import check_ratio
from calor.errors import EnrollError
from calor.kernels import minimization as kernel

Spread = Literal["range", "variance", "sd"]
_SPREADS = {"range": kernel.RANGE, "variance": kernel.VARIANCE, "sd": kernel.STANDARD_DEVIATION}


@dataclass(frozen=True)
class Minimization:
    """Give the newcomer, most often, the arm that leaves the factors' margins most even.

    An arm with ratio k stands as k shares of ratio one. The rule treats all shares alike, so each has the same
    probability at every position, and the arm's probability equals its target (Kuznetsova and Tymofyeyev). Ties
    are broken evenly among shares, that is by the target ratio among arms.

    Attributes:
        ratio: Allocation ratio of the arms.
        levels: Number of levels of each factor.
        weights: Weight of each factor's margin.
        probability: Of the share that leaves the least imbalance; 1 makes every untied allocation predictable.
        spread: How unequal a margin's counts are: their range, variance or standard deviation.

    Raises:
        EnrollError: Ratio, levels, weights or probability do not describe a rule.

    Example:
        >>> print(Minimization(ratio=(2, 1), levels=(2, 3), weights=(1, 1), probability=0.8))
        minimization of the range over 2 factors, 2:1, probability 0.8

    Reference:
        Pocock SJ, Simon R. Sequential treatment assignment with balancing for prognostic factors in the controlled
        clinical trial. Biometrics 1975. Kuznetsova OM, Tymofyeyev Y. Preserving the allocation ratio at every
        allocation with biased coin randomization and minimization in studies with unequal allocation. Statistics in
        Medicine 2012.
    """

    ratio: tuple[int, ...]
    levels: tuple[int, ...]
    weights: tuple[float, ...]
    probability: float
    spread: Spread = "range"

    def __post_init__(self) -> None:
        check_rule(self.ratio, self.levels, self.probability, weights=self.weights)
        if self.spread not in _SPREADS:
            raise EnrollError.must("spread", f"be one of {', '.join(_SPREADS)}", self.spread, fix="Take range.")

    def __str__(self) -> str:
        ratio = ":".join(str(part) for part in self.ratio)
        return (
            f"minimization of the {self.spread} over {len(self.levels)} factors, {ratio}, "
            f"probability {self.probability:g}"
        )

    def allocate(
        self, levels: Int[np.ndarray, "participant factor"], draws: Float[np.ndarray, "participant 2"]
    ) -> Int[np.ndarray, " participant"]:
        """Allocate participants in their order of entry.

        Args:
            levels: Level of each factor, from 0.
            draws: Uniform draws in [0, 1).

        Returns:
            Index of each participant's arm.

        Raises:
            EnrollError: A level does not exist, or `draws` does not fit `levels`.

        Example:
            >>> rule = Minimization(ratio=(1, 1), levels=(2,), weights=(1,), probability=1.0)
            >>> arms = rule.allocate(np.zeros((8, 1), dtype=int), np.random.default_rng(1).random((8, 2)))
            >>> int(arms.sum())
            4
        """
        levels = checked_levels(levels, self.levels, draws)
        measure = _SPREADS[self.spread]
        cells, count = margins(levels, self.levels), sum(self.levels)
        weights = np.array(self.weights, dtype=float)
        shares = kernel.minimize(cells, count, weights, sum(self.ratio), measure, float(self.probability), draws)
        return fold(shares, self.ratio)


def fold(shares: Int[np.ndarray, " participant"], ratio: tuple[int, ...]) -> Int[np.ndarray, " participant"]:
    """Turn shares of the ratio into arms.

    Example:
        >>> fold(np.array([0, 1, 2]), (2, 1))
        array([0, 0, 1])
    """
    arms: np.ndarray = np.repeat(np.arange(len(ratio)), ratio)[shares]
    return arms


def margins(
    levels: Int[np.ndarray, "participant factor"], count: tuple[int, ...]
) -> Int[np.ndarray, "participant factor"]:
    """Number the margins through: the first factor's levels, then the second's, and so on.

    Example:
        >>> margins(np.array([[1, 0], [0, 2]]), (2, 3))
        array([[1, 2],
               [0, 4]])
    """
    offsets = np.concatenate(([0], np.cumsum(count)[:-1])).astype(np.int64)
    numbered: np.ndarray = levels + offsets
    return numbered


def check_rule(
    ratio: tuple[int, ...],
    levels: tuple[int, ...],
    probability: float,
    *,
    more: tuple[float, ...] = (),
    **weights: tuple[float, ...],
) -> None:
    """Refuse what describes no adaptive rule.

    Args:
        ratio: Allocation ratio of the arms.
        levels: Number of levels of each factor.
        probability: Of the share that leaves the least imbalance.
        more: Weights of what is no factor.
        weights: The weight of each factor, under the argument's name.

    Raises:
        EnrollError: Ratio, levels, weights or probability do not describe a rule.

    Example:
        >>> check_rule((2, 1), (2, 3), 0.8, weights=(1.0, 1.0))
    """
    check_ratio(ratio)
    check_probability(probability, sum(ratio))
    check_levels(levels)
    for argument, each in weights.items():
        if len(each) != len(levels):
            rule = f"hold one weight for each of {len(levels)} factors"
            raise EnrollError.must(argument, rule, each, fix="Weigh factors alike with 1 for each.")
        check_weights((*each, *more))


def check_probability(probability: float, shares: int) -> None:
    """Refuse a probability that would favor imbalance.

    Raises:
        EnrollError: `probability` is below one over the number of shares, above 1 or not a number.

    Example:
        >>> check_probability(0.8, shares=2)
    """
    if not 1 / shares <= probability <= 1:
        rule = f"lie between 1/{shares} (no preference) and 1"
        raise EnrollError.must("probability", rule, probability, fix="0.8 is usual.")


def check_levels(levels: tuple[int, ...]) -> None:
    """Refuse factors that cannot be balanced.

    Raises:
        EnrollError: There is no factor, or one has fewer than two levels.

    Example:
        >>> check_levels((2, 3))
    """
    if not levels or any(isinstance(count, bool) or not isinstance(count, int) or count < 2 for count in levels):
        fix = "Drop factors that do not vary."
        raise EnrollError.must("levels", "hold two or more levels for each factor", levels, fix=fix)


def check_weights(weights: tuple[float, ...]) -> None:
    """Refuse weights that leave nothing to balance.

    Raises:
        EnrollError: A weight is negative or not finite, or all are 0.

    Example:
        >>> check_weights((1.0, 0.0))
    """
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or sum(weights) == 0:
        rule = "be finite, not negative and not all 0"
        raise EnrollError.must("weights", rule, weights, fix="Weigh factors alike with 1 for each.")


def checked_levels(
    levels: Int[np.ndarray, "participant factor"], count: tuple[int, ...], draws: Float[np.ndarray, "participant 2"]
) -> Int[np.ndarray, "participant factor"]:
    """Return `levels` as integers once they and the draws fit the factors.

    Raises:
        EnrollError: A level is missing or does not exist, or there are not two draws for each participant.

    Example:
        >>> checked_levels(np.array([[1]]), (2,), np.zeros((1, 2)))
        array([[1]])
    """
    levels = np.asarray(levels)
    if levels.ndim != 2 or levels.shape[1] != len(count) or not np.issubdtype(levels.dtype, np.integer):
        rule = f"hold {len(count)} whole-numbered levels per participant"
        raise EnrollError.must("levels", rule, f"shape {levels.shape}", fix="Give one row per participant.")
    if levels.size and ((levels < 0) | (levels >= np.array(count))).any():
        row = int(np.nonzero(((levels < 0) | (levels >= np.array(count))).any(axis=1))[0][0])
        rule = f"lie below {count}"
        raise EnrollError.must("levels", rule, levels[row].tolist(), fix="Number levels from 0.", where=f"row {row}")
    checked_draws(draws, levels.shape[0])
    return levels.astype(np.int64)
