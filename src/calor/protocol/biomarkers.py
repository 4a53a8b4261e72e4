"""Biomarkers, and the gate that one of them keeps."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from calor.protocol.value import DayWindow, Identifier, Text, Value

Loinc = Annotated[str, StringConstraints(pattern=r"^\d{1,7}-\d$")]
Comparator = Literal[">=", ">", "<=", "<"]

COMPARE: dict[Comparator, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}


class Biomarker(Value):
    """One analyte as this trial measures it.

    Attributes:
        label: How figures and sentences call it: `hs-CRP`.
        paramcd: `PARAMCD` in the analysis datasets.
        unit: Unit of every value, in UCUM; another unit in the data is an error, never converted in silence.
        limit_of_detection: Values below it are reported as `<limit` and stay censored.
        plausible: Lowest and highest value that a living participant can have.
        unblinding: Whether values after baseline can reveal the arm.
    """

    id: Identifier
    analyte: Text
    label: Text
    paramcd: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{0,7}$")]
    unit: Text
    loinc: Loinc | None = None
    assay: Text | None = None
    limit_of_detection: float | None = Field(default=None, gt=0)
    plausible: tuple[float, float]
    unblinding: bool


class SetAside(Value):
    """What makes a value not count for the gate.

    Give `above` for a value so high that it is acute phase, or `within_days_of` an event such as an infection.
    """

    reason: Text
    above: float | None = None
    within_days_of: Text | None = None
    days: int | None = Field(default=None, ge=0)


class Gate(Value):
    """The biomarker rule for entry: analyte, cut-off, comparator, repeats, interval, window, what is set aside."""

    biomarker: Identifier
    cutoff: float
    comparator: Comparator
    tests: int = Field(default=1, ge=1)
    least_interval_days: int = Field(default=0, ge=0)
    window: DayWindow
    window_from: Literal["randomization", "infarction"]
    set_aside: tuple[SetAside, ...] = ()

    def passes(self, value: float) -> bool:
        """Tell whether one value passes the cut-off under the comparator.

        >>> gate = Gate(biomarker="hs_crp", cutoff=2, comparator=">=", window=(-14, 0), window_from="randomization")
        >>> gate.passes(2.0), gate.model_copy(update={"comparator": ">"}).passes(2.0)
        (True, False)
        """
        return COMPARE[self.comparator](value, self.cutoff)

    def __str__(self) -> str:
        tests = "one test" if self.tests == 1 else f"{self.tests} tests at least {self.least_interval_days} days apart"
        first, last = self.window
        rule = f"{self.biomarker} {self.comparator} {self.cutoff:g}"
        return f"{rule}, {tests}, day {first} to {last} from {self.window_from}"
