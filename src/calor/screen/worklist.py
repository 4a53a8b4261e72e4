"""The worklist: whom to call first, ranked by parts that are shown and add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.errors import ScreenError
from calor.screen.near_misses import closing, near_misses
from calor.screen.screened import Screened


@dataclass(frozen=True)
class Points:
    """The most points that each part of the score can give.

    Attributes:
        benefit: For the largest predicted benefit; others in proportion, none for no benefit or harm.
        urgency: For a window that closes today; none for one that has just opened.
        completeness: For answers to all criteria.
    """

    benefit: float = 50
    urgency: float = 30
    completeness: float = 20


def worklist(screened: Screened, benefit: pd.Series | None = None, points: Points | None = None) -> pd.DataFrame:
    """Rank the candidates who are eligible or may turn out to be.

    Args:
        screened: Answers of a screen.
        benefit: Predicted benefit by `person_id`, larger is better, as from the interaction model; without it that part
            is zero for everyone.
        points: Most points of each part.

    Returns:
        One row per candidate, best first: `rank`, `person_id`, `status`, `score` and the parts it is the sum of
        (`benefit_points`, `urgency_points`, `completeness_points`) beside what they are made from (`benefit`,
        `days_left`, `known`), `window_closes`, the gate's latest value, and `decides`: the one thing that would settle
        an undetermined candidate.

    Raises:
        ScreenError: `benefit` names a person twice or is not finite.

    >>> from calor.screen.example import example_screen
    >>> worklist(example_screen())[["rank", "person_id", "status"]].values.tolist()
    [[1, 1, 'eligible']]
    """
    points = points or Points()
    listed = (screened.answers["status"] != "ineligible").to_numpy()
    answers = screened.answers[listed].reset_index(drop=True)
    table = answers[["person_id", "status"]].copy()
    table["benefit"] = _benefit(table["person_id"], benefit)
    most = table["benefit"].max()
    share = (table["benefit"] / most).clip(0).fillna(0.0) if most > 0 else 0.0
    table["benefit_points"] = points.benefit * share
    table["window_closes"] = closing(answers, screened.rules).to_numpy()
    table["days_left"] = [(d - screened.rules.as_of).days if d else None for d in table["window_closes"]]
    table["days_left"] = table["days_left"].astype("Int64")
    length = _window(screened)
    left = table["days_left"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    urgency = np.clip(1 - left / length, 0, 1) if length else np.zeros(len(table))
    table["urgency_points"] = points.urgency * np.nan_to_num(urgency)
    table["known"] = (screened.met[listed] != -1).mean(axis=1)
    table["completeness_points"] = points.completeness * table["known"]
    table["score"] = table["benefit_points"] + table["urgency_points"] + table["completeness_points"]
    gate = screened.rules.gate_rule
    if gate is not None:
        table["gate_value"], table["gate_day"] = answers[f"{gate.id}__value"], answers[f"{gate.id}__day"]
    decides = near_misses(screened, undetermined_only=True).set_index("person_id")["needs"]
    table["decides"] = (
        table["person_id"].map(decides).where(table["status"] == "undetermined").astype(object).replace({np.nan: None})
    )
    table = table.sort_values(["score", "days_left", "person_id"], ascending=[False, True, True], ignore_index=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table


def closing_this_week(table: pd.DataFrame) -> int:
    """Return how many windows of a worklist close within seven days.

    >>> closing_this_week(pd.DataFrame({"days_left": pd.array([0, 6, 7, None], dtype="Int64")}))
    2
    """
    return int((table["days_left"].fillna(8) < 7).sum())


def _window(screened: Screened) -> int:
    rule = next((r for r in screened.rules.screening.criteria if r.kind == "recent_infarction"), None)
    return 0 if rule is None else max(rule.days[1] - rule.days[0], 1)


def _benefit(persons: pd.Series, benefit: pd.Series | None) -> pd.Series:
    if benefit is None:
        return pd.Series(np.nan, index=persons.index)
    if benefit.index.has_duplicates or not np.isfinite(benefit.to_numpy(dtype=float)).all():
        fix = "Leave out whom the model cannot predict."
        raise ScreenError.must("benefit", "be one finite number per person", "others", fix=fix)
    return persons.map(benefit).astype(float)
