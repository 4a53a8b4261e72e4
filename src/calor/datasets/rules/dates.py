"""Dates that can be, in an order that can be."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from calor.datasets.rules.rule import Found, Given, Rule

_INTERVALS = (("TRTSDT", "TRTEDT"), ("ASTDT", "AENDT"), ("STARTDT", "ADT"), ("TRTSDT", "EOSDT"), ("RANDDT", "EOSDT"))
_DAYS = {"ADY": "ADT", "ASTDY": "ASTDT", "AENDY": "AENDT"}
_EARLIEST = pd.Timestamp("1900-01-01")


def _dates(frame: pd.DataFrame) -> list[str]:
    return [column for column in frame.columns if pd.api.types.is_datetime64_dtype(frame[column])]


def _both(frame: pd.DataFrame, *columns: str) -> bool:
    return set(columns) <= set(_dates(frame))


def _end_before_start(given: Given) -> Iterator[Found]:
    for name, frame in given.frames():
        for start, end in _INTERVALS:
            if _both(frame, start, end):
                yield Found(name, end, frame[end] < frame[start])


def _not_yet(given: Given) -> Iterator[Found]:
    tomorrow = pd.Timestamp(given.today) + pd.Timedelta(days=1)
    for name, frame in given.frames():
        for column in _dates(frame):
            yield Found(name, column, frame[column] >= tomorrow)


def _before_birth(given: Given) -> Iterator[Found]:
    for name, frame in given.frames():
        birth = given.of_subject(frame, "BRTHDT")
        for column in _dates(frame):
            if column == "BRTHDT":
                continue
            earliest = pd.Series(_EARLIEST, index=frame.index) if birth is None else birth.fillna(_EARLIEST)
            yield Found(name, column, frame[column] < earliest)


def _before_randomization(given: Given) -> Iterator[Found]:
    for name, frame in given.frames("ADSL"):
        if _both(frame, "RANDDT", "TRTSDT"):
            yield Found(name, "TRTSDT", frame["TRTSDT"] < frame["RANDDT"])
    for name, frame in given.frames("TTE"):
        randomized = given.of_subject(frame, "RANDDT", "TRTSDT")
        if randomized is not None and _both(frame, "ADT"):
            ordered = _both(frame, "STARTDT") & (frame.get("STARTDT", frame["ADT"]) > frame["ADT"])
            yield Found(name, "ADT", (frame["ADT"] < randomized) & ~ordered)


def _emergent_before_treatment(given: Given) -> Iterator[Found]:
    for name, frame in given.frames("OCCDS"):
        treated = given.of_subject(frame, "TRTSDT")
        if treated is not None and "TRTEMFL" in frame and _both(frame, "ASTDT"):
            yield Found(name, "ASTDT", (frame["TRTEMFL"] == "Y") & (frame["ASTDT"] < treated))


def _day_disagrees(given: Given) -> Iterator[Found]:
    """Compare a relative day with its date; the day of the first dose (or randomization) is 1, the day before is -1."""
    for name, frame in given.frames("BDS", "OCCDS"):
        reference = given.of_subject(frame, "TRTSDT", "RANDDT")
        for day, date in _DAYS.items():
            if reference is None or day not in frame or not _both(frame, date):
                continue
            since = (frame[date].dt.normalize() - reference.dt.normalize()).dt.days
            expected = since + (since >= 0)
            yield Found(name, day, frame[day].notna() & since.notna() & (frame[day] != expected))


RULES = (
    Rule("end_before_start", "must not lie before its start", _end_before_start),
    Rule("not_yet", "must not lie in the future", _not_yet),
    Rule("before_birth", "must not lie before the participant's birth (or 1900)", _before_birth),
    Rule("before_randomization", "must not lie before randomization", _before_randomization),
    Rule(
        "emergent_early", "must not lie before the first dose in a treatment-emergent event", _emergent_before_treatment
    ),
    Rule(
        "day_disagrees", "must be the day that its date gives, with day 1 the first dose and no day 0", _day_disagrees
    ),
)
