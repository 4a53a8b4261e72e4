"""Judge the rows of a laboratory file one by one: what each would change, or why it is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from calor.errors import CalorError, ConductError
from calor.protocol.biomarkers import Biomarker
from calor.protocol.visits import Visit
from calor.web import served
from calor.web.calendar import latest, withheld
from calor.web.capture.models import LabValue, VisitRecord, WithheldValue
from calor.web.laboratory_file import Row
from calor.web.models import Allocation, Participant
from calor.web.services.laboratory import parsed

NEW, CHANGED, UNCHANGED, ELSEWHERE = "new", "changed", "unchanged", "elsewhere"


@dataclass(frozen=True)
class Line:
    """What one row would change.

    Attributes:
        row: The row.
        participant: The participant.
        visit: The protocol's visit.
        biomarker: The analyte.
        state: new, changed, unchanged; elsewhere: others write such values.
        old: The value that stands; empty where there is none.
        seen: Its version; 0 where there is none.
        upper: Upper limit of normal: the file's, or where it gives none that which stands.
    """

    row: Row
    participant: Any
    visit: Visit
    biomarker: Biomarker
    state: str
    old: str = ""
    seen: int = 0
    upper: float | None = None

    @property
    def text(self) -> str:
        """The value as it would stand."""
        return _in_words(self.row.value, self.upper)

    @property
    def told(self) -> tuple[Any, ...]:
        """What must be as it was previewed."""
        return (
            self.row.number, self.participant.identifier, self.visit.id, self.biomarker.id, self.state, self.seen,
            self.upper,
        )  # fmt: skip


@dataclass(frozen=True)
class Refused:
    """A row that cannot be written: its number in the file, and rule and way out."""

    number: int
    why: str


@dataclass(frozen=True)
class Plan:
    """What a file would change.

    Attributes:
        lines: Rows that can be written, or wait for others.
        refused: The others; while there is one, nothing is written.
        sha256: Of the file.
        digest: Of all this, so that a later import does what was seen.
    """

    lines: tuple[Line, ...]
    refused: tuple[Refused, ...]
    sha256: str
    digest: str

    def __str__(self) -> str:
        return f"{len(self.new)} new, {len(self.changed)} changed, {len(self.unchanged)} unchanged"

    @property
    def here(self) -> list[Line]:
        """Rows that the person writes."""
        return [line for line in self.lines if line.state != ELSEWHERE]

    @property
    def elsewhere(self) -> list[Line]:
        """Rows that others write."""
        return self._of(ELSEWHERE)

    @property
    def new(self) -> list[Line]:
        """Values where none stands."""
        return self._of(NEW)

    @property
    def changed(self) -> list[Line]:
        """Values other than those that stand."""
        return self._of(CHANGED)

    @property
    def unchanged(self) -> list[Line]:
        """Values that stand already."""
        return self._of(UNCHANGED)

    @property
    def writes(self) -> int:
        """How many values would be written."""
        return len(self.new) + len(self.changed)

    def _of(self, state: str) -> list[Line]:
        return [line for line in self.lines if line.state == state]


class Judge:
    """Judges rows against the data as they now stand, for the sites of a person.

    Args:
        trial: The trial.
        sites: Where the person may record.
        secret: Whether the person records the values that blinded people never see, or the others.
    """

    def __init__(self, trial: Any, sites: Sequence[Any], *, secret: bool) -> None:
        self._protocol, self._secret = served.protocol_of(trial), secret
        people = Participant.objects.filter(trial=trial, site__in=sites).select_related("site", "trial")
        self._people = {one.identifier: one for one in people}
        self._randomized = dict(Allocation.objects.filter(participant__in=people).values_list("participant_id", "at"))
        self._visits = self._latest(VisitRecord, people)
        self._values = self._latest(WithheldValue if secret else LabValue, people)
        self._met: dict[tuple[Any, ...], int] = {}

    def line(self, row: Row) -> Line:
        """Judge one row.

        Raises:
            ConductError: It cannot be written.
        """
        line = self._placed(row)
        self._check_unit(line)
        if line.state == ELSEWHERE:
            if not self._secret:
                _check_unseen(line)
            return line
        value, below = parsed(line.biomarker, row.value)
        upper, key = _upper(row.upper_limit), (line.visit.id, line.biomarker.id)
        old = self._values.get(line.participant.pk, {}).get(key)
        if old is None:
            return replace(line, state=NEW, upper=upper)
        upper = old.upper if upper is None else upper
        same = (old.value, old.below, old.upper) == (value, below, upper)
        return replace(
            line,
            state=UNCHANGED if same else CHANGED,
            old=_in_words(old.told, old.upper),
            seen=old.version,
            upper=upper,
        )

    def _placed(self, row: Row) -> Line:
        """Find participant, visit and analyte, and say whose the value is to write."""
        participant = self._people.get(row.participant)
        randomized = None if participant is None else self._randomized.get(participant.pk)
        if participant is None or randomized is None:
            rule = "be a randomized participant of your sites"
            raise ConductError.must("participant", rule, repr(row.participant), fix="Look at the identifier.")
        visit = _named("visit", row.visit, self._protocol.visits, ("id", "label"))
        names = ("id", "label", "analyte", "paramcd", "loinc")
        biomarker = _named("analyte", row.analyte, self._protocol.biomarkers, names)
        if biomarker.id not in visit.measures:
            fix = "Look at both, or leave the row out."
            raise ConductError.must("analyte", f"be measured at {visit.label}", biomarker.label, fix=fix)
        on = self._day(row, participant, visit)
        key = participant.pk, visit.id, biomarker.id
        if key in self._met:
            fix = "Keep the one that holds."
            raise ConductError.must("value", "stand in the file once", f"row {self._met[key]} too", fix=fix)
        self._met[key] = row.number
        mine = withheld(biomarker, visit, randomized, on) == self._secret
        return Line(row, participant, visit, biomarker, NEW if mine else ELSEWHERE)

    def _day(self, row: Row, participant: Any, visit: Visit) -> date:
        taken = self._visits.get(participant.pk, {}).get(visit.id)
        if taken is None or taken.on is None:
            raise ConductError.must("visit", "have been recorded", visit.label, fix="Record its day first.")
        if row.taken and row.taken != taken.on.isoformat():
            rule, fix = f"be the day of the visit, {taken.on}", "Look which visit the sample belongs to."
            raise ConductError.must("taken", rule, repr(row.taken), fix=fix)
        day: date = taken.on
        return day

    @staticmethod
    def _check_unit(line: Line) -> None:
        if line.row.unit != line.biomarker.unit:
            rule, fix = (
                f"be {line.biomarker.unit} for {line.biomarker.label}",
                "Nothing is converted. Ask the laboratory.",
            )
            raise ConductError.must("unit", rule, repr(line.row.unit), fix=fix)

    @staticmethod
    def _latest(model: Any, people: Any) -> dict[int, dict[Any, Any]]:
        found: dict[int, list[Any]] = {}
        for row in model.objects.filter(participant__in=people):
            found.setdefault(row.participant_id, []).append(row)
        return {pk: latest(rows) for pk, rows in found.items()}


def _check_unseen(line: Line) -> None:
    """Look at a value that the person is not shown."""
    try:
        parsed(line.biomarker, line.row.value)
    except CalorError as error:
        rule, fix = "be a value that can be", "Ask the laboratory."
        raise ConductError.must(line.biomarker.label, rule, "another, not shown here", fix=fix) from error


def _named(argument: str, told: str, known: Sequence[Any], names: Sequence[str]) -> Any:
    wanted = told.casefold()
    for one in known:
        if wanted in {str(getattr(one, name)).casefold() for name in names if getattr(one, name)}:
            return one
    raise ConductError.must(argument, "be one of the protocol's", repr(told), fix="Look at its spelling.")


def _in_words(told: str, upper: float | None) -> str:
    return told if upper is None else f"{told} (limit {upper:g})"


def _upper(told: str) -> float | None:
    if not told:
        return None
    try:
        upper = float(told)
    except ValueError:
        upper = math.nan
    if not (math.isfinite(upper) and upper >= 0):
        raise ConductError.must("upper_limit", "be a number or empty", repr(told), fix="Use a point.")
    return upper
