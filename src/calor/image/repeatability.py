"""Repeatability: how far a second read of the same scan may lie from the first, and what that costs a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import norm

from calor.errors import ImageError
from calor.image.bland_altman import NORMAL_95


@dataclass(frozen=True)
class Repeatability:
    """Spread of repeated reads of the same target.

    Attributes:
        within_sd: Within-subject standard deviation.
        coefficient: Repeatability coefficient: 95 % of differences between two reads lie within it.
        within_cv: Within-subject coefficient of variation, root mean square.
        n: Targets.
        reads: Reads of each target.
    """

    within_sd: float
    coefficient: float
    within_cv: float
    n: int
    reads: int

    def __str__(self) -> str:
        return (
            f"repeatability coefficient {self.coefficient:.3f}, within-subject SD {self.within_sd:.3f}, "
            f"within-subject CV {100 * self.within_cv:.1f} % ({self.n} targets, {self.reads} reads each)"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([asdict(self)])


def repeatability(reads: Float[np.ndarray, "target read"]) -> Repeatability:
    """Measure the spread of repeated reads.

    >>> print(repeatability(np.array([[2.1, 2.05], [2.45, 2.5], [1.8, 1.9]])))
    repeatability coefficient 0.139, within-subject SD 0.050, within-subject CV 2.6 % (3 targets, 2 reads each)

    Args:
        reads: One row per target, one column per read.

    Raises:
        ImageError: There are no two reads of each target, a value is missing, or a target's mean is not positive.

    Reference:
        Bland and Altman, BMJ 1996;313:106 (CV) and Stat Methods Med Res 1999;8:135-160 (coefficient).
    """
    table = np.asarray(reads, float)
    if table.ndim != 2 or table.shape[0] < 1 or table.shape[1] < 2 or not np.isfinite(table).all():
        raise ImageError.must(
            "reads",
            "be a full table with two reads of each target",
            np.shape(reads),
            fix="Leave out targets without a repeat.",
        )
    means = table.mean(axis=1)
    if (means <= 0).any():
        raise ImageError.must("reads", "have positive means", float(means.min()), fix="A CV needs positive values.")
    variances = table.var(axis=1, ddof=1)
    within = float(np.sqrt(variances.mean()))
    cv = float(np.sqrt((variances / means**2).mean()))
    return Repeatability(within, float(NORMAL_95 * np.sqrt(2) * within), cv, *table.shape)


def repeatability_by(table: pd.DataFrame, by: Sequence[str], *, target: str, value: str) -> pd.DataFrame:
    """Measure repeatability within each group, such as each vessel and reader.

    >>> reads = pd.DataFrame({"vessel": "aorta", "scan": [1, 1, 2, 2], "tbr": [2.0, 2.1, 1.5, 1.5]})
    >>> repeatability_by(reads, ["vessel"], target="scan", value="tbr")["n"].tolist()
    [2]

    Args:
        table: One row per read.
        by: Columns that make the groups.
        target: Column that names what was read.
        value: Column of values.

    Raises:
        ImageError: A group has targets read different numbers of times, or only once.
    """
    rows = []
    for key, part in table.groupby(list(by), sort=True):
        counts = part.groupby(target)[value].count()
        if counts.min() != counts.max() or counts.min() < 2:
            raise ImageError.must(
                "reads",
                "be as many for each target, at least two",
                counts.to_dict(),
                where=str(key),
                fix="Choose the targets that were repeated.",
            )
        reads = np.stack([np.asarray(v, float) for _, v in part.groupby(target)[value]])
        keys = key if isinstance(key, tuple) else (key,)
        rows.append(dict(zip(by, keys, strict=True)) | asdict(repeatability(reads)))
    return pd.DataFrame(rows)


def participants_per_arm(
    difference: float, *, between_sd: float, within_sd: float, reads: int = 1, alpha: float = 0.05, power: float = 0.9
) -> int:
    """Return what a measured repeatability means for sample size: participants per arm for a two-sided z-test.

    Change from baseline under analysis of covariance, where the participant's true value is stable and only reads
    scatter: total variance between^2 + within^2 / reads, correlation equal to its reliability.

    >>> [participants_per_arm(0.17, between_sd=0.3, within_sd=within) for within in (0.06, 0.15)]
    [6, 30]

    Args:
        difference: True difference between arms.
        between_sd: Standard deviation of true values between participants.
        within_sd: Within-subject standard deviation of one read of a repeated scan.
        reads: Reads averaged per scan.
        alpha: Two-sided type I error.
        power: Power.

    Raises:
        ImageError: A value is not positive, or alpha or power do not lie between 0 and 1.

    Reference:
        Borm, Fransen and Lemmens, J Clin Epidemiol 2007;60:1234-1238 (variance of ANCOVA).
    """
    if min(abs(difference), between_sd, within_sd, reads) <= 0 or not (0 < alpha < 1 and 0 < power < 1):
        raise ImageError.must(
            "difference, SDs and reads",
            "be positive, alpha and power between 0 and 1",
            (difference, between_sd, within_sd, reads, alpha, power),
            fix="Check the units.",
        )
    total = between_sd**2 + within_sd**2 / reads
    reliability = between_sd**2 / total
    z = float(norm.ppf(1 - alpha / 2) + norm.ppf(power))
    return int(np.ceil(2 * z**2 * total * (1 - reliability**2) / difference**2))
