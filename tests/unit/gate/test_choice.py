"""The recommendation, its sensitivity, the value of information, the what-if grid, the protocols written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.unit.gate.small import ivory, plan

from calor.design.declared import declared_design, declared_populations, declared_size
from calor.errors import DesignError
from calor.gate.basis import Basis
from calor.gate.choose import search
from calor.gate.evaluate import evaluate
from calor.gate.gates import CandidateGate
from calor.gate.information import information, without_assay_error
from calor.gate.next_protocol import next_protocol
from calor.gate.operating_report import operating_report
from calor.gate.option import Option
from calor.gate.posterior import finished_trial
from calor.gate.recommend import recommend
from calor.gate.records import log_normal
from calor.gate.sensitivity import ASSUMPTIONS, robustness
from calor.gate.what_if import METRICS, what_if_grid
from calor.protocol import parse_protocol
from calor.protocol.write import write_protocol
from calor.simulate.ivory import reconstruct


@pytest.fixture(scope="module")
def basis() -> Basis:
    return Basis(plan(), finished_trial(ivory(), reconstruct()))


@pytest.fixture(scope="module")
def options(basis: Basis) -> tuple[Option, ...]:
    return search(basis.situation())


def test_the_winners_curse_and_the_sceptic_leave_less(basis: Basis, options: tuple[Option, ...]) -> None:
    table = recommend(basis, basis.situation(), options).beliefs.set_index("belief")
    assert abs(table.loc["flat", "effect"]) > abs(table.loc["winners_curse", "effect"])
    assert table.loc["flat", "assurance"] > table.loc["sceptical", "assurance"] > 0.025


def test_the_recommendation_gives_its_reason_and_the_trade(basis: Basis, options: tuple[Option, ...]) -> None:
    found = recommend(basis, basis.situation(), options)
    assert found.sentences[0].startswith("Recommended for the next trial")
    assert sum(sentence.startswith("Against it") for sentence in found.sentences) == len(found.contenders) - 1
    assert found.chosen.value >= max(other.value for other in found.contenders)


def test_worse_assumptions_lower_assurance_and_all_of_them_most(basis: Basis, options: tuple[Option, ...]) -> None:
    chosen = recommend(basis, basis.situation(), options).chosen
    found = robustness(basis, chosen, [chosen])
    sides = found.tornado.pivot_table(index="assumption", columns="side", values="assurance")
    assert set(sides.index) == set(ASSUMPTIONS)
    assert (sides["worse"] <= sides["better"] + 0.01).all()
    assert found.corner["assurance"].iloc[0] <= sides["worse"].min() + 0.02


def test_no_information_is_worth_less_than_nothing_or_more_than_truth(
    basis: Basis, options: tuple[Option, ...]
) -> None:
    table = information(basis, basis.situation(), options).table.set_index("what")["value"]
    truth = table["Everything that is uncertain"]
    assert (table >= -1e-6 * truth).all()
    assert table.drop("A second test in the gate, where one was the most").max() == truth


def test_a_perfect_assay_leaves_the_variation_of_persons(basis: Basis) -> None:
    before, after = basis.plan.windows[0], without_assay_error(basis.plan).windows[0]
    assert after.log_sd**2 * after.icc == pytest.approx(before.log_sd**2 * before.icc)
    assert after.log_sd**2 == pytest.approx(before.log_sd**2 - 0.05**2)


def test_the_grid_holds_what_the_search_finds_at_the_stated_link_and_rate(basis: Basis) -> None:
    grid = what_if_grid(basis)
    assert grid.stated[0] in grid.links
    table = grid.to_frame().query(f"link == {grid.stated[0]} and rate == {grid.stated[1]}")
    gates = [CandidateGate("month_one"), CandidateGate("month_one", 2.0, 1), CandidateGate("month_one", 3.0, 1)]
    for gate in gates:
        (found,) = evaluate(basis.situation(), gate, ("gated",))
        rows = table.query(f"tests == {gate.tests}")
        rows = rows if gate.tests == 0 else rows.query(f"cutoff == {gate.cutoff}")
        expected = pd.DataFrame([{name: float(getattr(found, name)) for name in METRICS}] * len(rows))
        pd.testing.assert_frame_equal(rows[list(METRICS)].reset_index(drop=True), expected)


def test_a_stricter_gate_lets_fewer_pass_and_a_weaker_link_is_worth_less(basis: Basis) -> None:
    table = what_if_grid(basis).to_frame()
    once = table[table["tests"] == 1]
    strict, wide = (once[once["cutoff"] == c].set_index(["link", "rate"]) for c in (3.0, 2.0))
    assert (strict["eligible_per_month"] < wide["eligible_per_month"]).all()
    assert (strict["true_positives"] > wide["true_positives"]).all()
    by_link = once[(once["cutoff"] == 2.0) & (once["rate"] == 1.0)].sort_values("link")["value"]
    assert by_link.is_monotonic_decreasing


@pytest.mark.parametrize("design", ["gated", "two_endpoint", "stratified", "adaptive"])
def test_every_design_has_a_protocol_that_reads_back(basis: Basis, options: tuple[Option, ...], design: str) -> None:
    option = next(o for o in options if o.design == design)
    found = next_protocol(ivory(), basis.situation(), option)
    assert parse_protocol(write_protocol(found)) == found
    wide = design in {"stratified", "adaptive"}
    assert (found.gate is None) is wide
    assert (found.multiplicity is not None and found.multiplicity.method == "hochberg") is wide
    assert found.screening is not None
    kinds = [criterion.kind for criterion in found.screening.criteria]
    assert ("biomarker_gate" in kinds) is not wide
    assert next_protocol(found, basis.situation(), option).trial.id == found.trial.id
    several = declared_populations(found, declared_design(found))
    assert (several is not None) is wide
    if several is not None:
        full, positive = several.populations
        assert (full.events, positive.share) == pytest.approx((option.events, option.share), abs=1)
        assert positive.hazard_ratio < full.hazard_ratio
        assert 0 < positive.events < full.events
        assert declared_size(found, declared_design(found)).events[-1] == pytest.approx(option.events, abs=2)  # type: ignore[index]


@pytest.mark.slow
def test_the_simulation_report_has_nulls_errors_and_a_seed(basis: Basis, options: tuple[Option, ...]) -> None:
    easy = plan().model_copy(update={"effort": plan().effort.model_copy(update={"confirm_trials": 100})})
    chosen = next(o for o in options if o.design == "gated")
    found = operating_report(Basis(easy, basis.finished), chosen)
    assert len(found.nulls) == 6
    allowed = 0.025 + 4 * np.sqrt(0.025 * 0.975 / 100)
    assert (found.nulls["type_1_error"] <= allowed).all(), f"{found} (allowed {allowed:.3f})"
    assert (found.effects[["power_se", "bias_se", "coverage_se"]] > 0).all(axis=None)
    assert found.seed == easy.effort.seed


@pytest.mark.parametrize("shares", [[0.5, 0.0], [1.0, 1.0], [0.2, 0.6]])
def test_shares_that_make_no_log_normal_are_refused(shares: list[float]) -> None:
    with pytest.raises(DesignError):
        log_normal(np.array([1.0, 2.0]), np.array(shares))
