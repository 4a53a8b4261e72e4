"""Responders on treatment, at a landmark: a comparison that was not randomized, and is labelled so."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import pandas as pd

from calor.analyze.columns import finite_column, need_columns, need_one_row_each
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.t_test import t_test
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, Exclusion, check_level
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Responder(Drawable):
    """Endpoint of responders and non-responders of the active arm.

    Attributes:
        difference: Responders minus non-responders; not an effect of treatment.
        same_in_control: The same split of the control arm, where no drug can have made responders.
        landmark_day: Study day on which response was judged.
    """

    difference: Estimate
    same_in_control: Estimate
    landmark_day: float

    def __str__(self) -> str:
        return (
            f"{self.difference}. NOT RANDOMIZED: responders differ from non-responders by more than treatment. "
            f"The same split of the control arm gives {self.same_in_control.estimate:.3f} "
            f"({self.same_in_control.lower:.3f} to {self.same_in_control.upper:.3f})."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the two comparisons, one row each."""
        return pd.concat([self.difference.to_frame(), self.same_in_control.to_frame()], ignore_index=True)


def landmark_responder(
    table: pd.DataFrame,
    *,
    response: str,
    response_day: str,
    responder: str,
    arm: str,
    arms: tuple[str, str],
    landmark_day: float,
    level: float = 0.95,
) -> Responder:
    """Compare responders with non-responders, for endpoints measured after response was judged.

    Args:
        table: One row per participant.
        response: Column of the endpoint.
        response_day: Column of the study day of the endpoint.
        responder: Column, true where the marker had responded by the landmark.
        arm: Column of the arm.
        arms: Control, then active.
        landmark_day: Study day on which response was judged.
        level: Confidence level.

    Raises:
        AnalysisError: An endpoint was measured on or before the landmark, a column is absent, or a group has fewer
            than two.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(1)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 30, "low": rng.random(60) < 0.5, "day": 61})
        >>> table["tbr"] = 2.2 - 0.2 * table.low + rng.normal(0, 0.2, 60)
        >>> found = landmark_responder(table, response="tbr", response_day="day", responder="low", arm="arm",
        ...     arms=("placebo", "active"), landmark_day=28)
        >>> "NOT RANDOMIZED" in str(found)
        True

    Reference:
        Anderson, Cain and Gelber, Journal of Clinical Oncology 1983.
    """
    check_level(level)
    columns = [response, response_day, responder, arm]
    Comparison(response, arm, arms).require_two_arms()
    if not isfinite(landmark_day):
        raise AnalysisError.must("landmark_day", "be a study day", landmark_day, fix="Say when response was judged.")
    need_columns(table, columns)
    need_one_row_each(table)
    kept = table[table[arm].isin(arms)].dropna(subset=columns)
    early = finite_column(kept, response_day) <= landmark_day
    if early.any():
        rule = f"be measured after the landmark on study day {landmark_day:g}"
        got = f"{int(early.sum())} measured on or before it"
        raise AnalysisError.must(response, rule, got, fix="Judge response earlier, or leave these participants out.")
    missing = int(table[arm].isin(arms).sum() - len(kept))
    excluded = (Exclusion("missing endpoint, day or response", missing),) if missing else ()
    return Responder(
        difference=_split(
            kept[kept[arm] == arms[1]], response, responder, f"Responders v others, {arms[1]}", level, excluded
        ),
        same_in_control=_split(
            kept[kept[arm] == arms[0]], response, responder, f"Responders v others, {arms[0]}", level, excluded
        ),
        landmark_day=landmark_day,
    )


def _split(
    table: pd.DataFrame, response: str, responder: str, label: str, level: float, excluded: tuple[Exclusion, ...]
) -> Estimate:
    values, yes = finite_column(table, response), table[responder].to_numpy(dtype=bool)
    if min(yes.sum(), (~yes).sum()) < 2:
        got = f"{int(yes.sum())} responders and {int((~yes).sum())} others"
        arm = label.rsplit(", ", maxsplit=1)[-1]
        raise AnalysisError.must(
            responder, "leave two participants on either side", got, where=f"arm {arm}", fix="Move the cut-off."
        )
    found = t_test(values[yes], values[~yes], level=level, label=label)
    return Estimate(
        label=label,
        estimate=found.estimate,
        lower=found.lower,
        upper=found.upper,
        level=level,
        scale="difference",
        method=f"{found.method} at a landmark, not randomized",
        n=found.n,
        se=found.se,
        df=found.df,
        excluded=excluded,
    )
