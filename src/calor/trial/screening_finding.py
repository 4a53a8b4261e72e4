"""What a screen found as a finding for the report: counts, the lists without identifiers, what-if, retest."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.errors import ScreenError
from calor.screen.facts import Facts
from calor.screen.refresh import Changes
from calor.screen.retest import Retest, retest
from calor.screen.screened import Screened
from calor.screen.what_if import Setting, what_if
from calor.screen.words import in_words, label_of
from calor.trial.steps import SCREENING

SHOWN = 20
"""Rows of a list that the report prints; the files hold all."""

SHARES = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5)
"""Cut-offs of the what-if, as multiples of the protocol's."""


def screening_finding(
    screened: Screened, facts: Facts, lists: dict[str, pd.DataFrame], changes: Changes | None
) -> Finding:
    """Compose the finding.

    Args:
        screened: Every answer.
        facts: What they rest on.
        lists: `funnel`, `overlap`, `worklist` and `near_misses`.
        changes: What is not as it was at the last screen; None where there was none.
    """
    rules = screened.rules
    grid, repeats, notes = _gate_tables(screened, facts)
    words = {rule.id: in_words(rule, rules.gate, rules.gate_unit) for rule in rules.screening.criteria}
    sentences = [_sentence(screened), *([] if changes is None else [str(changes)])]
    return Finding(
        id=SCREENING,
        label="Candidates in the health records",
        role="descriptive",
        kind=SCREENING,
        method="each criterion met, not met or undetermined; any not met excludes, else any undetermined is asked",
        estimand="",
        population=f"{screened.persons:,} persons in the records on {rules.as_of}",
        arms=(),
        sentences=tuple(s[0].upper() + s[1:] for s in sentences),
        tables={
            "funnel": _labelled(lists["funnel"], words),
            "overlap": lists["overlap"],
            "labels": pd.DataFrame({"id": list(words), "label": list(words.values())}),
            "worklist": _unnamed(lists["worklist"]),
            "near_misses": _unnamed(lists["near_misses"]),
            "near_miss_counts": _counted(lists["near_misses"], words),
            "what_if": grid,
            "retest": repeats,
        },
        notes=(*notes, *screened.notes),
    )


def _sentence(screened: Screened) -> str:
    asked = f"{screened.count('undetermined'):,} cannot be decided from their records"
    window = f"{screened.in_window:,} candidates with infarction in the window"
    return f"Of {window}, {screened.count('eligible'):,} are eligible and {asked}"


def _labelled(table: pd.DataFrame, words: dict[str, str]) -> pd.DataFrame:
    first = ["Persons in the records", "Infarction on record"]
    return table.assign(label=[*first, *(words[step] for step in table["step"][2:])])


def _unnamed(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out who it is: identifiers, and days from which somebody could tell; how many days are left stays."""
    shown = table[:SHOWN].drop(columns=["person_id", "window_closes", "gate_day"], errors="ignore")
    for name in ("on", "by"):
        if name in shown:
            shown[name] = [None if day is None else day.isoformat() for day in shown[name]]
    return shown


def _counted(near: pd.DataFrame, words: dict[str, str]) -> pd.DataFrame:
    """Count near misses by the criterion that they lack."""
    counts = near.groupby(["criterion", "answer"]).size().rename("candidates").reset_index()
    counts["label"] = counts["criterion"].map(words)
    return counts.sort_values("candidates", ascending=False, ignore_index=True, kind="stable")


def _gate_tables(screened: Screened, facts: Facts) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return the what-if, the retest and what could not be said; both tables are empty without a gate."""
    gate = screened.rules.gate
    if gate is None or screened.rules.gate_rule is None:
        return pd.DataFrame(), pd.DataFrame(), []
    repeats = sorted({1, 2, gate.tests})
    settings = [Setting(cutoff=round(share * gate.cutoff, 6), tests=k) for k in repeats for share in SHARES]
    try:
        grid = what_if(facts, screened, settings)
    except ScreenError as error:
        return pd.DataFrame(), pd.DataFrame(), [f"No what-if: {error}"]
    grid["protocol"] = (grid["cutoff"] == gate.cutoff) & (grid["tests"] == gate.tests)
    grid["label"] = f"{label_of(screened.rules.gate_rule.lab)} ({screened.rules.gate_unit})"
    try:
        found = retest(facts, screened.rules)
    except ScreenError as error:
        return grid, pd.DataFrame(), [f"No retest: {error}"]
    return grid, _as_table(found), [f"{found}."]


def _as_table(found: Retest) -> pd.DataFrame:
    low, high = found.interval
    row = {"candidates": found.candidates, "tests": found.tests, "icc": found.icc, "lower": low, "upper": high}
    row |= {"again": found.again, "expected_fall": found.expected_fall, "observed_fall": found.observed_fall}
    return pd.DataFrame([row])
