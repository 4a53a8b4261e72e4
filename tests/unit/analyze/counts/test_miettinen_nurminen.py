"""Score intervals of two proportions."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binom, chi2_contingency

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.mantel_haenszel import mantel_haenszel
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen, stratified_miettinen_nurminen
from calor.errors import AnalysisError

_A, _C = EventCount(56, 70), EventCount(48, 80)
_STRATA = [(EventCount(2, 20), EventCount(6, 20)), (EventCount(5, 12), EventCount(7, 11))]


def test_newcombes_worked_example_is_reproduced() -> None:
    # Newcombe RG, Stat Med 1998;17:873, table II, contrast (a), methods 5 and 6.
    mn = miettinen_nurminen(_A, _C).estimate
    assert (round(mn.lower, 4), round(mn.upper, 4)) == (0.0528, 0.3382)
    mee = miettinen_nurminen(_A, _C, variance_correction=False).estimate
    assert (round(mee.lower, 4), round(mee.upper, 4)) == (0.0533, 0.3377)


def test_without_the_variance_correction_the_test_is_pearsons() -> None:
    pearson = chi2_contingency([[56, 14], [48, 32]], correction=False)
    ours = miettinen_nurminen(_A, _C, variance_correction=False)
    assert ours.z**2 == pytest.approx(pearson.statistic, rel=1e-9)
    assert ours.estimate.p_value == pytest.approx(pearson.pvalue, rel=1e-9)


@pytest.mark.parametrize("contrast", ["difference", "ratio", "odds ratio"])
@pytest.mark.parametrize("skewness", [False, True])
def test_the_interval_inverts_the_test(contrast: str, skewness: bool) -> None:
    interval = miettinen_nurminen(_A, _C, contrast=contrast, skewness_correction=skewness).estimate  # type: ignore[arg-type]
    for limit in (interval.lower, interval.upper):
        at = miettinen_nurminen(_A, _C, contrast=contrast, null=limit, skewness_correction=skewness)  # type: ignore[arg-type]
        assert at.estimate.p_value == pytest.approx(0.05, abs=1e-9)


def test_a_non_inferiority_margin_is_tested_at_the_margin() -> None:
    result = miettinen_nurminen(EventCount(90, 100), EventCount(92, 100), null=-0.1)
    assert result.null == -0.1
    assert result.p_more < 0.05 < result.p_fewer


def test_no_event_in_an_arm_still_has_an_interval() -> None:
    ratio = miettinen_nurminen(EventCount(0, 32), EventCount(4, 31), contrast="ratio").estimate
    assert (ratio.estimate, ratio.lower) == (0, 0)
    assert 0 < ratio.upper < 1.1
    inverse = miettinen_nurminen(EventCount(4, 31), EventCount(0, 32), contrast="ratio").estimate
    assert (inverse.estimate, inverse.upper) == (math.inf, math.inf)
    assert inverse.lower == pytest.approx(1 / ratio.upper, rel=1e-9)


def test_a_ratio_without_any_event_is_refused() -> None:
    for contrast in ("ratio", "odds ratio"):
        with pytest.raises(AnalysisError, match="A ratio is not estimable"):
            miettinen_nurminen(EventCount(0, 31), EventCount(0, 32), contrast=contrast)  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="An odds ratio is not estimable"):
        miettinen_nurminen(EventCount(31, 31), EventCount(32, 32), contrast="odds ratio")


def test_one_stratum_is_the_plain_method() -> None:
    for contrast in ("difference", "ratio", "odds ratio"):
        plain = miettinen_nurminen(_A, _C, contrast=contrast).estimate  # type: ignore[arg-type]
        one = stratified_miettinen_nurminen([(_A, _C)], contrast=contrast).estimate  # type: ignore[arg-type]
        assert (one.lower, one.estimate, one.upper) == pytest.approx((plain.lower, plain.estimate, plain.upper))


@pytest.mark.parametrize("contrast", ["difference", "ratio", "odds ratio"])
def test_the_stratified_test_of_no_effect_is_cochran_mantel_haenszel(contrast: str) -> None:
    ours = stratified_miettinen_nurminen(_STRATA, contrast=contrast)  # type: ignore[arg-type]
    assert ours.z**2 == pytest.approx(mantel_haenszel(_STRATA).chi_squared, rel=1e-9)


# Nine trials of compression stockings against thrombosis (Roderick P, et al. Health Technol Assess 2005;9(49)).
_STOCKINGS = [
    (EventCount(15, 97), EventCount(37, 103)),
    (EventCount(0, 8), EventCount(5, 10)),
    (EventCount(11, 50), EventCount(23, 48)),
    (EventCount(4, 110), EventCount(16, 110)),
    (EventCount(7, 65), EventCount(7, 32)),
    (EventCount(8, 25), EventCount(8, 25)),
    (EventCount(5, 126), EventCount(17, 126)),
    (EventCount(0, 104), EventCount(4, 92)),
    (EventCount(7, 80), EventCount(16, 81)),
]


def test_nine_trials_of_stockings_combine_as_ratesci_documents() -> None:
    # The vignette "Stratified contrasts" of ratesci 1.0.0: -0.163 to -0.0866, chi-squared 42.2, left p 4.12e-11.
    result = stratified_miettinen_nurminen(_STOCKINGS, skewness_correction=True)
    assert (round(result.estimate.lower, 3), round(result.estimate.upper, 4)) == (-0.163, -0.0866)
    assert round(result.z**2, 1) == 42.2
    assert result.p_fewer == pytest.approx(4.12e-11, rel=2e-3)


def test_three_strata_combine_as_tern_documents() -> None:
    strata = [
        (EventCount(8, 30), EventCount(12, 30)),
        (EventCount(10, 35), EventCount(15, 35)),
        (EventCount(6, 27), EventCount(9, 23)),
    ]
    result = stratified_miettinen_nurminen(strata).estimate
    assert (result.lower, result.upper) == pytest.approx((-0.281568259, -0.008104148), abs=1e-5)


def test_a_stratum_without_events_says_nothing_about_an_odds_ratio() -> None:
    empty = (EventCount(0, 9), EventCount(0, 9))
    with_it = stratified_miettinen_nurminen([*_STRATA, empty], contrast="odds ratio").estimate
    without = stratified_miettinen_nurminen(_STRATA, contrast="odds ratio").estimate
    assert (with_it.lower, with_it.upper) == (without.lower, without.upper)
    with pytest.raises(AnalysisError, match="inverse variance at stratum 3"):
        stratified_miettinen_nurminen([*_STRATA, empty], weights="inverse variance")


def test_weights_change_the_combination_but_not_a_common_difference() -> None:
    same = [(EventCount(10, 20), EventCount(5, 20)), (EventCount(30, 60), EventCount(15, 60))]
    for weights in ("mantel-haenszel", "inverse variance"):
        result = stratified_miettinen_nurminen(same, weights=weights)  # type: ignore[arg-type]
        assert result.estimate.estimate == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"contrast": "hazard ratio"}, "`contrast` must be one of"),
        ({"null": 1.0}, "`null` must lie between -1 and 1"),
        ({"contrast": "ratio", "null": 0.0}, "`null` must lie between 0 and inf"),
        ({"level": 95}, "`level` must lie between 0 and 1"),
    ],
)
def test_questions_without_an_answer_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        miettinen_nurminen(_A, _C, **arguments)  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="`strata` must hold at least one stratum"):
        stratified_miettinen_nurminen([])


def test_the_interval_keeps_its_level_in_a_small_trial() -> None:
    p1, p0, n1, n0 = 0.1, 0.25, 20, 20
    covered = 0.0
    for x1 in range(n1 + 1):
        for x0 in range(n0 + 1):
            chance = float(binom.pmf(x1, n1, p1) * binom.pmf(x0, n0, p0))
            if chance > 1e-6:
                interval = miettinen_nurminen(EventCount(x1, n1), EventCount(x0, n0)).estimate
                covered += chance * (interval.lower <= p1 - p0 <= interval.upper)
    assert 0.94 < covered < 0.97
