"""What a safety board reads first: who died, who stopped treatment, and every serious event one by one."""

from __future__ import annotations

import pandas as pd

from calor.analyze.declared.records import ARM, SUBJECT

FATAL, STOPPED = "FATAL", "DRUG WITHDRAWN"
"""Values of `AEOUT` and `AEACN` (CDISC controlled terminology)."""

LISTED = {
    "reported": "AETERM",
    "term": "AEDECOD",
    "day": "ASTDY",
    "relation": "AEREL",
    "action": "AEACN",
    "outcome": "AEOUT",
}
"""What the listing says of each event, and the column of ADAE that holds it."""


def grave_events(events: pd.DataFrame, people: pd.DataFrame, severity: str) -> pd.DataFrame:
    """List the serious and the fatal events, one row each, by arm and day.

    Args:
        events: Adverse events of the analysis, with `AESER`; of the listed columns those that are there are taken.
        people: Rows of ADSL, with the arm's label.
        severity: Column of grade or severity.

    Returns:
        `participant`, `arm`, `why` ("serious", "fatal", or "fatal, not flagged serious") and the listed columns.

    >>> people = pd.DataFrame({"USUBJID": ["1", "2"], "ARM_LABEL": ["Placebo", "Active"]})
    >>> events = pd.DataFrame({"USUBJID": ["2", "1"], "AESER": ["Y", "N"], "AEOUT": ["FATAL", "RECOVERED/RESOLVED"],
    ...                        "AETERM": ["Stroke", "Rash"], "AESEV": ["SEVERE", "MILD"]})
    >>> grave_events(events, people, "AESEV")[["participant", "arm", "why", "reported"]].values.tolist()
    [['2', 'Active', 'fatal', 'Stroke']]
    """
    serious, fatal = events["AESER"] == "Y", died(events)
    why = pd.Series("serious", index=events.index).mask(fatal & serious, "fatal")
    why = why.mask(fatal & ~serious, "fatal, not flagged serious")
    here = events[serious | fatal]
    arms = people.set_index(SUBJECT)[ARM]
    columns = {name: column for name, column in {**LISTED, "severity": severity}.items() if column in events}
    listed = pd.DataFrame(
        {"participant": here[SUBJECT], "arm": here[SUBJECT].map(arms), "why": why[here.index]}
        | {name: here[column] for name, column in columns.items()}
    )
    by = [column for column in ("arm", "day", "participant") if column in listed]
    return listed.sort_values(by, kind="stable").reset_index(drop=True)


def died(events: pd.DataFrame) -> pd.Series:
    """Tell which events were fatal, by outcome or by the criterion of seriousness."""
    fatal = pd.Series(False, index=events.index)
    for column, value in (("AEOUT", FATAL), ("AESDTH", "Y")):
        if column in events:
            fatal |= events[column] == value
    return fatal


def consequences(events: pd.DataFrame, people: pd.DataFrame, arms: tuple[str, ...]) -> pd.DataFrame:
    """Count the participants of each arm with a fatal event, and with one that stopped treatment.

    What the data do not record is not counted: an action of which no row says anything is no zero.

    >>> people = pd.DataFrame({"USUBJID": ["1", "2"], "ARM_LABEL": ["Placebo", "Active"]})
    >>> events = pd.DataFrame({"USUBJID": ["2"], "AEOUT": ["FATAL"], "AEACN": [""]})
    >>> consequences(events, people, ("Placebo", "Active"))[["what", "arm", "participants"]].values.tolist()
    [['fatal', 'Placebo', 0], ['fatal', 'Active', 1]]
    """
    kinds = {}
    if {"AEOUT", "AESDTH"} & set(events.columns):
        kinds["fatal"] = died(events)
    if "AEACN" in events and (events["AEACN"].fillna("").astype(str).str.strip() != "").any():
        kinds["stopped treatment"] = events["AEACN"] == STOPPED
    rows = []
    for what, which in kinds.items():
        for arm in arms:
            here = people.loc[people[ARM] == arm, SUBJECT]
            mine = events[which & events[SUBJECT].isin(here)]
            counts = {"participants": mine[SUBJECT].nunique(), "events": len(mine), "n": len(here)}
            rows.append({"what": what, "arm": arm, **counts, "percent": 100 * counts["participants"] / len(here)})
    return pd.DataFrame(rows, columns=["what", "arm", "participants", "events", "n", "percent"])
