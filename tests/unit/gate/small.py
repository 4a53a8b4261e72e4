"""A small plan, and worlds that need no finished trial, for tests of single parts."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np

from calor.gate.belief import EffectCurves
from calor.gate.situation import Situation, situation
from calor.gate.worlds import draw_worlds
from calor.protocol import Protocol, parse_protocol
from calor.protocol.biomarkers import Biomarker
from calor.protocol.gate_design import GateDesign


@cache
def ivory() -> Protocol:
    """Return the demonstration's protocol."""
    return parse_protocol(files("calor.simulate").joinpath("ivory_protocol.toml").read_text(encoding="utf-8"))


@cache
def plan() -> GateDesign:
    """Return the demonstration's plan with few gates and little effort."""
    whole = ivory().gate_design
    assert whole is not None
    grid = whole.grid.model_copy(update={"cutoffs": (2.0, 3.0), "tests": (1,)})
    effort = whole.effort.model_copy(update={"draws": 400, "target_se": 0.003})
    windows = whole.windows[1:2]
    effect = whole.effect.model_copy(update={"window": "month_one"})
    sources = tuple(s for s in whole.sources if s.of not in {"windows.admission", "windows.first_year"})
    changed = {"grid": grid, "effort": effort, "windows": windows, "effect": effect, "sources": sources}
    return whole.model_copy(update=changed)


def hs_crp() -> Biomarker:
    """Return the demonstration's biomarker."""
    return ivory().biomarker("hs_crp")


def curves(size: int = 1000) -> EffectCurves:
    """Return effect curves as after a positive trial."""
    rng = np.random.default_rng(5)
    return EffectCurves(rng.normal(-0.15, 0.05, size), rng.normal(-0.1, 0.05, size), (-1.0, 1.5))


def here(changed: GateDesign | None = None) -> Situation:
    """Return the situation of a plan."""
    given, drawn = changed or plan(), curves()
    return situation(given, draw_worlds(given, drawn, drawn.level, "flat", np.random.default_rng(3)), hs_crp())
