"""CTCAE grades of laboratory values, from a versioned table.

The arithmetic is decimal: 2.1 is not above three times 0.7, though it is in binary floating point.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from calor.errors import AnalysisError

VERSIONS = {"5.0": "ctcae_v5_0.toml"}
GRADES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Comparison:
    """Compare a value with a multiple of a limit, or with a number.

    Attributes:
        sign: `">"`, `">="` or `"<"`.
        number: Factor of the limit, amount above it, or the number itself.
        limit: `"ULN"`, `"LLN"` or `"baseline"`; None for a number.
        above: Whether `number` is added to the limit instead of multiplying it.
    """

    sign: str
    number: Decimal
    limit: str | None
    above: bool = False


@dataclass(frozen=True)
class GradingRule:
    """Hold the laboratory criteria of one CTCAE term.

    Attributes:
        version: Version of the criteria.
        analyte: Analyte code, as in `PARAMCD`.
        term: CTCAE term.
        units: Units taken, with the factor to the first of them; empty when all limits are relative.
        branches: For each baseline state (`"any"`, or `"normal"` and `"abnormal"`), grades 1 to 4: alternatives, each
            a set of comparisons that must hold together.
    """

    version: str
    analyte: str
    term: str
    units: Mapping[str, Decimal]
    branches: Mapping[str, tuple[tuple[tuple[Comparison, ...], ...], ...]]


@dataclass(frozen=True)
class Measurement:
    """Hold one laboratory value with what it is judged by, all in one unit.

    Attributes:
        value: The value measured.
        unit: Its unit, shared by the limits and the baseline.
        lln: Lower limit of normal; None when not known.
        uln: Upper limit of normal; None when not known.
        baseline: Value before treatment; None when not known.
        baseline_abnormal: Whether the baseline was beyond its own limit; judged by `uln` when None.
    """

    value: float
    unit: str
    lln: float | None = None
    uln: float | None = None
    baseline: float | None = None
    baseline_abnormal: bool | None = None

    def __post_init__(self) -> None:
        for name in ("value", "lln", "uln", "baseline"):
            number = getattr(self, name)
            if number is not None and not (math.isfinite(number) and number >= 0):
                raise AnalysisError.must(
                    name, "be finite and not negative", number, fix="Leave a missing limit out as None."
                )
        if self.lln is not None and self.uln is not None and self.lln > self.uln:
            raise AnalysisError.must("lln", f"be at most the upper limit {self.uln}", self.lln, fix="Check the limits.")


@dataclass(frozen=True)
class Grade:
    """Hold the grade of one value for one term.

    Attributes:
        term: CTCAE term.
        grade: 0 to 4; None when not gradable. Grade 5 is a death, never a laboratory value.
        reason: Why it is not gradable; empty when graded.
        least: The least it can be when not gradable, since a higher grade alone was left open.
    """

    term: str
    grade: int | None
    reason: str = ""
    least: int = 0

    def __str__(self) -> str:
        return (
            f"{self.term}: not gradable ({self.reason})" if self.grade is None else f"{self.term}: grade {self.grade}"
        )


def grade(analyte: str, measurement: Measurement, *, version: str = "5.0") -> tuple[Grade, ...]:
    """Grade one laboratory value for each CTCAE term of its analyte.

    Args:
        analyte: Analyte code, as in `PARAMCD`.
        measurement: The value with its unit, limits of normal and baseline.
        version: Version of the criteria, fixed by the protocol.

    Returns:
        One grade per term; hemoglobin, for instance, has one for anemia and one for hemoglobin increased.

    Raises:
        AnalysisError: The version, the analyte or the unit is not in the table.

    Example:
        >>> print(*grade("ALT", Measurement(130, "U/L", uln=40, baseline=25)))
        Alanine aminotransferase increased: grade 2
        >>> print(*grade("ALT", Measurement(130, "U/L", baseline=25)))
        Alanine aminotransferase increased: not gradable (no ULN)

    Reference:
        US National Cancer Institute. Common Terminology Criteria for Adverse Events v5.0, 27 November 2017.
    """
    rules = [rule for rule in grading_rules(version) if rule.analyte == analyte]
    if not rules:
        known = sorted({rule.analyte for rule in grading_rules(version)})
        raise AnalysisError.must("analyte", f"be one of {known}", repr(analyte), fix="Grade it by the protocol.")
    return tuple(_grade(rule, measurement) for rule in rules)


@cache
def grading_rules(version: str = "5.0") -> tuple[GradingRule, ...]:
    """Return the laboratory terms of a version.

    >>> len({rule.term for rule in grading_rules("5.0")})
    23

    Raises:
        AnalysisError: The version is not shipped.
    """
    if version not in VERSIONS:
        raise AnalysisError.must(
            "version", f"be one of {sorted(VERSIONS)}", repr(version), fix="Name the version that the protocol fixes."
        )
    text = files("calor.analyze.safety").joinpath(VERSIONS[version]).read_text(encoding="utf-8")
    return tuple(_rule(entry, version) for entry in tomllib.loads(text)["terms"])


def _rule(entry: dict[str, Any], version: str) -> GradingRule:
    states = [state for state in ("any", "normal", "abnormal") if state in entry]
    return GradingRule(
        version=version,
        analyte=entry["analyte"],
        term=entry["name"],
        units={unit: Decimal(factor) for unit, factor in entry.get("units", {}).items()},
        branches={state: tuple(_alternatives(grade) for grade in entry[state]) for state in states},
    )


def _alternatives(conditions: Sequence[str]) -> tuple[tuple[Comparison, ...], ...]:
    return tuple(tuple(_comparison(part) for part in condition.split(" and ")) for condition in conditions)


def _comparison(text: str) -> Comparison:
    sign, number, *what = text.split()
    limit = what[-1] if what[-1] in ("ULN", "LLN", "baseline") else None
    return Comparison(sign, Decimal(number), limit, above=what[0] == "above")


def _grade(rule: GradingRule, measurement: Measurement) -> Grade:
    """Grade one value for one term."""
    known = _decimals(rule, measurement)
    if "any" in rule.branches:
        return _highest(rule, "any", known)
    if known["ULN"] is None:
        return Grade(rule.term, None, "no ULN")
    if known["baseline"] is None:
        # An abnormal baseline lies above the limit, so a value within it is grade 0 in both branches.
        within = _highest(rule, "normal", known)
        return within if within.grade == 0 else Grade(rule.term, None, "above ULN but no baseline")
    abnormal = measurement.baseline_abnormal
    if abnormal is None:
        abnormal = known["baseline"] > known["ULN"]
    return _highest(rule, "abnormal" if abnormal else "normal", known)


def _decimals(rule: GradingRule, measurement: Measurement) -> dict[str, Decimal | None]:
    """Write the numbers as the decimals they were reported as, in the rule's unit."""
    if rule.units and measurement.unit not in rule.units:
        raise AnalysisError.must(
            "unit", f"be one of {list(rule.units)}", repr(measurement.unit), where=rule.term, fix="Convert the value."
        )
    factor = rule.units.get(measurement.unit, Decimal(1))
    numbers = {
        "value": measurement.value,
        "LLN": measurement.lln,
        "ULN": measurement.uln,
        "baseline": measurement.baseline,
    }
    return {name: None if x is None else Decimal(repr(float(x))) * factor for name, x in numbers.items()}


