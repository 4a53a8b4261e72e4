"""How far the choice holds: one assumption moved at a time (tornado), and all of them against it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from calor.gate.basis import Basis
from calor.gate.evaluate import evaluate
from calor.gate.option import Option
from calor.gate.situation import Situation
from calor.protocol.gate_design import GateDesign

Side = Literal["worse", "better"]
ASSUMPTIONS = {
    "link_hazard_ratio": "Hazard ratio that goes with the effect, where the link acts",
    "probability_none": "Probability that the effect does nothing to events",
    "icc": "Intraclass correlation of the marker",
    "effect_slope": "Slope of the effect over the marker, times the finished trial's",
    "event_rate": "Event rate, times the published one",
    "recruitment": "Candidates a month, times the stated number",
    "death": "Deaths that are not part of the endpoint, times the stated rate",
}
"""What is moved, in words."""


@dataclass(frozen=True, eq=False)
class Robustness:
    """How far a choice holds.

    Attributes:
        tornado: One row per assumption and side: `assumption`, `label`, `side`, `at`; `assurance` with its standard
            error `assurance_se`, `months` and `value` of the recommended trial with its events kept; and `best`, the
            best of the contenders when sized anew.
        corner: One row per contender with every assumption at its worse value, events kept: `option`, `assurance`,
            `assurance_se`, `months`, `value`.
        robust: The contender of highest value there.
    """

    tornado: pd.DataFrame
    corner: pd.DataFrame
    robust: Option

    def __str__(self) -> str:
        worst = self.corner.iloc[0]
        held = "worth its cost" if worst["value"] > 0 else "worth less than its cost"
        return (
            f"With every assumption at its worse value the best of the contenders is {self.robust.label}: "
            f"assurance {100 * worst['assurance']:.1f} % (SE {100 * worst['assurance_se']:.1f}), {held}"
        )


def robustness(basis: Basis, chosen: Option, contenders: Sequence[Option]) -> Robustness:
    """Move each assumption to its worse and its better value, and all to their worse.

    Args:
        basis: What the choice rests on.
        chosen: The recommended option.
        contenders: Options that might take its place, with it.
    """
    rows = []
    for name, label in ASSUMPTIONS.items():
        for side in ("worse", "better"):
            here = changed(basis, {name: side}, chosen)
            (kept,) = _kept(here, [chosen])
            anew = [again for option in contenders for again in _anew(here, option)]
            best = max(anew, key=lambda option: option.value, default=None)
            row = {
                "assumption": name,
                "label": label,
                "side": side,
                "at": _value(basis.plan, name, side),
                **_outcome(kept),
            }
            rows.append({**row, "best": "no trial" if best is None or best.value <= 0 else best.label})
    here = changed(basis, dict.fromkeys(ASSUMPTIONS, "worse"), chosen)
    corner = sorted(_kept(here, contenders), key=lambda option: -option.value)
    table = pd.DataFrame([{"option": option.label, **_outcome(option)} for option in corner])
    return Robustness(pd.DataFrame(rows), table, corner[0])


def changed(basis: Basis, sides: dict[str, Side], chosen: Option) -> Situation:
    """Return the situation with some assumptions at their worse or better value.

    Args:
        basis: What the choice rests on.
        sides: Assumption to side.
        chosen: In whose window the intraclass correlation is moved.
    """
    plan = basis.plan
    at = {name: _value(plan, name, side) for name, side in sides.items()}
    link = {"hazard_ratio": at.get("link_hazard_ratio"), "probability_none": at.get("probability_none")}
    moved: dict[str, object] = {"link": plan.link.model_copy(update=_given(link))}
    if "icc" in at:
        moved["windows"] = tuple(
            w.model_copy(update={"icc": at["icc"]}) if w.id == chosen.gate.window else w for w in plan.windows
        )
    if "recruitment" in at:
        recruit = plan.recruitment
        coming = recruit.candidates_per_site_month * at["recruitment"]
        moved["recruitment"] = recruit.model_copy(update={"candidates_per_site_month": coming})
    if "death" in at:
        deaths = min(plan.prognosis.death_per_year * at["death"], 0.99)
        moved["prognosis"] = plan.prognosis.model_copy(update={"death_per_year": deaths})
    again = plan.model_copy(update=moved)
    return basis.situation(again, slope=at.get("effect_slope", 1.0), rate=at.get("event_rate", 1.0))


def _value(plan: GateDesign, name: str, side: str) -> float:
    pair: tuple[float, float] = getattr(plan.sensitivity, name)
    return pair[0 if side == "worse" else 1]


def _given(update: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in update.items() if value is not None}


def _kept(here: Situation, options: Sequence[Option]) -> list[Option]:
    """Evaluate planned trials in another situation, with their events."""
    return [evaluate(here, option.gate, (_design(option),), events=option.events)[0] for option in options]


def _anew(here: Situation, option: Option) -> list[Option]:
    """Evaluate a gate and design sized anew, where it is within the limits."""
    return [again for again in evaluate(here, option.gate, (_design(option),)) if again.feasible]


def _design(option: Option) -> str:
    return "gated" if option.design == "all_comers" else option.design


def _outcome(option: Option) -> dict[str, float]:
    return {
        "assurance": option.assurance,
        "assurance_se": option.assurance_se,
        "months": option.months,
        "value": option.value,
    }
