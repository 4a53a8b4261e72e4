"""The factor of each recorded unit to the unit in which its set is compared; none where it cannot be converted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd
from ibis.expr import types as ir

from calor.records.concept_set import concept_set, shipped
from calor.records.records import Records, rows
from calor.records.units import factor, unit_codes
from calor.screen.rules import Rules


def factors(records: Records, labs: ir.Table, rules: Rules) -> pd.DataFrame:
    """Return the factor of each unit that stands in the staged results; null where it cannot be converted.

    >>> from calor.screen.example import example_facts, example_records, example_rules
    >>> factors(example_records(), example_facts().labs, example_rules())["factor"].tolist()
    [1.0]
    """
    found = rows(labs.select("role", "unit_concept_id", "unit_text").distinct())
    codes = unit_codes(records) if len(found) else {}
    wanted = units_wanted(rules)
    found["factor"] = [
        convert(role, int(concept), text, codes, wanted, rules.screening.molar_mass_g_per_mol)
        for role, concept, text in found[["role", "unit_concept_id", "unit_text"]].itertuples(index=False)
    ]
    found["unit_concept_id"], found["factor"] = found["unit_concept_id"].astype("int64"), found["factor"].astype(float)
    return found


def units_wanted(rules: Rules) -> dict[str, str]:
    """Return the unit in which each laboratory set is compared.

    >>> from calor.screen.example import example_rules
    >>> units_wanted(example_rules())
    {'hscrp': 'mg/L', 'crp': 'mg/L'}
    """
    wanted = {**rules.also, **{rule.lab: rule.unit for rule in rules.screening.criteria if rule.kind == "latest_lab"}}
    gate = rules.gate_rule
    if gate is not None:
        wanted |= {name: rules.gate_unit for name in (gate.lab, gate.stand_in) if name}
    return wanted


def convert(
    role: str,
    concept: int,
    text: str,
    codes: Mapping[int, str],
    wanted: Mapping[str, str],
    molar_masses: Mapping[str, float] = MappingProxyType({}),
) -> float | None:
    """Return the factor of one recorded unit: by its concept, else by its text where that is UCUM; else None.

    Args:
        role: The laboratory set.
        concept: Unit concept of the record, 0 for none.
        text: Unit of the record as text.
        codes: UCUM code of each unit concept.
        wanted: Unit in which each set is compared.
        molar_masses: Of sets that the protocol defines [g/mol]; a shipped set knows its own.

    >>> convert("ldl", 8840, "", {8840: "mg/dL"}, {"ldl": "mg/dL"})
    1.0
    """
    unit = codes.get(concept, "") if concept else text
    if role not in wanted or not unit:
        return None
    return factor(unit, wanted[role], molar_masses.get(role) or _molar_mass(role))


def _molar_mass(role: str) -> float | None:
    return concept_set(role).molar_mass_g_per_mol if role in shipped() else None
