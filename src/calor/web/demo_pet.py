"""What the core laboratory would have read on the demonstration's scans at baseline and after two months; made up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calor.protocol.protocol import Protocol
from calor.protocol.visits import analysis_day
from calor.web.calendar import latest
from calor.web.capture.models import VisitRecord
from calor.web.encryption import open_slot
from calor.web.models import Allocation
from calor.web.study_day import study_day

_MEASURES = {"TBRIDX": (2.30, "Mean TBRmax of the index vessel"),
             "TBRACT": (2.62, "Mean TBRmax of slices active at baseline (TBR >= 2)")}  # fmt: skip
_SPREAD, _WITHIN = 0.28, 0.16
_CHANGE = {True: -0.22, False: -0.02}  # under the drug, and without


def write_pet(protocol: Protocol, trial: Any, path: Path) -> None:
    """Write the participants' measures beside those of scans that were really read, unless they are there."""
    read = pd.read_csv(path, dtype={"USUBJID": str}) if path.exists() else pd.DataFrame(columns=["USUBJID"])
    rows = [row for allocation in _allocations(trial) for row in _measured(protocol, allocation)]
    made = pd.DataFrame(rows)
    made = made[~made["USUBJID"].isin(read["USUBJID"])] if rows else made
    if made.empty:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    (made if read.empty else pd.concat([read, made])).to_csv(path, index=False)


def _allocations(trial: Any) -> list[Any]:
    rows = Allocation.objects.filter(trial=trial).select_related("slot", "participant__trial")
    return list(rows.order_by("participant__identifier"))


def _measured(protocol: Protocol, allocation: Any) -> Iterator[dict[str, Any]]:
    participant = allocation.participant
    treated = protocol.arms[open_slot(allocation.slot, participant.trial.code)].role == "active"
    rng = np.random.default_rng([62, participant.pk])
    records = latest(VisitRecord.objects.filter(participant=participant))
    scanned = {e.id for e in protocol.dataset_endpoints if e.dataset == "adpet"}
    visits = [visit for visit in protocol.visits if scanned & set(visit.measures)]
    shared = rng.normal(0, _SPREAD)
    for code, (level, words) in _MEASURES.items():
        base = round(level + shared + rng.normal(0, 0.05), 2)
        for k, visit in enumerate(visits):
            value = base if k == 0 else round(base + _CHANGE[treated] + rng.normal(0, _WITHIN), 2)
            record = records.get(visit.id)
            if record is None or record.on is None:
                break
            yield {
                "STUDYID": protocol.trial.id, "USUBJID": participant.identifier, "PARAMCD": code, "PARAM": words,
                "AVISIT": visit.label, "AVISITN": float(analysis_day(visit.day)), "ADT": record.on.isoformat(),
                "ADY": float(analysis_day(study_day(record.on, allocation.at))), "AVAL": value, "AVALU": "1",
                "BASE": base, "CHG": None if k == 0 else round(value - base, 2),
                "PCHG": None if k == 0 else round(100 * (value - base) / base, 1),
                "ABLFL": "Y" if k == 0 else None, "ANL01FL": "Y",
            }  # fmt: skip
