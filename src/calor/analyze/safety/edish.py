"""eDISH: peak aminotransferase against peak bilirubin, and who meets the trigger for a liver review."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.analyze.columns import need_columns
from calor.analyze.drawable import Drawable
from calor.analyze.safety.laboratory_grades import LaboratoryColumns
from calor.errors import AnalysisError

QUADRANTS = ("neither", "aminotransferase only", "bilirubin only", "both")


@dataclass(frozen=True)
class LiverRule:
    """State the trigger.

    Attributes:
        aminotransferase: Multiple of ULN that ALT or AST reaches.
        bilirubin: Multiple of ULN that total bilirubin reaches.
        window_days: Bilirubin counts from the day of the aminotransferase up to this many days later.
        alkaline_phosphatase: Multiple of ULN that alkaline phosphatase stays below on the aminotransferase's day; None
            leaves it out.
    """

    aminotransferase: float = 3.0
    bilirubin: float = 2.0
    window_days: int = 30
    alkaline_phosphatase: float | None = None


@dataclass(frozen=True, eq=False)
class Edish(Drawable):
    """Hold one point per participant.

    Attributes:
        table: participant, arm, `aminotransferase` and `bilirubin` (peaks in multiples of ULN), `quadrant`, and
            `trigger` with `trigger_day`: whether and when the rule was met within its window.
        rule: The rule.
        not_judged: Participants of the safety set without both an aminotransferase and a bilirubin that have a ULN.
        values_left_out: Values of these analytes under treatment without a ULN.
    """

    table: pd.DataFrame
    rule: LiverRule
    not_judged: tuple[str, ...]
    values_left_out: int

    @property
    def triggers(self) -> tuple[str, ...]:
        """Name the participants to review."""
        return tuple(self.table.loc[self.table["trigger"], "participant"])

    def __str__(self) -> str:
        counts = self.table.groupby("arm")["trigger"].agg(["sum", "size"])
        arms = ", ".join(f"{arm} {int(row['sum'])}/{int(row['size'])}" for arm, row in counts.iterrows())
        rule = self.rule
        return (
            f"ALT or AST >= {rule.aminotransferase:g} x ULN and bilirubin >= {rule.bilirubin:g} x ULN within "
            f"{rule.window_days} days: {arms}; a trigger for review, not a Hy's law case"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def edish(
    adlb: pd.DataFrame,
    adsl: pd.DataFrame,
    *,
    rule: LiverRule | None = None,
    columns: LaboratoryColumns | None = None,
    arm: str = "TRT01A",
    first_day: int = 2,
) -> Edish:
    """Place each participant by peak ALT or AST and peak bilirubin, and apply the liver rule.

    Args:
        adlb: Laboratory data with the analytes ALT, AST and BILI, and ALP where the rule asks for it.
        adsl: The safety set, one row per participant.
        rule: The trigger; 3 and 2 times ULN within 30 days by default.
        columns: Names of the columns of `adlb`; the participant's name is used in `adsl` too.
        arm: Column of the arm in `adsl`.
        first_day: First study day under treatment; earlier values are baseline.

    Raises:
        AnalysisError: A column is missing, a participant has values but is not in `adsl`, a limit is not positive, or
            nobody can be judged.

    Example:
        >>> adlb = pd.DataFrame({"USUBJID": ["1"] * 2, "PARAMCD": ["ALT", "BILI"], "ADY": [15, 20], "AVAL": [150.0, 45],
        ...     "ANRHI": [40.0, 20]})
        >>> print(edish(adlb, pd.DataFrame({"USUBJID": ["1"], "TRT01A": ["Active"]})))
        ALT or AST >= 3 x ULN and bilirubin >= 2 x ULN within 30 days: Active 1/1; a trigger for review, not a Hy's law
        case

    Reference:
        FDA. Guidance for industry: drug-induced liver injury, premarketing clinical evaluation, 2009. Watkins PB, et
        al. Drug Saf 2011;34:243-252 (eDISH).
    """
    rule, names = rule or LiverRule(), columns or LaboratoryColumns()
    arms = _arms(adlb, adsl, names, arm)
    post = adlb[adlb[names.day] >= first_day]
    limit = post[names.uln].astype(float)
    if (limit <= 0).any():
        raise AnalysisError.must(names.uln, "be above 0", float(limit.min()), fix="Correct the limits of normal.")
    values = pd.DataFrame(
        {
            "participant": post[names.participant],
            "analyte": post[names.analyte].replace({"AST": "ALT"}),
            "day": post[names.day],
            "multiple": post[names.value].astype(float) / limit,
        }
    )
    values = values[values["analyte"].isin(["ALT", "BILI", "ALP"])]
    unknown = values["multiple"].isna()
    values = values[~unknown]
    rows, not_judged = [], []
    by_participant = {str(who): part for who, part in values.groupby("participant")}
    for who, name in arms.items():
        own = by_participant.get(str(who))
        if own is None or not {"ALT", "BILI"} <= set(own["analyte"]):
            not_judged.append(str(who))
            continue
        peaks = own.groupby("analyte")["multiple"].max()
        day = _trigger_day(own, rule)
        quadrant = QUADRANTS[int(peaks["ALT"] >= rule.aminotransferase) + 2 * int(peaks["BILI"] >= rule.bilirubin)]
        rows.append((str(who), str(name), peaks["ALT"], peaks["BILI"], quadrant, day is not None, day))
    if not rows:
        raise AnalysisError.must(
            "adlb", "let at least one participant be judged", "none", fix="Give ALT or AST and BILI with their ULN."
        )
    names_out = ["participant", "arm", "aminotransferase", "bilirubin", "quadrant", "trigger", "trigger_day"]
    table = pd.DataFrame(rows, columns=names_out).astype({"trigger_day": "Int64"})
    return Edish(table, rule, tuple(not_judged), int(unknown.sum()))


def _arms(adlb: pd.DataFrame, adsl: pd.DataFrame, names: LaboratoryColumns, arm: str) -> pd.Series[str]:
    """Check the columns and return the arm of each participant of the safety set."""
    needed = {names.participant, names.analyte, names.day, names.value, names.uln}
    for argument, table, wanted in (("adlb", adlb, needed), ("adsl", adsl, {names.participant, arm})):
        need_columns(table, sorted(wanted), argument)
    strangers = sorted(set(adlb[names.participant]) - set(adsl[names.participant]))
    if strangers:
        raise AnalysisError.must(
            "adlb",
            "name only participants of adsl",
            ", ".join(map(str, strangers[:3])),
            fix="Give adsl the whole safety set.",
        )
    return adsl.set_index(names.participant)[arm]


def _trigger_day(own: pd.DataFrame, rule: LiverRule) -> int | None:
    """Return the first day on which one participant meets the rule."""
    high = own[(own["analyte"] == "ALT") & (own["multiple"] >= rule.aminotransferase)]["day"].to_numpy()
    if rule.alkaline_phosphatase is not None:
        cholestatic = own[(own["analyte"] == "ALP") & (own["multiple"] >= rule.alkaline_phosphatase)]["day"]
        high = high[~np.isin(high, cholestatic.to_numpy())]
    jaundice = own[(own["analyte"] == "BILI") & (own["multiple"] >= rule.bilirubin)]["day"].to_numpy()
    gap = jaundice[:, None] - high[None, :]
    met = jaundice[((gap >= 0) & (gap <= rule.window_days)).any(axis=1)]
    return int(met.min()) if met.size else None
