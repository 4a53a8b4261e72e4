"""Subgroups: the effect in each, the interaction, and estimates drawn towards each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import norm

from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import FTest, f_test, least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level, format_p
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Subgroup:
    """One level of one subgroup factor.

    Attributes:
        factor: Column.
        level: Level of it.
        effect: Effect in that level, from the model with interaction (one residual variance).
        shrunk: The same drawn towards the other levels' effects.
        n_per_arm: Participants in each arm, control first.
    """

    factor: str
    level: str
    effect: Estimate
    shrunk: Estimate
    n_per_arm: tuple[int, ...]


@dataclass(frozen=True)
class Subgroups(Drawable):
    """A forest plot's content.

    Attributes:
        overall: Effect in everyone.
        rows: Levels of each factor.
        interactions: F test of treatment by factor, one per factor.
    """

    overall: Estimate
    rows: tuple[Subgroup, ...]
    interactions: dict[str, FTest]

    def __str__(self) -> str:
        lines = [str(self.overall)]
        for factor, test in self.interactions.items():
            lines.append(f"{factor}: interaction {format_p(test.p_value)}")
            lines += [
                f"  {r.level}: {r.effect.estimate:.3f} ({r.effect.lower:.3f} to {r.effect.upper:.3f}), shrunk "
                f"{r.shrunk.estimate:.3f} ({r.shrunk.lower:.3f} to {r.shrunk.upper:.3f}), n = {sum(r.n_per_arm)}"
                for r in self.rows
                if r.factor == factor
            ]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per level, for the forest plot."""
        return pd.DataFrame(
            {
                "factor": [r.factor for r in self.rows],
                "level": [r.level for r in self.rows],
                "effect": [r.effect.estimate for r in self.rows],
                "lower": [r.effect.lower for r in self.rows],
                "upper": [r.effect.upper for r in self.rows],
                "shrunk": [r.shrunk.estimate for r in self.rows],
                "shrunk_lower": [r.shrunk.lower for r in self.rows],
                "shrunk_upper": [r.shrunk.upper for r in self.rows],
                "n": [sum(r.n_per_arm) for r in self.rows],
                "p_interaction": [self.interactions[r.factor].p_value for r in self.rows],
            }
        )


def subgroups(table: pd.DataFrame, comparison: Comparison, *, by: Sequence[str], level: float = 0.95) -> Subgroups:
    """Estimate the effect in every level of each factor, test each interaction and shrink.

    No level has a p-value of its own: "significant in one and not in the other" is found in nearly half of trials
    without any interaction. Cut a continuous biomarker only where the protocol cuts it; otherwise use `interaction`.

    Args:
        table: One row per participant.
        comparison: Two arms, the endpoint and the covariates.
        by: Categorical columns, each analyzed on its own.
        level: Confidence level.

    Raises:
        AnalysisError: A continuous column, a factor with one level, a level with fewer than two participants in an
            arm, or what `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(4)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 40, "sex": ["F", "F", "M", "M"] * 20})
        >>> table["tbr"] = 2.2 - 0.2 * (table.arm == "active") + rng.normal(0, 0.25, 80)
        >>> found = subgroups(table, Comparison("tbr", "arm", ("placebo", "active")), by=["sex"])
        >>> found.to_frame()[["level", "n"]].values.tolist()
        [['F', 40], ['M', 40]]

    Reference:
        Wang et al., NEJM 2007 (reporting of subgroups); Jones et al., Clinical Trials 2011 (shrinkage); DerSimonian
        and Laird, Controlled Clinical Trials 1986 (variance between levels).
    """
    check_level(level)
    comparison.require_two_arms()
    overall = ancova(
        table,
        response=comparison.response,
        arm=comparison.arm,
        arms=comparison.arms,
        covariates=comparison.covariates,
        factors=comparison.factors,
        level=level,
    ).differences[0]
    for factor in by:
        _refuse_continuous(table, factor)
    rows: list[Subgroup] = []
    interactions: dict[str, FTest] = {}
    for factor in by:
        own, interactions[factor] = _by_factor(table, comparison, factor, level)
        rows += own
    return Subgroups(overall, tuple(rows), interactions)


