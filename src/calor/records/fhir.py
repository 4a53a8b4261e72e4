"""FHIR R4 bulk NDJSON, mapped to the OMOP tables; what could not be mapped is listed.

FHIR brings no vocabulary. Where the site's own lies beside it (`concept.parquet` or `.csv`, and its siblings), every
code becomes the standard concept that it names there: a clinical drug then counts through its ingredient. Without one,
codes are mapped through the shipped concept sets, which is what a screen asks for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from calor.errors import RecordsError
from calor.records.concept_set import concept_set, matches, shipped
from calor.records.fhir_elements import (
    codings_of,
    day_of,
    element_of,
    end_of,
    in_zone,
    not_so,
    number_of,
    reference_of,
    start_of,
)
from calor.records.tables import TABLES

SYSTEMS = {
    "http://snomed.info/sct": "SNOMED",
    "http://loinc.org": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
}
OPERATORS = {"<": 4171756, "<=": 4171754, ">=": 4171755, ">": 4172704}

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Code = tuple[str, str]
"""A vocabulary, by its OMOP name, and a code of it."""
Lookup = Callable[[set[Code]], Mapping[Code, int]]
"""Standard concepts of those codes that a site's vocabulary holds."""
_Concept = Callable[[dict[str, Any] | None], int]


def is_fhir(folder: Path) -> bool:
    """Tell whether a folder holds FHIR NDJSON.

    >>> is_fhir(Path("/nowhere"))
    False
    """
    return any(folder.glob("*.ndjson"))


def read_fhir(
    folder: Path, lookup: Lookup | None = None, zone: tzinfo = UTC
) -> tuple[dict[str, pd.DataFrame], tuple[str, ...]]:
    r"""Read Patient, Condition, Observation, MedicationRequest and MedicationStatement as OMOP tables.

    Encounters are passed over: no rule asks for a visit. Medications give the codes of the orders that point to them.

    Args:
        folder: `.ndjson` files of one resource type or several.
        lookup: Into the site's vocabulary, where there is one.
        zone: In which times told in UTC become days.

    Returns:
        The tables by name, and one sentence for each kind of thing that was not mapped.

    Raises:
        RecordsError: A line is no JSON, as at the end of a file that was cut.

    >>> import json, tempfile
    >>> drug = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "259255"}]}  # 80 mg tablet
    >>> asked = {"resourceType": "MedicationRequest", "subject": {"reference": "Patient/1"}, "authoredOn": "2026-01-01"}
    >>> rows = [{"resourceType": "Patient", "id": "1"}, {**asked, "medicationCodeableConcept": drug}]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "all.ndjson").write_text("\n".join(json.dumps(row) for row in rows))
    ...     read_fhir(Path(folder))[1]
    ('FHIR: 1 MedicationRequest whose code is in no concept set not mapped.',)
    """
    tables: Tables = {name: [] for name in ("person", "condition_occurrence", "drug_exposure", "measurement", "death")}
    people: dict[str, int] = {}
    unmapped: Counter[str] = Counter()
    resources = sorted(_resources(folder, zone), key=lambda resource: resource.get("resourceType") != "Patient")
    _name_drugs(resources)
    known = lookup({code for resource in resources for code in _codes(resource)}) if lookup else {}
    concept = partial(_concept, known=known)
    for resource in resources:
        kind = resource.get("resourceType")
        if not_so(resource):
            unmapped[f"{kind} marked as not so"] += 1
        elif kind == "Patient":
            _patient(resource, tables, people)
        elif kind in _MAPPERS:
            person = people.get(reference_of(resource.get("subject")))
            problem = "without a Patient" if person is None else _MAPPERS[kind](resource, tables, person, concept)
            if problem:
                unmapped[f"{kind} {problem}"] += 1
        elif kind not in {"Encounter", "Medication"}:
            unmapped[f"{kind} (not read)"] += 1
    frames = {name: _typed(name, rows) for name, rows in tables.items()}
    return frames, tuple(f"FHIR: {n} {what} not mapped." for what, n in sorted(unmapped.items()))


def _resources(folder: Path, zone: tzinfo) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.ndjson")):
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        resource = json.loads(line, object_hook=partial(in_zone, zone=zone))
                    except ValueError:
                        resource = None
                    if not isinstance(resource, dict):
                        where = f"{path.name}, line {number}"
                        fix = "The file may be cut short: export it again."
                        raise RecordsError.must("NDJSON", "hold one JSON object per line", "none", fix=fix, where=where)
                    yield resource


def _name_drugs(resources: list[dict[str, Any]]) -> None:
    """Give each order that points to a Medication, beside it or within it, the code of that."""
    drugs = {f"Medication/{r.get('id')}": r.get("code") for r in resources if r.get("resourceType") == "Medication"}
    for resource in resources:
        if "medicationReference" in resource:
            contained = resource.get("contained")
            within = [element_of(part) for part in contained] if isinstance(contained, list) else []
            known = drugs | {f"#{part.get('id')}": part.get("code") for part in within}
            resource.setdefault("medicationCodeableConcept", known.get(reference_of(resource["medicationReference"])))