def _highest(rule: GradingRule, branch: str, known: dict[str, Decimal | None]) -> Grade:
    """Return the highest grade that holds, unless a missing limit leaves a higher one open."""
    missing: set[str] = set()
    for number, alternatives in reversed(list(zip(GRADES, rule.branches[branch], strict=True))):
        verdicts = [_all_hold(alternative, known) for alternative in alternatives]
        if True in verdicts:
            if missing:
                reason = f"no {' and no '.join(sorted(missing))}; at least grade {number}"
                return Grade(rule.term, None, reason, least=number)
            return Grade(rule.term, number)
        for alternative, verdict in zip(alternatives, verdicts, strict=True):
            if verdict is None:
                missing |= {part.limit for part in alternative if part.limit and known[part.limit] is None}
    if missing:
        return Grade(rule.term, None, f"no {' and no '.join(sorted(missing))}")
    return Grade(rule.term, 0)


def _all_hold(alternative: Sequence[Comparison], known: dict[str, Decimal | None]) -> bool | None:
    """Return whether all comparisons hold; None when that hangs on a missing limit."""
    verdicts = [_holds(part, known) for part in alternative]
    return False if False in verdicts else None if None in verdicts else True


def _holds(comparison: Comparison, known: dict[str, Decimal | None]) -> bool | None:
    value, bound = known["value"], comparison.number
    if comparison.limit is not None:
        limit = known[comparison.limit]
        if limit is None:
            return None
        bound = limit + bound if comparison.above else limit * bound
    if value is None:
        return None
    if comparison.sign == "<":
        return value < bound
    return value >= bound if comparison.sign == ">=" else value > bound
