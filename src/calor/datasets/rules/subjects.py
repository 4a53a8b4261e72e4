"""Participants, their arms, and one row each."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from calor.datasets.rules.rule import Found, Given, Rule
from calor.protocol.endpoints import RecurrentEventsEndpoint

_ARM_COLUMNS = {"TRT01P": "TRT01P", "TRT01A": "TRT01A", "TRTP": "TRT01P", "TRTA": "TRT01A"}
"""Columns that hold an arm, with the column of ADSL that they repeat."""


def _unknown_arm(given: Given) -> Iterator[Found]:
    labels = {arm.label for arm in given.protocol.arms}
    for name, frame in given.frames():
        for column in _ARM_COLUMNS:
            if column in frame:
                yield Found(name, column, frame[column].notna() & ~frame[column].isin(labels))


def _arm_missing(given: Given) -> Iterator[Found]:
    for name, frame in given.frames("ADSL"):
        flags = [analysis_set.flag for analysis_set in given.protocol.sets if analysis_set.flag in frame]
        analyzed = (frame[flags] == "Y").any(axis=1)
        if "TRT01P" in frame:
            yield Found(name, "TRT01P", analyzed & frame["TRT01P"].isna())


def _other_arm(given: Given) -> Iterator[Found]:
    labels = [arm.label for arm in given.protocol.arms]
    for name, frame in given.frames("BDS", "TTE", "OCCDS", "other"):
        for column, repeated in _ARM_COLUMNS.items():
            arm = given.of_subject(frame, repeated)
            if column in frame and arm is not None:
                yield Found(name, column, frame[column].isin(labels) & arm.isin(labels) & (frame[column] != arm))


def _stranger(given: Given) -> Iterator[Found]:
    if "adsl" not in given.datasets or "USUBJID" not in given.frame("adsl"):
        return
    known = given.frame("adsl")["USUBJID"]
    for name, frame in given.frames("BDS", "TTE", "OCCDS", "other"):
        if "USUBJID" in frame:
            yield Found(name, "USUBJID", frame["USUBJID"].notna() & ~frame["USUBJID"].isin(known))


def _duplicates(given: Given) -> Iterator[Found]:
    for name, frame in given.frames():
        keys = {
            "ADSL": ["USUBJID"],
            "BDS": ["USUBJID", "PARAMCD", "AVISIT", *(c for c in ("ATPT",) if c in frame)],
            "TTE": ["USUBJID", "PARAMCD"],
            "OCCDS": ["USUBJID", "AESEQ"],
            "other": [],
        }[given.class_of(name)]
        if not keys or not set(keys) <= set(frame.columns):
            continue
        counted = frame[[key for key in keys if key != "ATPT"]].notna().all(axis=1)
        if "ANL01FL" in frame:
            counted &= frame["ANL01FL"] == "Y"
        if "PARAMCD" in keys:
            counted &= ~frame["PARAMCD"].isin(_many_times(given))
        yield Found(name, keys[-1], _repeated(frame, keys, counted))


def _many_times(given: Given) -> set[str]:
    """Return the parameters of which a participant may have several records: those of recurrent events."""
    endpoints = given.protocol.endpoints
    return {e.paramcd for e in endpoints if isinstance(e, RecurrentEventsEndpoint) and e.paramcd is not None}


def _two_baselines(given: Given) -> Iterator[Found]:
    keys = ["USUBJID", "PARAMCD"]
    for name, frame in given.frames("BDS"):
        if {*keys, "ABLFL"} <= set(frame.columns):
            yield Found(name, "ABLFL", _repeated(frame, keys, frame["ABLFL"] == "Y"))


def _repeated(frame: pd.DataFrame, keys: list[str], counted: pd.Series) -> pd.Series:
    """Mark every row of a key that occurs more than once among the counted rows."""
    return frame[counted].duplicated(keys, keep=False).reindex(frame.index, fill_value=False)


RULES = (
    Rule("unknown_arm", "must be an arm of the protocol", _unknown_arm),
    Rule("arm_missing", "must be given for every participant of an analysis set", _arm_missing),
    Rule("other_arm", "must be the arm that ADSL gives the participant", _other_arm),
    Rule("stranger", "must be a participant of ADSL", _stranger),
    Rule("duplicate", "must occur once per participant (parameter and visit), among analyzed rows", _duplicates),
    Rule("two_baselines", "must flag one baseline record per participant and parameter", _two_baselines),
)
