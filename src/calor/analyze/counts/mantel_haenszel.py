"""Cochran-Mantel-Haenszel: common odds ratio of two-by-two tables over strata, with its test and homogeneity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.contingency_tables import StratifiedTable

from calor.analyze.counts.event_count import EventCount, counts_by_stratum
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level, format_p
from calor.errors import AnalysisError


@dataclass(frozen=True)
class MantelHaenszel(Drawable):
    """Hold the stratified comparison.

    Attributes:
        odds_ratio: Mantel-Haenszel odds ratio, Robins-Breslow-Greenland interval, and the test's p-value.
        chi_squared: Cochran-Mantel-Haenszel statistic, 1 degree of freedom.
        continuity_correction: Whether the statistic is corrected for continuity.
        p_homogeneity: Breslow-Day test with Tarone's adjustment that the odds ratio is the same in all strata; None
            for one stratum.
    """

    odds_ratio: Estimate
    chi_squared: float
    continuity_correction: bool
    p_homogeneity: float | None

    def __str__(self) -> str:
        same = "" if self.p_homogeneity is None else f"; homogeneity {format_p(self.p_homogeneity)}"
        return f"{self.odds_ratio}{same}"

    def to_frame(self) -> pd.DataFrame:
        """Return the estimate and the tests as a table with one row."""
        return self.odds_ratio.to_frame().assign(chi_squared=self.chi_squared, p_homogeneity=self.p_homogeneity)


def mantel_haenszel(
    strata: Sequence[tuple[EventCount, EventCount]], *, level: float = 0.95, continuity_correction: bool = False
) -> MantelHaenszel:
    """Compare two arms within strata by the Cochran-Mantel-Haenszel test and a common odds ratio.

    Args:
        strata: Active and control counts of each stratum.
        level: Confidence level, 0 to 1.
        continuity_correction: Take 0.5 off the numerator, as R's `mantelhaen.test` does by default.

    Raises:
        AnalysisError: There is no stratum, or one arm has no event, or only events, in all informative strata: the
            odds ratio would be 0 or infinite.

    Example:
        >>> strata = [(EventCount(2, 20), EventCount(6, 20)), (EventCount(5, 12), EventCount(7, 11))]
        >>> print(mantel_haenszel(strata))
        Odds ratio: 0.325 (95 % CI 0.098 to 1.083; p = 0.066; Cochran-Mantel-Haenszel, n = 63); homogeneity p = 0.713

    Reference:
        Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719-748. Robins J, Breslow N, Greenland S. Biometrics
        1986;42:311-323. Tarone RE. Biometrika 1985;72:91-95.
    """
    check_level(level)
    x1, n1, x0, n0 = counts_by_stratum(strata)
    informative = (x1 + x0 > 0) & (x1 + x0 < n1 + n0)
    tables = np.array([[x1, n1 - x1], [x0, n0 - x0]])[:, :, informative]
    up, down = (tables[0, 0] * tables[1, 1]).sum(), (tables[0, 1] * tables[1, 0]).sum()
    if not up or not down:
        raise AnalysisError.must(
            "strata",
            "leave the common odds ratio finite and above 0",
            f"{int(x1.sum())} events against {int(x0.sum())}",
            fix="Take Miettinen-Nurminen or an exact method.",
        )
    table = StratifiedTable(tables)
    test = table.test_null_odds(correction=continuity_correction)
    lower, upper = table.oddsratio_pooled_confint(alpha=1 - level)
    estimate = Estimate(
        label="Odds ratio",
        estimate=float(table.oddsratio_pooled),
        lower=float(lower),
        upper=float(upper),
        level=level,
        scale="ratio",
        method="Cochran-Mantel-Haenszel",
        n=int(n1.sum() + n0.sum()),
        se=float(table.logodds_pooled_se),
        p_value=float(test.pvalue),
    )
    homogeneity = float(table.test_equal_odds(adjust=True).pvalue) if tables.shape[2] > 1 else None
    return MantelHaenszel(estimate, float(test.statistic), continuity_correction, homogeneity)
