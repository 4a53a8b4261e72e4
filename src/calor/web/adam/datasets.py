"""ADSL, ADLB, ADAE, ADCM and ADTTESAF from captured data.

What is not captured is left empty and not guessed: scans (ADPET comes from the core laboratory's reads), adjudicated
events (ADTTE comes from the committee), sets other than everybody randomized or treated. Single doses are not captured:
the last one is the last that the regimen plans up to the last contact, and its label says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from calor.datasets.dataset import Dataset
from calor.protocol.protocol import Protocol
from calor.protocol.visits import analysis_day
from calor.simulate.ivory_labels import LABELS, TITLES
from calor.web.adam.followed import Followed
from calor.web.seriousness import CRITERIA

Row = dict[str, Any]
_SERIOUS = {
    "death": "AESDTH", "life_threatening": "AESLIFE", "hospital": "AESHOSP", "disability": "AESDISAB",
    "anomaly": "AESCONG", "important": "AESMIE",
}  # fmt: skip
_WHO = ("STUDYID", "USUBJID", "SITEID", "TRTP", "TRTA")
_COLUMNS = {
    "adsl": (
        "STUDYID", "USUBJID", "SUBJID", "SITEID", "ARM", "TRT01P", "TRT01A", "STRATAR", "RANDDT", "TRTSDT", "TRTEDT",
        "TRTDURD", "ITTFL", "SAFFL", "EOSSTT", "EOSDT", "DCSREAS",
    ),
    "adlb": (
        *_WHO, "PARAMCD", "PARAM", "AVISIT", "AVISITN", "ADT", "ADY", "AVAL", "AVALC", "AVALU", "ANRLO", "ANRHI",
        "BASE", "CHG", "ABLFL", "ANL01FL",
    ),
    "adae": (
        *_WHO, "AESEQ", "AETERM", "AEDECOD", "AEBODSYS", "AETOXGR", "AEREL", "AESER", *_SERIOUS.values(), "AEOUT",
        "TRTEMFL", "ASTDT", "ASTDY", "AENDT", "AENDY",
    ),
    "adcm": (*_WHO, "CMSEQ", "CMTRT", "CMDOSTXT", "CMINDC", "ASTDT", "ASTDY", "AENDT", "AENDY"),
    "adttesaf": (*_WHO, "PARAMCD", "PARAM", "STARTDT", "ADT", "AVAL", "AVALU", "CNSR", "EVNTDESC"),
}  # fmt: skip
_LABELS = LABELS | {
    "STRATAR": "Strata Used for Randomization",
    "TRTEDT": "Last Planned Dose up to Last Contact",
    "TRTDURD": "Treatment Duration by Plan (Days)",
    "CMSEQ": "Sequence Number",
    "CMTRT": "Reported Name of Drug, Med, or Therapy",
    "CMDOSTXT": "Dose Description",
    "CMINDC": "Indication",
    **{_SERIOUS[name]: words[:40] for name, words in CRITERIA.items()},
}
_TITLES = TITLES | {
    "ADCM": "Concomitant Medications Analysis Dataset",
    "ADTTESAF": "Safety Time-to-Event Analysis Dataset",
}
_NUMBERS = {
    "TRTDURD",
    "AVISITN",
    "ADY",
    "ASTDY",
    "AENDY",
    "AVAL",
    "ANRLO",
    "ANRHI",
    "BASE",
    "CHG",
    "CNSR",
    "AESEQ",
    "CMSEQ",
}


def datasets(protocol: Protocol, people: Sequence[Followed]) -> dict[str, Dataset]:
    """Return the ADaM datasets of participants by file stem; without arms where theirs are not given."""
    rows = {
        "adsl": [_subject(one) for one in people],
        "adlb": [row for one in people for row in _values(one)],
        "adae": [row for one in people for row in _events(one)],
        "adcm": [row for one in people for row in _medication(one)],
        "adttesaf": [row for one in people for row in _times(one)],
    }
    flags = [each.flag for each in protocol.sets if each.flag not in _COLUMNS["adsl"]]
    codes = [f"{biomarker.paramcd[:6]}BL" for biomarker in protocol.biomarkers]
    _baselines(rows["adsl"], rows["adlb"], codes)
    labels = _LABELS | {each.flag: each.label[:40] for each in protocol.sets}
    labels |= {
        code: f"Baseline {biomarker.label} ({biomarker.unit})"[:40]
        for code, biomarker in zip(codes, protocol.biomarkers, strict=True)
    }
    beside = {"adsl": (*flags, *codes)}
    return {
        name: _dataset(name, table, (*_COLUMNS[name], *beside.get(name, ())), labels) for name, table in rows.items()
    }


def _dataset(name: str, rows: Sequence[Row], columns: Sequence[str], labels: dict[str, str]) -> Dataset:
    frame = pd.DataFrame({column: _column(column, [row.get(column) for row in rows]) for column in columns})
    return Dataset(name.upper(), frame, {column: labels[column] for column in columns}, _TITLES[name.upper()])


def _column(name: str, values: list[Any]) -> pd.Series:
    if name.endswith("DT"):
        return pd.Series(pd.to_datetime(values), dtype="datetime64[s]")
    numeric = name in _NUMBERS or name.endswith("BL")
    return pd.Series(values, dtype="float64" if numeric else "str")


def _who(one: Followed) -> Row:
    site = one.participant.site.code
    return {
        "STUDYID": one.protocol.trial.id, "USUBJID": one.participant.identifier, "SITEID": site, "TRTP": one.arm,
        "TRTA": one.arm,
    }  # fmt: skip


def _subject(one: Followed) -> Row:
    last = max(one.protocol.visits, key=lambda visit: visit.day, default=None)
    done = last is not None and (record := one.visits.get(last.id)) is not None and record.on is not None
    ended = one.withdrawal is not None or done
    last_dose = one.last_dose
    return {
        **_who(one), "SUBJID": one.participant.identifier, "ARM": one.arm, "TRT01P": one.arm, "TRT01A": one.arm,
        "STRATAR": one.stratum, "RANDDT": one.randomized, "TRTSDT": one.treated, "TRTEDT": last_dose,
        "TRTDURD": None if last_dose is None else one.day(last_dose), "ITTFL": "Y",
        "SAFFL": "Y" if one.treated else "N",
        "EOSSTT": "DISCONTINUED" if one.withdrawal else "COMPLETED" if done else "ONGOING",
        "EOSDT": (one.withdrawal.at.date() if one.withdrawal else one.visits[last.id].on) if ended and last else None,
        "DCSREAS": one.withdrawal.reason if one.withdrawal else None,
    }  # fmt: skip


def _values(one: Followed) -> Iterator[Row]:
    taken = [row for row in one.values if (visit := one.visits.get(row.visit)) is not None and visit.on is not None]
    for biomarker in one.protocol.biomarkers:
        mine = sorted(
            (row for row in taken if row.biomarker == biomarker.id), key=lambda row: (one.visits[row.visit].on, row.pk)
        )
        base = _baseline(one, biomarker.id, mine)
        for row in mine:
            visit, on = one.protocol.visit(row.visit), one.visits[row.visit].on
            value = None if row.below else row.value
            known = base is not None and not base.below
            after = base is not None and row is not base and on > one.visits[base.visit].on
            yield {
                **_who(one), "PARAMCD": biomarker.paramcd, "PARAM": f"{biomarker.analyte} ({biomarker.unit})",
                "AVISIT": visit.label, "AVISITN": analysis_day(visit.day), "ADT": on, "ADY": one.day(on), "AVAL": value,
                "AVALC": row.told.replace(" ", ""), "AVALU": biomarker.unit, "ANRHI": row.upper,
                "BASE": base.value if known else None,
                "CHG": round(value - base.value, 10) if known and after and value is not None else None,
                "ABLFL": "Y" if row is base else None, "ANL01FL": "Y",
            }  # fmt: skip


def _baseline(one: Followed, biomarker: str, rows: Sequence[Any]) -> Any:
    """Return the last value before the first dose; of the gate's biomarker the last at a visit of the gate's window.

    By the latter the participant was let in, so it is what an effect is adjusted for.
    """
    gate = one.protocol.gate
    latest = 1
    if gate is not None and gate.biomarker == biomarker and gate.window_from == "randomization":
        latest = gate.window[1]
    first = one.treated or one.randomized
    early = [row for row in rows if one.visits[row.visit].on <= first and one.protocol.visit(row.visit).day <= 1]
    return ([row for row in early if one.protocol.visit(row.visit).day <= latest] or early or [None])[-1]


def _baselines(subjects: list[Row], values: Sequence[Row], codes: Sequence[str]) -> None:
    base = {(row["USUBJID"], f"{row['PARAMCD'][:6]}BL"): row["AVAL"] for row in values if row["ABLFL"] == "Y"}
    for subject in subjects:
        subject |= {code: base.get((subject["USUBJID"], code)) for code in codes}


def _events(one: Followed) -> Iterator[Row]:
    coded = one.protocol.data.meddra is not None  # then the licensee's dictionary fills what is blank
    for row in one.events:
        outcome = "RECOVERED/RESOLVED" if row.ended else "NOT RECOVERED/NOT RESOLVED"
        yield {
            **_who(one), "AESEQ": row.number, "AETERM": row.term, "AEDECOD": None if coded else row.term,
            "AEBODSYS": None if coded else "Not coded", "AETOXGR": str(row.grade),
            "AEREL": "RELATED" if row.related else "NOT RELATED", "AESER": "Y" if row.criteria else "N",
            **{column: "Y" if name in row.criteria else "N" for name, column in _SERIOUS.items()},
            "AEOUT": "FATAL" if "death" in row.criteria else outcome,
            "TRTEMFL": "Y" if one.treated and row.onset >= one.treated else None,
            **_interval(one, row.onset, row.ended),
        }  # fmt: skip


def _medication(one: Followed) -> Iterator[Row]:
    for row in one.medication:
        yield {
            **_who(one), "CMSEQ": row.number, "CMTRT": row.name, "CMDOSTXT": row.dose, "CMINDC": row.indication,
            **_interval(one, row.started, row.ended),
        }  # fmt: skip


def _interval(one: Followed, first: Any, last: Any) -> Row:
    return {"ASTDT": first, "ASTDY": one.day(first), "AENDT": last, "AENDY": one.day(last)}


def _times(one: Followed) -> Iterator[Row]:
    """Return the times to the first serious event and to death, from randomization (day 1)."""
    deaths = [row.ended or row.onset for row in one.events if "death" in row.criteria]
    serious = [row.onset for row in one.events if row.criteria]
    for code, text, days in (
        ("TTSAE", "Time to first serious adverse event", serious),
        ("TTDEATH", "Time to death", deaths),
    ):
        happened = [day for day in days if day >= one.randomized]
        at = min(happened, default=one.last_contact)
        yield {
            **_who(one), "PARAMCD": code, "PARAM": text, "STARTDT": one.randomized, "ADT": at,
            "AVAL": (at - one.randomized).days + 1, "AVALU": "DAYS", "CNSR": 0 if happened else 1,
            "EVNTDESC": text.removeprefix("Time to ").capitalize() if happened else "Last contact",
        }  # fmt: skip
