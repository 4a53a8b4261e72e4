"""What only unblinded people may export: arms, and what is withheld from the blinded; needs the key to the arms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calor.web.capture.models import WithheldAcknowledgement, WithheldAlert, WithheldValue
from calor.web.copies import VALUE, WHO, Source, Tables, tables_of
from calor.web.encryption import open_slot
from calor.web.models import Allocation
from calor.web.services.alerts import withheld_chain

_WITHHELD: tuple[Source, ...] = (
    (WithheldValue, "participant__", VALUE),
    (WithheldAlert, "participant__", {name: name for name in ("rule", "text", "action", "roles", "at")}),
    (WithheldAcknowledgement, "alert__participant__", {"alert": "alert_id", "done": "done", **WHO}),
)


def tables(trial: Any, participants: Sequence[Any]) -> Tables:
    """Return the records of participants with what is withheld, and a table `arm`; asks nobody's role."""
    told = tables_of(trial, participants, beside=_WITHHELD, chains=(withheld_chain(trial),))
    labels, numbers = arms(trial, participants), {one.pk: one.identifier for one in participants}
    told["arm"] = [
        {"participant": numbers[pk], "record": f"arm of {numbers[pk]}", "arm": arm} for pk, arm in labels.items()
    ]
    return told


def arms(trial: Any, participants: Sequence[Any]) -> dict[int, str]:
    """Return the label of each allocated participant's arm, by the participant's number."""
    given = Allocation.objects.filter(trial=trial, participant__in=participants).select_related("slot").order_by("pk")
    return {each.participant_id: trial.arms[open_slot(each.slot, trial.code)] for each in given}
