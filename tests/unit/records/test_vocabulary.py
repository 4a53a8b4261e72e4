"""Concept sets resolve in the site's vocabulary, with descendants, or not at all."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.property.test_screen_oracle import frames

from calor.errors import RecordsError
from calor.records.concept_set import concept_set, shipped
from calor.records.open import in_memory
from calor.records.records import Records
from calor.records.vocabulary import resolve

EMPTY = {name: [] for name in ("person", "condition_occurrence", "drug_exposure", "measurement", "death")}
CONCEPTS = [
    (1, "SNOMED", "22298006"),
    (2, "SNOMED", "1755008"),  # old infarction, beneath infarction
    (3, "SNOMED", "401303003"),
    (4, "ICD10CM", "I21.4"),
    (5, "ICD10CM", "I25.2"),
    (10, "RxNorm", "83367"),
    (11, "RxNorm", "atorvastatin 10 mg"),
    (12, "RxNorm", "atorvastatin 80 mg"),
    (13, "RxNorm", "atorvastatin, no strength"),
]
ANCESTORS = [(1, 1), (1, 2), (1, 3), (1, 6), (2, 2), (3, 3), (10, 10), (10, 11), (10, 12), (10, 13)]


def site(**others: pd.DataFrame) -> Records:
    concept = pd.DataFrame(CONCEPTS, columns=["concept_id", "vocabulary_id", "concept_code"])
    relation = pd.DataFrame([(4, 6, "Maps to")], columns=["concept_id_1", "concept_id_2", "relationship_id"])
    ancestor = pd.DataFrame(ANCESTORS, columns=["ancestor_concept_id", "descendant_concept_id"])
    strength = pd.DataFrame(
        [(11, 10, 10.0), (12, 10, 80.0)], columns=["drug_concept_id", "ingredient_concept_id", "amount_value"]
    )
    vocabulary = {
        "concept": concept,
        "concept_relationship": relation,
        "concept_ancestor": ancestor,
        "drug_strength": strength,
    }
    return in_memory({**frames(EMPTY), **vocabulary, **others})


def test_descendants_and_mapped_codes_belong_and_exclusions_do_not() -> None:
    members = resolve(site(), ("mi",)).frame
    assert set(members["concept_id"]) == {1, 3, 6}


def test_strength_decides_high_intensity_and_its_want_leaves_it_open() -> None:
    members = resolve(site(), ("statin_high_intensity",)).frame
    assert dict(zip(members["concept_id"], members["certain"], strict=True)) == {10: False, 12: True, 13: False}


def test_a_set_that_resolves_to_nothing_is_an_error_unless_it_is_said_to_be_absent() -> None:
    with pytest.raises(RecordsError, match="hscrp"):
        resolve(site(), ("mi", "hscrp"))
    assert "hscrp" in " ".join(resolve(site(), ("mi", "hscrp"), absent=("hscrp",)).notes)


def test_a_vocabulary_without_descendants_is_an_error() -> None:
    none = pd.DataFrame({"ancestor_concept_id": [], "descendant_concept_id": []}, dtype="int64")
    with pytest.raises(RecordsError, match="no concept_ancestor"):
        resolve(site(concept_ancestor=none), ("mi",))


def test_descendants_are_followed_through_relationships_where_there_are_no_ancestors() -> None:
    none = pd.DataFrame({"ancestor_concept_id": [], "descendant_concept_id": []}, dtype="int64")
    links = pd.DataFrame(
        [(1, 2, "Subsumes"), (1, 3, "Subsumes"), (3, 7, "Subsumes"), (7, 8, "Subsumes"), (9, 1, "Subsumes")],
        columns=["concept_id_1", "concept_id_2", "relationship_id"],
    )
    members = resolve(site(concept_ancestor=none, concept_relationship=links), ("mi",))
    assert set(members.frame["concept_id"]) == {1, 3, 4, 7, 8}
    assert "concept_relationship" in " ".join(members.notes)


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_set_says_what_it_is_and_lists_codes(name: str) -> None:
    what = concept_set(name)
    assert what.about.endswith(".")
    assert sum(len(codes) for codes in what.codes.values()) >= 1
