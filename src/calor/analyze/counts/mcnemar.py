"""Exact McNemar test of paired proportions: before against after, or two readers on the same participants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binom

from calor.analyze.counts import clopper_pearson
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level, format_p
from calor.analyze.whole_number import whole_number


@dataclass(frozen=True)
class McNemar(Drawable):
    """Hold the paired comparison.

    Attributes:
        only_first: Pairs with the event at the first reading only.
        only_second: Pairs with the event at the second reading only.
        p_exact: Two-sided exact p-value, twice the smaller binomial tail.
        p_midp: Two-sided mid-p-value.
        odds_ratio: Conditional odds ratio, first against second, with its exact interval; None without any
            discordant pair.
    """

    only_first: int
    only_second: int
    p_exact: float
    p_midp: float
    odds_ratio: Estimate | None

    def __str__(self) -> str:
        head = f"{self.only_first} against {self.only_second} discordant pairs: exact McNemar {format_p(self.p_exact)}"
        if self.odds_ratio is None:
            return f"{head}; odds ratio not estimable"
        ratio = self.odds_ratio
        return (
            f"{head}; odds ratio {ratio.estimate:.3f} "
            f"({ratio.level * 100:.3g} % CI {ratio.lower:.3f} to {ratio.upper:.3f})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the p-values, one row per method."""
        rows = [("exact", self.p_exact), ("mid-p", self.p_midp)]
        return pd.DataFrame(rows, columns=["method", "p_value"])


def mcnemar(only_first: int, only_second: int, *, level: float = 0.95) -> McNemar:
    """Compare two proportions of the same participants by their discordant pairs.

    Args:
        only_first: Pairs with the event at the first reading only.
        only_second: Pairs with the event at the second reading only.
        level: Confidence level, 0 to 1.

    Raises:
        AnalysisError: A count is negative or no whole number, or `level` is outside 0 to 1.

    Example:
        >>> print(mcnemar(2, 9))
        2 against 9 discordant pairs: exact McNemar p = 0.065; odds ratio 0.222 (95 % CI 0.023 to 1.074)

    Reference:
        McNemar Q. Psychometrika 1947;12:153-157. Fay MP. Biostatistics 2010;11:373-374 (exact interval).
    """
    check_level(level)
    for name, value in (("only_first", only_first), ("only_second", only_second)):
        whole_number(name, value, fix="Count discordant pairs.")
    n = only_first + only_second
    smaller = min(only_first, only_second)
    tail = float(binom.cdf(smaller, n, 0.5))
    ratio = None
    if n > 0:
        lower, upper = clopper_pearson.exact_limits(np.array([only_first]), np.array([n]), tail=(1 - level) / 2)
        ratio = Estimate(
            label="Odds ratio",
            estimate=only_first / only_second if only_second else np.inf,
            lower=float(lower[0] / (1 - lower[0])),
            upper=float(upper[0] / (1 - upper[0])) if upper[0] < 1 else np.inf,
            level=level,
            scale="ratio",
            method="conditional, exact interval",
            n=n,
        )
    p_midp = min(1.0, 2 * (tail - float(binom.pmf(smaller, n, 0.5)) / 2))
    return McNemar(only_first, only_second, min(1.0, 2 * tail), p_midp, ratio)
