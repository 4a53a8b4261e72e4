"""The declared procedure adjusts the declared analyses' own p-values, and refuses what it cannot adjust."""

from __future__ import annotations

from pathlib import Path

import pytest

from calor.analyze import declared
from calor.analyze.declared.multiplicity import adjusted_p_values
from calor.errors import AnalysisError
from calor.protocol import Protocol, parse_protocol
from calor.protocol.multiplicity import Multiplicity
from calor.simulate.ivory import reconstruct

IVORY = (Path(__file__).parents[4] / "examples/ivory/protocol.toml").read_text(encoding="utf-8")
NONE = 'method = "none" # one primary hypothesis; nothing more is published\nalpha = 0.05\n'


def _protocol(plan: str) -> Protocol:
    assert NONE in IVORY
    return parse_protocol(IVORY.replace(NONE, plan))


def test_graph_passes_the_weight_of_what_is_rejected() -> None:
    plan = Multiplicity(method="graph", hypotheses=("a", "b"), weights=(1, 0), transitions=((0, 1), (0, 0)))
    assert adjusted_p_values(plan, [0.02, 0.04]) == pytest.approx([0.02, 0.04])
    assert adjusted_p_values(plan, [0.06, 0.001]) == pytest.approx([0.06, 0.06])


def test_holm_over_two_declared_analyses() -> None:
    protocol = _protocol('method = "holm"\nhypotheses = ["primary", "active_slices"]\n')
    finding = declared.run(protocol, "multiplicity", reconstruct())
    table = finding.tables["hypotheses"]
    low, high = sorted(table["p_value"])
    assert sorted(table["adjusted"]) == pytest.approx([2 * low, max(2 * low, high)])
    assert set(declared.needs(protocol, "multiplicity")) == {"adsl", "adpet"}
    assert declared.names(protocol)[-1] == "multiplicity"


def test_one_primary_hypothesis_needs_no_procedure() -> None:
    assert "multiplicity" not in declared.names(parse_protocol(IVORY))


def test_analysis_without_a_test_cannot_be_a_hypothesis() -> None:
    protocol = _protocol('method = "holm"\nhypotheses = ["primary", "adverse_events"]\n')
    with pytest.raises(AnalysisError, match="one p-value each"):
        declared.run(protocol, "multiplicity", reconstruct())
