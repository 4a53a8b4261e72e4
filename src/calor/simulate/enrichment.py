"""A design with looks, populations and a selection among them, as the simulation engines read it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from calor.design.fisher_combination import FisherCombination
from calor.design.group_sequential import GroupSequential
from calor.design.inverse_normal import InverseNormal
from calor.errors import SimulationError
from calor.kernels.interim import CUMULATIVE, FISHER, INVERSE_NORMAL, Plan
from calor.simulate.reestimation import Reestimation
from calor.simulate.selection import Selection, best

IntersectionTest = Literal["bonferroni", "simes", "sidak", "spiessens_debois"]
Statistic = Literal["logrank", "cox_score", "ancova", "mmrm"]
_STATISTICS = ("logrank", "cox_score", "ancova", "mmrm")
_MOST_POPULATIONS = 16  # 65,535 intersections
_TESTS = ("bonferroni", "simes", "sidak", "spiessens_debois")
_KNOWN = {
    "intersection_test": _TESTS,
    "statistic": _STATISTICS,
    "by": ("units", "months"),
    "success": ("all", "any"),
}


@dataclass(frozen=True, eq=False)
class Enrichment:
    """A trial with looks, nested or overlapping populations, and a closed test over them.

    Attributes:
        test: Combination test of every intersection. A `GroupSequential` tests all data so far, for designs that
            neither select nor re-estimate.
        planned: Cumulative events or participants at each look.
        populations: Each population's disjoint parts.
        selection: Rule at every look but the last.
        intersection_test: Test of an intersection within a stage.
        success: Stop when "all" populations followed are rejected, or "any".
        reestimation: None to keep the planned stages.
        by: "units" to count events or participants; "months" for looks at calendar times.
        statistic: Of participants: "logrank"; "cox_score", adjusted for the measured marker; "ancova" and "mmrm", at
            the last visit, adjusted for baseline. All are stratified by part. With visits a unit is a last visit.

    >>> from calor.design import GroupSequential, spending
    >>> test = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025)))
    >>> parts = {"biomarker_positive": ["positive"], "full_population": ["positive", "negative"]}
    >>> print(Enrichment(test, [150, 300], parts))
    2 looks at 150, 300; biomarker_positive, full_population; simes
    """

    test: InverseNormal | FisherCombination | GroupSequential
    planned: Sequence[float]
    populations: Mapping[str, Sequence[str]]
    selection: Selection = field(default_factory=best)
    intersection_test: IntersectionTest = "simes"
    success: Literal["all", "any"] = "all"
    reestimation: Reestimation | None = None
    by: Literal["units", "months"] = "units"
    statistic: Statistic = "logrank"

    def __post_init__(self) -> None:
        _check(self)

    @property
    def looks(self) -> int:
        """Number of looks."""
        return len(self.planned)

    def plan(self, parts: Sequence[str]) -> Plan:
        """Return the design as numbers, for the kernels.

        Args:
            parts: The disjoint parts, in the kernel's order.

        Raises:
            SimulationError: A population names a part that is not there.
        """
        members = np.zeros((len(self.populations), len(parts)), dtype=np.bool_)
        for g, (name, own_parts) in enumerate(self.populations.items()):
            for part in own_parts:
                if part not in parts:
                    fix = f"The parts are {', '.join(parts)}."
                    raise SimulationError.must("populations", "be made of parts", repr(part), where=name, fix=fix)
                members[g, list(parts).index(part)] = True
        combination, bounds, futility, weights = _combination(self.test)
        again, looks = self.reestimation, self.looks
        return Plan(
            planned=np.array(self.planned, dtype=float),
            members=members,
            combination=combination,
            bounds=bounds,
            futility=futility,
            weights=weights,
            norms=np.sqrt(np.cumsum(weights**2)),
            intersection=_TESTS.index(self.intersection_test),
            rule=self.selection.kind,
            parameter=self.selection.parameter,
            threshold=self.selection.threshold,
            measure=self.selection.measure_code,
            any_success=self.success == "any",
            power=0.0 if again is None else again.power,
            assumed=math.nan if again is None or again.effect is None else float(again.effect),
            least=np.ones(looks) if again is None else again.by_stage("least", looks),
            most=np.ones(looks) if again is None else again.by_stage("most", looks),
            statistic=_STATISTICS.index(self.statistic),
            calendar=self.by == "months",
        )

    @property
    def at_last_visit(self) -> bool:
        """Whether the endpoint is continuous and measured at visits."""
        return self.statistic in ("ancova", "mmrm")

    def __str__(self) -> str:
        at = ", ".join(f"{n:g}" for n in self.planned)
        return f"{self.looks} looks at {at}; {', '.join(self.populations)}; {self.intersection_test}"


def _combination(
    test: InverseNormal | FisherCombination | GroupSequential,
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Return the kind of combination, its bounds, futility bounds and weights."""
    if isinstance(test, FisherCombination):
        futility = np.append(np.array(test.futility_p, dtype=float), 1.0)
        return FISHER, np.log(test.critical_values), futility, test.weights.copy()
    design = test.design if isinstance(test, InverseNormal) else test
    weights = np.sqrt(np.diff(design.information_fractions, prepend=0.0))
    kind = INVERSE_NORMAL if isinstance(test, InverseNormal) else CUMULATIVE
    return kind, design.efficacy_bounds.copy(), design.futility_bounds.copy(), weights


def _check(design: Enrichment) -> None:
    """Refuse what is no design."""
    kind, bounds, _, _ = _combination(design.test)
    planned = np.array(design.planned, dtype=float)
    rises = planned.shape == bounds.shape and np.all(np.isfinite(planned)) and np.all(np.diff(planned, prepend=0) > 0)
    if not rises:
        rule = f"be {bounds.size} rising numbers, one per look of `test`"
        raise SimulationError.must("planned", rule, list(design.planned), fix="Give cumulative numbers.")
    if not design.populations or not all(design.populations.values()):
        raise SimulationError.must("populations", "each have a part", dict(design.populations), fix="Name its parts.")
    if len(design.populations) > _MOST_POPULATIONS:
        rule = f"be at most {_MOST_POPULATIONS}, as every intersection is tested"
        raise SimulationError.must("populations", rule, len(design.populations), fix="Leave some out.")
    for name, known in _KNOWN.items():
        if getattr(design, name) not in known:
            rule, got = f"be one of {', '.join(known)}", repr(getattr(design, name))
            raise SimulationError.must(name, rule, got, fix="Choose one.")
    if design.by == "months" and design.reestimation is not None:
        raise SimulationError.must("reestimation", "go with looks by events", "months", fix='Use by="units".')
    if isinstance(design.test, GroupSequential) and design.test.sides != 1:
        raise SimulationError.must("test", "be one-sided", "two sides", fix="Benefit is positive; test one side.")
    adapts = design.selection.kind != 0 or design.reestimation is not None or design.selection.threshold > -math.inf
    if kind == CUMULATIVE and adapts:
        fix = "Use InverseNormal(design), or selection=everyone()."
        raise SimulationError.must("test", "be a combination test where the trial adapts", "GroupSequential", fix=fix)
