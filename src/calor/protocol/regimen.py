"""A dosing regimen, from which the dosing days follow."""

from __future__ import annotations

from pydantic import Field

from calor.protocol.value import Identifier, Text, Value


class Course(Value):
    """A run of doses at one interval."""

    first_day: int = Field(ge=1)
    every_days: int = Field(ge=1)
    doses: int = Field(ge=1)

    @property
    def days(self) -> tuple[int, ...]:
        """Study days of this course's doses."""
        return tuple(self.first_day + i * self.every_days for i in range(self.doses))


class Regimen(Value):
    """What one arm receives, and when.

    >>> ivory = Regimen(
    ...     arm="aldesleukin", product="aldesleukin", dose=1.5e6, unit="IU", route="subcutaneous",
    ...     courses=(Course(first_day=1, every_days=1, doses=5), Course(first_day=12, every_days=7, doses=7)),
    ... )
    >>> ivory.dosing_days
    (1, 2, 3, 4, 5, 12, 19, 26, 33, 40, 47, 54)
    >>> ivory.total_dose
    18000000.0
    """

    arm: Identifier
    product: Text
    dose: float = Field(ge=0)
    unit: Text
    route: Text
    courses: tuple[Course, ...] = Field(min_length=1)

    @property
    def dosing_days(self) -> tuple[int, ...]:
        """Study days on which a dose is given, in order."""
        return tuple(sorted(day for course in self.courses for day in course.days))

    @property
    def total_dose(self) -> float:
        """Dose over the whole regimen, in `unit`."""
        return self.dose * len(self.dosing_days)