def shrink(
    effects: Float[np.ndarray, " k"], se: Float[np.ndarray, " k"]
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Draw independent effects towards their weighted mean; return them and their standard errors.

    With the variance between levels estimated as zero, all are the mean.

    >>> shrunk, _ = shrink(np.array([0.0, 1.0, 4.0]), np.array([1.0, 1.0, 1.0]))
    >>> shrunk.round(2).tolist()
    [0.38, 1.15, 3.46]

    Reference:
        DerSimonian and Laird, Controlled Clinical Trials 1986; Morris, JASA 1983.
    """
    w = 1 / se**2
    mean = np.sum(w * effects) / w.sum()
    q = np.sum(w * (effects - mean) ** 2)
    tau2 = max(0.0, float((q - (len(effects) - 1)) / (w.sum() - np.sum(w**2) / w.sum())))
    total = 1 / (se**2 + tau2)
    mu, var_mu = np.sum(total * effects) / total.sum(), 1 / total.sum()
    pull = se**2 / (se**2 + tau2)
    variance = (1 - pull) * se**2 + pull**2 * var_mu
    return np.asarray(pull * mu + (1 - pull) * effects), np.asarray(np.sqrt(variance))


def _refuse_continuous(table: pd.DataFrame, factor: str) -> None:
    if factor in table.columns and pd.api.types.is_float_dtype(table[factor]) and table[factor].nunique() > 10:
        raise AnalysisError.must(
            factor, "be categorical", f"{table[factor].nunique()} numbers",
            fix="Use `interaction`: cutting a continuous biomarker costs power and invites a search for the cut.",
        )  # fmt: skip


def _by_factor(table: pd.DataFrame, comparison: Comparison, factor: str, level: float) -> tuple[list[Subgroup], FTest]:
    others = tuple(f for f in comparison.factors if f != factor)
    reduced = replace(comparison, factors=(*others, factor))
    cases = complete_cases(table, reduced, cluster=factor)
    values = np.asarray(cases.cluster)
    levels = sorted(pd.unique(values))
    member = values[:, None] == np.array(levels, dtype=object)
    counts = _counts(cases, member, factor, levels)
    base = np.hstack([np.ones((cases.n, 1)), cases.adjustment])
    names = ["(intercept)", *cases.adjustment_names]
    by_level = cases.indicators * member
    full = least_squares(np.hstack([base, by_level]), cases.response, [*names, *(f"arm in {v}" for v in levels)])
    none = least_squares(np.hstack([base, cases.indicators]), cases.response, [*names, "arm"])
    rows = np.eye(len(full.names))[-len(levels) :]
    contrasts = [full.contrast(row) for row in rows]
    label = comparison.labels[0]
    effects = [
        replace(cases.estimate(f"{label}, {factor} {value}", c, level=level, method="ANCOVA", test=False), n=sum(count))
        for value, c, count in zip(levels, contrasts, counts, strict=True)
    ]
    middle, spread = shrink(np.array([c.estimate for c in contrasts]), np.array([c.se for c in contrasts]))
    half = float(norm.ppf(0.5 + level / 2)) * spread
    found = []
    for j, value in enumerate(levels):
        shrunk = replace(
            effects[j], estimate=float(middle[j]), se=float(spread[j]), df=None, method="empirical Bayes",
            lower=float(middle[j] - half[j]), upper=float(middle[j] + half[j]),
        )  # fmt: skip
        found.append(Subgroup(factor, str(value), effects[j], shrunk, counts[j]))
    return found, f_test(full, none)


def _counts(cases: CompleteCases, member: np.ndarray, factor: str, levels: Sequence[object]) -> list[tuple[int, ...]]:
    counts = [tuple(int(np.sum(column & (cases.arm == a))) for a in (0, 1)) for column in member.T]
    for value, count in zip(levels, counts, strict=True):
        if min(count) < 2:
            raise AnalysisError.must(
                factor, "have two participants of each arm in every level", count, where=f"level {value}",
                fix="Combine levels as the protocol foresees.",
            )  # fmt: skip
    return counts
