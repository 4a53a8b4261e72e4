"""The protocol's looks on simulated trials: bounds follow the information, and the verdict follows the bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calor.datasets.dataset import Dataset
from calor.errors import MonitorError
from calor.monitor.declared_looks import DeclaredLooks, declared_looks
from calor.protocol import Protocol, read_protocol
from calor.protocol.looks import EventsPlanning


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    """The example's looks at 50 %, 75 % and the end, with an effect that needs few events."""
    read = read_protocol(Path(__file__).parents[3] / "examples/outcome/protocol.toml")
    assert read.looks is not None
    assert isinstance(read.looks.planning, EventsPlanning)
    planning = read.looks.planning.model_copy(update={"hazard_ratio": 0.5})
    return read.model_copy(update={"looks": read.looks.model_copy(update={"planning": planning})})


def _data(protocol: Protocol, events: int, *, hazard_ratio: float, seed: int = 3) -> dict[str, Dataset]:
    """Draw 400 participants and stop when so many had the event."""
    rng = np.random.default_rng(seed)
    labels = [arm.label for arm in sorted(protocol.arms, key=lambda arm: arm.role != "control")]
    arm = np.arange(400) % 2
    time = rng.exponential(1000 / np.where(arm == 1, hazard_ratio, 1.0))
    end = np.sort(time)[events - 1]
    who = [f"{k:03d}" for k in range(400)]
    named = [labels[k] for k in arm]
    endpoint = protocol.endpoint(protocol.estimand(protocol.primary.estimand).endpoint)
    flags = {each.flag: "Y" for each in protocol.sets}
    adsl = pd.DataFrame({"USUBJID": who, "TRT01P": named, "TRT01A": named} | flags)
    adtte = pd.DataFrame(
        {"USUBJID": who, "PARAMCD": endpoint.paramcd, "AVAL": np.ceil(np.minimum(time, end)),
         "CNSR": (time > end).astype(float)}
    )  # fmt: skip
    made = {"adsl": adsl, "adtte": adtte}
    return {name: Dataset(name.upper(), frame, dict.fromkeys(frame, "")) for name, frame in made.items()}


def _judged(protocol: Protocol, share: float, hazard_ratio: float) -> DeclaredLooks:
    target = declared_looks(protocol, []).planned_information
    return declared_looks(protocol, [_data(protocol, round(share * target), hazard_ratio=hazard_ratio)])


def test_no_look_made_is_said_so(protocol: Protocol) -> None:
    found = declared_looks(protocol, [])
    assert str(found) == "No look was made yet; the first is planned at 50 % of the information"
    assert set(found.to_frame()["decision"]) == {"to come"}


def test_the_bound_at_half_the_information_is_o_brien_and_flemings(protocol: Protocol) -> None:
    row = _judged(protocol, 0.5, 1.0).to_frame().iloc[0]
    assert row["fraction"] == pytest.approx(0.5, abs=0.01)
    assert row["efficacy_bound"] == pytest.approx(2.963, abs=0.06)  # rpact at exactly one half
    assert row["decision"] == "continue"


def test_a_late_look_has_a_lower_bound(protocol: Protocol) -> None:
    early, late = (_judged(protocol, share, 1.0).done[0] for share in (0.5, 0.7))
    assert late.efficacy_bound < early.efficacy_bound


def test_a_strong_effect_crosses_and_the_same_harm_does_not(protocol: Protocol) -> None:
    found = _judged(protocol, 0.5, 0.2)
    assert found.verdict == "boundary crossed: stop for efficacy"
    assert found.done[0].z > found.done[0].efficacy_bound
    harmed = _judged(protocol, 0.5, 5.0)
    assert harmed.done[0].z < -found.done[0].efficacy_bound
    assert harmed.verdict == "continue"


def test_more_looks_than_planned_are_refused(protocol: Protocol) -> None:
    data = _data(protocol, 20, hazard_ratio=1.0)
    with pytest.raises(MonitorError, match="at most the 3 planned"):
        declared_looks(protocol, [data] * 4)
