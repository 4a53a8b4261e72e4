"""Compare two arms term by term: risk differences with intervals, Fisher's p, and which terms to review."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen
from calor.analyze.drawable import Drawable
from calor.analyze.safety.adverse_events import AdverseEvents
from calor.analyze.safety.double_fdr import double_fdr
from calor.errors import AnalysisError


@dataclass(frozen=True, eq=False)
class TermComparison(Drawable):
    """Hold the comparison of two arms.

    Attributes:
        table: One row per term, largest difference first: soc, term, `active` and `control` participants with
            `active_n` and `control_n`, risk `difference` with `lower` and `upper` (percentage points), Fisher's
            `p_value`, `tested` (reported by enough participants) and `flagged` for review.
        active: Name of the active arm.
        control: Name of the control arm.
        level: Confidence level of the differences.
        alpha: Level of the double false discovery rate, for classes and for terms.
    """

    table: pd.DataFrame
    active: str
    control: str
    level: float
    alpha: float

    def __str__(self) -> str:
        flagged = self.table[self.table["flagged"]]
        names = ", ".join(f"{r.term} {r.difference:+.1f} points" for r in flagged.itertuples()) or "none"
        tested = int(self.table["tested"].sum())
        return (
            f"{self.active} against {self.control}: {len(flagged)} of {tested} terms tested flagged for review "
            f"(double false discovery rate {self.alpha:g}): {names}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def compare_terms(
    incidence: AdverseEvents,
    active: str,
    control: str,
    *,
    level: float = 0.95,
    alpha: float = 0.1,
    least_participants: int = 4,
) -> TermComparison:
    """Compare the incidence of each preferred term between two arms.

    Differences have Miettinen-Nurminen intervals, each at its own level; flags take the number of terms into account. A
    term without a flag is not shown to be harmless.

    Args:
        incidence: Incidence table of the safety set.
        active: Name of the active arm.
        control: Name of the control arm.
        level: Confidence level of the differences, 0 to 1.
        alpha: Level of the double false discovery rate, for classes and for terms.
        least_participants: Terms that fewer participants of both arms together reported are shown but not tested: their
            p-values could not be small and would only dilute the others. The number is fixed without regard to arm.

    Raises:
        AnalysisError: An arm is not in the table, or both are the same, or no term was reported.

    Example:
        >>> from calor.analyze.safety.adverse_events import adverse_events
        >>> adsl = pd.DataFrame({"USUBJID": list("123456"), "TRT01A": list("AAAPPP"), "TRTDURD": [90] * 6})
        >>> adae = pd.DataFrame({
        ...     "USUBJID": ["1", "2"], "TRTA": ["A", "A"], "AEBODSYS": ["Skin"] * 2, "AEDECOD": ["Rash"] * 2,
        ...     "AESEV": ["MILD"] * 2, "AEREL": ["NONE"] * 2, "AESER": ["N"] * 2, "TRTEMFL": ["Y"] * 2,
        ...     "ASTDY": [3, 9]})
        >>> print(compare_terms(adverse_events(adae, adsl), "A", "P"))
        A against P: 0 of 0 terms tested flagged for review (double false discovery rate 0.1): none

    Reference:
        Miettinen O, Nurminen M. Stat Med 1985;4:213-226. Mehrotra DV, Adewale AJ. Stat Med 2012;31:1918-1930.
    """
    known = [name for name, _ in incidence.arms]
    for argument, name in (("active", active), ("control", control)):
        if name not in known:
            raise AnalysisError.must(argument, f"be one of the arms {known}", repr(name), fix="Name it as in ADSL.")
    if active == control:
        raise AnalysisError.must("control", "be another arm than active", repr(control), fix="Name the control arm.")
    table = incidence.table
    rows = table[(table["level"] == "term") & (table["by"] == "all")]
    if rows.empty:
        raise AnalysisError.must("incidence", "hold at least one term", "none", fix="There is nothing to compare.")
    sides = [
        rows.loc[rows["arm"] == arm, ["soc", "term", "participants", "n"]].rename(
            columns={"participants": side, "n": f"{side}_n"}
        )
        for arm, side in ((active, "active"), (control, "control"))
    ]
    joined = sides[0].merge(sides[1], on=["soc", "term"])
    compared = pd.DataFrame([_compare(row, level) for row in joined.itertuples(index=False, name=None)])
    result = pd.concat([joined, compared], axis=1)
    result["tested"] = result["active"] + result["control"] >= least_participants
    result["flagged"] = False
    tested = result[result["tested"]]
    if not tested.empty:
        # A term may stand under two classes; the class makes its name unique.
        names = [f"{soc}: {term}" for soc, term in zip(tested["soc"], tested["term"], strict=True)]
        p_values = list(tested["p_value"])
        flags = double_fdr(list(tested["soc"]), names, p_values, alpha_soc=alpha, alpha_term=alpha).table["flagged"]
        result.loc[result["tested"], "flagged"] = flags.to_numpy()
    ordered = result.sort_values("difference", ascending=False, kind="stable").reset_index(drop=True)
    return TermComparison(ordered, active, control, level, alpha)


def _compare(row: tuple[str, str, int, int, int, int], level: float) -> dict[str, float]:
    """Compare one term; differences in percentage points."""
    _, _, x1, n1, x0, n0 = row
    active, control = EventCount(int(x1), int(n1)), EventCount(int(x0), int(n0))
    difference = miettinen_nurminen(active, control, level=level).estimate
    return {
        "difference": 100 * difference.estimate,
        "lower": 100 * difference.lower,
        "upper": 100 * difference.upper,
        "p_value": fisher_exact(active, control).p_minlike,
    }
