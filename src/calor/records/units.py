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
    return by_table(unit, to, molar_mass_g_per_mol) or by_library(unit, to, molar_mass_g_per_mol)


def by_table(unit: str, to: str, molar_mass_g_per_mol: float | None = None) -> float | None:
    """Return the factor between two of the common concentrations, as the library would; None for all other units.

    Building the library's registry takes a second, a fifth of a screen of a million persons.

    >>> by_table("mg/dL", "mg/L"), by_table("U/L", "[IU]/L")
    (10.0, None)
    """
    concentrations = _concentrations()
    if unit not in concentrations or to not in concentrations:
        return None
    (base, given), (other, wanted) = concentrations[unit], concentrations[to]
    if base != other:
        if not molar_mass_g_per_mol:
            return None
        given *= molar_mass_g_per_mol if base == "mol/L" else 1 / molar_mass_g_per_mol
    return float(f"{given / wanted:.15g}")


def by_library(unit: str, to: str, molar_mass_g_per_mol: float | None = None) -> float | None:
    """Return the factor between any two UCUM units of one dimension.

    >>> by_library("ug/mL", "mg/L"), by_library("mg/L", "furlong")
    (1.0, None)
    """
    registry = _registry()
    try:
        given, wanted = registry.from_ucum(unit), registry.from_ucum(to)
        molar = registry.from_ucum("g/mol")
        if molar_mass_g_per_mol and (given / wanted).dimensionality == molar.dimensionality:
            given = given / (molar_mass_g_per_mol * molar)
        elif molar_mass_g_per_mol and (wanted / given).dimensionality == molar.dimensionality:
            given = given * (molar_mass_g_per_mol * molar)
        return float(f"{given.to(wanted).magnitude:.15g}")
    except Exception:  # noqa: BLE001 (pint and the UCUM grammar raise many kinds; each means: not this unit)
        return None


def shipped_codes() -> dict[int, str]:
    """Return the UCUM code of each unit concept in the shipped list.

    >>> shipped_codes()[8751]
    'mg/L'
    """
    table = _table()
    return dict(zip(table["unit_concept_id"].astype(int), table["ucum"], strict=True))


def unit_codes(records: Records) -> dict[int, str]:
    """Return the UCUM code of each unit concept, from the shipped list and from the site's vocabulary.

    >>> import ibis
    >>> unit_codes(Records(ibis.duckdb.connect(), {}))[8840]
    'mg/dL'
    """
    codes = shipped_codes()
    if "concept" in records:
        concept = records["concept"]
        own = rows(concept.filter(concept.vocabulary_id == "UCUM").select("concept_id", "concept_code"))
        codes = dict(zip(own["concept_id"].astype(int), own["concept_code"], strict=True)) | codes
    return codes


@cache
def _table() -> pd.DataFrame:
    return pd.read_csv(StringIO((files("calor.records") / "units.csv").read_text(encoding="utf-8")))


@cache
def _concentrations() -> dict[str, tuple[str, float]]:
    """Return the common concentrations in g/L or mol/L."""
    table = _table().dropna(subset=["base"])
    return {u: (str(b), float(x)) for u, b, x in zip(table["ucum"], table["base"], table["in_base"], strict=True)}


@cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry  # noqa: PLC0415  (a second to build: only where a unit must be converted)

    return PintUcumRegistry()
