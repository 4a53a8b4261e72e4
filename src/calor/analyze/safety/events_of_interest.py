"""Adverse events of special interest: groups of terms that the protocol names, with the time to their first event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from calor.analyze.drawable import Drawable
from calor.analyze.safety.adverse_events import AdverseEventColumns, adverse_events
from calor.errors import AnalysisError


@dataclass(frozen=True, eq=False)
class EventsOfInterest(Drawable):
    """Hold groups of adverse events.

    Attributes:
        table: The incidence table of `adverse_events` with the group as `term`.
        first_events: One row per group and participant of the safety set: arm, `days` to the first event or to the end
            of time at risk, and `event`; ready for a survival method.
        unmatched: For each group, terms of the protocol that nobody reported.
    """

    table: pd.DataFrame
    first_events: pd.DataFrame
    unmatched: dict[str, tuple[str, ...]]

    def __str__(self) -> str:
        rows = self.table[self.table["by"] == "all"]
        parts = [
            f"{group}: " + ", ".join(f"{r.arm} {r.participants}/{r.n} ({r.percent:.1f} %)" for r in cells.itertuples())
            for group, cells in rows.groupby("term", sort=False)
        ]
        return "Participants with events of interest, " + "; ".join(parts)

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the incidence table."""
        return self.table.copy()


def events_of_interest(
    adae: pd.DataFrame,
    adsl: pd.DataFrame,
    groups: Mapping[str, Sequence[str]],
    *,
    columns: AdverseEventColumns | None = None,
    severity_order: Sequence[str] = ("MILD", "MODERATE", "SEVERE"),
    level: float = 0.95,
) -> EventsOfInterest:
    """Tabulate groups of preferred terms that the protocol names, such as injection-site reactions.

    A term may be in several groups. Terms are compared without regard to case; which terms make a group is the
    protocol's decision, with the licensee's dictionary.

    Args:
        adae: Adverse events, one row per event.
        adsl: The safety set, one row per participant.
        groups: Preferred terms of each group.
        columns: Names of the columns, ADaM's by default.
        severity_order: Severities from the least to the worst.
        level: Confidence level of all limits, 0 to 1.

    Raises:
        AnalysisError: As in `adverse_events`, or there is no group or an empty one.

    Example:
        >>> adsl = pd.DataFrame({"USUBJID": ["1", "2", "3"], "TRT01A": ["A", "A", "P"], "TRTDURD": [100, 80, 90]})
        >>> adae = pd.DataFrame({
        ...     "USUBJID": ["1"], "TRTA": ["A"], "AEBODSYS": ["General"], "AEDECOD": ["Site swelling"],
        ...     "AESEV": ["MILD"], "AEREL": ["RELATED"], "AESER": ["N"], "TRTEMFL": ["Y"], "ASTDY": [3]})
        >>> print(events_of_interest(adae, adsl, {"Injection-site reaction": ["Site swelling", "Site pain"]}))
        Participants with events of interest, Injection-site reaction: A 1/2 (50.0 %), P 0/1 (0.0 %)
    """
    names = columns or AdverseEventColumns()
    if not groups or not all(groups.values()):
        raise AnalysisError.must(
            "groups", "each name at least one term", dict(groups), fix="Leave out the group or name its terms."
        )
    # The incidence of all events checks both tables before the groups are formed.
    adverse_events(adae, adsl, columns=names, severity_order=severity_order, level=level)
    reported = adae[names.term].fillna("").astype(str).str.casefold()
    tables, firsts, unmatched = [], [], {}
    for group, terms in groups.items():
        wanted = {term.casefold() for term in terms}
        rows = adae[reported.isin(wanted)].assign(**{names.soc: group, names.term: group})
        found = adverse_events(rows, adsl, columns=names, severity_order=severity_order, level=level).table
        # With one group per call the "any" rows are the group's, also where nobody had an event.
        tables.append(found[found["level"] == "any"].assign(level="term", soc=group, term=group))
        firsts.append(_first_events(rows[rows[names.emergent] == "Y"], adsl, names).assign(group=group))
        unmatched[group] = tuple(term for term in terms if term.casefold() not in set(reported))
    return EventsOfInterest(pd.concat(tables, ignore_index=True), pd.concat(firsts, ignore_index=True), unmatched)


def _first_events(rows: pd.DataFrame, adsl: pd.DataFrame, names: AdverseEventColumns) -> pd.DataFrame:
    """Return the time to the first event of one group for everybody at risk."""
    onset = rows[names.onset_day].astype(float).fillna(1.0).clip(lower=1.0)
    first = onset.groupby(rows[names.participant]).min()
    people = pd.DataFrame(
        {
            "participant": adsl[names.participant].to_numpy(),
            "arm": adsl[names.population_arm].to_numpy(),
            "days": adsl[names.exposure_days].to_numpy(float),
        }
    )
    day = people["participant"].map(first).astype(float)
    people["event"] = day.notna()
    people["days"] = day.where(people["event"], people["days"])
    return people
