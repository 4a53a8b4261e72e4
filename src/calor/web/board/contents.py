"""What a cut holds: the data up to a day, as they are known now; what could reveal an arm apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from calor.datasets.dataset import Dataset
from calor.protocol.protocol import Protocol
from calor.protocol.read import parse_protocol
from calor.web import scans
from calor.web.adam.datasets import datasets
from calor.web.adam.followed import Followed, followed
from calor.web.board.coding import with_arms_named
from calor.web.board.tables import Plain, to_plain
from calor.web.calendar import calendar, taking_part
from calor.web.capture.models import Alert, Query, WithheldAlert
from calor.web.models import Allocation, Participant, Unblinding
from calor.web.recruitment import plan
from calor.web.services.queries import status
from calor.web.unblinded import arms

_PLANNED = "As doses are not captured, those planned are taken as given until the cut-off or a withdrawal."


def contents(trial: Any, text: str, cutoff: date) -> tuple[Plain, Plain]:
    """Return the part of a cut that blinded people may have, and the part withheld from them.

    Args:
        trial: The trial.
        text: The protocol as it is written.
        cutoff: Last day of what counts.
    """
    protocol = parse_protocol(text)
    people = list(Participant.objects.filter(trial=trial).select_related("site"))
    open_to_all = _up_to(followed(protocol, trial, people, arms=None), cutoff)
    whole = _up_to(followed(protocol, trial, people, arms=arms(trial, people)), cutoff)
    who = {one.participant.pk: one.participant.identifier for one in open_to_all}
    pace = plan(trial)
    shown = {
        "trial": trial.code,
        "cutoff": cutoff.isoformat(),
        "protocol": text,
        "plan": None if pace is None else [pace.first.isoformat(), pace.last.isoformat(), pace.size],
        "notes": [_PLANNED],
        "datasets": _datasets(protocol, open_to_all, cutoff, after_baseline=False),
        "visits": _visits(protocol, open_to_all, cutoff),
        "alerts": _alerts(Alert, trial, who, cutoff),
        "queries": _queries(who, cutoff),
        "unblindings": Unblinding.objects.filter(participant__in=who, at__date__lte=cutoff).count(),
    }
    withheld = {
        "datasets": _datasets(protocol, whole, cutoff, after_baseline=True),
        "alerts": _alerts(WithheldAlert, trial, who, cutoff),
        "arms": _sealed(trial, who),
    }
    return shown, withheld


def _up_to(people: Sequence[Followed], cutoff: date) -> list[Followed]:
    """Leave out what happened after a day."""
    return [
        replace(
            one,
            withdrawal=one.withdrawal if one.withdrawal and one.withdrawal.at.date() <= cutoff else None,
            visits={name: row for name, row in one.visits.items() if row.on is None or row.on <= cutoff},
            events=[row for row in one.events if row.onset <= cutoff],
            medication=[row for row in one.medication if row.started <= cutoff],
        )
        for one in people
        if one.randomized <= cutoff
    ]


def _datasets(protocol: Protocol, people: Sequence[Followed], cutoff: date, *, after_baseline: bool) -> Plain:
    made = with_arms_named(datasets(protocol, people), {})  # arms are kept sealed; their names come with the report
    pet = scans.dataset([one.participant.identifier for one in people], cutoff, after_baseline=after_baseline)
    made["adsl"] = _subjects(made["adsl"], protocol, cutoff, pet)
    return {name: to_plain(dataset) for name, dataset in ({**made, "adpet": pet} if pet else made).items()}


def _subjects(adsl: Dataset, protocol: Protocol, cutoff: date, pet: Dataset | None) -> Dataset:
    """Add what the analyses of a running trial need: time treated and followed so far, and who has both scans."""
    frame, end = adsl.frame, pd.Timestamp(cutoff)
    last_dose = max((regimen.dosing_days[-1] for regimen in protocol.regimens), default=1)
    stopped = frame["EOSDT"].where(frame["EOSSTT"] == "DISCONTINUED").fillna(end)
    followed_days = (stopped - frame["TRTSDT"]).dt.days + 1.0
    made: dict[str, pd.Series] = {
        "TRTDURD": frame["TRTDURD"].fillna(followed_days.clip(upper=float(last_dose), lower=1.0)),
        "EOSDT": frame["EOSDT"].fillna(end).astype("datetime64[s]"),
    }
    if "FASFL" in frame:
        both = set() if pet is None else set(pet.frame.loc[pet.frame["CHG"].notna(), "USUBJID"])
        made["FASFL"] = frame["USUBJID"].isin(both).map({True: "Y", False: "N"}).astype("str")
    return Dataset(adsl.name, frame.assign(**made), adsl.labels, adsl.label)


def _visits(protocol: Protocol, people: Sequence[Followed], cutoff: date) -> list[Plain]:
    return [
        {
            "participant": one.participant.identifier, "visit": row.visit.label, "status": row.status,
            "reason": row.record.reason if row.record is not None else "",
        }
        for one in people
        for row in taking_part(
            calendar(protocol, one.randomized, one.visits, cutoff), one.withdrawal and one.withdrawal.at.date()
        )
    ]  # fmt: skip


def _alerts(model: Any, trial: Any, who: Mapping[int, str], cutoff: date) -> list[Plain]:
    rows = model.objects.filter(trial=trial, at__date__lte=cutoff).select_related("acknowledgement").order_by("pk")
    return [
        {
            "participant": who.get(row.participant_id, ""), "rule": row.rule, "text": row.text, "action": row.action,
            "on": row.at.date().isoformat(), "taken_up": hasattr(row, "acknowledgement"),
        }
        for row in rows
        if row.participant_id is None or row.participant_id in who
    ]  # fmt: skip


def _queries(who: Mapping[int, str], cutoff: date) -> list[Plain]:
    rows = Query.objects.filter(participant__in=who, at__date__lte=cutoff).prefetch_related("steps").order_by("pk")
    return [
        {"participant": who[row.participant_id], "about": row.about, "status": status(row),
         "on": row.at.date().isoformat()}
        for row in rows
    ]  # fmt: skip


def _sealed(trial: Any, who: Mapping[int, str]) -> Plain:
    """Return each participant's arm as it lies sealed, with the place it is bound to."""
    rows = Allocation.objects.filter(trial=trial, participant__in=who).select_related("slot")
    return {
        who[row.participant_id]: [bytes(row.slot.sealed_arm).hex(), row.slot.stratum, row.slot.position] for row in rows
    }
