"""How results of the chapter on who benefits are drawn, but for curves over a biomarker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from calor.analyze.benefit.assurance import Assurance
from calor.analyze.benefit.benefit_calibration import BenefitCalibration
from calor.analyze.benefit.joint_interaction import JointInteraction
from calor.analyze.benefit.mediation import Mediation
from calor.analyze.benefit.r_learner import RLearner
from calor.analyze.benefit.responder import Responder
from calor.analyze.benefit.shrinkage_interaction import ShrinkageInteraction
from calor.analyze.benefit.subgroups import Subgroups
from calor.analyze.benefit.surrogacy import Surrogacy
from calor.analyze.benefit.winners_curse import WinnersCurse
from calor.analyze.estimate import format_p
from calor.report.figure import Figure
from calor.report.figures.curves import curves
from calor.report.figures.points_and_line import points_and_line
from calor.report.results.benefit_curves import FIGURES as CURVES
from calor.report.results.estimates import clear, estimates, source


def assurance(result: Assurance) -> Figure:
    """Draw assurance and power over the precision of the next trial."""
    curve = result.curve.melt("se", ["assurance", "power"], var_name="series", value_name="y").rename(
        columns={"se": "x"}
    )
    own = pd.DataFrame(
        [{"x": np.median(curve["x"]), "y": result.assurance, "label": f"{100 * result.assurance:.0f} %"}]
    )
    return curves(
        curve,
        series=["assurance", "power"],
        name="assurance",
        title=f"The next trial succeeds with probability {100 * result.assurance:.0f} %, the effect being uncertain.",
        caption="Power takes the expected effect as true; assurance averages over what is known of it.",
        axes=("Standard error of the next trial", "Probability of success"),
        marks=own,
    )


def benefit_calibration(result: BenefitCalibration) -> Figure:
    """Draw observed against predicted effect by group."""
    groups = result.groups.rename(columns={"predicted": "x", "observed": "y"})
    ends = [groups["x"].min(), groups["x"].max()]
    return points_and_line(
        groups,
        pd.DataFrame({"x": ends, "y": ends}),
        name="benefit-calibration",
        title=f"Observed benefit changes by {result.slope.estimate:.2f} per unit predicted; 1 is ideal.",
        caption=f"{source(result.slope)} Dots: groups by predicted effect. Line: observed as predicted.",
        axes=("Predicted effect", "Observed effect"),
    )


def joint_interaction(result: JointInteraction) -> Figure:
    """Draw how the effect changes with each biomarker, the others held fixed."""
    return estimates(
        result.slopes,
        name="joint-interaction",
        title="Change of the effect with each biomarker, the others held fixed; "
        f"together {format_p(result.joint.p_value)}.",
        axis="Change of the effect per unit",
    )


def mediation(result: Mediation) -> Figure:
    """Draw the effect through the mediator, the rest, and the whole."""
    return estimates(
        (result.indirect, result.direct, result.total),
        name="mediation",
        title=f"{'An' if clear(result.indirect) else 'No clear'} effect runs through the mediator, "
        "if nothing else moves both.",
        caption=f"{source(result.indirect)} The mediator is not randomized: errors correlated at "
        f"{result.rho_at_zero:.2f} would explain the indirect effect away.",
    )


def r_learner(result: RLearner) -> Figure:
    """Draw the predicted effects of all participants in order."""
    ordered = np.sort(result.effects)
    share = 100 * (np.arange(len(ordered)) + 0.5) / len(ordered)
    return curves(
        pd.DataFrame({"series": "predicted", "x": share, "y": ordered}),
        series=["predicted"],
        name="r-learner",
        title=f"Predicted individual effects lie about the average of {result.average:.3f}.",
        caption=f"Ridge R-learner, out of fold. n = {len(ordered)}. Predictions, not observations: calibrate them.",
        axes=("Participants in order of predicted effect (%)", "Predicted effect"),
    )


def responder(result: Responder) -> Figure:
    """Draw responders against others in both arms."""
    return estimates(
        (result.difference, result.same_in_control),
        name="responder",
        title="Not randomized: responders against others in each arm.",
        axis="Responders minus others",
    )


def shrinkage_interaction(result: ShrinkageInteraction) -> Figure:
    """Draw the average effect and its change with each biomarker."""
    return estimates(
        (result.average, *result.slopes),
        name="shrinkage-interaction",
        title="The effect at mean biomarkers, and how it changes with each.",
        axis="Effect, and its change per standard deviation",
    )


def subgroups(result: Subgroups) -> Figure:
    """Draw the effect in everyone and in every level of each factor."""
    tests = {name: f"{name} (interaction {format_p(test.p_value)})" for name, test in result.interactions.items()}
    return estimates(
        (result.overall, *(row.effect for row in result.rows)),
        labels=("Everyone", *(row.level for row in result.rows)),
        groups=("", *(tests[row.factor] for row in result.rows)),
        name="subgroups",
        title="The effect in everyone and in each subgroup; the interaction is tested, not the levels.",
        caption=source(result.overall),
    )


def surrogacy(result: Surrogacy) -> Figure:
    """Draw the trials' effects on the endpoint against those on the biomarker, with the prediction for a new trial."""
    low, high = min(result.effects["biomarker"].min(), 0.0), max(result.effects["biomarker"].max(), 0.0)
    at = np.linspace(low, high, 41)
    line = pd.DataFrame([result.predict(float(x), result.slope.level) for x in at], columns=["y", "lower", "upper"])
    threshold = "none" if result.threshold_effect is None else f"{result.threshold_effect:.3f}"
    return points_and_line(
        result.effects.rename(columns={"biomarker": "x", "endpoint": "y"}),
        line.assign(x=at),
        name="surrogacy",
        title=f"Across {result.trials} trials the biomarker explains {100 * result.r_squared:.0f} % "
        "of the variance of the effect.",
        caption=f"{source(result.slope)} Band: prediction for a new, large trial. "
        f"Surrogate threshold effect: {threshold}.",
        axes=("Effect on the biomarker", "Effect on the endpoint"),
    )


def winners_curse(result: WinnersCurse) -> Figure:
    """Draw the estimate as reported and given that it was significant."""
    return estimates(
        (result.observed, result.conditional),
        labels=("As reported", "Given that it was significant"),
        name="winners-curse",
        title="What is left of a significant estimate when its selection is allowed for.",
    )


FIGURES: dict[type, Callable[[Any], Figure]] = {
    **CURVES,
    Assurance: assurance,
    BenefitCalibration: benefit_calibration,
    JointInteraction: joint_interaction,
    Mediation: mediation,
    RLearner: r_learner,
    Responder: responder,
    ShrinkageInteraction: shrinkage_interaction,
    Subgroups: subgroups,
    Surrogacy: surrogacy,
    WinnersCurse: winners_curse,
}
"""How each result of this chapter is drawn."""
