"""Reference-based imputation, multiple imputation and tipping points: what they equal and refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.continuous.ancova import ancova
from calor.analyze.missing.conditional_mean import conditional_mean
from calor.analyze.missing.multiple_imputation import multiple_imputation
from calor.analyze.missing.reference_based import reference_based
from calor.analyze.missing.strategies import STRATEGIES, StrategyName
from calor.analyze.missing.tipping_point import tipping_point
from calor.analyze.missing.visit_grid import visit_grid
from calor.analyze.mixed.mmrm import Fitting, mmrm
from calor.analyze.mixed.visit_table import RepeatedMeasures
from calor.errors import AnalysisError

COLUMNS = RepeatedMeasures("y", "id", "visit", "arm", covariates=("base",), by_visit=("base",))
ARMS = ("placebo", "active")


def trial(dropout: float = 0.3, participants: int = 40, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    who, visit = np.repeat(np.arange(participants), 3), np.tile(np.arange(1, 4), participants)
    base = rng.normal(size=participants)
    y = base[who] + rng.normal(size=participants)[who] + 0.7 * rng.normal(size=who.size) - 1.2 * (who % 2) * visit / 3
    last = np.where(rng.random(participants) < dropout, rng.integers(1, 3, participants), 3)
    arm = np.where(who % 2, "active", "placebo")
    table = pd.DataFrame({"id": who, "visit": visit, "arm": arm, "base": base[who], "y": y})
    return table.assign(y=table["y"].where(visit <= last[who]))


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_without_dropout_every_strategy_is_ancova_with_a_jackknife_error(strategy: StrategyName) -> None:
    table = trial(dropout=0.0)
    result = reference_based(table, COLUMNS, arms=ARMS, strategy=strategy)
    want = ancova(table[table["visit"] == 3], response="y", arm="arm", arms=ARMS, covariates=["base"]).differences[0]
    assert result.contrasts[2].estimate == pytest.approx(want.estimate)
    assert want.se is not None
    assert result.contrasts[2].se == pytest.approx(want.se, rel=0.25)
    assert result.imputed == (0, 0, 0)


def test_missing_at_random_estimates_what_the_mmrm_does() -> None:
    table = trial()
    imputed = reference_based(table, COLUMNS, arms=ARMS, strategy="missing at random").contrasts
    modeled = mmrm(table, COLUMNS, arms=ARMS).contrasts
    for one, other in zip(imputed, modeled, strict=True):
        assert other.se is not None
        assert one.estimate == pytest.approx(other.estimate, abs=0.15 * other.se)
        assert one.se == pytest.approx(other.se, rel=0.25)


def test_strategies_order_the_effect_from_random_to_jump() -> None:
    table = trial()
    effect = {
        name: abs(reference_based(table, COLUMNS, arms=ARMS, strategy=name).contrasts[2].estimate)
        for name in STRATEGIES
    }
    assert effect["missing at random"] > effect["copy increments in reference"] > effect["jump to reference"]


def test_jump_to_reference_leaves_the_reference_arm_as_at_random() -> None:
    table = trial()
    at_random, jump = (
        reference_based(table, COLUMNS, arms=ARMS, strategy=name).ls_means
        for name in ("missing at random", "jump to reference")
    )
    grid = visit_grid(table, COLUMNS, ARMS)
    assert [e.label for e in jump[:3]] == ["placebo at 1", "placebo at 2", "placebo at 3"]
    assert (grid.event[grid.arm == 1] < 3).any()
    # The covariate's slope in the analysis moves a little with the other arm's imputed values, no more.
    for one, other in zip(at_random[:3], jump[:3], strict=True):
        assert one.estimate == pytest.approx(other.estimate, abs=0.05)


def test_conditional_mean_is_the_regression_on_what_was_seen() -> None:
    covariance = np.array([[2.0, 1.0, 0.5], [1.0, 3.0, 1.0], [0.5, 1.0, 1.0]])
    means = np.array([[1.0, 2.0, 3.0]])
    filled = conditional_mean(np.array([[2.0, np.nan, 5.0]]), means, covariance)
    weights = np.linalg.solve(covariance[np.ix_([0, 2], [0, 2])], covariance[[0, 2], 1])
    assert filled[0, 1] == pytest.approx(2.0 + weights @ np.array([1.0, 2.0]))


def test_a_participant_without_any_response_is_imputed_or_refused() -> None:
    table = trial()
    table.loc[table["id"] == 5, "y"] = np.nan
    assert reference_based(table, COLUMNS, arms=ARMS, strategy="jump to reference").n == 40
    with pytest.raises(AnalysisError, match="mean to carry forward"):
        reference_based(table, COLUMNS, arms=ARMS, strategy="last mean carried forward")


def test_participants_of_other_arms_are_counted_out() -> None:
    table = trial()
    third = table["id"] < 4
    result = reference_based(
        table.assign(arm=table["arm"].mask(third, "high")), COLUMNS, arms=ARMS, strategy="copy reference"
    )
    assert result.n == 36
    assert [(e.reason, e.participants) for e in result.contrasts[0].excluded] == [("in no arm compared", 4)]


def test_estimand_is_printed_with_the_result() -> None:
    result = reference_based(trial(), COLUMNS, arms=ARMS, strategy="copy reference")
    assert str(result).startswith("Estimand: treatment policy, the effect fading after stopping (copy reference); ")
    assert len(result.to_frame()) == 9


def test_multiple_imputation_agrees_with_conditional_means() -> None:
    table = trial()
    rng = np.random.default_rng(7)
    drawn = multiple_imputation(
        table, COLUMNS, arms=ARMS, strategy="missing at random", imputations=60, rng=rng
    ).contrasts[2]
    modeled = mmrm(table, COLUMNS, arms=ARMS).contrasts[2]
    assert modeled.se is not None
    assert drawn.estimate == pytest.approx(modeled.estimate, abs=0.25 * modeled.se)
    assert drawn.se == pytest.approx(modeled.se, rel=0.2)


def test_multiple_imputation_repeats_with_its_seed_and_reports_missing_information() -> None:
    table = trial()
    one, other = (
        multiple_imputation(
            table, COLUMNS, arms=ARMS, strategy="jump to reference", imputations=5, rng=np.random.default_rng(3)
        )
        for _ in range(2)
    )
    assert one.contrasts == other.contrasts
    assert one.pooled[0].fraction_missing < one.pooled[2].fraction_missing < 1
    assert "5 imputations" in str(one)
    assert one.to_frame()["fraction_missing"].notna().all()


def test_delta_zero_is_the_analysis_itself_and_shifts_are_linear() -> None:
    table = trial()
    result = tipping_point(table, COLUMNS, arms=ARMS, deltas=[0, 1, 2], strategy="jump to reference")
    plain = reference_based(table, COLUMNS, arms=ARMS, strategy="jump to reference").contrasts[2]
    values = [cell.difference.estimate for cell in result.cells]
    assert values[0] == pytest.approx(plain.estimate)
    assert result.cells[0].difference.se == pytest.approx(plain.se)
    assert values[2] - values[1] == pytest.approx(values[1] - values[0])
    share = (visit_grid(table, COLUMNS, ARMS).event < 3)[visit_grid(table, COLUMNS, ARMS).arm == 1].mean()
    assert values[1] - values[0] == pytest.approx(share, rel=0.15)


def test_tipping_point_is_where_the_interval_first_covers_zero() -> None:
    result = tipping_point(trial(), COLUMNS, arms=ARMS, deltas=[0, 0.5, 1, 2, 4, 8], reference_deltas=[0, 1])
    assert result.tips_at is not None
    for cell in result.cells:
        if cell.reference == 0:
            significant = cell.difference.upper < 0 or cell.difference.lower > 0
            assert significant == (cell.active < result.tips_at)
    assert len(result.to_frame()) == 12
    assert "tips when dropouts of the active arm are shifted by" in str(result)


def test_a_conclusion_that_holds_everywhere_says_so() -> None:
    assert str(tipping_point(trial(), COLUMNS, arms=ARMS, deltas=[0])).startswith("No delta")


def test_unfit_requests_are_refused() -> None:
    table = trial()
    with pytest.raises(AnalysisError, match="`strategy`"):
        reference_based(table, COLUMNS, arms=ARMS, strategy="LOCF")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="one covariance over scheduled visits"):
        reference_based(table, COLUMNS, arms=ARMS, strategy="copy reference", fitting=Fitting(by_arm=True))
    with pytest.raises(AnalysisError, match="imputations"):
        multiple_imputation(
            table, COLUMNS, arms=ARMS, strategy="copy reference", imputations=1, rng=np.random.default_rng()
        )
    with pytest.raises(AnalysisError, match="deltas"):
        tipping_point(table, COLUMNS, arms=ARMS, deltas=[])
    changing = table.assign(base=table["base"] + table["visit"])
    with pytest.raises(AnalysisError, match="`base` must be the same at every visit"):
        reference_based(changing, COLUMNS, arms=ARMS, strategy="copy reference")
    with pytest.raises(AnalysisError, match="neither weight nor coordinates"):
        weighted = RepeatedMeasures("y", "id", "visit", "arm", weight="base")
        reference_based(table, weighted, arms=ARMS, strategy="copy reference")
