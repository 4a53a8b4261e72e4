"""Bland-Altman limits of agreement between two readers, two methods or two scans."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import t as student_t

from calor.errors import ImageError

NORMAL_95 = 1.96
"""Bland and Altman's own multiplier; not 1.959964."""


@dataclass(frozen=True)
class BlandAltman:
    """Agreement of two measurements, first minus second.

    Attributes:
        bias: Mean difference.
        sd: Standard deviation of the differences.
        lower_limit: Lower limit of agreement.
        upper_limit: Upper limit of agreement.
        bias_ci: 95 % confidence interval of the bias.
        limit_se: Standard error of a limit of agreement.
        n: Pairs.
    """

    bias: float
    sd: float
    lower_limit: float
    upper_limit: float
    bias_ci: tuple[float, float]
    limit_se: float
    n: int

    def __str__(self) -> str:
        return (
            f"bias {self.bias:.3f} (95 % CI {self.bias_ci[0]:.3f} to {self.bias_ci[1]:.3f}), limits of agreement "
            f"{self.lower_limit:.3f} to {self.upper_limit:.3f} (n = {self.n})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        fields = asdict(self)
        fields["bias_lower"], fields["bias_upper"] = fields.pop("bias_ci")
        return pd.DataFrame([fields])


def bland_altman(first: Float[np.ndarray, " pair"], second: Float[np.ndarray, " pair"]) -> BlandAltman:
    """Describe the differences between paired measurements.

    >>> print(bland_altman(np.array([2.1, 2.45, 1.8]), np.array([2.05, 2.5, 1.9])))
    bias -0.033 (95 % CI -0.223 to 0.156), limits of agreement -0.183 to 0.116 (n = 3)

    Raises:
        ImageError: The lengths differ, there are fewer than two pairs, or a value is missing.

    Reference:
        Bland and Altman, Lancet 1986;327:307-310; standard error of the limits: Stat Methods Med Res 1999;8:135-160.
    """
    one, two = np.asarray(first, float), np.asarray(second, float)
    if one.shape != two.shape or one.ndim != 1 or one.size < 2 or not np.isfinite([one, two]).all():
        raise ImageError.must(
            "pairs", "be at least two full pairs", (one.shape, two.shape), fix="Pair the reads first."
        )
    difference = one - two
    n, bias, sd = difference.size, float(difference.mean()), float(difference.std(ddof=1))
    if sd < 1e-12 * max(1.0, float(np.abs(one).max())):
        sd = 0.0
    reach = float(student_t.ppf(0.975, n - 1)) * sd / np.sqrt(n)
    limit_se = float(sd * np.sqrt(1 / n + NORMAL_95**2 / (2 * (n - 1))))
    limits = bias - NORMAL_95 * sd, bias + NORMAL_95 * sd
    return BlandAltman(bias, sd, *limits, (float(bias - reach), float(bias + reach)), limit_se, n)
