"""A cut opened again: its two parts, checked against its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from calor.datasets.dataset import Dataset
from calor.errors import ConductError
from calor.protocol.protocol import Protocol
from calor.protocol.read import parse_protocol
from calor.web.board.coding import codes, with_arms_named
from calor.web.board.tables import Plain, digest, from_plain
from calor.web.encryption import open_arm


@dataclass(frozen=True)
class Shown:
    """The part of a cut that blinded people may have.

    Attributes:
        name: What the cut is called.
        cutoff: Last day of what counts.
        protocol: The protocol as it then was.
        plan: First and last day of the planned recruitment and how many by then; None where none is stated.
        notes: What a reader must know.
        datasets: ADaM datasets without arms and without what is withheld.
        visits, alerts, queries: Rows as plain values.
        unblindings: Participants unblinded in an emergency.
    """

    name: str
    cutoff: date
    protocol: Protocol
    plan: tuple[date, date, int] | None
    notes: tuple[str, ...]
    datasets: Mapping[str, Dataset]
    visits: list[Plain]
    alerts: list[Plain]
    queries: list[Plain]
    unblindings: int


@dataclass(frozen=True)
class Whole:
    """Both parts of a cut, with arms.

    Attributes:
        shown: The part that blinded people may have.
        datasets: ADaM datasets with all values, without arms.
        alerts: Alerts that could reveal an arm.
        arms: Each participant's arm by its label.
        coded: Each participant's arm by its letter.
    """

    shown: Shown
    datasets: Mapping[str, Dataset]
    alerts: list[Plain]
    arms: Mapping[str, str]
    coded: Mapping[str, str]

    @cached_property
    def coded_datasets(self) -> dict[str, Dataset]:
        """The datasets with letters for arms."""
        return with_arms_named(self.datasets, self.coded)

    @cached_property
    def named_datasets(self) -> dict[str, Dataset]:
        """The datasets with the arms' own labels."""
        return with_arms_named(self.datasets, self.arms)


def shown(cut: Any) -> Shown:
    """Open the part that blinded people may have."""
    content = json.loads(cut.content)
    return Shown(
        cut.name, cut.cutoff, parse_protocol(content["protocol"]), _plan(content["plan"]), tuple(content["notes"]),
        _opened(content["datasets"]), content["visits"], content["alerts"], content["queries"], content["unblindings"],
    )  # fmt: skip


def whole(cut: Any) -> Whole:
    """Open both parts; needs the key to the arms.

    Raises:
        ConductError: The content is not what was cut.
    """
    if digest(cut.content, cut.withheld.content) != cut.digest:
        fix = "Run `calor audit verify`; restore the backup."
        raise ConductError.must("cut", "hold what was cut", "something else", where=cut.name, fix=fix)
    content, trial = json.loads(cut.withheld.content), cut.trial
    letters = codes(trial)
    arms = {
        who: trial.arms[open_arm(bytes.fromhex(sealed), trial.code, "slot", stratum, position)]
        for who, (sealed, stratum, position) in content["arms"].items()
    }
    coded = {who: letters[arm] for who, arm in arms.items()}
    return Whole(shown(cut), _opened(content["datasets"]), content["alerts"], arms, coded)


def _plan(told: list[Any] | None) -> tuple[date, date, int] | None:
    return None if told is None else (date.fromisoformat(told[0]), date.fromisoformat(told[1]), int(told[2]))


def _opened(datasets: Mapping[str, Plain]) -> dict[str, Dataset]:
    return {name: from_plain(plain) for name, plain in datasets.items()}
