"""Worlds: what may be true of effect, link, prognosis and event rate, drawn together from what is believed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from calor.gate.belief import EffectCurves, believed, resampled
from calor.gate.population import DENSITY, NODES, Admitted
from calor.protocol.gate_beliefs import BeliefName, EventLink, MarkerWindow
from calor.protocol.gate_design import GateDesign

PerWorld = Float[np.ndarray, " world"]


@dataclass(frozen=True, eq=False)
class Worlds:
    """What may be true, an array element per world.

    Attributes:
        curves: Effect on inflammation over the long-term marker.
        link: Log hazard ratio per unit of effect on inflammation; 0 where the effect does nothing to events.
        prognosis: Log hazard ratio of control's events per SD of the long-term marker.
        rate: Control's event rate over the published one.
        start: How much it matters when treatment begins, in SDs of what is believed; 0 as stated.
    """

    curves: EffectCurves
    link: PerWorld
    prognosis: PerWorld
    rate: PerWorld
    start: PerWorld

    @property
    def size(self) -> int:
        """Number of worlds."""
        return int(self.link.size)

    @cached_property
    def effect(self) -> Float[np.ndarray, "world node"]:
        """Effect on inflammation at each of `NODES`."""
        return self.curves.at(NODES)

    @cached_property
    def control(self) -> Float[np.ndarray, "world node"]:
        """Control's hazard at each of `NODES`, over that at the median."""
        return np.asarray(np.exp(self.prognosis[:, None] * NODES))

    @cached_property
    def treated(self) -> Float[np.ndarray, "world node"]:
        """Hazard under treatment at each of `NODES`, over control's at the median."""
        return np.asarray(self.control * np.exp(self.link[:, None] * self.effect))

    @cached_property
    def weighed_effect(self) -> Float[np.ndarray, "world node"]:
        """Effect on inflammation times control's hazard."""
        return np.asarray(self.control * self.effect)

    def log_hazard_ratio(self, u: Float[np.ndarray, " node"] = NODES) -> Float[np.ndarray, "world node"]:
        """Return the log hazard ratio of events at each long-term marker."""
        return np.asarray(self.link[:, None] * self.curves.at(u))

    def take(self, which: np.ndarray) -> Worlds:
        """Return some of the worlds."""
        curves = replace(self.curves, level=self.curves.level[which], slope=self.curves.slope[which])
        return Worlds(curves, self.link[which], self.prognosis[which], self.rate[which], self.start[which])

    def in_window(self, window: MarkerWindow) -> Worlds:
        """Return the worlds with the link that holds if treatment begins in a window."""
        if window.link_factor == 1 and window.link_log_sd == 0:
            return self
        return replace(self, link=self.link * window.link_factor * np.exp(window.link_log_sd * self.start))

    def scaled(self, *, slope: float = 1.0, rate: float = 1.0) -> Worlds:
        """Return the worlds with every slope, and every event rate, multiplied."""
        return replace(self, curves=replace(self.curves, slope=slope * self.curves.slope), rate=rate * self.rate)

    def unmodified(self, at: float = 0.0) -> Worlds:
        """Return the worlds in which everybody has the effect of those at one long-term marker."""
        level = self.curves.at(np.array([at]))[:, 0]
        return replace(self, curves=replace(self.curves, level=level, slope=np.zeros_like(level)))

    def without_effect(self) -> Worlds:
        """Return the worlds in which events do not change."""
        return replace(self, link=np.zeros_like(self.link))


@dataclass(frozen=True, eq=False)
class Diluted:
    """What a log-rank test sees among those whom a gate lets in.

    Attributes:
        log_hazard_ratio: Of the arms' mean hazards: what an unstratified test sees while events are rare.
        log_average: Mean log hazard ratio over control's events: the textbook's dilution. It is further from none than
            what the test sees, the more so the more the ratio varies between participants.
        hazard: Control's hazard over that at the median long-term marker.
        effect: Average effect on inflammation among participants.
    """

    log_hazard_ratio: PerWorld
    log_average: PerWorld
    hazard: PerWorld
    effect: PerWorld


