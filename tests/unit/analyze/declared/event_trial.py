"""IVORY's participants with invented two-year events, and protocols that declare how to analyze them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from tests.unit.analyze.declared.declared_trial import IVORY, datasets, find, section, with_frame

from calor.analyze.finding import Finding

__all__ = ["PRIMARY", "adtte", "analyze", "declared", "section", "with_status"]

PRIMARY = 'primary_method = "fisher_exact"\n'


def adtte() -> pd.DataFrame:
    """Return the rows of recurrent infarction, one per participant followed."""
    frame = datasets()["adtte"].frame
    return frame[frame["PARAMCD"] == "TTMI"].reset_index(drop=True)


def with_status(cnsr: np.ndarray, days: np.ndarray | None = None) -> dict[str, object]:
    """Return the datasets with other ends of follow-up."""
    changed = adtte().assign(CNSR=cnsr)
    return dict(with_frame("adtte", changed if days is None else changed.assign(AVAL=days)))


def declared(old: str, new: str, protocol: str = IVORY) -> str:
    """Return IVORY's protocol with one part written otherwise."""
    assert protocol.count(old) == 1, old
    return protocol.replace(old, new)


def analyze(protocol: str, held: dict[str, object] | None = None, id_: str = "recurrent_mi") -> Finding:
    """Do one analysis."""
    return find(id_, protocol, held)  # type: ignore[arg-type]
