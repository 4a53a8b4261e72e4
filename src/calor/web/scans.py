"""PET/CT results of one participant, as the core laboratory's reads gave them; read from the trial's folder."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from calor.web import served

_COLUMNS = ("USUBJID", "PARAMCD", "PARAM", "AVISIT", "ADT", "ADY", "AVAL", "AVALU", "CHG")


def scans(participant: Any, *, after_baseline: bool) -> list[dict[str, Any]]:
    """Return a participant's measures by visit; none where nothing was read yet.

    Args:
        participant: The participant.
        after_baseline: Whether measures after baseline are told too. They are what the trial is about, so blinded
            people get those at baseline only, as for analytes that could reveal the arm.
    """
    path = served.folder() / "results/imaging/adpet.csv"
    if not path.exists():
        return []
    table = _table(path, path.stat().st_mtime_ns)
    rows = table[(table["USUBJID"] == participant.identifier) & (after_baseline | (table["ADY"] < 1))]
    named = [{name.lower(): value for name, value in row.items()} for row in rows.to_dict("records")]
    return [row | {"chg": None if pd.isna(row["chg"]) else row["chg"]} for row in named]


@lru_cache(maxsize=2)
def _table(path: Path, _changed: int) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"USUBJID": str}, usecols=list(_COLUMNS))
