"""Plans of allocation before they are active: lists of permuted blocks, minimization, Hu-Hu.

A plan is stored as its fields and read back from them, so that an allocation years later follows the same rule.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from calor.errors import ConductError
from calor.web.models import ActiveMethod

if TYPE_CHECKING:
    import numpy as np

    from calor.enroll.hu_hu import HuHu
    from calor.enroll.minimization import Minimization, Spread

WHOLE_TRIAL = ""  # the one head of a trial whose allocations depend on each other across strata


class _Plan:
    """What all plans can do."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The kind of plan and its fields, as they are stored."""
        fields = asdict(self)  # type: ignore[call-overload]
        return {"plan": type(self).__name__, **json.loads(json.dumps(fields))}

    @property
    def digest(self) -> str:
        """SHA-256 of the configuration, which the activation must repeat."""
        return hashlib.sha256(json.dumps(self.parameters, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class ListPlan(_Plan):
    """A list of permuted blocks within strata, drawn beforehand.

    Attributes:
        ratio: Allocation ratio of the trial's arms.
        sizes: Block sizes.
        strata: Names of the strata.
        length: Places in each stratum.
    """

    ratio: tuple[int, ...]
    sizes: tuple[int, ...]
    strata: tuple[str, ...]
    length: int

    @property
    def heads(self) -> tuple[str, ...]:
        """What is locked while a place is given: the stratum."""
        return self.strata

    def guessable(self) -> tuple[str, str]:
        """Return the method in words, and how well it could be guessed."""
        from calor.enroll.blocks import PermutedBlocks  # noqa: PLC0415  (numba is slow to start)
        from calor.enroll.predictability import expected_guesses  # noqa: PLC0415

        blocks = PermutedBlocks(self.ratio, self.sizes)
        return str(blocks), str(expected_guesses(blocks))


@dataclass(frozen=True)
class _Adaptive(_Plan, ABC):
    """A rule that looks at all earlier allocations; its random elements are drawn beforehand.

    Attributes:
        ratio: Allocation ratio of the trial's arms.
        factors: The levels of each factor, by name.
        length: Random elements to draw: the most participants that can be allocated.
        probability: Of the share that leaves the least imbalance.
    """

    ratio: tuple[int, ...]
    factors: tuple[tuple[str, ...], ...]
    length: int
    probability: float

    @property
    def strata(self) -> tuple[str, ...]:
        """Every combination of levels, named by them."""
        return tuple(", ".join(levels) for levels in itertools.product(*self.factors))

    @property
    def heads(self) -> tuple[str, ...]:
        """What is locked while a place is given: the whole trial."""
        return (WHOLE_TRIAL,)

    @property
    def _counts(self) -> tuple[int, ...]:
        return tuple(len(levels) for levels in self.factors)

    @abstractmethod
    def rule(self) -> Minimization | HuHu:
        """Return the method."""

    def guessable(self) -> tuple[str, str]:
        """Return the method in words, and how well it could be guessed."""
        from calor.enroll.predictability import most_guessed  # noqa: PLC0415

        rule = self.rule()
        share = most_guessed(self.ratio, self.probability)
        return str(
            rule
        ), f"{rule}: at most {100 * share:.2f} % guessed correctly by whoever knows all earlier allocations"

    def arms(self, strata: Sequence[str], draws: np.ndarray) -> list[int]:
        """Return the arms of participants in their order of entry.

        Args:
            strata: The stratum of each.
            draws: Two uniform draws for each.
        """
        import numpy as np  # noqa: PLC0415

        place = {name: i for i, name in enumerate(self.strata)}
        levels = np.column_stack(np.unravel_index([place[stratum] for stratum in strata], self._counts))
        return [int(arm) for arm in self.rule().allocate(levels, draws)]


@dataclass(frozen=True)
class MinimizationPlan(_Adaptive):
    """Pocock and Simon's minimization.

    Attributes:
        weights: Weight of each factor.
        spread: How unequal a margin's counts are.
    """

    weights: tuple[float, ...]
    spread: Spread = "range"

    def rule(self) -> Minimization:
        """Return the method."""
        from calor.enroll.minimization import Minimization  # noqa: PLC0415

        return Minimization(self.ratio, self._counts, self.weights, self.probability, self.spread)


@dataclass(frozen=True)
class HuHuPlan(_Adaptive):
    """Hu and Hu's covariate-adaptive randomization.

    Attributes:
        overall: Weight of the whole trial.
        stratum: Weight of the newcomer's stratum.
        margins: Weight of each factor.
    """

    overall: float
    stratum: float
    margins: tuple[float, ...]

    def rule(self) -> HuHu:
        """Return the method."""
        from calor.enroll.hu_hu import HuHu  # noqa: PLC0415

        return HuHu(self.ratio, self._counts, self.overall, self.stratum, self.margins, self.probability)


AdaptivePlan = MinimizationPlan | HuHuPlan
Plan = ListPlan | AdaptivePlan
KINDS: tuple[type[Plan], ...] = (ListPlan, MinimizationPlan, HuHuPlan)


def plan_of(parameters: dict[str, Any]) -> Plan:
    """Return a plan from its stored fields.

    Raises:
        ConductError: They describe none.

    Example:
        >>> plan = ListPlan((1, 1), (4,), ("anterior", "other"), 40)
        >>> plan_of(plan.parameters) == plan
        True
    """
    for kind in KINDS:
        if parameters.get("plan") == kind.__name__:
            return kind(**{name: _frozen(value) for name, value in parameters.items() if name != "plan"})
    fix = "Restore the backup: the record was altered, or a later version wrote it."
    raise ConductError.must("parameters", "name a kind of plan", parameters.get("plan"), fix=fix)


def active_plan(trial: Any) -> Plan:
    """Return the plan by which a trial allocates.

    Raises:
        ConductError: None is active yet.
    """
    active = ActiveMethod.objects.filter(trial=trial).first()
    if active is None:
        raise ConductError.must("trial", "have an active list", trial.code, fix="Ask the administrator to activate it.")
    return plan_of(active.parameters)


def check_stratum(trial: Any, stratum: object) -> None:
    """Refuse a stratum that is not the trial's.

    Raises:
        ConductError: The trial has no such stratum, or no list yet.
    """
    if stratum not in active_plan(trial).strata:
        raise ConductError.must("stratum", "be one of the trial's", stratum, fix="Look it up in the protocol.")


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
