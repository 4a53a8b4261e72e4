"""Cross-checks of the choice of the next trial's gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from calor.protocol.analyses import InteractionAnalysis
from calor.protocol.problem import Key, Problem, unknown
from calor.protocol.protocol import Protocol


def names_lead_somewhere(protocol: Protocol) -> Iterator[Problem]:
    """Check that windows differ, and that windows and the analysis are declared."""
    plan = protocol.gate_design
    if plan is None:
        return
    ids = [window.id for window in plan.windows]
    for i, window in enumerate(plan.windows):
        at: Key = ("gate_design", "windows", i)
        if Counter(ids)[window.id] > 1:
            yield Problem((*at, "id"), f'must be unique, got "{window.id}" twice. Rename one.')
        if window.days[0] > window.days[1]:
            yield Problem((*at, "days"), f"must increase, got {list(window.days)}. Swap them.")
    yield from unknown(("gate_design", "reference_window"), "window", plan.reference_window, ids)
    yield from unknown(("gate_design", "effect", "window"), "window", plan.effect.window, ids)
    for j, name in enumerate(plan.next_trial.keep):
        known = (criterion.id for criterion in protocol.eligibility)
        yield from unknown(("gate_design", "next_trial", "keep", j), "eligibility criterion", name, known)
    analyses = {a.id: a for a in protocol.analyses if isinstance(a, InteractionAnalysis)}
    at = ("gate_design", "effect", "analysis")
    yield from unknown(at, "interaction analysis", plan.effect.analysis, analyses)
    found = analyses.get(plan.effect.analysis)
    if found is not None and (found.scale != "log" or found.modifier == "BASE"):
        yield Problem(
            at,
            f'must be an interaction with a biomarker on the log scale, got "{found.id}" with {found.modifier}, '
            f"{found.scale}. Gates are log-normal: declare one of hs-CRP or its like.",
        )


def numbers_fit(protocol: Protocol) -> Iterator[Problem]:
    """Check that lists rise, that looks rise, and that records are there to count in."""
    plan = protocol.gate_design
    if plan is None:
        return
    if plan.link.effect == 0:
        yield Problem(("gate_design", "link", "effect"), "must not be 0. Give the change that the hazard ratio is for.")
    grid = plan.grid
    for key, values in (("cutoffs", grid.cutoffs), ("tests", grid.tests), ("interval_days", grid.interval_days)):
        if any(b <= a for a, b in pairwise(values)):
            yield Problem(("gate_design", "grid", key), f"must increase, got {list(values)}. Order them.")
    if len(set(grid.designs)) < len(grid.designs):
        yield Problem(("gate_design", "grid", "designs"), f"must differ, got {list(grid.designs)}. Name each once.")
    looks = plan.test.looks
    if any(b <= a for a, b in pairwise(looks)) or looks[-1] != 1.0 or len(looks) < 2:
        yield Problem(
            ("gate_design", "test", "looks"), f"must be two or more, the last at 1, got {list(looks)}. Give 0.5, 1."
        )
    if plan.recruitment.source == "records" and protocol.screening is None:
        yield Problem(
            ("gate_design", "recruitment", "source"), 'must be "stated" without [screening], got "records". Declare it.'
        )


def sources_name_values(protocol: Protocol) -> Iterator[Problem]:
    """Check that each source is of something that is stated."""
    plan = protocol.gate_design
    if plan is None:
        return
    stated = {"persistent_from", *(f"windows.{window.id}" for window in plan.windows)}
    for part in ("effect", "link", "prognosis", "recruitment", "costs", "limits", "test", "sensitivity"):
        stated |= {f"{part}.{name}" for name in type(getattr(plan, part)).model_fields}
    for i, source in enumerate(plan.sources):
        yield from unknown(("gate_design", "sources", i, "of"), "stated value", source.of, sorted(stated))


GATE_DESIGN_CHECKS = (names_lead_somewhere, numbers_fit, sources_name_values)
