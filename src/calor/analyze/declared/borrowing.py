"""The declared hierarchical model of adverse events: terms of a class inform each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.analyze.counts.event_count import EventCount
from calor.analyze.safety.hierarchical_signals import Sampling, hierarchical_signals
from calor.analyze.safety.term_comparison import TermComparison
from calor.errors import AnalysisError
from calor.protocol.analyses import BorrowingAcrossTerms


def borrowing(comparisons: list[TermComparison], plan: BorrowingAcrossTerms) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Fit the hierarchical model to each comparison.

    Args:
        comparisons: Terms compared between each active arm and control.
        plan: What the protocol declares.

    Returns:
        One row per comparison and term, empty where nothing could be fitted; notes with the strongest term, the
        convergence, and what could not be fitted.
    """
    tables, notes = [], []
    for comparison in comparisons:
        rows = comparison.table
        rows = rows[rows["active"] + rows["control"] >= plan.least_participants].reset_index(drop=True)
        name = f"{comparison.active} against {comparison.control}"
        if rows.empty:
            notes.append(f"Hierarchical model, {name}: no term with {plan.least_participants} participants.")
            continue
        twice = rows["term"].duplicated(keep=False)
        unique = rows["term"].where(~twice, rows["term"] + " (" + rows["soc"] + ")")
        try:
            found = hierarchical_signals(
                list(rows["soc"]),
                list(unique),
                _counts(rows, "active"),
                _counts(rows, "control"),
                rng=np.random.default_rng(plan.seed),
                sampling=Sampling(draws=plan.draws),
            )
        except AnalysisError as error:
            notes.append(f"Hierarchical model, {name}: not shown. {error}")
            continue
        tables.append(found.table.assign(arm=comparison.active))
        notes.append(
            f"Hierarchical model, {name}, terms with at least {plan.least_participants} participants: {found}; "
            f"seed {plan.seed}."
        )
    return (pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()), tuple(notes)


def _counts(rows: pd.DataFrame, side: str) -> list[EventCount]:
    return [EventCount(int(x), int(n)) for x, n in zip(rows[side], rows[f"{side}_n"], strict=True)]
