"""Group Benjamini-Hochberg: weigh each term by how many true signals its class seems to hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calor.analyze.estimate import check_alpha
from calor.analyze.safety.double_fdr import FlaggedTerms, benjamini_hochberg, check_terms

_METHOD = "group Benjamini-Hochberg"


def group_fdr(
    soc: Sequence[str], term: Sequence[str], p_values: Sequence[float], *, alpha: float = 0.05
) -> FlaggedTerms:
    """Flag adverse-event terms by Benjamini-Hochberg on p-values weighted by class.

    The share of true null hypotheses in a class is estimated in two stages: the share not rejected by
    Benjamini-Hochberg at alpha/(1 + alpha) within the class.

    Args:
        soc: System organ class of each term.
        term: Terms, each once.
        p_values: Raw p-values in the same order.
        alpha: Level.

    Raises:
        AnalysisError: As in `multiplicity.adjust`, or classes and terms differ in number, or `alpha` is outside 0 to 1.

    Example:
        >>> soc = ["Skin", "Skin", "Cardiac"]
        >>> print(group_fdr(soc, ["Rash", "Itch", "Palpitations"], [0.004, 0.3, 0.5]))
        group Benjamini-Hochberg: 1 of 3 terms flagged for review (Rash)

    Reference:
        Hu JX, Zhao H, Zhou HH. JASA 2010;105:1215-1227.
    """
    check_alpha(alpha)
    table = check_terms(soc, term, p_values)
    stage_one = alpha / (1 + alpha)
    null_share = table.groupby("soc", sort=False)["p_value"].transform(
        lambda p: float((benjamini_hochberg(p.to_numpy()) > stage_one).mean())
    )
    share, p = null_share.to_numpy(float), table["p_value"].to_numpy(float)
    table["null_share"] = share
    if (share == 1).all():
        return FlaggedTerms(table.assign(term_adjusted=1.0, flagged=False), _METHOD, (stage_one, alpha))
    # A class with no rejection in stage one has odds of infinity: its terms are never flagged.
    odds = np.divide(share, 1 - share, out=np.full_like(share, np.inf), where=share < 1)
    weighted = np.where(share < 1, p * np.where(share < 1, odds, 0.0), np.inf)
    order = np.argsort(weighted, kind="stable")
    # With m terms and mean null share s, term k in order is compared with k * alpha / (m * (1 - s)).
    scaled = weighted[order] * p.size * (1 - share.mean()) / np.arange(1, p.size + 1)
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    table["term_adjusted"] = adjusted
    table["flagged"] = (adjusted <= alpha) & np.isfinite(weighted)
    return FlaggedTerms(table, _METHOD, (stage_one, alpha))
