"""Adverse events with the terms of the licensee's dictionary attached; what was reported is kept as it is."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from calor.datasets.meddra import MedDRA, term_key
from calor.errors import DatasetError

TEXTS = {"AELLT": "llt", "AEDECOD": "pt", "AEBODSYS": "soc"}
CODES = {"AELLTCD": "llt_code", "AEPTCD": "pt_code", "AEBDSYCD": "soc_code"}
"""Columns of ADAE and what of the dictionary stands in them."""

COMPARED = ("AEDECOD", "AEBODSYS")
REPORTED = "AETERM"


@dataclass(frozen=True, eq=False)
class CodedEvents:
    """Hold adverse events with their terms.

    Attributes:
        events: The events as given; term, class and codes filled in where they were blank.
        listing: One row per event that a coder must look at: `row` (label in `events`), `participant`, `reported`,
            `column`, `data` (what the data hold), `dictionary` (what the dictionary says), `why`.
        version: Version of the dictionary.
    """

    events: pd.DataFrame
    listing: pd.DataFrame
    version: str

    def __str__(self) -> str:
        counts = self.listing["why"].value_counts(sort=False)
        said = "; ".join(f"{n} {why}" for why, n in counts.items()) or "every one agrees with it"
        return f"MedDRA {self.version}, {len(self.events)} events: {said}"


def attach_terms(events: pd.DataFrame, dictionary: MedDRA) -> CodedEvents:
    """Attach preferred term and primary class to adverse events.

    The lowest level term is looked up by its code (`AELLTCD`) where the data hold one, else by its text (`AELLT`), else
    the reported text (`AETERM`) is. What the data already hold is not changed: where it differs, it is listed.

    Args:
        events: Adverse events with `AETERM`, one row per event.
        dictionary: The licensee's dictionary.

    Raises:
        DatasetError: There is no column `AETERM`.

    Example:
        >>> terms = pd.DataFrame({"llt": ["Sore spot"], "llt_code": ["11"], "current": ["Y"], "pt": ["Soreness"],
        ...                       "pt_code": ["1"], "soc": ["Skin, invented"], "soc_code": ["9"]})
        >>> events = pd.DataFrame({"USUBJID": ["S1", "S2"], "AETERM": ["sore spot", "Itch"]})
        >>> coded = attach_terms(events, MedDRA("0.0", terms))
        >>> coded.events["AEDECOD"].tolist()
        ['Soreness', None]
        >>> print(coded)
        MedDRA 0.0, 2 events: 1 not in the dictionary
    """
    if REPORTED not in events:
        raise DatasetError.must("adae", f"have the column {REPORTED}", "none", fix="Keep the reported text.")
    found = _look_up(events, dictionary)
    filled = events.copy()
    for column, term in {**TEXTS, **CODES}.items():
        held = _held(events, column)
        value = pd.to_numeric(found[term]) if column in CODES else found[term]
        own = events[column].where(held) if column in events else pd.Series(None, index=events.index, dtype=object)
        filled[column] = own.where(held, value)
    return CodedEvents(filled, _listing(events, found), dictionary.version)


def _held(events: pd.DataFrame, column: str) -> pd.Series:
    """Tell in which rows a column holds something."""
    if column not in events:
        return pd.Series(False, index=events.index)
    return events[column].notna() & (events[column].astype(str).str.strip() != "")


def _look_up(events: pd.DataFrame, dictionary: MedDRA) -> pd.DataFrame:
    """Find each event's lowest level term, by code where the data hold one."""
    by_code = dictionary.terms.drop_duplicates("llt_code").set_index("llt_code", drop=False)
    text = events[REPORTED].where(~_held(events, "AELLT"), events.get("AELLT"))
    found = dictionary.code(text).table.drop(columns="verbatim").set_axis(events.index)
    coded = _held(events, "AELLTCD")
    if coded.any():
        codes = pd.to_numeric(events.loc[coded, "AELLTCD"], errors="coerce").astype("Int64").astype(str)
        found.loc[coded] = by_code.reindex(codes).set_axis(codes.index)[list(found.columns)]
    return found.astype(object).where(found.notna(), None)


def _listing(events: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """List what a coder must look at, one row per event and column."""
    parts = [
        _rows(events, found["llt"].isna(), "", None, "not in the dictionary"),
        _rows(events, found["current"] == "N", "AELLT", found["llt"], "coded to a term no longer current"),
    ]
    for column in COMPARED:
        held = _held(events, column) & found["llt"].notna()
        stated = events.get(column, pd.Series("", index=events.index)).fillna("").astype(str)
        differs = held & (stated.map(term_key) != found[TEXTS[column]].fillna("").map(term_key))
        parts.append(_rows(events, differs, column, found[TEXTS[column]], f"{column} differs from the dictionary"))
    return pd.concat(parts, ignore_index=True)


def _rows(events: pd.DataFrame, which: pd.Series, column: str, dictionary: pd.Series | None, why: str) -> pd.DataFrame:
    here = events[which]
    return pd.DataFrame(
        {
            "row": here.index,
            "participant": here.get("USUBJID", pd.Series("", index=here.index)),
            "reported": here[REPORTED],
            "column": column,
            "data": here.get(column, ""),
            "dictionary": dictionary[which] if dictionary is not None else "",
            "why": why,
        }
    )
