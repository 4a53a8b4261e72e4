"""Shift table: worst CTCAE grade under treatment against the grade at baseline, by arm."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from calor.analyze.columns import need_columns
from calor.analyze.drawable import Drawable
from calor.analyze.safety.laboratory_grades import LaboratoryGrades
from calor.errors import AnalysisError

NOT_GRADABLE = "not gradable"
NOT_MEASURED = "not measured"
CATEGORIES = ("0", "1", "2", "3", "4", NOT_GRADABLE, NOT_MEASURED)


@dataclass(frozen=True, eq=False)
class ShiftTable(Drawable):
    """Hold the shifts of one term.

    Attributes:
        term: CTCAE term.
        table: One row per arm, baseline category and worst category: `participants`, `n` of the arm, `percent`.
        worsened: Participants by arm whose grade rose to 3 or 4 from a lower one.
    """

    term: str
    table: pd.DataFrame
    worsened: dict[str, int]

    def __str__(self) -> str:
        arms = self.table.groupby("arm")["n"].first()
        counts = ", ".join(f"{arm} {self.worsened[str(arm)]}/{n}" for arm, n in arms.items())
        return f"{self.term}, shift to grade 3 or 4: {counts}"

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def shift_table(
    grades: LaboratoryGrades,
    adsl: pd.DataFrame,
    term: str,
    *,
    baseline_day: int = 1,
    participant: str = "USUBJID",
    arm: str = "TRT01A",
) -> ShiftTable:
    """Tabulate the worst grade after baseline by the grade at baseline.

    Baseline is the last value up to `baseline_day`. Participants without a value before or after are counted as not
    measured, so that each arm adds up. A value that is not gradable but could be worse than the worst grade seen makes
    the participant not gradable.

    Args:
        grades: Graded laboratory values.
        adsl: The safety set, one row per participant.
        term: CTCAE term.
        baseline_day: Last study day that counts as baseline.
        participant: Column of the study identifier in `adsl`.
        arm: Column of the arm in `adsl`.

    Raises:
        AnalysisError: The term was not graded, a column is missing, a participant appears twice in `adsl` or is graded
            but not in it.

    Example:
        >>> table = pd.DataFrame({"participant": ["1", "1"], "analyte": ["ALT"] * 2, "day": [1, 15],
        ...     "term": ["Alanine aminotransferase increased"] * 2, "grade": pd.array([0, 3], "Int64"),
        ...     "reason": [""] * 2, "least": [0, 0]})
        >>> adsl = pd.DataFrame({"USUBJID": ["1"], "TRT01A": ["Active"]})
        >>> graded = LaboratoryGrades(table, "5.0", ())
        >>> print(shift_table(graded, adsl, "Alanine aminotransferase increased"))
        Alanine aminotransferase increased, shift to grade 3 or 4: Active 1/1

    Reference:
        ICH E3 section 12.4.2.1 (1995).
    """
    rows = grades.table[grades.table["term"] == term]
    if rows.empty:
        raise AnalysisError.must(
            "term", f"be one of {sorted(grades.table['term'].unique())}", repr(term), fix="Grade its analyte first."
        )
    arms = _arms(adsl, participant, arm, set(rows["participant"]))
    before = rows[rows["day"] <= baseline_day].sort_values("day", kind="stable").groupby("participant").tail(1)
    after = rows[rows["day"] > baseline_day]
    baseline = {who: _category(part) for who, part in before.groupby("participant")}
    worst = {who: _category(part) for who, part in after.groupby("participant")}
    people = pd.DataFrame({"arm": arms})
    people["baseline"] = [baseline.get(who, NOT_MEASURED) for who in people.index]
    people["worst"] = [worst.get(who, NOT_MEASURED) for who in people.index]
    n = people.groupby("arm").size()
    cells = pd.MultiIndex.from_product([n.index, CATEGORIES, CATEGORIES], names=["arm", "baseline", "worst"])
    counts = people.groupby(["arm", "baseline", "worst"]).size().reindex(cells, fill_value=0)
    table = counts.rename("participants").reset_index()
    table["n"] = table["arm"].map(n)
    table["percent"] = 100 * table["participants"] / table["n"]
    rose = people["worst"].isin(["3", "4"]) & people["baseline"].isin(["0", "1", "2"])
    return ShiftTable(term, table, {str(name): int(rose[people["arm"] == name].sum()) for name in n.index})


def _arms(adsl: pd.DataFrame, participant: str, arm: str, graded: set[str]) -> pd.Series[str]:
    """Return the arm of each participant of the safety set."""
    need_columns(adsl, [participant, arm], "adsl")
    arms = adsl.set_index(participant)[arm]
    if arms.index.has_duplicates:
        raise AnalysisError.must(
            "adsl",
            "name each participant once",
            f"{arms.index[arms.index.duplicated()][0]} again",
            fix="Give one row per participant.",
        )
    strangers = sorted(graded - set(arms.index))
    if strangers:
        raise AnalysisError.must(
            "grades",
            "name only participants of adsl",
            ", ".join(map(str, strangers[:3])),
            fix="Give adsl the whole safety set.",
        )
    return arms


def _category(values: pd.DataFrame) -> str:
    """Return the worst grade of one participant, or that it cannot be known."""
    graded = values["grade"].dropna()
    open_values = values.loc[values["grade"].isna(), "least"]
    if graded.empty or (not open_values.empty and int(open_values.max()) > int(graded.max())):
        return NOT_GRADABLE
    return str(int(graded.max()))
