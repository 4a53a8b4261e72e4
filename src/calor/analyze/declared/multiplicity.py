"""The declared multiplicity procedure: which of the hypotheses it names are rejected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from calor.analyze.declared.records import Datasets
from calor.analyze.finding import Finding
from calor.analyze.multiplicity.multiplicity import adjust
from calor.errors import AnalysisError
from calor.kernels.graph import sequentially_rejective
from calor.protocol import Protocol
from calor.protocol.multiplicity import Multiplicity

NAMES = {
    "bonferroni": "Bonferroni",
    "holm": "Holm",
    "hochberg": "Hochberg",
    "fixed_sequence": "Fixed sequence",
    "graph": "Graphical procedure (weighted Bonferroni)",
}


def declared_multiplicity(
    protocol: Protocol, plan: Multiplicity, datasets: Datasets, run: Callable[[Protocol, str, Datasets], Finding]
) -> Finding:
    """Adjust the p-values of the hypotheses that the protocol tests together.

    Raises:
        AnalysisError: A hypothesis has no p-value, or several comparisons.
    """
    findings = [run(protocol, name, datasets) for name in plan.hypotheses]
    for finding in findings:
        if len(finding.p_values) != 1:
            raise AnalysisError.must(
                "multiplicity.hypotheses", "have one p-value each", f"{len(finding.p_values)} in {finding.id}",
                fix="Declare one analysis per comparison.",
            )  # fmt: skip
    p_values = [finding.p_values[0] for finding in findings]
    adjusted = adjusted_p_values(plan, p_values)
    table = pd.DataFrame(
        {
            "hypothesis": [finding.label for finding in findings],
            "p_value": p_values,
            "adjusted": adjusted,
            "rejected": [p <= plan.alpha for p in adjusted],
        }
    )
    rejected = [row["hypothesis"] for row in table.to_dict("records") if row["rejected"]]
    return Finding(
        id="multiplicity",
        label="Hypotheses tested together",
        role="multiplicity",
        kind="multiplicity",
        method=NAMES[plan.method],
        estimand="The family of hypotheses",
        population="As in each analysis",
        arms=findings[0].arms,
        sentences=(
            f"{NAMES[plan.method]} at {plan.alpha:g}: rejected {', '.join(rejected) if rejected else 'no hypothesis'}",
        ),
        tables={"hypotheses": table},
    )


def adjusted_p_values(plan: Multiplicity, p_values: list[float]) -> list[float]:
    """Return adjusted p-values; a hypothesis is rejected where its own is at most the plan's alpha.

    >>> plan = Multiplicity(method="fixed_sequence", hypotheses=("first", "second"))
    >>> adjusted_p_values(plan, [0.03, 0.01])
    [0.03, 0.03]
    """
    if plan.method == "fixed_sequence":
        return [float(p) for p in np.maximum.accumulate(p_values)]
    if plan.method == "graph":
        weights, transitions = np.array(plan.weights), np.array(plan.transitions, dtype=float)
        return [float(p) for p in sequentially_rejective(weights, transitions, np.array(p_values))]
    if plan.method == "none":
        return p_values
    return list(adjust(plan.hypotheses, p_values, plan.method).adjusted)
