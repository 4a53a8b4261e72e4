"""The eDISH figure: where the rule's lines stand, who is ringed, what no logarithmic axis can hold."""

from __future__ import annotations

import json

import pytest
from tests.unit.report.frames import ARMS, PEAKS, WORDS

from calor.errors import ReportError
from calor.report.figures.edish import edish


def test_lines_stand_where_the_rule_begins() -> None:
    spec = json.dumps(edish(PEAKS, arms=ARMS, rule=(3.5, 2.5), **WORDS).spec)
    assert '{"aminotransferase": 3.5, "bilirubin": 2.5}' in spec


def test_only_a_trigger_is_ringed() -> None:
    ringed = json.dumps(edish(PEAKS, arms=ARMS, **WORDS).spec)
    plain = json.dumps(edish(PEAKS.assign(trigger=False), arms=ARMS, **WORDS).spec)
    assert ringed.count('"filled": false') == 1
    assert '"filled": false' not in plain


def test_axes_cover_every_dot_and_keep_the_quadrants() -> None:
    far = PEAKS.assign(aminotransferase=[0.05, 80.0])
    for layer in edish(far, arms=ARMS, **WORDS).spec["layer"]:
        x = layer["encoding"].get("x", {})
        if "scale" in x:
            low, high = x["scale"]["domain"]
            assert low < 0.05
            assert high > 80


def test_a_peak_of_zero_is_refused() -> None:
    with pytest.raises(ReportError, match="must be positive on a logarithmic axis, got 0"):
        edish(PEAKS.assign(bilirubin=[0.0, 1.0]), arms=ARMS, **WORDS)
