"""The OMOP CDM 5.4 tables and columns that Calor reads; everything else in the records stays untouched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "integer", "number", "day", "text"]


@dataclass(frozen=True)
class Table:
    """One table: columns that it must have, columns that are read where they exist, and what it holds.

    Attributes:
        needed: Columns without which nothing can be judged.
        optional: Columns that are null throughout where the site lacks them.
        start: The column that dates a row; no row may be dated in the future.
    """

    needed: dict[str, Kind]
    optional: dict[str, Kind]
    start: str | None = None


TABLES: dict[str, Table] = {
    "person": Table(
        {"person_id": "id", "year_of_birth": "integer"},
        {"month_of_birth": "integer", "day_of_birth": "integer"},
    ),
    "condition_occurrence": Table(
        {
            "condition_occurrence_id": "id",
            "person_id": "id",
            "condition_concept_id": "id",
            "condition_start_date": "day",
        },
        {"condition_end_date": "day"},
        "condition_start_date",
    ),
    "drug_exposure": Table(
        {"drug_exposure_id": "id", "person_id": "id", "drug_concept_id": "id", "drug_exposure_start_date": "day"},
        {"drug_exposure_end_date": "day", "days_supply": "integer"},
        "drug_exposure_start_date",
    ),
    "measurement": Table(
        {
            "measurement_id": "id",
            "person_id": "id",
            "measurement_concept_id": "id",
            "measurement_date": "day",
            "value_as_number": "number",
            "unit_concept_id": "id",
        },
        {"operator_concept_id": "id", "value_source_value": "text", "unit_source_value": "text"},
        "measurement_date",
    ),
    "death": Table({"person_id": "id", "death_date": "day"}, {}, "death_date"),
    "observation": Table(
        {"observation_id": "id", "person_id": "id", "observation_concept_id": "id", "observation_date": "day"},
        {},
        "observation_date",
    ),
    "concept": Table({"concept_id": "id", "vocabulary_id": "text", "concept_code": "text"}, {}),
    "concept_ancestor": Table({"ancestor_concept_id": "id", "descendant_concept_id": "id"}, {}),
    "concept_relationship": Table({"concept_id_1": "id", "concept_id_2": "id", "relationship_id": "text"}, {}),
    "drug_strength": Table({"drug_concept_id": "id", "ingredient_concept_id": "id", "amount_value": "number"}, {}),
}

CLINICAL = ("person", "condition_occurrence", "drug_exposure", "measurement", "death")
"""Tables without which there is no screen."""

VOCABULARY = ("concept", "concept_ancestor", "concept_relationship", "drug_strength")
"""Tables of the site's vocabulary."""
