"""Values that a living participant can have, in the protocol's unit, censored where beyond the limit of detection."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from calor.datasets.censored import parse_reading, readings
from calor.datasets.contents import is_text
from calor.datasets.rules.rule import Found, Given, Rule
from calor.protocol.biomarkers import COMPARE

_AGE_YEARS = (0, 120)
_LEAST_PARTICIPANTS = 5
_SHIFT = 5.0  # a unit slip by ten shows as a ratio of medians beyond this
_CERTAIN = 4.0  # standard errors


def _implausible(given: Given) -> Iterator[Found]:
    for name, frame, rows, biomarker in given.biomarkers():
        if not is_text(frame["AVAL"]):
            low, high = biomarker.plausible
            yield Found(name, "AVAL", rows & ((frame["AVAL"] < low) | (frame["AVAL"] > high)))
    for endpoint in given.protocol.endpoints:
        if endpoint.kind != "continuous" or endpoint.plausible is None or endpoint.dataset not in given.datasets:
            continue
        frame = given.frame(endpoint.dataset)
        if {"PARAMCD", "AVAL"} <= set(frame.columns) and not is_text(frame["AVAL"]):
            beyond = frame["AVAL"].notna() & ~frame["AVAL"].between(*endpoint.plausible)
            yield Found(endpoint.dataset, "AVAL", (frame["PARAMCD"] == endpoint.paramcd) & beyond)
    for name, frame in given.frames("ADSL"):
        if "AGE" in frame and not is_text(frame["AGE"]):
            yield Found(name, "AGE", frame["AGE"].notna() & ~frame["AGE"].between(*_AGE_YEARS))


def _other_unit(given: Given) -> Iterator[Found]:
    """Compare the unit in AVALU, else in the brackets that end PARAM, with that of the biomarker or endpoint."""
    units = {b.paramcd: b.unit for b in given.protocol.biomarkers}
    units |= {e.paramcd: e.unit for e in given.protocol.endpoints if e.kind == "continuous"}
    for name, frame in given.frames("BDS"):
        if "PARAMCD" not in frame:
            continue
        wanted = frame["PARAMCD"].map({code: _unit(unit) for code, unit in units.items()})
        for column in ("AVALU", "PARAM"):
            if column in frame and is_text(frame[column]):
                text = frame[column]
                got = text if column == "AVALU" else text.str.extract(r"\(([^()\s]*/[^()\s]*)\)\s*$", expand=False)
                got = got.map({unit: _unit(unit) for unit in got.dropna().unique()})
                yield Found(name, column, got.notna() & wanted.notna() & (got != wanted))


def _unit(text: str) -> str:
    """Write a unit as UCUM does: 10^9/L and x10E9/L are 10*9/L, and a micro sign is a u."""
    plain = text.strip().replace("µ", "u").replace("μ", "u").casefold()
    return re.sub(r"^x?\s*10\s*[\^*e]\s*", "10*", plain)


def _shifted(given: Given) -> Iterator[Found]:
    """Look for a unit slip that no unit column shows.

    Either one site's median is about ten times the others', or baselines are ten times too low (or high) for the gate
    that let the participants in.
    """
    for name, frame, rows, biomarker in given.biomarkers():
        first = _one_each(frame, rows)
        if "SITEID" in frame:
            for site, values in first.groupby(frame["SITEID"]):
                if _differ(values, first[frame.loc[first.index, "SITEID"] != site]):
                    got = f"median {values.median():.3g} at site {site}"
                    yield Found(name, "AVAL", value=f"{biomarker.paramcd}: {got}")
        gate = given.protocol.gate
        if gate is not None and gate.biomarker == biomarker.id and len(first) >= _LEAST_PARTICIPANTS:
            passes = COMPARE[gate.comparator]
            median = float(first.median())
            factor = 10.0 if gate.comparator in (">", ">=") else 0.1
            if not passes(median, gate.cutoff) and passes(median * factor, gate.cutoff):
                yield Found(name, "AVAL", value=f"{biomarker.paramcd}: median {median:.3g} at baseline")


def _one_each(frame: pd.DataFrame, rows: pd.Series) -> pd.Series:
    """Return each participant's baseline, or first, positive number."""
    if "USUBJID" not in frame or is_text(frame["AVAL"]):
        return pd.Series(dtype="float64")
    chosen = frame[rows & (frame["AVAL"] > 0)]
    if "ABLFL" in frame:
        chosen = chosen[chosen["ABLFL"] == "Y"]
    return chosen.drop_duplicates("USUBJID")["AVAL"]


