"""Arms as letters: which letter stands for which arm is drawn from the key to the arms, once for the whole trial."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import pandas as pd

from calor.datasets.dataset import Dataset
from calor.protocol.protocol import Protocol
from calor.web.keys import ARMS_OF, derived_key

_OF_TREATMENT = ("ARM", "TRT01P", "TRT01A", "TRTP", "TRTA")


def codes(trial: Any) -> dict[str, str]:
    """Return the coded name of each arm by its label; needs the key to the arms."""
    key = derived_key(f"{ARMS_OF}{trial.code}, as letters")
    drawn = sorted(range(len(trial.arms)), key=lambda arm: hmac.new(key, bytes([arm]), hashlib.sha256).digest())
    return {trial.arms[arm]: name for arm, name in zip(drawn, names(len(drawn)), strict=True)}


def names(arms: int) -> list[str]:
    """Return the coded names of some arms.

    >>> names(2)
    ['Arm A', 'Arm B']
    """
    return [f"Arm {chr(ord('A') + arm)}" for arm in range(arms)]


def coded_protocol(protocol: Protocol) -> Protocol:
    """Return the protocol with letters for the arms' labels, in the order of the alphabet, control or not.

    What compares active with control then compares B with A, whichever these are: the order tells nothing.
    """
    ordered = sorted(protocol.arms, key=lambda arm: arm.role != "control")
    letters = dict(zip((arm.id for arm in ordered), names(len(ordered)), strict=True))
    arms = tuple(arm.model_copy(update={"label": letters[arm.id]}) for arm in protocol.arms)
    return protocol.model_copy(update={"arms": arms})


def with_arms_named(datasets: Mapping[str, Dataset], arms: Mapping[str, str]) -> dict[str, Dataset]:
    """Return datasets whose columns of treatment hold what each participant's arm is called.

    Args:
        datasets: By file stem.
        arms: What to call the arm, by participant.
    """
    return {name: _named(dataset, arms) for name, dataset in datasets.items()}


def _named(dataset: Dataset, arms: Mapping[str, str]) -> Dataset:
    frame = dataset.frame
    called = frame["USUBJID"].map(arms).astype("str")
    columns: dict[str, pd.Series] = {name: called for name in _OF_TREATMENT if name in frame}
    return Dataset(dataset.name, frame.assign(**columns), dataset.labels, dataset.label)
