"""Units of laboratory results, by UCUM: the factor to the unit in which a set is compared, or none."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import Any

import pandas as pd

from calor.records.records import Records, rows

_ANNOTATION = re.compile(r"\{[^}]*\}")


@cache
def factor(unit: str, to: str, molar_mass_g_per_mol: float | None = None) -> float | None:
    """Return the factor from one UCUM unit to another; None where it is no UCUM unit or of another dimension.

    Args:
        unit: Unit of the record.
        to: Unit wanted.
        molar_mass_g_per_mol: Of the analyte; without it mass is never turned into substance.

    >>> factor("mg/dL", "mg/L"), factor("mmol/L", "mg/L"), factor("tablets", "mg/L")
    (10.0, None, None)
    >>> round(1 / factor("mg/dL", "mmol/L", 386.7), 6)
    38.67
    """
    if unit == to:
        return 1.0
    if sorted(_ANNOTATION.findall(unit)) != sorted(_ANNOTATION.findall(to)):
        return None  # an annotation such as {1.73_m2} has no dimension, yet another meaning
    registry = _registry()
    try:
        given, wanted = registry.from_ucum(unit), registry.from_ucum(to)
        molar = registry.from_ucum("g/mol")
        if molar_mass_g_per_mol and (given / wanted).dimensionality == molar.dimensionality:
            given = given / (molar_mass_g_per_mol * molar)
        return float(f"{given.to(wanted).magnitude:.15g}")
    except Exception:  # noqa: BLE001 (pint and the UCUM grammar raise many kinds; each means: not this unit)
        return None


def unit_codes(records: Records) -> dict[int, str]:
    """Return the UCUM code of each unit concept, from the shipped list and from the site's vocabulary."""
    table = pd.read_csv(StringIO((files("calor.records") / "units.csv").read_text(encoding="utf-8")))
    codes: dict[int, str] = dict(zip(table["unit_concept_id"].astype(int), table["ucum"], strict=True))
    if "concept" in records:
        concept = records["concept"]
        own = rows(concept.filter(concept.vocabulary_id == "UCUM").select("concept_id", "concept_code"))
        codes = dict(zip(own["concept_id"].astype(int), own["concept_code"], strict=True)) | codes
    return codes


@cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry  # noqa: PLC0415  (a second to build: only where a unit must be converted)

    return PintUcumRegistry()
