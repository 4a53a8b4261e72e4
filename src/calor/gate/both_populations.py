"""Designs that begin with everyone and test both populations: simulated, carried over by control variates."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from calor.gate.calendar import Conditions, Course, course, restricted_months
from calor.gate.expense import cost
from calor.gate.option import Option, Outlook, option
from calor.gate.situation import GateStudy, Seen, representative
from calor.gate.trial_designs import FULL, PARTS, enrichment
from calor.gate.worlds import PerWorld, Worlds
from calor.simulate import parts
from calor.simulate.parts import Parts
from calor.simulate.simulate import simulate

SIZING_TRIALS = 4000


def both_populations(study: GateStudy, design: str, events: float | None = None) -> Option:
    """Evaluate a gate that divides the full population into those who pass and the others.

    Every simulation has the same seed (common random numbers), so that gates, designs and worlds differ by what they
    are and not by luck.

    Args:
        study: The gate.
        design: "stratified" or "adaptive".
        events: At the last look; None for those that the power aimed at needs.
    """
    plan, effort = study.plan, study.plan.effort
    truth = truths(study, study.one)[0]
    everyone = study.conditions(study.one.everyone, 1.0)
    run = course(plan, everyone, _events(study, design, truth) if events is None else events)
    made = enrichment(plan, design, run.events)
    few = representative(study.here.worlds, effort.worlds)
    runs = [
        simulate(made, truth, trials=effort.trials, seed=effort.seed, target_se=effort.target_se)
        for truth in truths(study, study.seen(few))
    ]
    success, se = _carried_over(study, np.array([r.power_any.value for r in runs]), few, run.events)
    for_all, _ = _carried_over(study, np.array([r.power[FULL].value for r in runs]), few, run.events)
    planned = simulate(made, truth, trials=SIZING_TRIALS, seed=effort.seed)
    alike = truths(study, study.seen(study.here.expected.unmodified()))[0]
    false_high = simulate(made, alike, trials=SIZING_TRIALS, seed=effort.seed)
    restricted = 1 - planned.followed_at[FULL][-1].value if design == "adaptive" else 0.0
    run = _mixed(study, run, everyone, restricted)
    outlook = Outlook(
        power=planned.power_any.value,
        success=success,
        simulation_se=se,
        for_all=np.minimum(for_all, success),
        cost=np.full(success.size, cost(study, run.participants, 1.0, run.months)),
        false_high=false_high.power_any.value - false_high.power[FULL].value,
    )
    return option(study, design, run, outlook)


def truths(study: GateStudy, seen: Seen) -> list[Parts]:
    """Return what is true of those who do not pass and those who do, one for each world.

    Args:
        study: The gate.
        seen: Its populations in some worlds.
    """
    shares = np.array([1 - study.share, study.share])
    hazards = np.column_stack([seen.negative.hazard, seen.positive.hazard]) * shares
    ratios = np.exp(np.column_stack([seen.negative.log_hazard_ratio, seen.positive.log_hazard_ratio]))
    weights = hazards / hazards.sum(axis=1, keepdims=True)
    return [parts.survival(PARTS, w / w.sum(), r) for w, r in zip(weights, ratios, strict=True)]


def _events(study: GateStudy, design: str, truth: Parts) -> float:
    """Return the events for the power aimed at, given that the drift grows as their square root."""
    plan, curve, aim = study.plan, study.here.curve, study.plan.test.power
    alone = curve.events(float(study.one.positive.log_hazard_ratio[0]), aim) / float(truth.truth.shares[1])
    events = min(alone, curve.events(float(study.one.everyone.log_hazard_ratio[0]), aim))
    critical = -float(ndtri(plan.test.alpha))
    for _ in range(4):
        run = simulate(enrichment(plan, design, events), truth, trials=SIZING_TRIALS, seed=plan.effort.seed)
        reached = critical + float(ndtri(np.clip(run.power_any.value, 0.01, 0.999)))
        events *= min(((critical + float(ndtri(aim))) / max(reached, 0.5)) ** 2, 4.0)
    return events


def _mixed(study: GateStudy, run: Course, everyone: Conditions, restricted: float) -> Course:
    """Average the courses of a trial that restricts with some probability."""
    if restricted <= 0:
        return run
    positive = study.conditions(study.one.positive, study.share)
    months, participants = restricted_months(study.plan, run, everyone, positive)
    return replace(
        run,
        participants=(1 - restricted) * run.participants + restricted * participants,
        months=(1 - restricted) * run.months + restricted * months,
        longest=max(run.months, months),
    )


def _carried_over(study: GateStudy, found: PerWorld, few: Worlds, events: float) -> tuple[PerWorld, float]:
    """Carry chances simulated in a few worlds over to all of them.

    The powers of testing either population alone are known in every world; what is simulated is regressed on them,
    and the regression speaks for the worlds that were not simulated (control variates).

    Returns:
        The chance in each world, and the standard error of its mean.

    Reference:
        Glasserman P. Monte Carlo Methods in Financial Engineering. Springer 2003, section 4.1.
    """
    known = [_alone(study, seen, events) for seen in (study.seen(few), study.all)]
    columns = [np.column_stack([np.ones(len(x)), x, x.max(axis=1), x.prod(axis=1)]) for x in known]
    coefficients, *_ = np.linalg.lstsq(columns[0], found, rcond=None)
    residual = found - columns[0] @ coefficients
    df = max(found.size - columns[0].shape[1], 1)
    se = math.sqrt(float(residual @ residual) / df / found.size)
    return np.clip(columns[1] @ coefficients, 0.0, 1.0), se


def _alone(study: GateStudy, seen: Seen, events: float) -> Float[np.ndarray, "world population"]:
    """Return the power of testing the biomarker-positive alone, and everyone alone."""
    part = study.share * seen.positive.hazard
    share = part / (part + (1 - study.share) * seen.negative.hazard)
    curve = study.here.curve
    positive = curve(-seen.positive.log_hazard_ratio * np.sqrt(events * share) / 2)
    return np.column_stack([positive, curve.of_events(seen.everyone.log_hazard_ratio, events)])
