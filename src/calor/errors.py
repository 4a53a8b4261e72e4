"""Every error that Calor raises on purpose, on one screen.

A `CalorError` is one the user can act on: it is shown without a traceback and says rule, value, place and way out.
Anything else that escapes is a bug and keeps its traceback. Messages carry no participant data beyond the study
identifier and nothing that reveals an arm.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self


class CalorError(Exception):
    """Something the user can put right."""

    exit_code = 2
    _said: tuple[str, str, object, str] | None = None

    @classmethod
    def must(cls, argument: str, rule: str, got: object, *, fix: str, where: str = "") -> Self:
        """Build the house's message: `` `argument` must rule, got value [at where]. Fix. ``.

        >>> print(CalorError.must("level", "lie between 0 and 1", 95, fix="Give 0.95 for a 95 % interval."))
        `level` must lie between 0 and 1, got 95. Give 0.95 for a 95 % interval.
        """
        place = f" at {where}" if where else ""
        made = cls(f"`{argument}` must {rule}, got {got}{place}. {fix}")
        made._said = None if where else (argument, rule, got, fix)
        return made

    def at(self, where: str) -> Self:
        """Return the error with the place where it was met, unless it names one already.

        >>> print(CalorError.must("weight_kg", "be positive", -75, fix="Weigh again.").at("PT/0003.dcm"))
        `weight_kg` must be positive, got -75 at PT/0003.dcm. Weigh again.
        """
        if self._said is None:
            return self
        argument, rule, got, fix = self._said
        return self.must(argument, rule, got, fix=fix, where=where)


@contextmanager
def met_at(where: str) -> Iterator[None]:
    """Give the place to errors that name none."""
    try:
        yield
    except CalorError as error:
        raise error.at(where) from error.__cause__


class ProtocolError(CalorError):
    """The protocol contradicts itself or leaves out what is needed."""


class DatasetError(CalorError):
    """Trial data (ADaM) that cannot be read or do not fit the protocol."""


class AnalysisError(CalorError):
    """An analysis that the data or the question do not support."""


class DesignError(CalorError):
    """A design that cannot exist: bounds, fractions, sample sizes, graphs."""


class MonitorError(CalorError):
    """An interim look that cannot be judged."""


class SimulationError(CalorError):
    """A simulation whose inputs describe no trial."""


class ReportError(CalorError):
    """A report or figure that cannot be drawn from what it was given."""


class TrialError(CalorError):
    """A trial folder that cannot be opened, locked or run."""


class EnrollError(CalorError):
    """An allocation method that cannot keep its ratio, or a list that must not be used."""


class ConductError(CalorError):
    """An action in a running trial that its rules, its state or the person's rights forbid."""


class RecordsError(CalorError):
    """Health records that cannot be read, lack what is needed, or speak a vocabulary that leads nowhere."""


class ScreenError(CalorError):
    """A screen that the protocol or the records do not support."""


class ImageError(CalorError):
    """Images, masks or reads that cannot be measured safely."""