def diluted(worlds: Worlds, weights: Float[np.ndarray, " node"]) -> Diluted:
    """Average over the long-term markers of those let in.

    Args:
        worlds: What may be true.
        weights: Distribution of the long-term marker over `NODES`.

    Reference:
        Kalbfleisch JD, Prentice RL. Biometrika 1981;68:105-112 (average hazard ratio).

    >>> curves = EffectCurves(np.array([-0.1]), np.array([0.0]), (-1.0, 1.0))
    >>> one = Worlds(curves, np.array([2.0]), np.array([0.0]), np.array([1.0]), np.array([0.0]))
    >>> diluted(one, np.full(NODES.size, 1 / NODES.size)).log_hazard_ratio.round(3)
    array([-0.2])
    """
    hazard, treated, weighed, effect = (
        np.einsum("wn,n->w", table, weights)  # a threaded product waits for its threads, which takes longer
        for table in (worlds.control, worlds.treated, worlds.weighed_effect, worlds.effect)
    )
    return Diluted(np.log(treated / hazard), worlds.link * weighed / hazard, hazard, effect)


def outside(admitted: Admitted) -> Float[np.ndarray, " node"]:
    """Return the distribution of the long-term marker among those whom a gate turns away."""
    from_all = DENSITY * (1 - admitted.passes)
    return np.asarray(from_all / from_all.sum())


def prognosis_per_sd(plan: GateDesign) -> float:
    """Return the log hazard ratio per SD of the long-term marker, from that per SD of one noisy test."""
    return math.log(plan.prognosis.hazard_ratio_per_sd) / math.sqrt(plan.window(plan.reference_window).icc)


def link_draws(link: EventLink, size: int, rng: np.random.Generator) -> PerWorld:
    """Return draws of the link: 0 in its share of worlds, log-normal about the stated strength in the others.

    >>> one = EventLink(probability_none=0.25, effect=-0.171, hazard_ratio=0.8, log_sd=0.0)
    >>> link_draws(one, 4, np.random.default_rng(1)).round(3)
    array([1.305, 1.305, 0.   , 1.305])
    """
    strength = math.log(link.hazard_ratio) / link.effect
    drawn = strength * np.exp(link.log_sd * _normal(size, rng))
    none = rng.permutation(np.arange(size) < round(link.probability_none * size))
    return np.where(none, 0.0, drawn)


def draw_worlds(
    plan: GateDesign, curves: EffectCurves, average: PerWorld, belief: BeliefName, rng: np.random.Generator
) -> Worlds:
    """Draw worlds from what is believed; effect, link, prognosis, rate and start are independent of each other.

    Args:
        plan: Inputs.
        curves: Posterior draws of the finished trial, flat prior.
        average: Its average effect under each draw.
        belief: How far they are believed.
        rng: Random generator.
    """
    size = plan.effort.draws
    weights = believed(average, belief, sceptical_sd=plan.effect.sceptical_sd)
    which = resampled(weights, size, rng)
    chosen = replace(curves, level=curves.level[which], slope=curves.slope[which])
    known = plan.prognosis
    gradient = prognosis_per_sd(plan) + known.log_sd * _normal(size, rng)
    rate = np.exp(known.rate_log_sd * _normal(size, rng))
    link = link_draws(plan.link, size, rng)
    return Worlds(chosen, link, np.asarray(gradient), np.asarray(rate), _normal(size, rng))


def expected_world(plan: GateDesign, worlds: Worlds) -> Worlds:
    """Return the one world that sizes are planned for: mean effect curve, a link that acts, published rates."""
    curves = replace(
        worlds.curves, level=np.array([worlds.curves.level.mean()]), slope=np.array([worlds.curves.slope.mean()])
    )
    strength = np.array([math.log(plan.link.hazard_ratio) / plan.link.effect])
    rate = np.array([math.exp(float(np.log(worlds.rate).mean()))])
    return Worlds(curves, strength, np.array([prognosis_per_sd(plan)]), rate, np.zeros(1))


def _normal(size: int, rng: np.random.Generator) -> PerWorld:
    """Draw a stratified normal sample: one from each of `size` equally likely strata, shuffled."""
    return np.asarray(rng.permutation(ndtri((np.arange(size) + rng.random(size)) / size)))