def _patient(resource: dict[str, Any], tables: Tables, people: dict[str, int]) -> None:
    person = people.setdefault(f"Patient/{resource.get('id')}", len(people) + 1)
    born = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", str(resource.get("birthDate")))
    year, month, day = (int(part) if part else None for part in (born.groups() if born else (None, None, None)))
    tables["person"].append({"person_id": person, "year_of_birth": year, "month_of_birth": month, "day_of_birth": day})
    if resource.get("deceasedDateTime") or resource.get("deceasedBoolean"):
        tables["death"].append({"person_id": person, "death_date": day_of(resource.get("deceasedDateTime"))})


def _condition(resource: dict[str, Any], tables: Tables, person: int, concept_of: _Concept) -> str:
    concept = concept_of(resource.get("code"))
    start = day_of(
        resource.get("onsetDateTime") or start_of(resource.get("onsetPeriod")) or resource.get("recordedDate")
    )
    if start is None:
        return "without a day"
    if not concept:
        return "whose code is in no concept set"
    end = day_of(resource.get("abatementDateTime") or end_of(resource.get("onsetPeriod")))
    tables["condition_occurrence"].append(
        {"person_id": person, "condition_concept_id": concept, "condition_start_date": start, "condition_end_date": end}
    )
    return ""


def _observation(resource: dict[str, Any], tables: Tables, person: int, concept_of: _Concept) -> str:
    concept = concept_of(resource.get("code"))
    day = day_of(resource.get("effectiveDateTime") or start_of(resource.get("effectivePeriod")))
    if day is None:
        return "without a day"
    if not concept:
        return "whose code is in no concept set"
    quantity = element_of(resource.get("valueQuantity"))
    ucum = quantity.get("system") in {None, "http://unitsofmeasure.org"}
    tables["measurement"].append(
        {
            "person_id": person,
            "measurement_concept_id": concept,
            "measurement_date": day,
            "value_as_number": number_of(quantity.get("value")),
            "operator_concept_id": OPERATORS.get(str(quantity.get("comparator")), 4172703),
            "unit_concept_id": 0,
            "unit_source_value": quantity.get("code") if ucum else None,
            "value_source_value": resource.get("valueString"),
        }
    )
    return ""


def _medication(resource: dict[str, Any], tables: Tables, person: int, concept_of: _Concept) -> str:
    concept = concept_of(resource.get("medicationCodeableConcept"))
    dispensed = element_of(resource.get("dispenseRequest"))
    period = resource.get("effectivePeriod") or dispensed.get("validityPeriod")
    start = day_of(resource.get("authoredOn") or resource.get("effectiveDateTime") or start_of(period))
    if start is None:
        return "without a day"
    if not concept:
        return "whose code is in no concept set"
    supply = element_of(dispensed.get("expectedSupplyDuration"))
    days = number_of(supply.get("value")) if supply.get("code") == "d" else None
    row = {"person_id": person, "drug_concept_id": concept, "drug_exposure_start_date": start, "days_supply": days}
    tables["drug_exposure"].append(row | {"drug_exposure_end_date": day_of(end_of(period))})
    return ""


_MAPPERS = {
    "Condition": _condition,
    "Observation": _observation,
    "MedicationRequest": _medication,
    "MedicationStatement": _medication,
}


def _typed(name: str, rows: list[Row]) -> pd.DataFrame:
    """Give the table its columns, number its rows, and date its days."""
    columns = TABLES[name].needed | TABLES[name].optional
    frame = pd.DataFrame(rows, columns=list(columns))
    key = f"{name}_id"
    if key in columns and name != "person":
        frame[key] = range(1, len(frame) + 1)
    days = [column for column, kind in columns.items() if kind == "day"]
    frame[days] = frame[days].apply(pd.to_datetime, format="%Y-%m-%d")
    kinds = {"id": "Int64", "integer": "Int64", "number": "Float64", "text": "string", "day": "date32[pyarrow]"}
    return frame.astype({column: kinds[kind] for column, kind in columns.items()})


def _codes(resource: dict[str, Any]) -> Iterator[Code]:
    """Return the codes of a resource whose systems are known."""
    for name in ("code", "medicationCodeableConcept"):
        for coding in codings_of(resource.get(name)):
            if coding.get("system") in SYSTEMS and coding.get("code"):
                yield SYSTEMS[coding["system"]], str(coding["code"])


def _concept(code: dict[str, Any] | None, known: Mapping[Code, int]) -> int:
    """Return the standard id of the first coding that the site's vocabulary or a concept set knows; 0 if none does."""
    found = list(_codes({"code": code}))
    for pair in found:
        if pair in known:
            return known[pair]
    for vocabulary, value in found:
        for name in shipped():
            for pattern, standard in concept_set(name).codes.get(vocabulary, {}).items():
                if matches(pattern, [value]):
                    return standard or next(iter(concept_set(name).listed), 0)
    return 0
