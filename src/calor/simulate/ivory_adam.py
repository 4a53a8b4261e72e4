"""From the drawn tables of IVORY to ADaM datasets: ADSL, ADPET, ADLB, ADTTE, ADAE, every column with its label."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.datasets.dataset import Dataset
from calor.protocol.visits import analysis_day
from calor.simulate.ivory_baseline import FLAGS
from calor.simulate.ivory_conduct import on_day, protocol
from calor.simulate.ivory_events import PARAMETERS
from calor.simulate.ivory_labels import LABELS, TITLES
from calor.simulate.ivory_labs import NORMAL, biomarker
from calor.simulate.ivory_pet import REGIONS

STUDY = "IVORY"
_DOSE = 1.5  # 10^6 IU
_PER_PROTOCOL_DOSES = 10
PET_PARAMETERS = {
    "TBRIDX": "Mean TBRmax of the index vessel",
    "TBRACT": "Mean TBRmax of slices active at baseline (TBR >= 2)",
    **{code: f"Mean TBRmax of the {region.lower()}" for code, region in REGIONS.items()},
}


def assemble(
    subjects: pd.DataFrame,
    pet: pd.DataFrame,
    tests: pd.DataFrame,
    events: pd.DataFrame,
    episodes: pd.DataFrame | None = None,
) -> dict[str, Dataset]:
    """Write drawn tables as ADaM datasets.

    Args:
        subjects: ADSL, from `subject_level` or with its leading columns.
        pet: Per participant `scan_day`, `last_day` and columns such as `TBRIDX_0` and `TBRIDX_1`.
        tests: Blood tests, from `ivory_labs.blood_tests`.
        events: Two-year events, from `ivory_events.two_year_events`.
        episodes: Adverse events, from `ivory_safety.adverse_events`; without them there is no ADAE.

    >>> from calor.simulate.ivory import draw
    >>> trial = draw(np.random.default_rng(1), n_per_arm=2)
    >>> trial["adtte"].frame["PARAMCD"].unique().tolist()
    ['TTMI']
    """
    frames = {
        "adsl": subjects,
        "adpet": _adpet(pet, subjects),
        "adlb": _adlb(tests, subjects),
        "adtte": _adtte(events, subjects),
    }
    if episodes is not None:
        frames["adae"] = _adae(episodes, subjects)
    return {
        name: Dataset(name.upper(), frame, {c: LABELS[c] for c in frame.columns}, TITLES[name.upper()])
        for name, frame in frames.items()
    }


def subject_level(table: pd.DataFrame) -> pd.DataFrame:
    """Make ADSL from participants with baseline, scans and conduct.

    >>> from calor.simulate.ivory_baseline import baseline
    >>> from calor.simulate.ivory_conduct import conduct
    >>> from calor.simulate.ivory_model import IvoryModel
    >>> rng = np.random.default_rng(1)
    >>> table = conduct(rng, baseline(rng, IvoryModel()).assign(vessel="Ascending aorta"))
    >>> subject_level(table)["PPROTFL"].eq("Y").sum()
    np.int64(59)
    """
    active = table["active"].to_numpy()
    last_dose = on_day(table["start"], table["last_dose"])
    flags = {
        "FASFL": table["completer"],
        "PPROTFL": table["completer"] & (table["doses"] >= _PER_PROTOCOL_DOSES),
        "FUPFL": table["followed"],
    }
    made = {
        "STUDYID": STUDY, "USUBJID": table["usubjid"], "SUBJID": table["usubjid"].str[-3:], "SITEID": table["site"],
        "ARM": table["arm"], "TRT01P": table["arm"], "TRT01PN": active * 1.0, "TRT01A": table["arm"],
        "TRT01AN": active * 1.0, "RANDDT": table["start"], "TRTSDT": table["start"], "TRTEDT": last_dose,
        "TRTDURD": (last_dose - table["start"]).dt.days + 1, "NDOSE": table["doses"],
        "CUMDOSE": table["doses"] * _DOSE * active, "ACSDT": table["infarction"], "AGE": table["age"],
        "AGEU": "YEARS", "SEX": table["sex"], "BMIBL": table["bmi"], "DIAG": table["diagnosis"],
        "TNIBL": table["tni"], "HSCRPBL": table["hscrp"], "LDLBL": table["ldl"], "GRACEBL": table["grace"],
        "TBRBL": table["tbr"], "INDEXVES": table["vessel"], **{flag: table[flag] for flag in FLAGS},
        "SAFFL": "Y", "ITTFL": "Y", **{flag: held.map({True: "Y", False: "N"}) for flag, held in flags.items()},
        "EOSSTT": np.where(table["completer"], "COMPLETED", "DISCONTINUED"),
        "EOSDT": on_day(table["start"], table["last_day"]), "DCSREAS": table["reason"],
    }  # fmt: skip
    return pd.DataFrame(made, index=table.index)


def _adpet(table: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Make ADPET: every parameter at baseline and, for those with a second scan, at day 61."""
    rows = []
    measured = {code: text for code, text in PET_PARAMETERS.items() if f"{code}_0" in table}
    for code, parameter in measured.items():
        for visit, column, day in (("V2", f"{code}_0", table["scan_day"]), ("V15", f"{code}_1", table["last_day"])):
            rows.append(
                pd.DataFrame(
                    {"row": table.index, "PARAMCD": code, "PARAM": parameter, "visit": visit, "ADY": day,
                     "AVAL": table[column], "AVALU": "1"}
                )
            )  # fmt: skip
    long = pd.concat(rows, ignore_index=True).dropna(subset="AVAL")
    return _bds(long, subjects, baseline=dict.fromkeys(measured, "V2"))


