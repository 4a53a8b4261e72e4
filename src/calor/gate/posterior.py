"""From the finished trial's data to the posterior of its effect over the baseline marker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.analyze.benefit.shrinkage_interaction import shrinkage_interaction
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.declared.modifier import MODIFIER, modifier_records, other_covariates
from calor.analyze.declared.records import ARM, Datasets, arm_labels
from calor.analyze.estimate import Estimate
from calor.errors import DesignError
from calor.gate.belief import EffectCurves, effect_curves
from calor.gate.population import marker
from calor.protocol import Protocol
from calor.protocol.analyses import InteractionAnalysis
from calor.protocol.biomarkers import Biomarker
from calor.protocol.gate_design import GateDesign

_DRAWS = 8000


@dataclass(frozen=True, eq=False)
class FinishedTrial:
    """What the finished trial says of the effect on inflammation.

    Attributes:
        curves: Posterior draws over the long-term marker, under a flat prior of the average effect.
        average: Draws of the average effect, at the participants' mean log marker.
        summary: The average effect in words.
        n: Participants behind it.
        center: Long-term marker, in SDs, that goes with the participants' mean log marker.
        spread: SDs of the long-term marker that go with one SD of the participants' log marker.
        biomarker: The marker.
    """

    curves: EffectCurves
    average: Float[np.ndarray, " draw"]
    summary: Estimate
    n: int
    center: float
    spread: float
    biomarker: Biomarker

    @property
    def residual_sd(self) -> float:
        """SD of one participant's outcome that the average effect's standard error implies, with equal arms."""
        return float(self.average.std(ddof=1) * np.sqrt(self.n) / 2)


def finished_trial(protocol: Protocol, datasets: Datasets) -> FinishedTrial:
    """Draw the posterior of the effect that `[gate_design.effect]` names.

    Args:
        protocol: The finished trial's.
        datasets: Its analysis datasets.

    Raises:
        DesignError: The protocol has no [gate_design].
        AnalysisError: The data do not support the analysis.
    """
    plan = declared(protocol)
    analysis = protocol.analysis(plan.effect.analysis)
    if not isinstance(analysis, InteractionAnalysis):
        raise DesignError.must("effect.analysis", "be an interaction", analysis.method, fix="Name another analysis.")
    arms = arm_labels(protocol, protocol.estimand(analysis.estimand).treatment)
    table = modifier_records(protocol, analysis, datasets).dropna(subset=["AVAL", "BASE", MODIFIER])
    found = shrinkage_interaction(
        table,
        Comparison("AVAL", ARM, arms, other_covariates(analysis)),
        biomarkers={MODIFIER: "log"},
        rng=np.random.default_rng(plan.effort.seed),
        draws=_DRAWS,
    )
    values = table[MODIFIER].to_numpy(dtype=float)
    seen = (float(values.min()), float(values.max()))
    own, posterior = marker(plan.window(plan.effect.window)), found.posterior
    per_log = own.icc**0.5 / own.log_sd
    return FinishedTrial(
        curves=effect_curves(posterior, own, seen),
        average=posterior.draws[:, 0],
        summary=found.average,
        n=posterior.n,
        center=float(posterior.centers[0] - np.log(own.median)) * per_log,
        spread=float(posterior.spreads[0]) * per_log,
        biomarker=protocol.biomarker(analysis.modifier),
    )


def declared(protocol: Protocol) -> GateDesign:
    """Return the protocol's [gate_design].

    Raises:
        DesignError: There is none.
    """
    if protocol.gate_design is None:
        raise DesignError.must(
            "protocol", "have [gate_design]", "none", fix="docs/how-to/choose-the-gate.md shows how."
        )
    return protocol.gate_design
