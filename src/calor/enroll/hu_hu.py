"""Hu and Hu's covariate-adaptive randomization: balance overall, within margins and within strata at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from calor.enroll.minimization import check_rule, checked_levels, fold, margins
from calor.kernels import minimization as kernel


@dataclass(frozen=True)
class HuHu:
    """Give the newcomer, most often, the arm that lowers a weighted sum of squared differences.

    The sum runs over the whole trial, the newcomer's stratum (its combination of levels) and its margins. For two
    arms 1:1 it is Hu and Hu's; for more arms or other ratios the squared difference becomes the variance over the
    shares of the ratio, which keeps each arm's probability at its target at every position.

    Attributes:
        ratio: Allocation ratio of the arms.
        levels: Number of levels of each factor.
        overall: Weight of the whole trial.
        stratum: Weight of the newcomer's stratum.
        margins: Weight of each factor's margin.
        probability: Of the share that leaves the least imbalance.

    Raises:
        EnrollError: Ratio, levels, weights or probability do not describe a rule.

    Example:
        >>> rule = HuHu(ratio=(1, 1), levels=(2, 2), overall=0.1, stratum=0.3, margins=(0.3, 0.3), probability=0.85)
        >>> print(rule)
        Hu-Hu over 2 factors, 1:1, weights 0.1 overall, 0.3 stratum, 0.3/0.3 margins, probability 0.85

    Reference:
        Hu Y, Hu F. Asymptotic properties of covariate-adaptive randomization. Annals of Statistics 2012.
    """

    ratio: tuple[int, ...]
    levels: tuple[int, ...]
    overall: float
    stratum: float
    margins: tuple[float, ...]
    probability: float

    def __post_init__(self) -> None:
        check_rule(self.ratio, self.levels, self.probability, more=(self.overall, self.stratum), margins=self.margins)

    def __str__(self) -> str:
        ratio = ":".join(str(part) for part in self.ratio)
        weights = "/".join(f"{weight:g}" for weight in self.margins)
        return (
            f"Hu-Hu over {len(self.levels)} factors, {ratio}, weights {self.overall:g} overall, {self.stratum:g} "
            f"stratum, {weights} margins, probability {self.probability:g}"
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
            >>> rule = HuHu((1, 1), levels=(2,), overall=1.0, stratum=1.0, margins=(1.0,), probability=1.0)
            >>> int(rule.allocate(np.zeros((8, 1), dtype=int), np.random.default_rng(1).random((8, 2))).sum())
            4
        """
        levels = checked_levels(levels, self.levels, draws)
        edge = sum(self.levels)
        strata = np.ravel_multi_index(tuple(levels.T), self.levels)
        whole = np.zeros(len(levels), dtype=np.int64)
        cells = np.column_stack((margins(levels, self.levels), edge + 1 + strata, edge + whole))
        weights = np.array((*self.margins, self.stratum, self.overall), dtype=float)
        count = edge + 1 + int(np.prod(self.levels))
        shares = sum(self.ratio)
        chosen = kernel.minimize(cells, count, weights, shares, kernel.VARIANCE, float(self.probability), draws)
        return fold(chosen, self.ratio)
