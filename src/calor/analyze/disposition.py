"""What became of the participants: the counts of a CONSORT flow diagram, by arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from calor.analyze.columns import need_columns
from calor.analyze.drawable import Drawable
from calor.errors import AnalysisError

NOT_STATED = "not stated"
NOT_RANDOMIZED = ("Screen Failure", "SCREEN FAILURE", "Not Assigned", "NOT ASSIGNED", "")


@dataclass(frozen=True)
class DispositionColumns:
    """Name the columns of ADSL; the defaults are ADaM's.

    Attributes:
        participant: Study identifier.
        arm: Arm assigned; blank or "Screen Failure" for a candidate who was not randomized.
        treatment_start: Date of first treatment; missing for who was never treated.
        status: End-of-study status: COMPLETED, DISCONTINUED, or ONGOING.
        reason: Reason for discontinuation.
    """

    participant: str = "USUBJID"
    arm: str = "TRT01P"
    treatment_start: str = "TRTSDT"
    status: str = "EOSSTT"
    reason: str = "DCSREAS"


@dataclass(frozen=True, eq=False)
class Disposition(Drawable):
    """Hold the counts.

    Attributes:
        table: One row per step (randomized, treated, completed, ongoing, discontinued, set), detail (reason or flag)
            and arm, with `participants` and `percent` of the arm's randomized participants.
        screened: Candidates screened; None when not known.
        randomized: Participants randomized.
    """

    table: pd.DataFrame
    screened: int | None
    randomized: int

    def __str__(self) -> str:
        totals = self.table[self.table["detail"] == ""].groupby("step", sort=False)["participants"].sum()
        steps = ", ".join(f"{n} {step}" for step, n in totals.items())
        return steps if self.screened is None else f"{self.screened} screened, {steps}"

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the tidy table."""
        return self.table.copy()

    @property
    def sets(self) -> tuple[str, ...]:
        """Flags of the analysis sets counted, in order."""
        return tuple(self.table.loc[self.table["step"] == "set", "detail"].unique())

    def flow(self, flag: str = "") -> pd.DataFrame:
        """Return the counts of the CONSORT flow diagram: stage, arm, count, reason.

        Args:
            flag: The analysis set that counts as analyzed; the first one if empty.
        """
        counts = self.table.set_index(["step", "detail", "arm"])["participants"]
        rows = [("randomized", "", self.randomized, "")]
        if self.screened is not None:
            rows = [("screened", "", self.screened, ""), ("excluded", "", self.screened - self.randomized, ""), *rows]
        for arm in self.table["arm"].unique():
            allocated, analyzed = int(counts["randomized", "", arm]), int(counts["set", flag or self.sets[0], arm])
            rows += [
                ("allocated", arm, allocated, ""),
                ("received", arm, int(counts["treated", "", arm]), ""),
                ("discontinued", arm, int(counts["discontinued", "", arm]), ""),
                ("analyzed", arm, analyzed, ""),
                ("not analyzed", arm, allocated - analyzed, ""),
            ]
            reasons = counts["discontinued"].drop("", level="detail")  # none where nobody left
            own = reasons[reasons.index.get_level_values("arm") == arm].droplevel("arm")
            rows += [("discontinued", arm, int(n), _reason(str(reason))) for reason, n in own.items() if n]
        return pd.DataFrame(rows, columns=["stage", "arm", "count", "reason"])


