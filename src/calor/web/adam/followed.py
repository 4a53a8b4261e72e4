"""What was captured of each randomized participant, as it now stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from calor.protocol.protocol import Protocol
from calor.protocol.visits import analysis_day
from calor.web.calendar import latest
from calor.web.capture.models import AdverseEvent, LabValue, Medication, VisitRecord, WithheldValue
from calor.web.models import Allocation, Withdrawal
from calor.web.services.corrections import effective_all
from calor.web.study_day import date_of, study_day


@dataclass(frozen=True)
class Followed:
    """One participant's data; of each thing the version that stands.

    Attributes:
        participant: The participant, with the site.
        protocol: The protocol.
        randomized: Day of randomization.
        stratum: With the corrections that count.
        arm: Label of the arm; None for the blinded.
        withdrawal: Withdrawal of consent, or None.
        visits: By the visit's id.
        values: Laboratory values; those that could reveal an arm for the unblinded only.
        events: Adverse events.
        medication: Concomitant medication.
    """

    participant: Any
    protocol: Protocol
    randomized: date
    stratum: str
    arm: str | None
    withdrawal: Any
    visits: Mapping[str, Any] = field(default_factory=dict)
    values: Sequence[Any] = ()
    events: Sequence[Any] = ()
    medication: Sequence[Any] = ()

    @cached_property
    def treated(self) -> date | None:
        """Day of the first dose: that of the protocol's visit of day 1, at which it is given; None before that."""
        first = next((visit.id for visit in self.protocol.visits if visit.day == 1), None)
        record = self.visits.get(first or "")
        return None if record is None else record.on

    @property
    def last_dose(self) -> date | None:
        """Last day on which the arm's regimen plans a dose, up to the last contact; None for the blinded."""
        if self.arm is None or self.treated is None:
            return None
        arm = next((arm.id for arm in self.protocol.arms if arm.label == self.arm), None)
        planned = [day for each in self.protocol.regimens if each.arm == arm for day in each.dosing_days]
        days = [date_of(day, self.treated) for day in planned]
        return max((day for day in days if day <= self.last_contact), default=None)

    def day(self, on: date | None) -> int | None:
        """Return ADaM's relative day of a date: day 1 is the first dose, or randomization while there was none."""
        return None if on is None else analysis_day(study_day(on, self.treated or self.randomized))

    @cached_property
    def last_contact(self) -> date:
        """Return the last day of which anything is known."""
        days = [row.on for row in self.visits.values()]
        days += [day for row in self.events for day in (row.onset, row.ended)]
        days.append(None if self.withdrawal is None else self.withdrawal.at.date())
        return max([self.randomized, *(day for day in days if day is not None)])


def followed(
    protocol: Protocol, trial: Any, participants: Sequence[Any], *, arms: Mapping[int, str] | None
) -> list[Followed]:
    """Return what was captured of those of the participants who were randomized, by identifier.

    Args:
        protocol: The protocol.
        trial: The trial.
        participants: Whose data, with their sites.
        arms: Labels by the participant's number; with them come the values withheld from the blinded.
    """
    given = Allocation.objects.filter(trial=trial).values_list("participant_id", "at")
    randomized = {pk: at.date() for pk, at in given}
    there = sorted((one for one in participants if one.pk in randomized), key=lambda one: one.identifier)
    left = {row.participant_id: row for row in Withdrawal.objects.filter(participant__trial=trial)}
    visits, values, events, medication = (
        _by_participant(trial, model) for model in (VisitRecord, LabValue, AdverseEvent, Medication)
    )
    secret = {} if arms is None else _by_participant(trial, WithheldValue)
    return [
        Followed(
            one, protocol, randomized[one.pk], now["stratum"], None if arms is None else arms[one.pk], left.get(one.pk),
            latest(visits.get(one.pk, ())),
            (*latest(values.get(one.pk, ())).values(), *latest(secret.get(one.pk, ())).values()),
            tuple(latest(events.get(one.pk, ())).values()), tuple(latest(medication.get(one.pk, ())).values()),
        )
        for one, now in zip(there, effective_all(there), strict=True)
    ]  # fmt: skip


def _by_participant(trial: Any, model: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in model.objects.filter(participant__trial=trial).order_by("pk"):
        found.setdefault(row.participant_id, []).append(row)
    return found
