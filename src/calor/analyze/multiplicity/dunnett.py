"""Dunnett: several active arms against one control, with simultaneous intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import roots_hermite, roots_legendre
from scipy.stats import chi2, norm

from calor.analyze.columns import is_finite
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.errors import AnalysisError

_Z, _Z_WEIGHT = roots_hermite(80)
_U, _U_WEIGHT = roots_legendre(120)


@dataclass(frozen=True)
class Dunnett(Drawable):
    """Hold the comparisons.

    Attributes:
        differences: One estimate per active arm, with its simultaneous interval and adjusted p-value.
        critical: Critical value of the largest `|t|`.
    """

    differences: tuple[Estimate, ...]
    critical: float

    def __str__(self) -> str:
        return "\n".join(map(str, self.differences))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per active arm."""
        return pd.concat([difference.to_frame() for difference in self.differences], ignore_index=True)


def dunnett(
    arms: Mapping[str, Float[np.ndarray, " n"]], control: Float[np.ndarray, " n"], *, level: float = 0.95
) -> Dunnett:
    """Compare the means of several arms with one control, bounding the chance of any false difference.

    The distribution of the largest `|t|` is integrated numerically, so the result does not depend on random draws.

    Args:
        arms: Values of each active arm by name.
        control: Values of the control arm.
        level: Simultaneous confidence level, 0 to 1.

    Raises:
        AnalysisError: There is no active arm, an arm has fewer than two values or a value that is not finite, or no arm
            varies.

    Example:
        >>> arms = {"low": np.array([2.1, 2.4, 1.9, 2.2]), "high": np.array([1.8, 1.6, 2.0, 1.7])}
        >>> print(dunnett(arms, np.array([2.3, 2.6, 2.2, 2.5])))
        low - control: -0.250 (95 % CI -0.597 to 0.097; p = 0.158; Dunnett, n = 8)
        high - control: -0.625 (95 % CI -0.972 to -0.278; p = 0.002; Dunnett, n = 8)

    Reference:
        Dunnett CW. JASA 1955;50:1096-1121.
    """
    check_level(level)
    groups = {name: _values(values, name) for name, values in arms.items()}
    if not groups:
        raise AnalysisError.must("arms", "hold at least one active arm", "none", fix="Give the values by arm.")
    base = _values(control, "control")
    everyone = [*groups.values(), base]
    df = sum(x.size for x in everyone) - len(everyone)
    variance = sum(float(((x - x.mean()) ** 2).sum()) for x in everyone) / df
    if variance == 0:
        raise AnalysisError.must("arms", "vary within at least one arm", "constants", fix="Check the values.")
    n = np.array([x.size for x in groups.values()], dtype=float)
    loading = np.sqrt(n / (n + base.size))
    critical = float(brentq(lambda c: _coverage(c, loading, df) - level, 1e-3, 1e3, xtol=1e-10))
    differences = []
    for name, x in groups.items():
        se = float(np.sqrt(variance * (1 / x.size + 1 / base.size)))
        gap = float(x.mean() - base.mean())
        differences.append(
            Estimate(
                label=f"{name} - control",
                estimate=gap,
                lower=gap - critical * se,
                upper=gap + critical * se,
                level=level,
                scale="difference",
                method="Dunnett",
                n=x.size + base.size,
                se=se,
                p_value=float(np.clip(1 - _coverage(abs(gap) / se, loading, df), 0.0, 1.0)),
                df=float(df),
            )
        )
    return Dunnett(tuple(differences), critical)


def _values(values: Float[np.ndarray, " n"], name: str) -> Float[np.ndarray, " n"]:
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or x.size < 2 or not is_finite(x).all():
        raise AnalysisError.must(
            "arms", "hold at least two finite values each", f"{x.size} values", where=name, fix="Check the values."
        )
    return x


def _coverage(critical: float, loading: Float[np.ndarray, " arms"], df: int) -> float:
    """Return P(max `|t|` <= critical): given the control's mean and the SD, the arms are independent."""
    # The pooled SD over sigma is sqrt(chi2/df); its quantiles at Legendre nodes integrate over its distribution.
    scale = np.sqrt(chi2.ppf((_U + 1) / 2, df) / df)
    bound = critical * scale[:, None, None]
    z = np.sqrt(2) * _Z[None, :, None]
    spread = np.sqrt(1 - loading**2)
    inside = norm.cdf((bound + loading * z) / spread) - norm.cdf((-bound + loading * z) / spread)
    given_scale = inside.prod(axis=2) @ (_Z_WEIGHT / np.sqrt(np.pi))
    return float(given_scale @ (_U_WEIGHT / 2))
