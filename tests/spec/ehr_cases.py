"""The hand-written screening cases: their records, their rules, and the answers that were written first."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pandas as pd
from tests.reference.registry import FOLDER, SHIPPED

from calor.protocol.biomarkers import Gate, SetAside
from calor.protocol.screening import Screening
from calor.screen.rules import Rules

PREFIX = "ehr_case_"
TABLES = ("person", "condition_occurrence", "drug_exposure", "measurement", "death")


def folder() -> Path:
    """Return the folder of cases in use: CALOR_REFERENCE where it has them, else those shipped."""
    return FOLDER if (FOLDER / f"{PREFIX}expected.csv").exists() else SHIPPED


def expected() -> pd.DataFrame:
    """Return the expected answers."""
    return pd.read_csv(folder() / f"{PREFIX}expected.csv", dtype=str, keep_default_na=False)


def write_records(to: Path) -> Path:
    """Write the cases' OMOP tables under their own names."""
    for name in TABLES:
        shutil.copy(folder() / f"{PREFIX}{name}.csv", to / f"{name}.csv")
    return to


def rules() -> Rules:
    """Return the rules of ehr_case_protocol.json as Calor writes them."""
    screening = Screening.model_validate(
        {
            "vocabulary": "listed",
            "criteria": [
                {"kind": "recent_infarction", "id": "mi_window", "days": (0, 365)},
                {"kind": "age", "id": "adult", "by": "year"},
                {"kind": "alive", "id": "alive"},
                {"kind": "drug_covered", "id": "statin_current", "drug": "statin"},
                {"kind": "drug_covered", "id": "antiplatelet_current", "drug": "antiplatelet"},
                {
                    "kind": "latest_lab",
                    "id": "ldl_goal",
                    "lab": "ldl",
                    "comparator": "<",
                    "cutoff": 1.8,
                    "unit": "mmol/L",
                },
                {"kind": "biomarker_gate", "id": "crp_persistent"},
                {"kind": "event_absent", "id": "no_infection", "event": "infection", "within_days": 30},
                {"kind": "event_absent", "id": "no_cancer", "event": "cancer", "within_days": 1825},
                {"kind": "event_absent", "id": "no_autoimmune", "event": "autoimmune"},
                {"kind": "drug_absent", "id": "no_immunosuppressant", "drug": "immunosuppressant"},
            ],
        }
    )
    gate = Gate(
        biomarker="hs_crp",
        cutoff=2,
        comparator=">=",
        tests=2,
        least_interval_days=28,
        window=(0, 36_500),  # the rules set none
        window_from="infarction",
        set_aside=(SetAside(reason="Acute phase", above=10),),
    )
    return Rules(date(2026, 6, 30), screening, gate, "mg/L")
