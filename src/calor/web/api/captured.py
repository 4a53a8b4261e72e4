"""What may be sent and what is answered about captured data; a field not named here is refused, and none is sent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from ninja import Schema
from pydantic import AwareDatetime, Field, StrictBool, StrictInt, StringConstraints

from calor.web.api.bodies import Body, Sentence, Word

Day = Annotated[date, Field(ge=date(1900, 1, 1))]
Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 2, tzinfo=UTC))]
Seen = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
Reason = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Short = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class NewVisit(Body):
    """A visit that took place on a day, or did not (no day, and a reason)."""

    on: Day | None
    reason: Reason = ""
    seen: Seen = 0


class NewValue(Body):
    """A laboratory value as it is printed."""

    told: Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[^\x00]*$")]
    upper: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    seen: Seen = 0


class NewValues(Body):
    """Laboratory values of a visit, by biomarker; all are written or none."""

    values: Annotated[dict[Word, NewValue], Field(min_length=1, max_length=50)]
    reason: Reason = ""


class NewEvent(Body):
    """An adverse event, or a further version of one."""

    term: Line
    onset: Day
    grade: Annotated[StrictInt, Field(ge=1, le=5)]
    learned_at: Moment
    ended: Day | None = None
    criteria: Annotated[tuple[Word, ...], Field(max_length=6)] = ()
    infection: StrictBool = False
    related: StrictBool = False
    expected: StrictBool = False
    reason: Reason = ""
    seen: Seen = 0


class NewReport(Body):
    """A report of a serious event that was sent now."""

    kind: Word


class NewMedication(Body):
    """A concomitant medication, or a further version of one."""

    name: Line
    dose: Short
    indication: Line
    started: Day
    ended: Day | None = None
    reason: Reason = ""
    seen: Seen = 0


class NewDeed(Body):
    """What was done about an alert."""

    done: Sentence


class NewQuery(Body):
    """A question about a participant's data."""

    about: Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00]*$")] = ""
    text: Sentence


class NewStep(Body):
    """An answer to a query, or the last word on it."""

    text: Reason = ""


class Version(Schema):
    """Which version of a thing stands, by whom and since when."""

    version: int
    reason: str
    by: str
    at: datetime


class Written(Schema):
    """What was written."""

    at: datetime
    version: int | None = None
    number: int | None = None


class Visit(Schema):
    """A visit by the protocol, and what became of it; version 0 where nothing was recorded."""

    visit: str
    label: str
    planned: date
    opens: date
    closes: date
    status: str
    on: date | None
    version: int


class Value(Version):
    """A laboratory value."""

    visit: str
    biomarker: str
    told: str
    value: float
    below: bool
    unit: str
    upper: float | None


class Report(Schema):
    """A report that a serious event owes."""

    kind: str
    to: str
    due: datetime
    sent: datetime | None


class Event(Version):
    """An adverse event."""

    number: int
    term: str
    onset: date
    ended: date | None
    grade: int
    criteria: list[str]
    infection: bool
    related: bool
    expected: bool
    learned_at: datetime
    reports: list[Report]


class Medication(Version):
    """A concomitant medication."""

    number: int
    name: str
    dose: str
    indication: str
    started: date
    ended: date | None


class Alert(Schema):
    """What a rule found."""

    alert: int
    participant: str | None
    text: str
    action: str
    at: datetime
    done: str | None


class Step(Schema):
    """An answer to a query, or its end."""

    kind: str
    text: str
    by: str
    at: datetime


class Query(Schema):
    """A question with what was answered."""

    query: int
    participant: str
    about: str
    text: str
    status: str
    by: str
    at: datetime
    steps: list[Step]