def disposition(
    adsl: pd.DataFrame,
    *,
    sets: Sequence[str] = ("ITTFL", "SAFFL"),
    screened: int | None = None,
    columns: DispositionColumns | None = None,
) -> Disposition:
    """Count participants randomized, treated, completed and discontinued, and in each analysis set.

    Args:
        adsl: One row per participant; candidates not randomized may be among them and are then counted as screened.
        sets: Flag columns ("Y") of the analysis sets.
        screened: Candidates screened, where `adsl` does not hold them all.
        columns: Names of the columns, ADaM's by default.

    Raises:
        AnalysisError: A column is missing, a participant appears twice, nobody was randomized, a status is unknown, or
            `screened` is smaller than the number randomized.

    Example:
        >>> adsl = pd.DataFrame({
        ...     "USUBJID": ["1", "2", "3"], "TRT01P": ["A", "P", "P"], "TRTSDT": ["2024-01-02", "2024-01-09", None],
        ...     "EOSSTT": ["COMPLETED", "DISCONTINUED", "DISCONTINUED"], "DCSREAS": ["", "Adverse Event", ""],
        ...     "ITTFL": ["Y", "Y", "Y"], "SAFFL": ["Y", "Y", "N"]})
        >>> print(disposition(adsl, screened=10))
        10 screened, 3 randomized, 2 treated, 1 completed, 0 ongoing, 2 discontinued

    Reference:
        Schulz KF, Altman DG, Moher D. BMJ 2010;340:c332 (CONSORT 2010, item 13).
    """
    names = columns or DispositionColumns()
    participants = _randomized(adsl, [*sets], names)
    listed = len(adsl) if len(adsl) > len(participants) else None
    known = listed if screened is None else screened
    if known is not None and known < len(participants):
        raise AnalysisError.must(
            "screened", f"be at least the {len(participants)} randomized", known, fix="Count every candidate screened."
        )
    status = _status(participants, names)
    reason = participants[names.reason]
    reason = reason.where(reason.notna() & (reason != ""), NOT_STATED)
    gone = status == "DISCONTINUED"
    steps: list[tuple[str, str, pd.Series[bool]]] = [
        ("randomized", "", pd.Series(data=True, index=participants.index)),
        ("treated", "", participants[names.treatment_start].notna() & (participants[names.treatment_start] != "")),
        ("completed", "", status == "COMPLETED"),
        ("ongoing", "", status == "ONGOING"),
        ("discontinued", "", gone),
    ]
    steps += [("discontinued", str(r), gone & (reason == r)) for r in reason[gone].value_counts().index]
    steps += [("set", flag, participants[flag] == "Y") for flag in sets]
    return Disposition(table=_table(participants[names.arm], steps), screened=known, randomized=len(participants))


def _randomized(adsl: pd.DataFrame, sets: list[str], names: DispositionColumns) -> pd.DataFrame:
    """Check the table and return the randomized participants."""
    wanted = {names.participant, names.arm, names.treatment_start, names.status, names.reason, *sets}
    need_columns(adsl, sorted(wanted), "adsl")
    twice = adsl[names.participant].duplicated()
    if twice.any():
        raise AnalysisError.must(
            "adsl",
            "name each participant once",
            f"{adsl.loc[twice, names.participant].iloc[0]} again",
            fix="Give one row per participant.",
        )
    participants = adsl[~(adsl[names.arm].isna() | adsl[names.arm].isin(NOT_RANDOMIZED))]
    if participants.empty:
        raise AnalysisError.must(
            "adsl", "hold at least one randomized participant", "none", fix=f"Fill the column {names.arm}."
        )
    return participants


def _status(participants: pd.DataFrame, names: DispositionColumns) -> pd.Series[str]:
    """Return the end-of-study status; blank means that the participant is still in the study."""
    status = participants[names.status]
    status = status.where(status.notna() & (status != ""), "ONGOING").str.upper()
    unknown = sorted(set(status) - {"COMPLETED", "DISCONTINUED", "ONGOING"})
    if unknown:
        raise AnalysisError.must(
            names.status, "be COMPLETED, DISCONTINUED or ONGOING", unknown, fix="Map the study's words to these."
        )
    return status


def _table(arm: pd.Series[str], steps: list[tuple[str, str, pd.Series[bool]]]) -> pd.DataFrame:
    """Count each step in each arm."""
    rows = [
        (step, detail, str(name), int((inside & (arm == name)).sum()), int((arm == name).sum()))
        for step, detail, inside in steps
        for name in sorted(arm.unique())
    ]
    table = pd.DataFrame(rows, columns=["step", "detail", "arm", "participants", "n"])
    return table.assign(percent=100 * table["participants"] / table["n"])


def _reason(text: str) -> str:
    """Write a reason in sentence case where the data shout it; abbreviations such as I/E stay."""
    return text.capitalize() if text.isupper() and "/" not in text else text
