"""What a protocol holds, and how it prints."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from calor.errors import ProtocolError
from calor.protocol import Protocol, protocol_schema, read_protocol
from calor.protocol.endpoints import ContinuousEndpoint

EXAMPLES = Path(__file__).parents[3] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if (path / "protocol.toml").exists())


@pytest.fixture
def ivory() -> Protocol:
    return read_protocol(EXAMPLES / "ivory/protocol.toml")


@pytest.mark.parametrize("name", NAMES)
def test_shipped_example_is_valid_under_reader_and_schema(name: str) -> None:
    path = EXAMPLES / name / "protocol.toml"
    assert read_protocol(path).trial.title
    schema = protocol_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(content)) == []


def test_schema_refuses_what_the_reader_refuses() -> None:
    content = tomllib.loads((EXAMPLES / "ivory/protocol.toml").read_text(encoding="utf-8"))
    content["arms"][0]["ratio"] = 0
    assert list(jsonschema.Draft202012Validator(protocol_schema()).iter_errors(content))


def test_ivory_doses_follow_from_its_courses(ivory: Protocol) -> None:
    regimen = next(r for r in ivory.regimens if r.arm == "aldesleukin")
    assert regimen.dosing_days == (1, 2, 3, 4, 5, 12, 19, 26, 33, 40, 47, 54)
    assert regimen.total_dose == 18e6


def test_ivory_final_scan_is_seven_days_after_the_last_dose(ivory: Protocol) -> None:
    endpoint = ivory.endpoint("tbr_index")
    assert isinstance(endpoint, ContinuousEndpoint)
    assert ivory.visit(endpoint.visit).day - ivory.regimens[1].dosing_days[-1] == 7


@pytest.mark.parametrize(
    ("comparator", "value", "passes"),
    [(">=", 2.0, True), (">", 2.0, False), (">", 2.0000001, True), (">=", 1.9999999, False)],
)
def test_gate_at_its_cutoff(ivory: Protocol, comparator: str, value: float, passes: bool) -> None:
    assert ivory.gate is not None
    gate = ivory.gate.model_copy(update={"comparator": comparator})
    assert gate.passes(value) is passes


def test_gate_prints_as_a_rule(ivory: Protocol) -> None:
    assert str(ivory.gate) == "hs_crp >= 2, one test, day -14 to 0 from randomization"


def test_protocol_cannot_be_changed(ivory: Protocol) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ivory.trial.planned_size = 1000  # type: ignore[misc]


def test_unknown_name_lists_the_declared_ones(ivory: Protocol) -> None:
    with pytest.raises(ProtocolError, match=r"Declared: placebo, aldesleukin"):
        ivory.arm("control")


def test_missing_file_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="calor demo"):
        read_protocol(tmp_path / "protocol.toml")


def test_text_that_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "protocol.toml"
    path.write_text("[trial\n", encoding="utf-8")
    with pytest.raises(ProtocolError, match="line 1"):
        read_protocol(path)
