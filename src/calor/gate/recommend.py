"""The recommended gate: the option of highest value within the limits, the reason, and what the others trade."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.errors import DesignError
from calor.gate.basis import Basis
from calor.gate.belief import BELIEFS
from calor.gate.choose import best
from calor.gate.evaluate import evaluate
from calor.gate.option import Option
from calor.gate.pareto import pareto_front
from calor.gate.situation import Situation


@dataclass(frozen=True, eq=False)
class Recommendation:
    """The recommended option among all.

    Attributes:
        chosen: The option of highest value within the limits.
        front: Options that no other beats in assurance, months, participants and cost at once.
        contenders: The chosen option, and the best within the limits of every other design.
        ties: How many options within the limits cannot be told from the chosen one in value.
        beliefs: Assurance of the chosen trial under each posterior of the effect.
        unit: Of cost and value.
    """

    chosen: Option
    front: tuple[Option, ...]
    contenders: tuple[Option, ...]
    ties: int
    beliefs: pd.DataFrame
    unit: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """The recommendation, its reason and the trade, in words."""
        own = self.chosen
        first = f"Recommended for the next trial: {own}"
        ties = f"{self.ties} further option{'s' if self.ties > 1 else ''} cannot be told from it"
        if self.ties == 0:
            ties = "every other option can be told from it"
        reason = (
            f"It has the highest value within the limits ({own.value:,.0f} {self.unit}: value of success times its "
            f"probability, less a cost of {own.cost:,.0f}); {ties}"
        )
        dilution = (
            f"Of those it enrolls {100 * own.true_positives:.0f} % have a high long-term marker; with nobody treated "
            f"the marker of those who pass falls by {100 * own.expected_fall:.0f} % on retest; the diluted hazard "
            f"ratio is {own.hazard_ratio:.3f} if the effect is as believed and the link acts"
        )
        return (first, reason, dilution, *(trade(own, other) for other in self.contenders[1:]))


def recommend(basis: Basis, here: Situation, options: Sequence[Option]) -> Recommendation:
    """Choose among options.

    Args:
        basis: What the choice rests on.
        here: What the options were evaluated in.
        options: All that were evaluated.

    Raises:
        DesignError: None is within the limits.
    """
    chosen = best(options)
    if chosen is None:
        limits = basis.plan.limits
        got = "none"
        fix = f"Raise months ({limits.months:g}), participants, cost or capacity, or accept less power."
        raise DesignError.must("limits", "leave room for one of the options", got, fix=fix)
    kept = [option for option in options if option.feasible]
    others = sorted({o.design for o in kept} - {chosen.design})
    contenders = (chosen, *(max((o for o in kept if o.design == d), key=lambda o: o.value) for d in others))
    ties = sum(_same(chosen, option) for option in kept if option is not chosen)
    beliefs = _beliefs(basis, chosen)
    return Recommendation(chosen, pareto_front(options), contenders, ties, beliefs, basis.plan.costs.unit)


def trade(chosen: Option, other: Option) -> str:
    """Say what another option would gain and cost against the chosen one.

    Args:
        chosen: The recommended option.
        other: Its rival.
    """
    by = {
        "assurance": _by(100 * (other.assurance - chosen.assurance), ".1f", "points higher", "points lower"),
        "size": _by(other.participants - chosen.participants, ",.0f", "participants more", "participants fewer"),
        "time": _by(other.months - chosen.months, ".0f", "months longer", "months shorter"),
        "cost": _by(other.cost - chosen.cost, ",.0f", "higher", "lower"),
        "value": _by(other.value - chosen.value, ",.0f", "higher", "lower"),
    }
    return (
        f"Against it, {other.label}: assurance {by['assurance']} (SE {100 * other.assurance_se:.1f}), "
        f"size {by['size']}, time {by['time']}, cost {by['cost']}, value {by['value']}"
    )


def _by(difference: float, digits: str, more: str, less: str) -> str:
    """Say a difference without a sign.

    >>> _by(-1234.0, ",.0f", "more", "fewer"), _by(0.01, ".1f", "points higher", "points lower")
    ('1,234 fewer', 'the same')
    >>> _by(-1.0, ".0f", "months longer", "months shorter")
    '1 month shorter'
    """
    text = format(abs(difference), digits)
    if not text.strip("0.,"):
        return "the same"
    words = more if difference > 0 else less
    return f"{text} {words.replace('s ', ' ', 1) if text == '1' else words}"


def _same(chosen: Option, other: Option) -> bool:
    """Tell whether two options' values differ by less than twice the standard error of their difference."""
    difference = chosen.worth - other.worth
    return float(difference.mean()) < 2 * float(difference.std()) / math.sqrt(difference.size)


def _beliefs(basis: Basis, chosen: Option) -> pd.DataFrame:
    """Return the chosen trial's outlook, events kept, under each posterior."""
    design = "gated" if chosen.design == "all_comers" else chosen.design
    rows = []
    for belief in BELIEFS:
        here = basis.situation(belief=belief)
        (again,) = evaluate(here, chosen.gate, (design,), events=chosen.events)
        average = float(np.mean(here.worlds.curves.at(np.array([basis.finished.center]))))
        rows.append({"belief": belief, "effect": average, "hazard_ratio": again.hazard_ratio, "power": again.power,
                     "power_se": again.power_se, "assurance": again.assurance, "assurance_se": again.assurance_se,
                     "value": again.value})  # fmt: skip
    return pd.DataFrame(rows)
