"""PET/CT results as the core laboratory's reads gave them; read from the trial's folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from calor.datasets.dataset import Dataset
from calor.simulate.ivory_labels import LABELS, TITLES
from calor.web import served

_COLUMNS = ("USUBJID", "PARAMCD", "PARAM", "AVISIT", "ADT", "ADY", "AVAL", "AVALU", "CHG")
_NUMBERS = frozenset({"AVISITN", "ADY", "AVAL", "BASE", "CHG"})


def scans(participant: Any, *, after_baseline: bool) -> list[dict[str, Any]]:
    """Return a participant's measures by visit; none where nothing was read yet.

    Args:
        participant: The participant.
        after_baseline: Whether measures after baseline are told too. They are what the trial is about, so blinded
            people get those at baseline only, as for analytes that could reveal the arm.
    """
    table = _everybody()
    if table is None:
        return []
    table = table[list(_COLUMNS)]
    rows = table[(table["USUBJID"] == participant.identifier) & (after_baseline | (table["ADY"] < 1))]
    named = [{name.lower(): value for name, value in row.items()} for row in rows.to_dict("records")]
    return [row | {"chg": None if pd.isna(row["chg"]) else row["chg"]} for row in named]


def dataset(participants: Sequence[str], cutoff: date, *, after_baseline: bool) -> Dataset | None:
    """Return the measures of some participants up to a day as ADPET; None where nothing was read yet.

    Args:
        participants: Their identifiers.
        cutoff: Last day of what counts.
        after_baseline: Whether measures after baseline are among them, as for `scans`.
    """
    table = _everybody()
    if table is None:
        return None
    days = pd.to_datetime(table["ADT"]).astype("datetime64[s]")
    mine = table["USUBJID"].isin(participants) & (days <= pd.Timestamp(cutoff)) & (after_baseline | (table["ADY"] < 1))
    kept = table.assign(ADT=days)[mine].sort_values(["USUBJID", "PARAMCD", "ADT"]).reset_index(drop=True)
    return Dataset("ADPET", kept, {str(name): LABELS[str(name)] for name in kept}, TITLES["ADPET"])


def _everybody() -> pd.DataFrame | None:
    path = served.folder() / "results/imaging/adpet.csv"
    return _table(path, path.stat().st_mtime_ns) if path.exists() else None


@lru_cache(maxsize=2)
def _table(path: Path, _changed: int) -> pd.DataFrame:
    columns = [name for name in pd.read_csv(path, nrows=0).columns if name in LABELS]
    kinds = {name: "float64" if name in _NUMBERS else "str" for name in columns}
    return pd.read_csv(path, dtype=kinds, usecols=columns)
