"""Units are UCUM's: the short way through a table gives what the library gives."""

from __future__ import annotations

import itertools

import pytest

from calor.records.units import by_library, by_table, factor, shipped_codes


@pytest.mark.parametrize("molar_mass", [None, 386.7])
def test_the_table_of_concentrations_gives_the_librarys_factors(molar_mass: float | None) -> None:
    for unit, to in itertools.permutations(dict.fromkeys(shipped_codes().values()), 2):
        short, whole = by_table(unit, to, molar_mass), by_library(unit, to, molar_mass)
        assert short is None or short == pytest.approx(whole, rel=1e-14), (unit, to)
        concentrations = {"g/L", "mg/L", "mol/L", "mmol/L"}
        assert short is not None or whole is None or not {unit, to} <= concentrations


@pytest.mark.parametrize(
    ("unit", "to"), [("tablets", "mg/L"), ("", "mg/L"), ("mmol/L", "mg/L"), ("mL/min", "mL/min/{1.73_m2}")]
)
def test_what_cannot_be_converted_has_no_factor(unit: str, to: str) -> None:
    assert factor(unit, to) is None


def test_cholesterol_converts_both_ways() -> None:
    assert factor("mg/dL", "mmol/L", 386.7) == pytest.approx(1 / 38.67)
    assert factor("mmol/L", "mg/dL", 386.7) == pytest.approx(38.67)
