"""The factor of each recorded unit to the unit in which its set is compared; none where it cannot be converted."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from ibis.expr import types as ir

from calor.errors import RecordsError
from calor.records.concept_set import concept_set
from calor.records.records import Records, rows
from calor.records.units import factor, unit_codes
from calor.screen.rules import Rules


def factors(records: Records, labs: ir.Table, rules: Rules) -> pd.DataFrame:
    """Return the factor of each unit that stands in the staged results; null where it cannot be converted."""
    found = rows(labs.select("role", "unit_concept_id", "unit_text").distinct())
    codes = unit_codes(records) if len(found) else {}
    wanted = units_wanted(rules)
    found["factor"] = [
        convert(role, int(concept), text, codes, wanted)
        for role, concept, text in found[["role", "unit_concept_id", "unit_text"]].itertuples(index=False)
    ]
    found["unit_concept_id"], found["factor"] = found["unit_concept_id"].astype("int64"), found["factor"].astype(float)
    return found


def units_wanted(rules: Rules) -> dict[str, str]:
    """Return the unit in which each laboratory set is compared."""
    wanted = {**rules.also, **{rule.lab: rule.unit for rule in rules.screening.criteria if rule.kind == "latest_lab"}}
    gate = rules.gate_rule
    if gate is not None:
        wanted |= {name: rules.gate_unit for name in (gate.lab, gate.stand_in) if name}
    return wanted


def convert(role: str, concept: int, text: str, codes: Mapping[int, str], wanted: Mapping[str, str]) -> float | None:
    """Return the factor of one recorded unit: by its concept, else by its text where that is UCUM; else None."""
    unit = codes.get(concept, "") if concept else text
    if role not in wanted or not unit:
        return None
    known = role in wanted and _molar_mass(role)
    return factor(unit, wanted[role], known or None)


def _molar_mass(role: str) -> float | None:
    try:
        return concept_set(role).molar_mass_g_per_mol
    except RecordsError:
        return None  # a set that the protocol defines by its own concepts
