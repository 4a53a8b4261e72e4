"""What is compared with what, adjusting for what; and the participants who can be used for it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from calor.analyze.columns import finite_column, need_columns, need_one_row_each
from calor.analyze.continuous.adjustment import check_adjustment, indicators
from calor.analyze.continuous.least_squares import Contrast
from calor.analyze.estimate import Estimate, Exclusion, Scale
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Comparison:
    """The terms of a linear analysis that compares arms.

    Attributes:
        response: Column of the endpoint.
        arm: Column of the arm.
        arms: Values of that column to compare, control first.
        covariates: Numeric columns to adjust for.
        factors: Categorical columns to adjust for (strata, site).
    """

    response: str
    arm: str
    arms: tuple[Hashable, ...]
    covariates: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.arms)) != len(self.arms) or len(self.arms) < 2:
            raise AnalysisError.must(
                "arms", "name at least two different arms", list(self.arms), fix="Put the control first."
            )
        columns = [self.response, self.arm, *self.covariates, *self.factors]
        repeated = sorted({c for c in columns if columns.count(c) > 1})
        if repeated:
            raise AnalysisError.must(
                "covariates", "name each column once", f"{', '.join(repeated)} twice", fix="Leave one of them out."
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of each active arm's comparison with control."""
        return tuple(f"{active} v {self.arms[0]}" for active in self.arms[1:])

    def require_two_arms(self) -> None:
        """Refuse more than one active arm, for methods that compare two."""
        if len(self.arms) != 2:
            raise AnalysisError.must(
                "arms", "be control and one active arm", list(self.arms), fix="Compare one active arm at a time."
            )


@dataclass(frozen=True)
class CompleteCases:
    """Participants with every column that the analysis needs.

    Attributes:
        comparison: What is compared.
        response: Endpoint.
        arm: Arm of each participant, 0 for control.
        adjustment: Covariates, then factors as indicators of every level but the first.
        adjustment_names: Name of each column of `adjustment`.
        balanced: Value of each column for LS means: covariates at their mean, levels of a factor weighted equally.
        extra: Further numeric columns asked for.
        cluster: Cluster of each participant, when asked for.
        excluded: Participants left out, with reasons.
    """

    comparison: Comparison
    response: Float[np.ndarray, " n"]
    arm: Int[np.ndarray, " n"]
    adjustment: Float[np.ndarray, "n k"]
    adjustment_names: tuple[str, ...]
    balanced: Float[np.ndarray, " k"]
    extra: dict[str, Float[np.ndarray, " n"]]
    cluster: np.ndarray | None
    excluded: tuple[Exclusion, ...]

    @property
    def n(self) -> int:
        """Participants used."""
        return len(self.response)

    @property
    def n_per_arm(self) -> tuple[int, ...]:
        """Participants used in each arm, control first."""
        return tuple(np.bincount(self.arm, minlength=len(self.comparison.arms)).tolist())

    @property
    def indicators(self) -> Float[np.ndarray, "n active"]:
        """One column per active arm: 1 for its participants."""
        return np.asarray(self.arm[:, None] == np.arange(1, len(self.comparison.arms)), dtype=float)

    @property
    def arm_names(self) -> tuple[str, ...]:
        """Names of the columns of `indicators`."""
        return tuple(str(a) for a in self.comparison.arms[1:])

    def estimate(
        self,
        label: str,
        contrast: Contrast,
        *,
        level: float,
        method: str,
        scale: Scale = "difference",
        test: bool = True,
    ) -> Estimate:
        """Wrap a contrast as an Estimate over these participants."""
        lower, upper = contrast.interval(level)
        return Estimate(
            label=label,
            estimate=contrast.estimate,
            lower=lower,
            upper=upper,
            level=level,
            scale=scale,
            method=method,
            n=self.n,
            se=contrast.se,
            p_value=contrast.p_value if test else None,
            df=contrast.df,
            excluded=self.excluded,
        )


def complete_cases(
    table: pd.DataFrame, comparison: Comparison, *, extra: Sequence[str] = (), cluster: str | None = None
) -> CompleteCases:
    """Select the participants that an analysis can use, counting the others by reason.

    A participant who lacks several columns counts once, under the first of response, covariates, extra and factors.

    Args:
        table: One row per participant.
        comparison: What is compared.
        extra: Further numeric columns that must be complete (a biomarker).
        cluster: Column whose values form clusters.

    Raises:
        AnalysisError: A column is absent or not numeric, holds infinite values, a participant appears twice, an arm
            has fewer than two complete participants, the endpoint is constant, or a factor has one level.

    Example:
        >>> table = pd.DataFrame({"arm": ["a", "a", "b", "b", "b"], "aval": [1.0, 2.0, 3.0, 4.0, None]})
        >>> cases = complete_cases(table, Comparison("aval", "arm", ("a", "b")))
        >>> cases.n_per_arm, cases.excluded
        ((2, 2), (Exclusion(reason='missing aval', participants=1),))
    """
    numeric = [comparison.response, *comparison.covariates, *extra]
    categorical = [*comparison.factors, *([cluster] if cluster else [])]
    need_columns(table, [comparison.arm, *numeric, *categorical])
    need_one_row_each(table)
    kept, excluded = _drop_incomplete(table, comparison, [*numeric, *categorical])
    values = {column: finite_column(kept, column) for column in numeric}
    arm = np.array([comparison.arms.index(a) for a in kept[comparison.arm]], dtype=np.int64)
    _check_arms(arm, comparison)
    if np.ptp(values[comparison.response]) == 0:
        raise AnalysisError.must(comparison.response, "vary", "all values tied", fix="Check the response column.")
    dummies = [indicators(kept[column], column) for column in comparison.factors]
    columns = [*(values[c][:, None] for c in comparison.covariates), *(d for d, _ in dummies)]
    levels = [np.full(d.shape[1], 1 / (d.shape[1] + 1)) for d, _ in dummies]
    means = np.array([values[c].mean() for c in comparison.covariates])
    adjustment_names = (*comparison.covariates, *(name for _, names in dummies for name in names))
    adjustment = np.hstack([np.empty((len(kept), 0)), *columns])
    check_adjustment(arm, adjustment, adjustment_names)
    return CompleteCases(
        comparison=comparison,
        response=values[comparison.response],
        arm=arm,
        adjustment=adjustment,
        adjustment_names=adjustment_names,
        balanced=np.concatenate([means, *levels]),
        extra={column: values[column] for column in extra},
        cluster=kept[cluster].to_numpy() if cluster else None,
        excluded=excluded,
    )


def _drop_incomplete(
    table: pd.DataFrame, comparison: Comparison, columns: Sequence[str]
) -> tuple[pd.DataFrame, tuple[Exclusion, ...]]:
    excluded = []
    other = ~table[comparison.arm].isin(list(comparison.arms))
    if other.any():
        excluded.append(Exclusion("in no arm compared", int(other.sum())))
    kept = table[~other]
    for column in columns:
        missing = kept[column].isna()
        if missing.any():
            excluded.append(Exclusion(f"missing {column}", int(missing.sum())))
            kept = kept[~missing]
    return kept, tuple(excluded)


def _check_arms(arm: Int[np.ndarray, " n"], comparison: Comparison) -> None:
    counts = np.bincount(arm, minlength=len(comparison.arms))
    for name, count in zip(comparison.arms, counts, strict=True):
        if count < 2:
            raise AnalysisError.must(
                "table", "hold at least two complete participants in each arm", int(count), where=f"arm {name}",
                fix="Check the values of `arms` and the missing values.",
            )  # fmt: skip