def _adlb(tests: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Make ADLB; a value below the limit of detection has its text in AVALC and no number in AVAL."""
    known = {code: biomarker(code) for code in tests["paramcd"].unique()}
    limit = tests["paramcd"].map(lambda code: known[code].limit_of_detection or 0.0)
    below = tests["value"] < limit
    text = tests["value"].map(lambda value: f"{value:g}").where(~below, limit.map(lambda value: f"<{value:g}"))
    long = pd.DataFrame(
        {
            "row": tests["row"],
            "PARAMCD": tests["paramcd"],
            "PARAM": tests["paramcd"].map(lambda code: f"{known[code].analyte} ({known[code].unit})"),
            "visit": tests["visit"],
            "ADY": tests["ady"],
            "AVAL": tests["value"].where(~below),
            "AVALC": text,
            "AVALU": tests["paramcd"].map(lambda code: known[code].unit),
        }
    )
    normal = tests["paramcd"].map(NORMAL)
    long["ANRLO"] = normal.map(lambda limits: limits[0], na_action="ignore").astype(float)
    long["ANRHI"] = normal.map(lambda limits: limits[1], na_action="ignore").astype(float)
    screened = set(long.loc[long["visit"] == "V1", "PARAMCD"])
    return _bds(long, subjects, baseline={code: "V1" if code in screened else "V3" for code in known})


def _bds(long: pd.DataFrame, subjects: pd.DataFrame, baseline: dict[str, str]) -> pd.DataFrame:
    """Add what every BDS table has: subject, visit, date, baseline and change."""
    visits = {visit.id: visit for visit in protocol().visits}
    is_base = long["visit"] == long["PARAMCD"].map(baseline)
    base = long[is_base].set_index(["row", "PARAMCD"])["AVAL"]
    keys = pd.MultiIndex.from_frame(long[["row", "PARAMCD"]])
    people = _people(long["row"], subjects, ("FASFL", "SAFFL", "ITTFL", "PPROTFL"))
    made = people.assign(
        PARAMCD=long["PARAMCD"],
        PARAM=long["PARAM"],
        AVISIT=long["visit"].map(lambda visit: visits[visit].label),
        AVISITN=long["visit"].map(lambda visit: analysis_day(visits[visit].day)),
        ADT=on_day(people.pop("TRTSDT"), long["ADY"]),
        ADY=long["ADY"],
        AVAL=long["AVAL"],
        **({"AVALC": long["AVALC"]} if "AVALC" in long else {}),
        AVALU=long["AVALU"],
        **{column: long[column] for column in ("ANRLO", "ANRHI") if column in long},
        BASE=base.reindex(keys).to_numpy(),
        ABLFL=np.where(is_base, "Y", ""),
        ANL01FL="Y",
    )
    made["CHG"] = (made["AVAL"] - made["BASE"]).where(~is_base).round(4)
    return made.sort_values(["USUBJID", "PARAMCD", "ADY"], kind="stable", ignore_index=True)


def _people(rows: pd.Series, subjects: pd.DataFrame, flags: tuple[str, ...]) -> pd.DataFrame:
    """Repeat the subject columns that every dataset carries."""
    columns = ["STUDYID", "USUBJID", "SITEID", "TRT01P", "TRT01A", "TRTSDT", *flags]
    people = subjects.loc[rows, columns].set_axis(rows.index)
    return people.rename(columns={"TRT01P": "TRTP", "TRT01A": "TRTA"})


def _adtte(events: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Make ADTTE; AVAL counts days from the first dose, whose day is 1."""
    people = _people(events["row"], subjects, ("SAFFL", "ITTFL", "FUPFL"))
    start = people.pop("TRTSDT")
    return people.assign(
        PARAMCD=events["paramcd"],
        PARAM=events["paramcd"].map(PARAMETERS),
        STARTDT=start,
        ADT=on_day(start, events["day"]),
        AVAL=events["day"],
        AVALU="DAYS",
        CNSR=(~events["event"]).astype(int),
        EVNTDESC=events["description"],
    )


def _adae(episodes: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Make ADAE, a row per episode."""
    people = _people(episodes["row"], subjects, ("SAFFL",))
    start = people.pop("TRTSDT")
    resolved = episodes["last"].notna()
    ended = on_day(start, episodes["last"].fillna(1)).where(resolved)
    return people.assign(
        AESEQ=episodes.groupby("row").cumcount() + 1,
        AETERM=episodes["term"],
        AEDECOD=episodes["term"],
        AEBODSYS=episodes["body_system"],
        AESOC=episodes["body_system"],
        AESEV=episodes["severity"],
        AETOXGR=episodes["grade"],
        AEREL=np.where(episodes["related"], "RELATED", "NOT RELATED"),
        AESER=np.where(episodes["serious"], "Y", "N"),
        AEACN=np.where(episodes["withdrawn"], "DRUG WITHDRAWN", "DOSE NOT CHANGED"),
        AEOUT=np.where(resolved, "RECOVERED/RESOLVED", "NOT RECOVERED/NOT RESOLVED"),
        TRTEMFL=np.where(episodes["emergent"], "Y", ""),
        ASTDT=on_day(start, episodes["first"]),
        ASTDY=episodes["first"],
        AENDT=ended,
        AENDY=episodes["last"],
    )