def _differ(here: pd.Series, elsewhere: pd.Series) -> bool:
    """Tell whether two samples differ as by a slip of ten, beyond doubt, on the logarithm."""
    if min(len(here), len(elsewhere)) < _LEAST_PARTICIPANTS:
        return False
    logs = [np.log(values.to_numpy()) for values in (here, elsewhere)]
    gap = abs(np.median(logs[0]) - np.median(logs[1]))
    error = np.sqrt(sum(1.57 * values.var(ddof=1) / len(values) for values in logs))
    return bool(gap > np.log(_SHIFT) and gap > _CERTAIN * error)


def _censored_badly(given: Given) -> Iterator[Found]:
    for name, frame in given.frames("BDS"):
        if "AVALC" in frame and is_text(frame["AVALC"]):
            limit = frame["AVALC"].str.match(r"\s*[<>]").fillna(False).astype(bool)
            unread = frame["AVALC"].where(limit).map(parse_reading, na_action="ignore").isna()
            yield Found(name, "AVALC", limit & unread)


def _limit_as_number(given: Given) -> Iterator[Found]:
    """Find a limit that became a number: "<0.2" beside 0.2 without DTYPE, or a number below the limit of detection."""
    for name, frame in given.frames("BDS"):
        if {"AVAL", "AVALC"} <= set(frame.columns) and is_text(frame["AVALC"]):
            limit = frame["AVALC"].str.match(r"\s*[<>]").fillna(False).astype(bool)
            said = frame["DTYPE"].notna() if "DTYPE" in frame else False
            yield Found(name, "AVAL", limit & frame["AVAL"].notna() & ~pd.Series(said, index=frame.index))
    for name, frame, rows, biomarker in given.biomarkers():
        if biomarker.limit_of_detection is not None and not is_text(frame["AVAL"]):
            derived = frame["DTYPE"].notna() if "DTYPE" in frame else pd.Series(data=False, index=frame.index)
            marked = readings(frame)["side"] != "exact"
            below = (frame["AVAL"] < biomarker.limit_of_detection) & (frame["AVAL"] >= biomarker.plausible[0])
            yield Found(name, "AVAL", rows & below & ~derived & ~marked)


def _text_disagrees(given: Given) -> Iterator[Found]:
    for name, frame in given.frames("BDS"):
        if {"AVAL", "AVALC"} <= set(frame.columns) and is_text(frame["AVALC"]) and not is_text(frame["AVAL"]):
            written = pd.to_numeric(frame["AVALC"], errors="coerce")
            yield Found(name, "AVALC", written.notna() & ~np.isclose(written, frame["AVAL"], rtol=1e-6, atol=1e-9))


def _change_disagrees(given: Given) -> Iterator[Found]:
    for name, frame in given.frames("BDS"):
        if {"AVAL", "BASE", "CHG"} <= set(frame.columns) and not any(
            is_text(frame[c]) for c in ("AVAL", "BASE", "CHG")
        ):
            change = frame["AVAL"] - frame["BASE"]
            known = frame["CHG"].notna() & change.notna()
            yield Found(name, "CHG", known & ~np.isclose(frame["CHG"], change, rtol=1e-6, atol=1e-6))


def _time_not_positive(given: Given) -> Iterator[Found]:
    for name, frame in given.frames("TTE"):
        if "AVAL" in frame and not is_text(frame["AVAL"]):
            yield Found(name, "AVAL", ~(frame["AVAL"] > 0))


def _censoring_unknown(given: Given) -> Iterator[Found]:
    for name, frame in given.frames("TTE"):
        if "CNSR" in frame and not is_text(frame["CNSR"]):
            yield Found(name, "CNSR", ~((frame["CNSR"] >= 0) & (frame["CNSR"] % 1 == 0)))


def _not_numbers(given: Given) -> Iterator[Found]:
    for name, frame in given.frames("ADSL", "BDS", "TTE"):
        for column in ("AVAL", "BASE", "CHG", "CNSR", "AGE"):
            if column in frame and is_text(frame[column]):
                yield Found(name, column, frame[column].notna())


RULES = (
    Rule("not_numbers", "must hold numbers", _not_numbers),
    Rule("implausible", "must lie in the range that a living participant can have", _implausible),
    Rule("other_unit", "must be in the protocol's unit", _other_unit),
    Rule("shifted", "must not be off by ten, as after a slip of unit (mg/dL for mg/L)", _shifted),
    Rule("censored_badly", 'must give the limit as a number, such as "<0.2"', _censored_badly),
    Rule(
        "limit_as_number",
        "must not stand for a value beyond the limit of detection, unless DTYPE says so",
        _limit_as_number,
    ),
    Rule("text_disagrees", "must say the same number as AVAL", _text_disagrees),
    Rule("change_disagrees", "must be AVAL less BASE", _change_disagrees),
    Rule("time_not_positive", "must be a time above 0", _time_not_positive),
    Rule("censoring_unknown", "must be 0 for an event or a whole number above 0 for censoring", _censoring_unknown),
)
