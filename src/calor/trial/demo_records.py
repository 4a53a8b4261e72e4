"""Health records of the demonstration: synthetic people whose infarctions lie before today."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from calor.datasets.aside import aside
from calor.simulate.candidates import candidate_records
from calor.simulate.marker import Marker
from calor.simulate.post_infarction_records import post_infarction_records

HS_CRP = Marker(median=1.43, log_sd=1.134, icc=0.62)  # Otago, 28 days after infarction; MESA
_ADMITTED_SEED, _FOLLOWED_SEED, _FOLLOWED = 61, 62, 3000


def write_admitted(folder: Path, today: date) -> None:
    """Write the records of people admitted with an infarction within the last weeks, the same people each day."""
    _write(candidate_records(np.random.default_rng(_ADMITTED_SEED), today), folder)


def write_followed(folder: Path, today: date) -> None:
    """Write the records of people over the year after their infarction, with repeated hs-CRP."""
    drawn = post_infarction_records(np.random.default_rng(_FOLLOWED_SEED), today, persons=_FOLLOWED, marker=HS_CRP)
    _write(drawn, folder)


def _write(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write each table unless an equal one is there, so that nothing downstream is repeated."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        if not (path.exists() and pd.read_parquet(path).equals(table)):
            with aside(path) as part:
                table.to_parquet(part, index=False)
