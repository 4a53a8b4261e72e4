"""The declared surrogacy: what earlier trials say this trial's effect on a biomarker is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.analyze.benefit.surrogacy import Surrogacy, surrogacy
from calor.analyze.continuous.ancova import ancova
from calor.analyze.declared.modifier import endpoint_records
from calor.analyze.declared.records import ARM, Datasets, arm_labels, compared, continuous
from calor.analyze.estimate import Estimate
from calor.analyze.finding import Finding
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import SurrogacyAnalysis

LINE_POINTS = 101


def declared_surrogacy(protocol: Protocol, analysis: SurrogacyAnalysis, datasets: Datasets) -> Finding:
    """Regress the declared trials' effects on each other and predict the outcome for this trial's effect."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = continuous(protocol.endpoint(estimand.endpoint))
    arms = arm_labels(protocol, estimand.treatment)
    if len(arms) != 2:
        raise AnalysisError.must("arms", "be control and one active arm", list(arms), fix="Name one in the estimand.")
    columns = [[getattr(t, part) for t in analysis.trials] for part in ("biomarker", "endpoint", "endpoint_se")]
    found = surrogacy(*(np.array(c, dtype=float) for c in columns), level=analysis.level)
    table = endpoint_records(protocol, analysis.estimand, analysis.set, analysis.covariates, datasets)
    own = ancova(
        table, response="AVAL", arm=ARM, arms=arms, covariates=analysis.covariates, level=analysis.level
    ).differences[0]
    foretold = found.predict(own.estimate, analysis.level)
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=found.slope.method,
        estimand=f"{estimand.label}, and what it foretells of {analysis.outcome}",
        population=f"{found.trials} earlier trials; {protocol.analysis_set(analysis.set).label}",
        arms=arms,
        sentences=(
            f"Across {found.trials} trials, {analysis.outcome} per unit of effect on {endpoint.label}: "
            f"{_written(found.slope)}; R squared {found.r_squared:.2f}",
            f"{compared(arms[1], arms[0])}, {endpoint.label}: {own.estimate:.3f}, which foretells {analysis.outcome} "
            f"{foretold[0]:.3f} (prediction interval {foretold[1]:.3f} to {foretold[2]:.3f})",
            _threshold(found, endpoint.label),
        ),
        tables={
            "trials": found.effects.assign(label=[t.trial for t in analysis.trials]),
            "line": _line(found, own, analysis.level),
            "slope": found.to_frame(),
            "prediction": pd.DataFrame(
                [dict(zip(("y", "lower", "upper"), foretold, strict=True)) | {"x": own.estimate}]
            ),
            "axis": pd.DataFrame([{"biomarker": endpoint.label, "outcome": analysis.outcome}]),
        },
        notes=(
            "The trials' effects stand in the protocol; each trial's effect on the biomarker is taken as known. The "
            "interval is for a new, large trial with exactly this effect on the biomarker.",
            "A relation across trials of other drugs need not hold for this one.",
        ),
    )


def _written(slope: Estimate) -> str:
    return f"{slope.estimate:.3f} ({100 * slope.level:g} % CI {slope.lower:.3f} to {slope.upper:.3f})"


def _threshold(found: Surrogacy, label: str) -> str:
    if found.threshold_effect is None:
        return f"No effect on {label} within three times what the trials saw foretells an effect on the outcome"
    return (
        f"An effect on {label} of {found.threshold_effect:.3f} or more would foretell one (surrogate threshold effect)"
    )


def _line(found: Surrogacy, own: Estimate, level: float) -> pd.DataFrame:
    """Return the prediction over the effects of all trials, this one and none."""
    seen = [*found.effects["biomarker"], own.estimate, 0.0]
    at = np.linspace(min(seen), max(seen), LINE_POINTS)
    rows = [found.predict(float(x), level) for x in at]
    return pd.DataFrame(rows, columns=["y", "lower", "upper"]).assign(x=at)
