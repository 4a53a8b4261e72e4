"""Everything that the choice of the gate was told, in words, each value with its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from calor.gate.gates import window_words
from calor.gate.outcome_rates import published
from calor.protocol.biomarkers import Biomarker
from calor.protocol.gate_design import GateDesign

OWN = "assumed"
COUNTED = "counted in the records"

PARTS: dict[str, tuple[str, dict[str, str]]] = {
    "effect": (
        "Effect on inflammation",
        {
            "analysis": "Analysis of the finished trial",
            "window": "When the finished trial took the marker",
            "belief": "Posterior by which gates are ranked",
            "sceptical_sd": "SD of the sceptical prior of the average effect",
        },
    ),
    "link": (
        "From inflammation to events",
        {
            "probability_none": "Probability that the effect does nothing to events",
            "effect": "Effect on inflammation that the hazard ratio is for",
            "hazard_ratio": "Hazard ratio that goes with it, where the link acts",
            "log_sd": "SD of the log of the link's strength",
        },
    ),
    "prognosis": (
        "Events under control",
        {
            "hazard_ratio_per_sd": "Hazard ratio per SD of one test of the marker",
            "log_sd": "SD of its log",
            "rate_log_sd": "SD of the log of the rate at a given marker",
            "death_per_year": "Deaths a year that are not part of the endpoint",
        },
    ),
    "recruitment": (
        "Recruitment",
        {
            "source": "Counted in records, or stated",
            "sites": "Sites",
            "candidates_per_site_month": "Candidates a site and month, before the gate",
            "consent": "Share of those who pass that take part",
            "complete": "Share of candidates with every test",
            "ramp_months": "Months until a site recruits at its full rate",
            "capacity_per_month": "Most participants a month, all sites",
        },
    ),
    "costs": (
        "Costs",
        {
            "unit": "Unit",
            "site": "A site",
            "month": "A month",
            "test": "A test",
            "scan": "A scan",
            "participant": "A participant",
            "success": "What success is worth",
        },
    ),
    "limits": (
        "Limits",
        {
            "participants": "Most participants",
            "months": "Latest answer, months",
            "cost": "Highest cost",
            "least_power": "Least power",
        },
    ),
    "test": (
        "Test of the next trial",
        {
            "alpha": "One-sided level",
            "power": "Power aimed at",
            "looks": "Looks, share of the events",
            "follow_up_months": "Least follow-up, months",
            "dropout_per_year": "Lost a year",
            "restrict_beyond": "Adaptive: how much better the log hazard ratio of the biomarker-positive must be",
            "biomarker_participants": "Biomarker first: participants compared",
            "biomarker_sd": "Biomarker first: SD given the baseline",
            "biomarker_alpha": "Biomarker first: one-sided level",
            "biomarker_months": "Biomarker first: months to the reading",
        },
    ),
    "sensitivity": (
        "Worse and better values",
        {
            "link_hazard_ratio": "Hazard ratio that goes with the effect",
            "probability_none": "Probability that the effect does nothing to events",
            "icc": "Intraclass correlation of the marker",
            "effect_slope": "Slope of the effect over the marker, times the finished trial's",
            "event_rate": "Event rate, times the published one",
            "recruitment": "Candidates a month, times the stated number",
            "death": "Deaths that are not part of the endpoint, times the stated rate",
            "assay_log_sd": "SD of the assay's own error on the log scale",
            "more_participants": "Further participants of the finished trial",
        },
    ),
}
"""Words of each part of `[gate_design]` and of its values, in the order of the report; a test proves them complete."""


def assumptions(plan: GateDesign, biomarker: Biomarker, counted: str = "") -> pd.DataFrame:
    """Return one row per stated value, `what`, `value`, `source` and `depth`, each part under a heading of its own.

    Args:
        plan: Inputs.
        biomarker: What the gates measure.
        counted: Window whose marker and candidates were counted in records; empty for none.
    """
    sources = {source.of: source.source for source in plan.sources}
    if counted:
        sources |= dict.fromkeys((f"windows.{counted}", "recruitment.candidates_per_site_month"), COUNTED)
    return pd.DataFrame(_rows(plan, biomarker, sources), columns=["what", "value", "source", "depth"])


def _rows(plan: GateDesign, biomarker: Biomarker, sources: Mapping[str, str]) -> Iterator[tuple[str, str, str, int]]:
    yield f"{biomarker.label} of candidates ({biomarker.unit})", "", "", 0
    level = sources.get("persistent_from", OWN)
    yield f"High in the long term: {biomarker.label} at least", f"{plan.persistent_from:g}", level, 1
    for window in plan.windows:
        value = f"median {window.median:.3g}, log-SD {window.log_sd:.3g}, intraclass correlation {window.icc:.2f}"
        if window.link_factor != 1 or window.link_log_sd > 0:
            value += f"; link times {window.link_factor:g} (log-SD {window.link_log_sd:g})"
        yield window_words(window), value, sources.get(f"windows.{window.id}", OWN), 1
    windows = {window.id: window_words(window) for window in plan.windows}
    for part, (heading, names) in PARTS.items():
        yield heading, "", "", 0
        for name, words in names.items():
            value = getattr(getattr(plan, part), name)
            said = windows[value] if (part, name) == ("effect", "window") else _said(value)
            yield words, said, sources.get(f"{part}.{name}", OWN), 1


def _said(value: object) -> str:
    """Write a stated value.

    >>> _said((0.5, 1.0)), _said(600000.0), _said("winners_curse")
    ('0.5, 1', '600,000', 'winners curse')
    """
    if isinstance(value, tuple):
        return ", ".join(_said(each) for each in value)
    if isinstance(value, int | float):
        return f"{value:,.10g}".replace("-", "−")
    return str(value).replace("_", " ")


def rates(plan: GateDesign) -> pd.DataFrame:
    """Return the published control rates that each window's event rate is taken from."""
    rows = [
        {"window": window_words(w), "trial": t.label, "per_100_years": 100 * t.per_year, "gate": t.cutoff,
         "infarction": t.infarction, "source": t.source}
        for w in plan.windows
        for t in published(w.outcome_trials)
    ]  # fmt: skip
    return pd.DataFrame(rows)
