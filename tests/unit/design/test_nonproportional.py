"""Average hazard ratio, weighted log-rank, MaxCombo, RMST: what they share, and simulated trials as their judge."""

from __future__ import annotations

import numpy as np
import pytest

from calor.design import GroupSequential, average_hazard_ratio, max_combo, rmst, spending, survival, weighted_logrank
from calor.design.accrual import Accrual
from calor.design.comparison import Comparison
from calor.design.effect_by_look import EffectByLook
from calor.design.expected_events import Stratum
from calor.design.fleming_harrington import FlemingHarrington
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
from calor.errors import DesignError

OBF = spending.obrien_fleming(0.025)
LOGRANK, LATE = FlemingHarrington(0, 0), FlemingHarrington(0, 0.5)
CONTROL, DELAYED = PiecewiseHazard.from_median(9), HazardRatio((0, 4), (1.0, 0.6))
TRIAL = Stratum(Accrual.uniform(12, 300), CONTROL, DELAYED, Dropout.by(12, 0.05, 0.05))


def _proportional(ratio: float) -> Stratum:
    return Stratum(Accrual.uniform(12, 300), CONTROL, HazardRatio.constant(ratio), Dropout.none())


def test_a_constant_hazard_ratio_is_its_own_average() -> None:
    got = average_hazard_ratio.average_hazard_ratio([_proportional(0.7)], [10, 20, 30])
    assert got.ratio == pytest.approx([0.7, 0.7, 0.7])


def test_a_delayed_effect_shows_more_the_later_one_looks() -> None:
    got = average_hazard_ratio.average_hazard_ratio([TRIAL], [10, 20, 36])
    assert 1 > got.ratio[0] > got.ratio[1] > got.ratio[2] > 0.6


def test_strata_average_by_their_events() -> None:
    both = [_proportional(0.5), _proportional(1.0)]
    got = average_hazard_ratio.average_hazard_ratio(both, [30])
    apart = [average_hazard_ratio.average_hazard_ratio([s], [30]) for s in both]
    events = [a.events[0] for a in apart]
    assert got.events[0] == pytest.approx(sum(events))
    assert np.log(got.ratio[0]) == pytest.approx(np.log(0.5) * events[0] / sum(events))


def test_one_look_at_proportional_hazards_is_close_to_schoenfeld() -> None:
    fixed = GroupSequential(np.ones(1), efficacy=OBF)
    simple = survival.sample_size(
        fixed, hazard_ratio=0.8, power=0.9, control=CONTROL, accrual=Accrual.uniform(12), follow_up=24
    )
    for table in (
        average_hazard_ratio.sample_size([_proportional(0.8)], times=[36], power=0.9, efficacy=OBF),
        weighted_logrank.sample_size([_proportional(0.8)], times=[36], weight=LOGRANK, power=0.9, efficacy=OBF),
    ):
        assert table.total == pytest.approx(simple.total, rel=0.02)


def test_sample_size_and_power_agree() -> None:
    futility = spending.hwang_shih_decani(0.1, gamma=-2)
    asked = {"times": [18, 27, 36], "efficacy": OBF, "futility": futility}
    for module, weight in ((average_hazard_ratio, {}), (weighted_logrank, {"weight": LATE})):
        needed = module.sample_size([TRIAL], power=0.85, **asked, **weight)  # type: ignore[operator]
        factor = needed.total / TRIAL.n
        larger = Stratum(TRIAL.accrual.scaled(factor), CONTROL, DELAYED, TRIAL.dropout)
        got = module.power([larger], **asked, **weight)  # type: ignore[operator]
        assert got.power == pytest.approx(0.85)
        assert got.times.tolist() == [18, 27, 36]


def test_a_margin_moves_the_null() -> None:
    """Non-inferiority of an equal treatment against 1.3 is as hard as superiority of a ratio of 1 / 1.3, nearly."""
    margin, end = Comparison(null=1.3), [36]
    equal = average_hazard_ratio.sample_size(
        [_proportional(1.0)], times=end, power=0.9, efficacy=OBF, comparison=margin
    )
    better = average_hazard_ratio.sample_size([_proportional(1 / 1.3)], times=end, power=0.9, efficacy=OBF)
    assert equal.events[-1] == pytest.approx(better.events[-1], rel=0.02)  # type: ignore[index]
    assert 1.0 < equal.efficacy_effect[-1] < 1.3
    shorter = rmst.sample_size(_proportional(1.0), tau=24, time=36, power=0.9, comparison=Comparison(null=-2.0))
    assert -2.0 < shorter.efficacy_effect[-1] < 0.0


