"""Cochran-Mantel-Haenszel."""

from __future__ import annotations

import pytest

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.mantel_haenszel import mantel_haenszel
from calor.errors import AnalysisError

# Admissions to Berkeley by department, men against women (Bickel, Hammel and O'Connell, Science 1975;187:398).
_BERKELEY = [
    (EventCount(512, 825), EventCount(89, 108)),
    (EventCount(353, 560), EventCount(17, 25)),
    (EventCount(120, 325), EventCount(202, 593)),
    (EventCount(138, 417), EventCount(131, 375)),
    (EventCount(53, 191), EventCount(94, 393)),
    (EventCount(22, 373), EventCount(24, 341)),
]


def test_the_berkeley_admissions_give_what_r_prints() -> None:
    result = mantel_haenszel(_BERKELEY, continuity_correction=True)
    ratio = result.odds_ratio
    assert result.chi_squared == pytest.approx(1.4269, abs=5e-5)
    assert ratio.p_value == pytest.approx(0.2323, abs=5e-5)
    assert (ratio.estimate, ratio.lower, ratio.upper) == pytest.approx((0.9046968, 0.7719074, 1.0603298), abs=5e-8)


def test_departments_differ() -> None:
    homogeneity = mantel_haenszel(_BERKELEY).p_homogeneity
    assert homogeneity is not None
    assert homogeneity < 0.01


def test_one_stratum_has_no_homogeneity_to_test() -> None:
    result = mantel_haenszel(_BERKELEY[:1])
    assert result.p_homogeneity is None
    assert "homogeneity" not in str(result)


def test_uninformative_strata_change_nothing() -> None:
    more = [*_BERKELEY, (EventCount(0, 5), EventCount(0, 7)), (EventCount(4, 4), EventCount(3, 3))]
    assert mantel_haenszel(more).odds_ratio.estimate == mantel_haenszel(_BERKELEY).odds_ratio.estimate


def test_an_odds_ratio_of_zero_or_infinity_is_refused() -> None:
    with pytest.raises(AnalysisError, match="finite and above 0, got 0 events against 4"):
        mantel_haenszel([(EventCount(0, 32), EventCount(4, 31))])
    with pytest.raises(AnalysisError, match="at least one stratum"):
        mantel_haenszel([])
