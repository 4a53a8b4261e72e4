"""Double false discovery rate: flag adverse-event terms first by system organ class, then by term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float
from statsmodels.stats.multitest import multipletests

from calor.analyze.drawable import Drawable
from calor.analyze.multiplicity.multiplicity import check_p_values
from calor.errors import AnalysisError

Version = Literal["2004", "2012"]


@dataclass(frozen=True, eq=False)
class FlaggedTerms(Drawable):
    """Hold the terms flagged as signals.

    Attributes:
        table: One row per term in the order given: soc, term, p_value, `soc_adjusted` (the class's adjusted
            representative p-value; for group Benjamini-Hochberg `null_share`, the class's estimated share of true null
            hypotheses), `term_adjusted` and `flagged`.
        method: The procedure.
        alpha: Level for classes and level for terms.
    """

    table: pd.DataFrame
    method: str
    alpha: tuple[float, float]

    @property
    def flagged(self) -> tuple[str, ...]:
        """Name the flagged terms, smallest p-value first."""
        rows = self.table[self.table["flagged"]].sort_values("p_value", kind="stable")
        return tuple(rows["term"])

    def __str__(self) -> str:
        names = ", ".join(self.flagged) or "none"
        return f"{self.method}: {len(self.flagged)} of {len(self.table)} terms flagged for review ({names})"

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def double_fdr(
    soc: Sequence[str],
    term: Sequence[str],
    p_values: Sequence[float],
    *,
    alpha_soc: float = 0.05,
    alpha_term: float = 0.05,
    version: Version = "2012",
) -> FlaggedTerms:
    """Flag adverse-event terms, using that terms of one class tend to move together.

    Version 2004 represents a class by its smallest p-value and adjusts terms within their class. Version 2012
    represents it by its smallest adjusted p-value and adjusts the terms of all selected classes as one family. A flag
    is a reason to look, not a finding.

    Args:
        soc: System organ class of each term.
        term: Terms, each once.
        p_values: Raw p-values, usually Fisher's, in the same order.
        alpha_soc: Level for classes.
        alpha_term: Level for terms.
        version: Which of the two procedures.

    Raises:
        AnalysisError: As in `multiplicity.adjust`, or classes and terms differ in number, or a level is outside 0 to 1,
            or `version` is unknown.

    Example:
        >>> soc = ["Skin", "Skin", "Cardiac"]
        >>> print(double_fdr(soc, ["Rash", "Itch", "Palpitations"], [0.004, 0.03, 0.5]))
        double false discovery rate (2012): 2 of 3 terms flagged for review (Rash, Itch)

    Reference:
        Mehrotra DV, Heyse JF. Stat Methods Med Res 2004;13:227-238. Mehrotra DV, Adewale AJ. Stat Med
        2012;31:1918-1930.
    """
    if version not in get_args(Version):
        raise AnalysisError.must("version", f"be one of {get_args(Version)}", repr(version), fix='Take "2012".')
    for name, alpha in (("alpha_soc", alpha_soc), ("alpha_term", alpha_term)):
        if not 0 < alpha < 1:
            raise AnalysisError.must(name, "lie between 0 and 1", alpha, fix="Give 0.05 for 5 %.")
    table = check_terms(soc, term, p_values)
    within = table.groupby("soc", sort=False)["p_value"].transform(lambda p: benjamini_hochberg(p.to_numpy()))
    representative = (table["p_value"] if version == "2004" else within).groupby(table["soc"], sort=False).min()
    adjusted = pd.Series(benjamini_hochberg(representative.to_numpy()), index=representative.index)
    table["soc_adjusted"] = table["soc"].map(adjusted)
    chosen = table["soc_adjusted"] <= alpha_soc
    table["term_adjusted"] = within
    if version == "2012" and chosen.any():
        # Terms of classes not selected are never tested: 1 says so.
        table["term_adjusted"] = 1.0
        table.loc[chosen, "term_adjusted"] = benjamini_hochberg(table.loc[chosen, "p_value"].to_numpy())
    table["flagged"] = chosen & (table["term_adjusted"] <= alpha_term)
    return FlaggedTerms(table, f"double false discovery rate ({version})", (alpha_soc, alpha_term))


def check_terms(soc: Sequence[str], term: Sequence[str], p_values: Sequence[float]) -> pd.DataFrame:
    """Return classes, terms and p-values as a table after refusing what does not fit.

    >>> check_terms(["Skin"], ["Rash"], [0.5])
        soc  term  p_value
    0  Skin  Rash      0.5

    Raises:
        AnalysisError: As in `multiplicity.adjust`, or the classes do not match the terms in number.
    """
    p = check_p_values(term, p_values)
    if len(soc) != len(term):
        raise AnalysisError.must("soc", f"be one for each of the {len(term)} terms", len(soc), fix="Give as many.")
    return pd.DataFrame({"soc": list(soc), "term": list(term), "p_value": p})


def benjamini_hochberg(p: Float[np.ndarray, " terms"]) -> Float[np.ndarray, " terms"]:
    """Return Benjamini-Hochberg adjusted p-values.

    >>> benjamini_hochberg(np.array([0.01, 0.04]))
    array([0.02, 0.04])
    """
    return np.asarray(multipletests(p, method="fdr_bh")[1])