def test_futility_spends_its_beta_under_the_effect() -> None:
    seen = average_hazard_ratio.average_hazard_ratio([TRIAL], [18, 27, 36])
    trial = average_hazard_ratio.effect_by_look(seen)
    beta = spending.hwang_shih_decani(0.1, gamma=-2)
    efficacy = trial.design(OBF, None).efficacy_bounds
    bounds = trial.futility_bounds(efficacy, beta)
    spent = np.cumsum(trial.crossing(efficacy, bounds).futility)
    assert spent == pytest.approx(beta.spent(seen.information / seen.information[-1]), abs=1e-9)


def test_a_constant_effect_and_equal_informations_are_the_ordinary_design() -> None:
    information = np.array([20.0, 40.0, 50.0])
    trial = EffectByLook(np.full(3, 0.4), information, information)
    design = trial.design(OBF, None)
    ordinary = design.crossing(0.4 * np.sqrt(50))
    got = trial.crossing(design.efficacy_bounds, design.futility_bounds)
    assert got.efficacy == pytest.approx(ordinary.efficacy, abs=1e-12)


def test_maxcombo_of_like_weights_is_little_stricter_than_one() -> None:
    weights = [LOGRANK, FlemingHarrington(0, 0.01)]
    got = max_combo.power([TRIAL], weights=weights, time=36)
    assert 1.95996 < got.bound < 1.97
    one = weighted_logrank.scores([TRIAL], [LOGRANK], 36)
    assert got.means[0] == pytest.approx(one.mean[0] / np.sqrt(one.covariance[0, 0]))


def test_maxcombo_sample_size_and_power_agree() -> None:
    weights = [LOGRANK, LATE, FlemingHarrington(0.5, 0.5)]
    needed = max_combo.sample_size([TRIAL], weights=weights, time=36, power=0.85)
    assert needed.power == pytest.approx(0.85, abs=1e-5)
    assert needed.to_frame().shape == (3, 2)
    assert "MaxCombo of FH(0, 0), FH(0, 0.5), FH(0.5, 0.5)" in str(needed)


def test_rmst_of_exponential_times_has_a_closed_form() -> None:
    found = rmst.mean_difference(_proportional(0.7), tau=24, time=36)
    rate = CONTROL.rates[0]
    assert found.control == pytest.approx((1 - np.exp(-24 * rate)) / rate)
    assert found.treatment == pytest.approx((1 - np.exp(-24 * 0.7 * rate)) / (0.7 * rate))


def test_rmst_without_censoring_has_the_variance_of_a_truncated_mean() -> None:
    """Everyone followed past tau: Kaplan-Meier's area is the mean of min(T, tau)."""
    at_once = Stratum(Accrual.uniform(1e-6, 200), CONTROL, HazardRatio.constant(1.0), Dropout.none())
    found, rate, tau = rmst.mean_difference(at_once, tau=20, time=30), CONTROL.rates[0], 20.0
    mean = (1 - np.exp(-rate * tau)) / rate
    square = 2 / rate**2 * (1 - np.exp(-rate * tau) * (1 + rate * tau))
    assert found.variance == pytest.approx(2 * (square - mean**2) / 100)


