"""The standard ids beside the shipped codes: those said to be verified are those that a real vocabulary holds."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest

from calor.records.concept_set import ConceptSet, concept_set, shipped
from calor.records.units import shipped_codes


@pytest.fixture(scope="module")
def concept(calor_data: Path) -> pd.DataFrame:
    """Read the CONCEPT table of Synthea27Nj."""
    archive = next((calor_data / "omop-synthea27nj").glob("*.zip"))
    with zipfile.ZipFile(archive) as file:
        names = [n for n in file.namelist() if n.lower().endswith("/concept.parquet") and "__MACOSX" not in n]
        table = pd.read_parquet(BytesIO(file.read(names[0])))
    return table.rename(columns=str.lower)


def test_every_id_that_a_real_vocabulary_holds_is_right_and_said_to_be_verified(concept: pd.DataFrame) -> None:
    known = {(v, code): i for v, code, i in concept[["vocabulary_id", "concept_code", "concept_id"]].to_numpy()}
    for name in shipped():
        what = concept_set(name)
        read = {
            code
            for vocabulary, codes in what.codes.items()
            for code, listed in codes.items()
            if listed and (vocabulary, code) in known
        }
        for vocabulary, codes in what.codes.items():
            for code in read & set(codes):
                assert codes[code] == known[vocabulary, code], (name, code)
        assert set(what.verified) == read, name


def test_unit_concepts_are_those_of_a_real_vocabulary(concept: pd.DataFrame) -> None:
    ucum = concept[concept["vocabulary_id"] == "UCUM"].set_index("concept_code")["concept_id"]
    spelt = {"U/L": "[U]/L", "[IU]/L": "[iU]/L"}
    for unit, code in shipped_codes().items():
        if "1.73" in code:
            assert unit in {ucum["mL/min/1.73.m2"], ucum["mL/min/(173.10*-2.m2)"]}
        else:
            assert ucum[spelt.get(code, code)] == unit, code


def test_what_was_never_read_in_a_vocabulary_is_told_apart() -> None:
    codes = {"RxNorm": {"read": 1, "published": 2, "remembered": 3, "no id": 0}}
    what = ConceptSet("drug", "A drug.", codes, verified=("read",), published={"A source": ("published",)})
    assert what.unverified == (3,)


@pytest.mark.parametrize("name", shipped())
def test_a_public_source_is_named_for_codes_of_the_set_that_no_vocabulary_was_read_for(name: str) -> None:
    what = concept_set(name)
    listed = {code for codes in (*what.codes.values(), *what.excluded.values()) for code in codes}
    assert {code for codes in what.published.values() for code in codes} <= listed - set(what.verified)
    assert all(" on GitHub, " in source for source in what.published)
