"""The tables that join protocol, analysis and report are complete."""

from __future__ import annotations

from typing import get_args

from calor.analyze.declared import DESCRIPTIVE, METHODS, MULTIPLICITY, ancova_beside, events_beside
from calor.monitor.declared_harm import HARM_LIMITS
from calor.protocol.analyses import Analysis, Beside, Role
from calor.protocol.checks import ENDPOINT_KIND
from calor.protocol.events_beside import EventsBeside
from calor.report.sections import KINDS
from calor.report.sections import events_beside as beside_section
from calor.report.trial_report import ORDER
from calor.trial.coding import CODING
from calor.trial.imaging_extra import IMAGING
from calor.trial.steps import GATE, GATE_SIMULATION, SCREENING


def _methods(declared: object = Analysis) -> set[str]:
    union = get_args(declared)[0]
    return {get_args(kind.model_fields["method"].annotation)[0] for kind in get_args(union)}


def test_every_method_a_protocol_may_name_has_a_function() -> None:
    assert set(METHODS) == _methods()


def test_every_method_says_which_endpoint_it_suits() -> None:
    assert set(ENDPOINT_KIND) == _methods()


def test_every_finding_has_a_section() -> None:
    others = {MULTIPLICITY, HARM_LIMITS, CODING, SCREENING, IMAGING, GATE, GATE_SIMULATION}
    assert set(KINDS) == {*_methods(), *DESCRIPTIVE, *others}


def test_every_role_has_a_place_in_the_report() -> None:
    assert set(ORDER) == {*get_args(Role), "descriptive", MULTIPLICITY, "measurement", "planning"}


def test_everything_that_may_stand_beside_events_has_a_function_and_a_table() -> None:
    assert set(events_beside.METHODS) == set(beside_section.TABLES) == _methods(EventsBeside)


def test_everything_that_may_stand_beside_an_ancova_has_a_function() -> None:
    assert set(ancova_beside.METHODS) == set(get_args(Beside))