def _simulated(trials: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return z of two weighted log-rank tests and of RMST to 24 in trials drawn from TRIAL's assumptions."""
    rng, n, end, tau = np.random.default_rng(7), 300, 36.0, 24.0
    arm = np.tile([0, 1], n // 2)
    entry = rng.uniform(0, 12, (trials, n))
    hazard = rng.exponential(size=(trials, n))
    rate, lost = CONTROL.rates[0], TRIAL.dropout.control.rates[0]
    late = np.maximum(hazard - 4 * rate, 0) / (0.6 * rate)
    event = np.where(arm == 1, np.minimum(hazard / rate, 4) + late, hazard / rate)
    cut = np.minimum(rng.exponential(1 / lost, (trials, n)), end - entry)
    time, happened = np.minimum(event, cut), event <= cut
    order = np.argsort(time, axis=1)
    time, happened = np.take_along_axis(time, order, 1), np.take_along_axis(happened, order, 1)
    treated = arm[order]
    at_risk = np.arange(n, 0, -1.0)
    at_risk_treated = np.cumsum(treated[:, ::-1], axis=1)[:, ::-1]
    share = at_risk_treated / at_risk
    survival_before = np.cumprod(1 - happened / at_risk, axis=1)
    survival_before = np.hstack([np.ones((trials, 1)), survival_before[:, :-1]])
    z = []
    for gamma in (0.0, 0.5):
        w = (1 - survival_before) ** gamma * happened
        z.append((w * (share - treated)).sum(1) / np.sqrt((w**2 * share * (1 - share)).sum(1)))
    areas = [_area(time, happened & (treated == a), np.where(treated == a, 1, 0), tau) for a in (0, 1)]
    rmst_z = (areas[1][0] - areas[0][0]) / np.sqrt(areas[0][1] + areas[1][1])
    return z[0], z[1], rmst_z


def _area(time: np.ndarray, happened: np.ndarray, member: np.ndarray, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """Return each trial's area under one arm's Kaplan-Meier curve up to tau, and its Greenwood variance."""
    at_risk = np.cumsum(member[:, ::-1], axis=1)[:, ::-1]
    d = happened & (time <= tau)
    curve = np.cumprod(1 - d / np.maximum(at_risk, 1), axis=1)
    clipped = np.minimum(time, tau)
    widths = np.diff(clipped, axis=1, append=tau)
    to_come = np.cumsum((curve * widths)[:, ::-1], axis=1)[:, ::-1]
    variance = (d * to_come**2 / np.maximum(at_risk * (at_risk - 1), 1)).sum(1)
    return clipped[:, 0] + to_come[:, 0], variance


def test_simulated_trials_have_the_power_computed() -> None:
    trials = 4000
    logrank, late, restricted = _simulated(trials)
    combo = max_combo.power([TRIAL], weights=[LOGRANK, LATE], time=36)
    told = {
        "weighted log-rank": (late, 1.959964, weighted_logrank.power([TRIAL], times=[36], weight=LATE, efficacy=OBF)),
        "log-rank": (logrank, 1.959964, average_hazard_ratio.power([TRIAL], times=[36], efficacy=OBF)),
        "MaxCombo": (np.maximum(logrank, late), combo.bound, combo),
        "RMST": (restricted, 1.959964, rmst.power(TRIAL, tau=24, time=36)),
    }
    for name, (z, bound, table) in told.items():
        got, said = float(np.mean(z > bound)), table.power  # type: ignore[attr-defined]
        interval = 3.5 * np.sqrt(said * (1 - said) / trials)
        # the formulas are asymptotic: a trial of 300 may differ by another hundredth
        assert abs(got - said) < interval + 0.01, f"{name}: simulated {got:.4f}, computed {said:.4f} +- {interval:.4f}"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: average_hazard_ratio.average_hazard_ratio([], [12]), "`strata` must hold at least one"),
        (lambda: average_hazard_ratio.average_hazard_ratio([TRIAL], [12, 12]), "`times` must be positive and increase"),
        (lambda: average_hazard_ratio.average_hazard_ratio([TRIAL], []), "`times` must be positive and increase"),
        (
            lambda: average_hazard_ratio.power([TRIAL], times=[0.1, 36], efficacy=OBF),
            "`design` must (have|expect) at least one",
        ),
        (
            lambda: average_hazard_ratio.sample_size([_proportional(1.1)], times=[36], power=0.9, efficacy=OBF),
            "`effect` must favor treatment at the last look",
        ),
        (
            lambda: average_hazard_ratio.sample_size([TRIAL], times=[36], power=0.02, efficacy=OBF),
            "`power` must lie between alpha",
        ),
        (lambda: FlemingHarrington(-1, 0), "`rho` must be finite and not negative"),
        (lambda: weighted_logrank.scores([TRIAL], [], 36), "`weights` must hold at least one"),
        (lambda: max_combo.power([TRIAL], weights=[LOGRANK], time=36), "`weights` must be two or more"),
        (lambda: max_combo.power([TRIAL], weights=[LATE, LATE], time=36), "`weights` must be two or more"),
        (lambda: max_combo.power([TRIAL], weights=[LATE, LOGRANK], time=36, alpha=0.6), "`alpha` must lie"),
        (
            lambda: max_combo.sample_size([_proportional(1.2)], weights=[LATE, LOGRANK], time=36, power=0.9),
            "`strata` must favor treatment",
        ),
        (lambda: rmst.mean_difference(TRIAL, tau=36, time=36), "`tau` must lie between 0 and the time"),
        (lambda: rmst.mean_difference(TRIAL, tau=0, time=36), "`tau` must lie between 0 and the time"),
        (
            lambda: rmst.sample_size(_proportional(1.2), tau=24, time=36, power=0.9),
            "`stratum` must lie on the side of benefit",
        ),
        (lambda: rmst.sample_size(TRIAL, tau=24, time=36, power=0.01), "`power` must lie between alpha"),
        (lambda: EffectByLook(np.ones(2), np.array([2.0, 1.0]), np.ones(2)), "`information` must be positive and grow"),
    ],
)
def test_impossible_questions_are_refused(make, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        make()
