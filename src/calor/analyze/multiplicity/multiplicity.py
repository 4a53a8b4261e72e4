"""Adjusted p-values: Bonferroni, Holm, Hochberg, Hommel, Benjamini-Hochberg, Benjamini-Yekutieli."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float
from statsmodels.stats.multitest import multipletests

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import format_p
from calor.errors import AnalysisError

Method = Literal["bonferroni", "holm", "hochberg", "hommel", "benjamini-hochberg", "benjamini-yekutieli"]
_STATSMODELS = {
    "bonferroni": "bonferroni",
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "hommel": "hommel",
    "benjamini-hochberg": "fdr_bh",
    "benjamini-yekutieli": "fdr_by",
}


@dataclass(frozen=True)
class AdjustedP(Drawable):
    """Hold adjusted p-values.

    Attributes:
        hypotheses: Names, in the order given.
        p_values: Raw p-values.
        adjusted: Adjusted p-values; a hypothesis is rejected at level alpha when its own is at most alpha.
        method: The procedure.
    """

    hypotheses: tuple[str, ...]
    p_values: tuple[float, ...]
    adjusted: tuple[float, ...]
    method: str

    def rejected(self, alpha: float) -> tuple[str, ...]:
        """Name the hypotheses rejected at a level.

        >>> adjust(["H1", "H2"], [0.01, 0.04], "holm").rejected(0.025)
        ('H1',)
        """
        return tuple(name for name, p in zip(self.hypotheses, self.adjusted, strict=True) if p <= alpha)

    def __str__(self) -> str:
        pairs = ", ".join(f"{name} {format_p(p)}" for name, p in zip(self.hypotheses, self.adjusted, strict=True))
        return f"Adjusted by {self.method}: {pairs}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per hypothesis."""
        return pd.DataFrame({"hypothesis": self.hypotheses, "p_value": self.p_values, "adjusted": self.adjusted})


def adjust(hypotheses: Sequence[str], p_values: Sequence[float], method: Method) -> AdjustedP:
    """Adjust p-values for the number of hypotheses.

    Bonferroni, Holm, Hochberg and Hommel bound the chance of any false rejection; Hochberg and Hommel need independent
    or positively dependent tests. Benjamini-Hochberg bounds the expected share of false rejections under the same
    condition, Benjamini-Yekutieli under any dependence.

    Args:
        hypotheses: Names, each once.
        p_values: Raw p-values in the same order.
        method: The procedure named in the protocol.

    Raises:
        AnalysisError: `method` is unknown, a p-value is missing or outside 0 to 1, or names are repeated or differ from
            the p-values in number.

    Example:
        >>> print(adjust(["TBR", "hs-CRP", "IL-6"], [0.015, 0.021, 0.2], "holm"))
        Adjusted by holm: TBR p = 0.045, hs-CRP p = 0.045, IL-6 p = 0.200

    Reference:
        Holm S. Scand J Stat 1979;6:65-70. Hochberg Y. Biometrika 1988;75:800-802. Hommel G. Biometrika 1988;75:383-386.
        Benjamini Y, Hochberg Y. J R Stat Soc B 1995;57:289-300. Benjamini Y, Yekutieli D. Ann Stat 2001;29:1165-1188.
    """
    if method not in get_args(Method):
        raise AnalysisError.must(
            "method", f"be one of {get_args(Method)}", repr(method), fix='Take "holm" if tests may be dependent.'
        )
    p = check_p_values(hypotheses, p_values)
    adjusted = multipletests(p, method=_STATSMODELS[method])[1]
    return AdjustedP(tuple(hypotheses), tuple(map(float, p)), tuple(map(float, adjusted)), method)


def check_p_values(hypotheses: Sequence[str], p_values: Sequence[float]) -> Float[np.ndarray, " hypotheses"]:
    """Return p-values as an array after refusing what is none.

    >>> check_p_values(["H1"], [0.5])
    array([0.5])

    Raises:
        AnalysisError: A p-value is missing or outside 0 to 1, or names are repeated or do not match in number.
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or p.size == 0 or p.size != len(hypotheses):
        raise AnalysisError.must(
            "p_values", f"be one for each of the {len(hypotheses)} hypotheses", p.size, fix="Give as many as names."
        )
    if len(set(hypotheses)) != len(hypotheses):
        twice = sorted({name for name in hypotheses if list(hypotheses).count(name) > 1})
        raise AnalysisError.must("hypotheses", "be named once each", twice, fix="Give every hypothesis its own name.")
    wrong = ~((p >= 0) & (p <= 1))
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise AnalysisError.must(
            "p_values",
            "lie between 0 and 1",
            p[at],
            where=str(hypotheses[at]),
            fix="Leave out hypotheses without a test, and say so.",
        )
    return p
