"""CTCAE grades of a whole laboratory data set, value by value."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from calor.analyze.columns import need_columns
from calor.analyze.drawable import Drawable
from calor.analyze.safety.ctcae import Measurement, grade, grading_rules
from calor.errors import AnalysisError

_ABNORMAL_HIGH = {"HIGH", "H", "HIGH HIGH", "HH"}


@dataclass(frozen=True)
class LaboratoryColumns:
    """Name the columns of ADLB; the defaults are ADaM's.

    Attributes:
        participant: Study identifier.
        analyte: Analyte code.
        day: Study day of the sample, 1 on the first day of treatment.
        value: Value.
        unit: Unit of value, limits and baseline.
        lln: Lower limit of normal.
        uln: Upper limit of normal.
        baseline: Baseline value.
        baseline_range: Baseline's position to its own limits (LOW, NORMAL, HIGH); optional in the data.
    """

    participant: str = "USUBJID"
    analyte: str = "PARAMCD"
    day: str = "ADY"
    value: str = "AVAL"
    unit: str = "AVALU"
    lln: str = "ANRLO"
    uln: str = "ANRHI"
    baseline: str = "BASE"
    baseline_range: str = "BNRIND"


@dataclass(frozen=True, eq=False)
class LaboratoryGrades(Drawable):
    """Hold the graded values.

    Attributes:
        table: One row per value and CTCAE term: participant, analyte, day, term, `grade` (0 to 4, missing when not
            gradable), `reason` and `least` (the least grade of one not gradable).
        version: Version of the criteria.
        not_covered: Analytes in the data for which the version has no laboratory criteria.
    """

    table: pd.DataFrame
    version: str
    not_covered: tuple[str, ...]

    def __str__(self) -> str:
        graded = self.table["grade"].notna()
        severe = int((self.table["grade"] >= 3).sum())
        other = f"; no criteria for {', '.join(self.not_covered)}" if self.not_covered else ""
        return (
            f"CTCAE v{self.version}: {int(graded.sum())} grades given, {severe} of them 3 or 4, "
            f"{int((~graded).sum())} not gradable{other}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def laboratory_grades(
    adlb: pd.DataFrame, *, columns: LaboratoryColumns | None = None, version: str = "5.0"
) -> LaboratoryGrades:
    """Grade every laboratory value by CTCAE.

    Args:
        adlb: Laboratory data, one row per participant, analyte and sample.
        columns: Names of the columns, ADaM's by default.
        version: Version of the criteria, fixed by the protocol.

    Raises:
        AnalysisError: A column is missing, a value is missing or negative, or a unit is not in the criteria.

    Example:
        >>> adlb = pd.DataFrame({"USUBJID": ["1", "1"], "PARAMCD": ["ALT", "ALT"], "ADY": [1, 15], "AVAL": [25.0, 130],
        ...     "AVALU": ["U/L"] * 2, "ANRLO": [7.0] * 2, "ANRHI": [40.0] * 2, "BASE": [25.0] * 2})
        >>> print(laboratory_grades(adlb))
        CTCAE v5.0: 2 grades given, 0 of them 3 or 4, 0 not gradable

    Reference:
        US National Cancer Institute. Common Terminology Criteria for Adverse Events v5.0, 27 November 2017.
    """
    names = columns or LaboratoryColumns()
    wanted = {field.name: getattr(names, field.name) for field in fields(names)}
    need_columns(adlb, sorted(set(wanted.values()) - {names.baseline_range}), "adlb")
    empty = adlb[names.value].isna()
    if empty.any():
        raise AnalysisError.must(
            "adlb", "hold a value in each row", f"{int(empty.sum())} without", fix="Leave out samples not measured."
        )
    covered = {rule.analyte for rule in grading_rules(version)}
    known = adlb[names.analyte].isin(covered)
    rows = []
    for record in adlb[known].to_dict("records"):
        measurement = _measurement(record, names)
        who, analyte, day = record[names.participant], str(record[names.analyte]), record[names.day]
        rows += [
            (who, analyte, day, g.term, g.grade, g.reason, g.least)
            for g in grade(analyte, measurement, version=version)
        ]
    table = pd.DataFrame(rows, columns=["participant", "analyte", "day", "term", "grade", "reason", "least"])
    table["grade"] = table["grade"].astype("Int64")
    return LaboratoryGrades(table, version, tuple(sorted(map(str, adlb.loc[~known, names.analyte].unique()))))


def _measurement(record: Mapping[Hashable, Any], names: LaboratoryColumns) -> Measurement:
    """Read one row; missing limits stay missing."""

    def number(column: str) -> float | None:
        value = record[column]
        return None if pd.isna(value) else float(value)

    state = record.get(names.baseline_range)
    value = number(names.value)
    return Measurement(
        value=0.0 if value is None else value,
        unit=str(record[names.unit]),
        lln=number(names.lln),
        uln=number(names.uln),
        baseline=number(names.baseline),
        baseline_abnormal=None if not isinstance(state, str) or not state else state.upper() in _ABNORMAL_HIGH,
    )
