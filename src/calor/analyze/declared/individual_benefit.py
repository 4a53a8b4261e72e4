"""The declared prediction of individual benefit: a shrunken model, and how far such predictions can be trusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from calor.analyze.benefit.benefit_calibration import benefit_calibration
from calor.analyze.benefit.benefit_concordance import c_for_benefit
from calor.analyze.benefit.r_learner import RLearner, r_learner
from calor.analyze.benefit.shrinkage_interaction import ShrinkageInteraction, shrinkage_interaction
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.declared.left_out import left_out
from calor.analyze.declared.modifier import biomarker_words, modifiers_records
from calor.analyze.declared.records import ARM, Datasets, arm_labels, compared
from calor.analyze.finding import Finding
from calor.protocol import Protocol
from calor.protocol.analyses import IndividualBenefitAnalysis

CURVE_POINTS = 101


def declared_individual_benefit(protocol: Protocol, analysis: IndividualBenefitAnalysis, datasets: Datasets) -> Finding:
    """Predict benefit from baseline biomarkers as the protocol declares, and judge the predictions."""
    estimand = protocol.estimand(analysis.estimand)
    arms = arm_labels(protocol, estimand.treatment)
    scales = {m.biomarker: m.scale for m in analysis.modifiers}
    rest = tuple(c for c in analysis.covariates if c not in scales)
    table = modifiers_records(protocol, analysis, datasets).dropna(subset=["AVAL", *scales, *rest])
    rng = np.random.default_rng(analysis.seed)
    comparison = Comparison("AVAL", ARM, arms, rest)
    model = shrinkage_interaction(
        table, comparison, biomarkers=scales, rng=rng, draws=analysis.draws, level=analysis.level
    )
    logged = table.assign(**{m: np.log(table[m]) for m, scale in scales.items() if scale == "log"})
    learned = r_learner(logged, comparison, effect_covariates=list(scales), rng=rng, folds=analysis.folds)
    predicted = (learned.effects, learned.response, learned.arm)
    calibration = benefit_calibration(*predicted, groups=analysis.groups, level=analysis.level)
    order = c_for_benefit(*predicted, rng=rng, bootstraps=analysis.bootstraps, level=analysis.level)
    words = {m: biomarker_words(protocol, analysis.estimand, m) for m in scales}
    first = analysis.modifiers[0].biomarker
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method="Bayesian shrinkage of interactions; ridge R-learner, calibrated out of fold",
        estimand=estimand.label,
        population=protocol.analysis_set(analysis.set).label,
        arms=arms,
        sentences=(
            *_model_sentences(model, compared(arms[1], arms[0]), [name for name, _ in words.values()]),
            _predicted(learned),
            f"{calibration.slope}; 1 is ideal",
            f"{order}; 0.5 is no information",
        ),
        tables={
            "slopes": model.to_frame().assign(
                label=["average", *(f"per SD of {_scaled(words[m][0], scale)}" for m, scale in scales.items())]
            ),
            "curve": _curve(model, table, first, analysis.level),
            "groups": calibration.groups,
            "judged": pd.concat([calibration.slope.to_frame(), order.to_frame()], ignore_index=True),
            "participants": table[[ARM, first]].rename(columns={first: "baseline"}).reset_index(drop=True),
            "axis": pd.DataFrame([{"biomarker": words[first][0], "unit": words[first][1], "scale": scales[first]}]),
        },
        notes=(
            *left_out(model.average.excluded),
            "Predictions, not observations: nobody is seen under both arms. The R-learner judges each participant by a "
            "model of the others; a slope of calibration that may as well be 0 says that its predictions do not tell "
            "who benefits.",
        ),
    )


def _scaled(name: str, scale: str) -> str:
    return f"log {name}" if scale == "log" else name


def _model_sentences(model: ShrinkageInteraction, comparison: str, names: list[str]) -> tuple[str, ...]:
    average = str(replace(model.average, label=f"{comparison} at mean biomarkers"))
    slopes = (
        str(replace(slope, label=f"Change of the effect per standard deviation of {name}"))
        for slope, name in zip(model.slopes, names, strict=True)
    )
    return (average, *slopes)


def _predicted(learned: RLearner) -> str:
    low, high = np.quantile(learned.effects, [0.1, 0.9])
    return (
        f"Predicted individual effects range from {low:.3f} (10th percentile) to {high:.3f} (90th), "
        f"average {learned.average:.3f} (ridge R-learner, n = {len(learned.effects)})"
    )


def _curve(model: ShrinkageInteraction, table: pd.DataFrame, first: str, level: float) -> pd.DataFrame:
    """Return the posterior effect along the first modifier, the others at their means."""
    low, high = float(table[first].min()), float(table[first].max())
    spaced = np.geomspace if model.posterior.biomarkers[first] == "log" else np.linspace
    return model.posterior.curve(first, spaced(low, high, CURVE_POINTS), level).rename(
        columns={"biomarker": "baseline"}
    )
