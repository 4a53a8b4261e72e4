"""FHIR bulk NDJSON becomes OMOP tables, and what could not be mapped is listed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.spec.ehr_cases import rules

from calor.errors import RecordsError
from calor.records.open import open_records
from calor.records.records import rows
from calor.screen.facts import stage
from calor.screen.screened import screen


def code(system: str, value: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": value}]}


LOINC, RXNORM, SNOMED = "http://loinc.org", "http://www.nlm.nih.gov/research/umls/rxnorm", "http://snomed.info/sct"
ME = {"reference": "Patient/p1"}


def observation(day: str, value: float, **others: Any) -> dict[str, Any]:
    quantity = {"value": value, "system": "http://unitsofmeasure.org", "code": "mg/L", **others}
    return {
        "resourceType": "Observation", "status": "final", "subject": ME, "code": code(LOINC, "30522-7"),
        "effectiveDateTime": f"{day}T08:00:00+01:00", "valueQuantity": quantity,
    }  # fmt: skip


def medication(ingredient: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest", "status": "active", "subject": ME, "authoredOn": "2025-12-13",
        "medicationCodeableConcept": code(RXNORM, ingredient),
        "dispenseRequest": {"expectedSupplyDuration": {"value": 365, "code": "d"}},
    }  # fmt: skip


RESOURCES: list[dict[str, Any]] = [
    observation("2026-03-22", 3.0),
    observation("2026-05-01", 0.25, code="mg/dL"),
    {**observation("2026-05-02", 1.0), "status": "entered-in-error"},
    {**observation("2026-05-02", 60), "code": code(LOINC, "18262-6"), "valueQuantity": {"value": 60, "code": "mg/dL"}},
    {**observation("2026-05-02", 60), "code": code(LOINC, "8867-4")},
    medication("83367"),
    medication("1191"),
    {
        "resourceType": "Condition", "subject": ME, "onsetDateTime": "2025-12-12",
        "code": {"coding": [*code("urn:own", "x")["coding"], *code(SNOMED, "22298006")["coding"]]},
    },
    {"resourceType": "Patient", "id": "p1", "birthDate": "1960-01-01"},
    {"resourceType": "Patient", "id": "p2", "birthDate": "1950"},
    {"resourceType": "Encounter", "subject": ME},
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "all.ndjson").write_text("\n".join(json.dumps(resource) for resource in RESOURCES), encoding="utf-8")
    return tmp_path


def test_a_bulk_export_is_screened_like_omop_tables(folder: Path) -> None:
    records = open_records(folder)
    found = screen(stage(records, rules()), rules())
    assert found.persons == 2
    assert found.answers["status"].to_list() == ["eligible"]
    assert found.answers["crp_persistent__value"].to_list() == [2.5]
    assert found.answers["crp_persistent__day"].to_list() == [date(2026, 5, 1)]


def test_what_could_not_be_mapped_is_listed(folder: Path) -> None:
    notes = " ".join(open_records(folder).notes)
    assert "1 Observation whose code is in no concept set" in notes
    assert "1 Observation marked as not so" in notes


def clinical_drug(folder: Path) -> None:
    """Prescribe atorvastatin as a tablet of 80 mg instead of as an ingredient."""
    resources = [json.dumps(medication("259255") if r == medication("83367") else r) for r in RESOURCES]
    (folder / "all.ndjson").write_text("\n".join(resources), encoding="utf-8")


def test_a_clinical_drug_is_listed_as_unmapped_where_the_site_gives_no_vocabulary(folder: Path) -> None:
    clinical_drug(folder)
    records = open_records(folder)
    assert "1 MedicationRequest whose code is in no concept set" in " ".join(records.notes)
    assert screen(stage(records, rules()), rules()).answers["status"].to_list() == ["ineligible"]


def test_a_clinical_drug_counts_through_its_ingredient_where_the_vocabulary_lies_beside(folder: Path) -> None:
    clinical_drug(folder)
    asked = rules()
    site = asked.screening.model_copy(update={"vocabulary": "site", "absent": asked.screening.sets()})
    concepts = [
        (4329847, "SNOMED", "22298006"), (3010156, "LOINC", "30522-7"), (3009966, "LOINC", "18262-6"),
        (1545958, "RxNorm", "83367"), (1545959, "RxNorm", "259255"), (1112807, "RxNorm", "1191"),
    ]  # fmt: skip
    pd.DataFrame(concepts, columns=["concept_id", "vocabulary_id", "concept_code"]).to_parquet(
        folder / "concept.parquet"
    )
    ancestors = [(i, i) for i, _, _ in concepts] + [(1545958, 1545959)]
    pd.DataFrame(ancestors, columns=["ancestor_concept_id", "descendant_concept_id"]).to_csv(
        folder / "concept_ancestor.csv", index=False
    )
    records = open_records(folder)
    assert rows(records["drug_exposure"])["drug_concept_id"].to_list() == [1545959, 1112807]
    assert "MedicationRequest" not in " ".join(records.notes)
    found = screen(stage(records, replace(asked, screening=site)), replace(asked, screening=site))
    assert found.answers["statin_current__met"].to_list() == [True]


def test_a_time_told_in_utc_becomes_the_day_of_the_site(folder: Path) -> None:
    late = {**observation("2026-03-22", 3.0), "effectiveDateTime": "2026-03-22T23:30:00Z"}
    (folder / "late.ndjson").write_text(json.dumps(late))
    days = [
        set(rows(open_records(folder, time_zone=zone)["measurement"])["measurement_date"].astype(str))
        for zone in ("UTC", "Europe/Berlin")
    ]
    assert days[1] - days[0] == {"2026-03-23"}


def test_a_year_of_birth_stays_a_year(folder: Path) -> None:
    person = rows(open_records(folder)["person"]).sort_values("person_id")
    assert person["month_of_birth"].isna().to_list() == [False, True]


MALFORMED = [
    ({"effectiveDateTime": "2026-02-30"}, "4 Observation without a day"),
    ({"effectiveDateTime": 20260301}, "4 Observation without a day"),
    ({"subject": "Patient/p1"}, "4 Observation without a Patient"),
    ({"code": {"coding": None}}, "4 Observation whose code is in no concept set"),
    ({"code": "30522-7"}, "4 Observation whose code is in no concept set"),
    ({"valueQuantity": {"value": "3,1", "code": "mg/L"}}, "1 Observation whose code is in no concept set"),
    ({"valueQuantity": []}, "1 Observation whose code is in no concept set"),
]


@pytest.mark.parametrize(("broken", "note"), MALFORMED)
def test_what_is_not_as_r4_has_it_is_listed_or_undetermined_and_never_met(
    folder: Path, broken: dict[str, Any], note: str
) -> None:
    resources = [
        {**r, **broken} if r["resourceType"] == "Observation" and r["status"] == "final" else r for r in RESOURCES
    ]
    (folder / "all.ndjson").write_text("\n".join(json.dumps(r) for r in resources), encoding="utf-8")
    records = open_records(folder)
    assert note in " ".join(records.notes)
    assert screen(stage(records, rules()), rules()).answers["status"].to_list() != ["eligible"]


@pytest.mark.parametrize("said", [{"doNotPerform": True}, {"intent": "proposal"}, {"status": "cancelled"}])
def test_a_drug_that_was_not_ordered_is_not_taken(folder: Path, said: dict[str, Any]) -> None:
    resources = [{**r, **said} if r["resourceType"] == "MedicationRequest" else r for r in RESOURCES]
    (folder / "all.ndjson").write_text("\n".join(json.dumps(r) for r in resources), encoding="utf-8")
    records = open_records(folder)
    assert "2 MedicationRequest marked as not so" in " ".join(records.notes)
    assert rows(records["drug_exposure"]).empty


def test_an_order_that_points_to_a_medication_has_its_code(folder: Path) -> None:
    def pointed(resource: dict[str, Any], to: str, **others: Any) -> dict[str, Any]:
        order = {k: v for k, v in resource.items() if k != "medicationCodeableConcept"}
        return order | {"medicationReference": {"reference": to}} | others

    statin, aspirin = medication("83367"), medication("1191")
    within = {"resourceType": "Medication", "id": "m2", "code": code(RXNORM, "1191")}
    beside = {"resourceType": "Medication", "id": "m1", "code": code(RXNORM, "83367")}
    moved = {
        json.dumps(statin): pointed(statin, "Medication/m1"),
        json.dumps(aspirin): pointed(aspirin, "#m2", contained=[within]),
    }
    resources = [*(moved.get(json.dumps(r), r) for r in RESOURCES), beside]
    (folder / "all.ndjson").write_text("\n".join(json.dumps(r) for r in resources), encoding="utf-8")
    records = open_records(folder)
    assert not any("Medication" in note for note in records.notes)
    assert screen(stage(records, rules()), rules()).answers["status"].to_list() == ["eligible"]


def test_a_birth_date_that_is_none_leaves_the_age_open(folder: Path) -> None:
    resources = [{**r, "birthDate": "unknown"} if r["resourceType"] == "Patient" else r for r in RESOURCES]
    (folder / "all.ndjson").write_text("\n".join(json.dumps(r) for r in resources), encoding="utf-8")
    assert screen(stage(open_records(folder), rules()), rules()).answers["status"].to_list() == ["undetermined"]


@pytest.mark.parametrize("line", ["[1, 2]", "7", "{"])
def test_a_line_that_is_no_object_is_refused(folder: Path, line: str) -> None:
    path = folder / "all.ndjson"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}", encoding="utf-8")
    with pytest.raises(RecordsError, match=r"all.ndjson, line 12"):
        open_records(folder)


def test_a_cut_file_is_refused_by_line(folder: Path) -> None:
    path = folder / "all.ndjson"
    path.write_text(path.read_text()[:-20], encoding="utf-8")
    with pytest.raises(RecordsError, match=r"all.ndjson, line 11"):
        open_records(folder)
