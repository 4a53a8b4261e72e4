"""How results of the chapter on safety are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from calor.analyze.safety.adverse_events import AdverseEvents
from calor.analyze.safety.double_fdr import FlaggedTerms
from calor.analyze.safety.edish import Edish
from calor.analyze.safety.events_of_interest import EventsOfInterest
from calor.analyze.safety.hierarchical_signals import HierarchicalSignals
from calor.analyze.safety.laboratory_grades import LaboratoryGrades
from calor.analyze.safety.shift_table import ShiftTable
from calor.analyze.safety.term_comparison import TermComparison
from calor.report.figure import Figure
from calor.report.figures.edish import edish as draw_edish
from calor.report.figures.forest import forest
from calor.report.figures.two_dots import two_dots

SHOWN = 15
"""Terms in a figure: the first of those in order of importance."""

SEVERE = ("3", "4")


def adverse_events(result: AdverseEvents) -> Figure:
    """Draw the share of participants with any and with a serious event."""
    rows = result.table[(result.table["level"] == "any") & result.table["by"].isin(["all", "serious"])]
    words = {"all": "Any event", "serious": "Serious event"}
    return _incidence(rows.assign(group=rows["by"].map(words)), "adverse-events", f"{result}.", result.level)


def events_of_interest(result: EventsOfInterest) -> Figure:
    """Draw the share of participants with an event of each group."""
    rows = result.table[result.table["by"] == "all"]
    return _incidence(rows.assign(group=rows["term"]), "events-of-interest", f"{str(result).splitlines()[0]}.", 0.95)


def _incidence(rows: pd.DataFrame, name: str, title: str, level: float) -> Figure:
    """Draw percentages with their exact limits, a heading above the arms of each group."""
    table = pd.DataFrame(
        {
            "group": rows["group"],
            "label": rows["arm"],
            "estimate": rows["percent"],
            "lower": rows["percent_lower"],
            "upper": rows["percent_upper"],
            "n": [f"{r['participants']}/{r['n']}" for r in rows.to_dict("records")],
        }
    )
    return forest(
        table,
        name=name,
        title=title,
        caption=f"Exact (Clopper-Pearson) limits, {level * 100:g} %.",
        axis="Participants with an event (%)",
        scale="value",
        heading="Percent (CI)",
    )


def flagged_terms(result: FlaggedTerms) -> Figure:
    """Draw the p-values of the strongest terms before and after adjustment."""
    rows = result.table.sort_values("p_value", kind="stable").head(SHOWN)
    named = pd.DataFrame({"label": rows["term"], "first": rows["p_value"], "second": rows["term_adjusted"]})
    return two_dots(
        named.assign(text=["flagged" if flagged else "" for flagged in rows["flagged"]]).fillna({"second": 1.0}),
        series=("Unadjusted", "Adjusted"),
        name="flagged-terms",
        title=f"{result}.",
        caption=f"The {len(rows)} smallest p-values of {len(result.table)} terms.",
        axis="p",
        heading="For review",
    )


def edish(result: Edish) -> Figure:
    """Draw peak aminotransferase against peak bilirubin."""
    return draw_edish(
        result.table,
        arms=tuple(dict.fromkeys(result.table["arm"])),
        name="edish",
        title=f"{result}.",
        caption="One dot per participant; a ring marks a trigger for review, which is no diagnosis.",
        rule=(result.rule.aminotransferase, result.rule.bilirubin),
    )


def hierarchical_signals(result: HierarchicalSignals) -> Figure:
    """Draw the posterior odds ratios of the strongest terms."""
    rows = result.table.sort_values("p_more", ascending=False, kind="stable").head(SHOWN)
    table = rows[["term", "lower", "upper"]].rename(columns={"term": "label"}).assign(estimate=rows["odds_ratio"])
    return forest(
        table.assign(n=[f"{p:.3f}" for p in rows["p_more"]]),
        name="hierarchical-signals",
        title=f"{result}.",
        caption="Posterior medians with 95 % credible intervals; n: probability of more events in the active arm.",
        axis="Odds ratio (log scale)",
        scale="ratio",
        heading="Median (95 % interval)",
    )


def laboratory_grades(result: LaboratoryGrades) -> Figure:
    """Draw, for each term, the values graded at all and those of grade 3 or 4."""
    graded = result.table.assign(any=result.table["grade"] >= 1, severe=result.table["grade"] >= 3)
    rows = graded.groupby("term", sort=True)[["any", "severe"]].sum().reset_index()
    return two_dots(
        rows.set_axis(["label", "first", "second"], axis=1),
        series=("Grade 1 to 4", "Grade 3 or 4"),
        name="laboratory-grades",
        title=f"CTCAE v{result.version} grades of laboratory values.",
        caption=f"{len(result.table)} values; not gradable: {int(result.table['grade'].isna().sum())}.",
        axis="Values",
    )


def shift_table(result: ShiftTable) -> Figure:
    """Draw the share of each arm at grade 3 or 4 at baseline and at the worst afterwards."""
    rows = []
    for arm, here in result.table.groupby("arm", sort=False):
        first = here.loc[here["baseline"].isin(SEVERE), "percent"].sum()
        second = here.loc[here["worst"].isin(SEVERE), "percent"].sum()
        rows.append({"label": arm, "first": first, "second": second})
    return two_dots(
        pd.DataFrame(rows),
        series=("Baseline", "Worst after it"),
        name="shift-table",
        title=f"{result}.",
        caption="Participants at grade 3 or 4.",
        axis="Participants at grade 3 or 4 (%)",
    )


def term_comparison(result: TermComparison) -> Figure:
    """Draw the largest differences between the arms."""
    rows = result.table.head(SHOWN)
    counts = [f"{r['active']}/{r['active_n']} v {r['control']}/{r['control_n']}" for r in rows.to_dict("records")]
    table = rows[["term", "difference", "lower", "upper"]].set_axis(["label", "estimate", "lower", "upper"], axis=1)
    return forest(
        table.assign(n=counts),
        name="term-comparison",
        title=f"{result}.",
        caption=f"Miettinen-Nurminen intervals, {result.level * 100:g} %.",
        axis=f"{result.active} minus {result.control} (percentage points)",
        heading="Difference (CI)",
    )


FIGURES: dict[type, Callable[[Any], Figure]] = {
    AdverseEvents: adverse_events,
    Edish: edish,
    EventsOfInterest: events_of_interest,
    FlaggedTerms: flagged_terms,
    HierarchicalSignals: hierarchical_signals,
    LaboratoryGrades: laboratory_grades,
    ShiftTable: shift_table,
    TermComparison: term_comparison,
}
"""How each result of this chapter is drawn."""
