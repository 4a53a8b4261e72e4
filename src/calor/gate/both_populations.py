"""Designs that begin with everyone and test both populations: simulated in every world."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, ndtri

from calor.gate.calendar import Conditions, Course, course, look_months, restricted_months
from calor.gate.expense import cost
from calor.gate.option import Option, Outlook, option
from calor.gate.situation import GateStudy, Seen
from calor.gate.trial_designs import FULL, PARTS, enrichment, looks_of
from calor.gate.worlds import PerWorld
from calor.kernels.enrichment_statistics import enrichment_trials
from calor.simulate import parts
from calor.simulate.blocks import empty_results
from calor.simulate.enrichment import Enrichment
from calor.simulate.monte_carlo import Rate
from calor.simulate.parts import Parts
from calor.simulate.trials import simulate

SIZING_TRIALS = 4000
LEAST_TRIALS = 10
"""In each world."""


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
    success, for_all, se = _success(study, made, run.events)
    planned = simulate(made, truth, trials=SIZING_TRIALS, seed=effort.seed)
    same_for_all = truths(study, study.seen(study.here.expected.unmodified()))[0]
    alike = simulate(made, same_for_all, trials=SIZING_TRIALS, seed=effort.seed)
    last = planned.reached[-1].value
    restricted = 1 - planned.followed_at[FULL][-1].value / last if design == "adaptive" and last > 0 else 0.0
    early = look_months(plan, everyone, run, looks_of(plan, design))
    run = _mixed(study, run, everyone, restricted)
    stops = [won.value + lost.value for won, lost in zip(planned.success_at, planned.futile_at, strict=True)][:-1]
    outlook = Outlook(
        power=planned.power_any.value,
        success=success,
        simulation_se=se,
        for_all=np.minimum(for_all, success),
        cost=np.full(success.size, cost(study, run.participants, 1.0, run.months)),
        expected_months=last * run.months + sum(p * at for p, at in zip(stops, early, strict=True)),
        power_se=planned.power_any.se,
        false_high=Rate.of((alike.power_any.value - alike.power[FULL].value) * alike.trials, alike.trials),
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


def _success(study: GateStudy, made: Enrichment, events: float) -> tuple[PerWorld, PerWorld, float]:
    """Simulate some trials in every world, and smooth over the worlds.

    A few trials in each of many worlds say little of any one and much of their mean. What they say of one is regressed
    on the powers of testing either population alone, which are known; the regression has an intercept, so that its
    mean is that of the simulated trials. Trials of different worlds have different random numbers, and the same world
    the same ones in every gate and design.

    Returns:
        Chance of any rejection, and of the full population's, in each world; standard error of the first one's mean.
    """
    alone, effort = _alone(study, study.all, events), study.plan.effort
    likely = alone.max(axis=1)
    wanted = float((likely * (1 - likely)).mean()) / (likely.size * effort.target_se**2)
    trials = min(max(math.ceil(wanted), LEAST_TRIALS), effort.trials)
    room = empty_results(trials, made.looks, len(made.populations))
    given = np.full((trials, made.looks), -1, dtype=np.int64)
    full, plan = list(made.populations).index(FULL), made.plan(PARTS)
    found = np.empty((likely.size, 2))
    for world, truth in enumerate(truths(study, study.all)):
        enrichment_trials(effort.seed, world * trials, plan, truth.truth, None, given, room)  # Simes: no correlations
        rejected = room.rejected[np.arange(trials), room.stages - 1]
        found[world] = np.count_nonzero(rejected), np.count_nonzero(rejected >> full & 1)
    found /= trials
    known = np.column_stack([np.ones(likely.size), alone, alone**2, likely, alone.prod(axis=1)])
    kept = _kept(study, events)[:, None]
    known = np.column_stack([known, kept * known])
    # Normal equations by einsum: a threaded least-squares fit waits for its threads, which takes longer.
    squares, products = np.einsum("wi,wj->ij", known, known), np.einsum("wi,wj->ij", known, found)
    fitted = np.einsum("wi,ij->wj", known, np.linalg.pinv(squares, rcond=1e-12, hermitian=True) @ products)
    smooth = np.clip(fitted, 0.0, 1.0)
    smooth = np.clip(smooth + found.mean(axis=0) - smooth.mean(axis=0), 0.0, 1.0)  # what clipping took from the mean
    se = math.sqrt(float((smooth[:, 0] * (1 - smooth[:, 0])).mean()) / (trials * likely.size))
    return smooth[:, 0], smooth[:, 1], se


def _kept(study: GateStudy, events: float) -> PerWorld:
    """Return the chance, in each world, that the full population does not fall short by too much at the first look."""
    share, first = _share_of_events(study, study.all), study.plan.test.looks[0] * events
    apart = study.all.positive.log_hazard_ratio - study.all.everyone.log_hazard_ratio
    return np.asarray(ndtr((apart + study.plan.test.restrict_beyond) / np.sqrt(4 / first * (1 / share - 1))))


def _alone(study: GateStudy, seen: Seen, events: float) -> Float[np.ndarray, "world population"]:
    """Return the power of testing the biomarker-positive alone, and everyone alone."""
    curve = study.here.curve
    positive = curve(-seen.positive.log_hazard_ratio * np.sqrt(events * _share_of_events(study, seen)) / 2)
    return np.column_stack([positive, curve.of_events(seen.everyone.log_hazard_ratio, events)])


def _share_of_events(study: GateStudy, seen: Seen) -> PerWorld:
    """Return the biomarker-positive share of the full population's events."""
    part = study.share * seen.positive.hazard
    return np.asarray(part / (part + (1 - study.share) * seen.negative.hazard))
