"""One file per kind of finding: how it becomes a section, and which figures it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.section import Section
from calor.report.sections import (
    adverse_events,
    ancova,
    described,
    dose_trend,
    events,
    events_of_interest,
    harm_limits,
    interaction,
    laboratory_safety,
    multiplicity,
)


class Kind(NamedTuple):
    """How one kind of finding is shown."""

    section: Callable[[Finding], Section]
    figures: Callable[[Finding], tuple[Figure, ...]]


KINDS: dict[str, Kind] = {
    "disposition": Kind(described.disposition_section, described.disposition_figures),
    "baseline": Kind(described.baseline_section, described.baseline_figures),
    "ancova": Kind(ancova.section, ancova.figures),
    "dose_trend": Kind(dose_trend.section, dose_trend.figures),
    "interaction": Kind(interaction.section, interaction.figures),
    "events": Kind(events.section, events.figures),
    "multiplicity": Kind(multiplicity.section, multiplicity.figures),
    "adverse_events": Kind(adverse_events.section, adverse_events.figures),
    "laboratory_safety": Kind(laboratory_safety.section, laboratory_safety.figures),
    "events_of_interest": Kind(events_of_interest.section, events_of_interest.figures),
    "harm_limits": Kind(harm_limits.section, harm_limits.figures),
}
"""Every kind of finding; a test proves the table complete."""
