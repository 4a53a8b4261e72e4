"""Baseline characteristics by arm, with standardized mean differences and no p-values.

A p-value here would test whether randomization happened, which is known; it would not say whether an imbalance
matters, which depends on its size and on how strongly the characteristic predicts the endpoint (CONSORT 2010, item 15).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.columns import is_finite, need_columns
from calor.analyze.drawable import Drawable
from calor.errors import AnalysisError

MISSING = "missing"
_STATISTICS = ("n", "missing", "mean", "sd", "median", "q1", "q3", "min", "max")


@dataclass(frozen=True, eq=False)
class Baseline(Drawable):
    """Hold the baseline table.

    Attributes:
        table: One row per characteristic, category (empty for a continuous one), statistic and arm; `value` holds the
            number. Continuous: n, missing, mean, sd, median, q1, q3, min, max. Categorical: n and percent of those
            not missing, with the missing as a category of their own without a percentage.
        differences: One row per characteristic and arm: standardized mean difference from the reference arm.
        arms: Arms in order, each with its participants.
        reference: The arm that the others are compared with.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    arms: tuple[tuple[str, int], ...]
    reference: str

    def __str__(self) -> str:
        groups = ", ".join(f"{arm} n = {n}" for arm, n in self.arms)
        worst = self.differences.iloc[int(self.differences["smd"].abs().argmax())]
        return (
            f"Baseline characteristics ({groups}): largest standardized mean difference {abs(worst['smd']):.2f} "
            f"({worst['characteristic']}, {worst['arm']} against {self.reference})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the tidy table."""
        return self.table.copy()


def baseline_characteristics(
    adsl: pd.DataFrame,
    *,
    continuous: Sequence[str] = (),
    categorical: Sequence[str] = (),
    arm: str = "TRT01P",
    reference: str | None = None,
) -> Baseline:
    """Describe who was randomized to each arm.

    Quartiles are R's type 2, the definition that SAS prints (PCTLDEF=5). The standardized mean difference divides by
    the root mean of the two variances; a categorical characteristic has the multinomial (Mahalanobis) form, which has
    no sign.

    Args:
        adsl: One row per participant.
        continuous: Columns described by mean, median and quartiles.
        categorical: Columns described by counts.
        arm: Column of the arm.
        reference: Arm that the others are compared with; the first in sorted order by default.

    Raises:
        AnalysisError: A column is missing, a participant has no arm, there are fewer than two arms, `reference` is not
            an arm, a continuous column holds words or infinite values, or an arm has fewer than two values.

    Example:
        >>> adsl = pd.DataFrame({"TRT01P": ["A", "A", "P", "P"], "AGE": [50.0, 60, 55, 65], "SEX": list("MFMM")})
        >>> print(baseline_characteristics(adsl, continuous=["AGE"], categorical=["SEX"], reference="P"))
        Baseline characteristics (A n = 2, P n = 2): largest standardized mean difference 1.41 (SEX, A against P)

    Reference:
        Austin PC. Stat Med 2009;28:3083-3107. Yang D, Dalton JE. SAS Global Forum 2012, paper 335-2012 (categorical).
        Hyndman RJ, Fan Y. Am Stat 1996;50:361-365 (definition 2).
    """
    arms = _check(adsl, [*continuous, *categorical], arm)
    base = arms[0] if reference is None else reference
    if base not in arms:
        raise AnalysisError.must("reference", f"be one of the arms {arms}", repr(base), fix="Name the control arm.")
    groups = {name: adsl[adsl[arm] == name] for name in arms}
    rows: list[tuple[str, str, str, str, float]] = []
    differences: list[tuple[str, str, float]] = []
    for column in continuous:
        values = {name: _numbers(group[column], column, name) for name, group in groups.items()}
        for name, x in values.items():
            summary = describe(x, len(groups[name]) - x.size)
            rows += [(column, "", statistic, name, summary[statistic]) for statistic in _STATISTICS]
        differences += [
            (column, name, _difference(x, values[base], column)) for name, x in values.items() if name != base
        ]
    for column in categorical:
        rows += _count(adsl, groups, column)
        shares = {name: _shares(group[column], adsl[column], column, name) for name, group in groups.items()}
        differences += [
            (column, name, _distance(share, shares[base])) for name, share in shares.items() if name != base
        ]
    return Baseline(
        table=pd.DataFrame(rows, columns=["characteristic", "category", "statistic", "arm", "value"]),
        differences=pd.DataFrame(differences, columns=["characteristic", "arm", "smd"]),
        arms=tuple((name, len(group)) for name, group in groups.items()),
        reference=base,
    )


def _check(adsl: pd.DataFrame, columns: Sequence[str], arm: str) -> list[str]:
    """Check the columns and return the arms in sorted order."""
    if not columns:
        fix = f"Choose among {', '.join(map(str, adsl.columns))}."
        raise AnalysisError.must("continuous and categorical", "name columns of adsl", "none", fix=fix)
    need_columns(adsl, [*columns, arm])
    blank = adsl[arm].isna() | (adsl[arm] == "")
    if blank.any():
        raise AnalysisError.must(
            arm, "be given for each participant", f"{int(blank.sum())} blank", fix="Leave out those not randomized."
        )
    arms = sorted(str(name) for name in adsl[arm].unique())
    if len(arms) < 2:
        raise AnalysisError.must(arm, "hold at least two arms", arms, fix="Give all randomized participants.")
    return arms


def _numbers(column: pd.Series[float], name: str, arm: str) -> Float[np.ndarray, " n"]:
    """Return the values that are not missing, refusing words, infinities and arms too small for an SD."""
    if not pd.api.types.is_numeric_dtype(column):
        raise AnalysisError.must(
            "continuous", "name numeric columns", f"{name} of type {column.dtype}", fix="Put it under `categorical`."
        )
    values = column.dropna().to_numpy(float)
    if values.size < 2 or not is_finite(values).all():
        raise AnalysisError.must(
            "continuous",
            "name columns with at least two finite values in each arm",
            f"{values.size} values of {name}",
            where=f"arm {arm}",
            fix="Correct the values or leave the column out.",
        )
    return values


def describe(x: Float[np.ndarray, " n"], missing: int) -> dict[str, float]:
    """Return n, missing, mean, sd, median, quartiles (R's type 2), min and max of two or more values.

    >>> summary = describe(np.array([1.0, 2.0, 4.0]), 1)
    >>> summary["n"], summary["missing"], summary["median"], summary["q3"]
    (3.0, 1.0, 2.0, 4.0)
    """
    q1, median, q3 = np.quantile(x, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    numbers = (x.size, missing, x.mean(), x.std(ddof=1), median, q1, q3, x.min(), x.max())
    return dict(zip(_STATISTICS, map(float, numbers), strict=True))


def _difference(x: Float[np.ndarray, " n"], base: Float[np.ndarray, " m"], column: str) -> float:
    """Return the standardized mean difference of a continuous characteristic."""
    spread = np.sqrt((x.var(ddof=1) + base.var(ddof=1)) / 2)
    if spread == 0:
        raise AnalysisError.must(
            "continuous", "name columns that vary", f"{column} constant in both arms", fix="Leave the column out."
        )
    return float((x.mean() - base.mean()) / spread)


def _count(adsl: pd.DataFrame, groups: dict[str, pd.DataFrame], column: str) -> list[tuple[str, str, str, str, float]]:
    """Count the categories of one characteristic in each arm."""
    rows: list[tuple[str, str, str, str, float]] = []
    for name, group in groups.items():
        stated = group.loc[~_blank(group[column]), column].astype(str)
        for category in _categories(adsl[column]):
            n = float((stated == category).sum())
            rows.append((column, category, "n", name, n))
            rows.append((column, category, "percent", name, 100 * n / len(stated) if len(stated) else 0.0))
        rows.append((column, MISSING, "n", name, float(len(group) - len(stated))))
    return rows


def _shares(
    values: pd.Series[str], everyone: pd.Series[str], column: str, arm: str
) -> Float[np.ndarray, " categories"]:
    """Return each category's share of the participants whose value is known."""
    stated = values[~_blank(values)].astype(str)
    if stated.empty:
        raise AnalysisError.must(
            "categorical",
            "name columns with a value in each arm",
            f"none of {column}",
            where=f"arm {arm}",
            fix="Leave the column out.",
        )
    return np.array([(stated == category).mean() for category in _categories(everyone)])


def _distance(share: Float[np.ndarray, " categories"], base: Float[np.ndarray, " categories"]) -> float:
    """Return the multinomial standardized difference: the Mahalanobis distance of two vectors of shares."""
    gap = (share - base)[1:]

    def covariance(p: Float[np.ndarray, " categories"]) -> Float[np.ndarray, "k k"]:
        return np.asarray(np.diag(p[1:]) - np.outer(p[1:], p[1:]))

    # A category empty in both arms makes the matrix singular; the generalized inverse leaves it out.
    pooled = np.linalg.pinv((covariance(share) + covariance(base)) / 2)
    return float(np.sqrt(max(0.0, gap @ pooled @ gap)))


def _categories(values: pd.Series[str]) -> list[str]:
    return sorted(str(value) for value in values[~_blank(values)].unique())


def _blank(values: pd.Series[str]) -> pd.Series[bool]:
    return values.isna() | (values.astype(str) == "")
