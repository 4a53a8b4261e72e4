"""The protocol's looks so far: each interim estimate against the bound that its information gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from calor.analyze import declared
from calor.analyze.declared.records import Datasets
from calor.analyze.finding import Finding
from calor.design.declared import declared_design, declared_size
from calor.design.observed_information import recompute
from calor.errors import MonitorError
from calor.monitor.interim_look import InterimLook, interim_look
from calor.protocol import Protocol
from calor.protocol.looks import EventsPlanning

TO_COME = "to come"


@dataclass(frozen=True)
class DeclaredLooks:
    """What the looks done say; for whoever is unblinded only.

    Attributes:
        planned: Id and planned share of the information of every look.
        done: What each look said, in order.
        information: Events or participants at each look done.
        unit: What information counts.
        planned_information: Information planned for the last look.
    """

    planned: tuple[tuple[str, float], ...]
    done: tuple[InterimLook, ...]
    information: tuple[float, ...]
    unit: str
    planned_information: float

    def __str__(self) -> str:
        if not self.done:
            return f"No look was made yet; the first is planned at {100 * self.planned[0][1]:g} % of the information"
        last = self.done[-1]
        share = f"{100 * last.information_fraction:.0f} % of the information"
        return f"Look {last.look} of {last.looks} at {share}: {self.verdict}"

    @property
    def verdict(self) -> str:
        """What the last look says, in the words of a board."""
        decision = self.done[-1].decision if self.done else TO_COME
        return {"continue": "continue", TO_COME: TO_COME}.get(decision, f"boundary crossed: {decision}")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per planned look."""
        rows = []
        for k, (name, fraction) in enumerate(self.planned):
            row = {"look": k + 1, "id": name, "planned_fraction": fraction, "information": None, "fraction": None,
                   "z": None, "efficacy_bound": None, "futility_bound": None, "decision": TO_COME}  # fmt: skip
            if k < len(self.done):
                seen = self.done[k]
                futility = None if math.isinf(seen.futility_bound) else seen.futility_bound
                row |= {"information": self.information[k], "fraction": seen.information_fraction, "z": seen.z,
                        "efficacy_bound": seen.efficacy_bound, "futility_bound": futility,
                        "decision": seen.decision}  # fmt: skip
            rows.append(row)
        return pd.DataFrame(rows)


def declared_looks(protocol: Protocol, looks: Sequence[Datasets]) -> DeclaredLooks:
    """Judge the looks made so far by the declared analysis and design.

    Each look's bound comes from the information observed at it and at those before. The last planned look is final:
    what is left of the error is spent there.

    Args:
        protocol: The protocol, with `[looks]` and planning assumptions.
        looks: The datasets of each look made, in order.

    Raises:
        MonitorError: More looks were made than are planned, or the declared analysis has no single test.
        DesignError: The protocol declares no looks or planning, or the information does not increase.
        AnalysisError: The data do not support the analysis.

    Reference:
        Lan KKG, DeMets DL. Biometrika 1983;70:659-663 (bounds from the information observed).
    """
    design = declared_design(protocol)
    size = declared_size(protocol, design)
    plan = protocol.looks
    assert plan is not None  # noqa: S101  (declared_design refuses otherwise)
    if len(looks) > len(plan.looks):
        rule = f"be at most the {len(plan.looks)} planned"
        raise MonitorError.must("looks", rule, len(looks), fix="Amend the protocol first.")
    by_events = isinstance(plan.planning, EventsPlanning)
    target = float(np.sum(size.participants[-1])) if size.events is None else float(size.events[-1])
    alone = without_beside(protocol, plan.analysis)
    findings = [declared.run(alone, plan.analysis, datasets) for datasets in looks]
    information = [_information(finding, by_events=by_events) for finding in findings]
    drift = size.crossing.drift
    done = []
    for k, finding in enumerate(findings):
        final = k + 1 == len(plan.looks)
        now = recompute(design, information[: k + 1], target, final=final)
        done.append(interim_look(now, k + 1, z=benefit_z(finding), planned_drift=drift))
    return DeclaredLooks(
        tuple((look.id, look.information_fraction) for look in plan.looks), tuple(done), tuple(information),
        "events" if by_events else "participants", target,
    )  # fmt: skip


def benefit_z(finding: Finding) -> float:
    """Return the z of a finding's declared test, positive in the direction of benefit.

    >>> frame = pd.DataFrame({"estimate": [-0.17]})
    >>> finding = Finding(id="primary", label="TBR", role="primary", kind="ancova", method="ANCOVA", estimand="",
    ...     population="", arms=("P", "A"), sentences=("",), p_values=(0.05,),
    ...     tables={"differences": frame, "axis": pd.DataFrame({"better": ["lower"]})})
    >>> round(benefit_z(finding), 2)
    1.96

    Raises:
        MonitorError: It has not one test, or none with a direction.
    """
    if len(finding.p_values) != 1:
        rule = "have one declared test"
        fix = "Look at one comparison."
        raise MonitorError.must("analysis", rule, len(finding.p_values), where=finding.id, fix=fix)
    return math.copysign(float(norm.isf(finding.p_values[0] / 2)), _benefit(finding))


def without_beside(protocol: Protocol, name: str) -> Protocol:
    """Leave out what is computed beside an analysis' declared test: an interim look must not fail for it."""
    analyses = tuple(
        each.model_copy(update={"beside": ()}) if each.id == name and "beside" in type(each).model_fields else each
        for each in protocol.analyses
    )
    return protocol.model_copy(update={"analyses": analyses})


def _benefit(finding: Finding) -> float:
    """Return a number that is positive where the estimate speaks for the active arm."""
    tables: Mapping[str, pd.DataFrame] = finding.tables
    if "differences" in tables and "axis" in tables:
        estimate = float(tables["differences"]["estimate"].iloc[0])
        return -estimate if tables["axis"]["better"].iloc[0] == "lower" else estimate
    if "methods" in tables:
        ratios = tables["methods"][tables["methods"]["measure"] == "hazard ratio"]["estimate"].dropna()
        if len(ratios):
            return -math.log(float(ratios.iloc[0]))
    fix = "Plan looks on a comparison of means or of times to an event."
    raise MonitorError.must("analysis", "estimate a direction", finding.kind, where=finding.id, fix=fix)


def _information(finding: Finding, *, by_events: bool) -> float:
    if by_events:
        return float(finding.tables["counts"]["events"].sum())
    return float(finding.tables["arms"]["n"].sum())
