"""What the choice of the gate was told stands in its report, all of it, with a source or as assumed."""

from __future__ import annotations

from tests.unit.gate.small import hs_crp, ivory

from calor.protocol.gate_beliefs import StatedSource
from calor.protocol.gate_design import GateDesign
from calor.trial.gate_assumptions import COUNTED, OWN, PARTS, assumptions, rates


def _plan() -> GateDesign:
    plan = ivory().gate_design
    assert plan is not None
    return plan


def test_every_stated_value_has_words() -> None:
    plan = _plan()
    for part, (_, names) in PARTS.items():
        assert set(names) == set(type(getattr(plan, part)).model_fields), part
    others = {"windows", "reference_window", "persistent_from", "grid", "effort", "next_trial", "sources"}
    assert set(GateDesign.model_fields) == {*PARTS, *others}


def test_a_value_without_a_source_is_called_assumed() -> None:
    plan = _plan().model_copy(update={"sources": (StatedSource(of="link.hazard_ratio", source="CANTOS"),)})
    table = assumptions(plan, hs_crp()).query("depth == 1").set_index("what")
    assert table.loc["Hazard ratio that goes with it, where the link acts", "source"] == "CANTOS"
    assert (table["source"] == OWN).sum() == len(table) - 1


def test_what_was_counted_in_records_says_so_whatever_the_protocol_cites() -> None:
    table = assumptions(_plan(), hs_crp(), counted="month_one").set_index("what")
    assert table.loc["30 to 120 days after infarction", "source"] == COUNTED
    assert table.loc["Candidates a site and month, before the gate", "source"] == COUNTED
    assert "Otago" in table.loc["120 to 365 days after infarction", "source"]


def test_every_window_names_its_outcome_trials_and_where_their_rates_are_printed() -> None:
    table = rates(_plan())
    assert {"CANTOS", "COLCOT", "LoDoCo2", "CLEAR SYNERGY"} == set(table["trial"])
    assert table["source"].str.contains("doi|Journal").all()
