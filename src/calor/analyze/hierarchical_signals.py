"""Berry and Berry: adverse-event signals that borrow strength across the terms of a system organ class.

Events in the control arm are binomial with logit gamma, in the active arm with logit gamma + theta. Within class b,
gamma is normal and theta is exactly 0 with probability pi_b, otherwise normal. Class means share a common mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy.special import gammaln

from calor.analyze.event_count import EventCount
from calor.analyze.mcmc_convergence import effective_sample_size, r_hat
from calor.errors import AnalysisError

_LARGEST_R_HAT = 1.05
_Chains = Float[np.ndarray, "chains classes"]
_Terms = Float[np.ndarray, "chains terms"]


@dataclass(frozen=True)
class Sampling:
    """Say how long to sample.

    Attributes:
        chains: Independent chains, at least 2.
        warm_up: Draws thrown away in each chain.
        draws: Draws kept in each chain.
    """

    chains: int = 4
    warm_up: int = 1000
    draws: int = 4000


@dataclass(frozen=True, eq=False)
class HierarchicalSignals:
    """Hold the posterior of each term.

    Attributes:
        table: One row per term: soc, term, counts, `p_more` (posterior probability of more events in the active arm),
            `p_no_effect` (of exactly no effect), `odds_ratio` (posterior median) with `lower` and `upper` (95 %),
            `r_hat` and `effective_draws` of theta.
        draws: Draws kept in all chains.
    """

    table: pd.DataFrame
    draws: int

    def __str__(self) -> str:
        top = self.table.sort_values("p_more", ascending=False).iloc[0]
        return (
            f"Strongest of {len(self.table)} terms: {top['term']}, odds ratio {top['odds_ratio']:.2f} "
            f"(95 % interval {top['lower']:.2f} to {top['upper']:.2f}), probability of more events "
            f"{top['p_more']:.3f}; largest R-hat {self.table['r_hat'].max():.3f}, fewest effective draws "
            f"{self.table['effective_draws'].min():.0f} of {self.draws}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def hierarchical_signals(
    soc: Sequence[str],
    term: Sequence[str],
    active: Sequence[EventCount],
    control: Sequence[EventCount],
    *,
    rng: np.random.Generator,
    sampling: Sampling | None = None,
) -> HierarchicalSignals:
    """Estimate each term's odds ratio with partial pooling within and between system organ classes.

    Priors are Berry and Berry's: variances inverse gamma (3, 1), means normal (0, 10), the mixing probability beta with
    parameters exponential (1) above 1.

    Args:
        soc: System organ class of each term.
        term: Terms, each once.
        active: Participants with the term and participants, active arm.
        control: The same for the control arm.
        rng: Random generator.
        sampling: Length of the chains.

    Raises:
        AnalysisError: The lists differ in length, a term is repeated, `sampling` is too short to judge convergence, or
            the chains did not converge (R-hat above 1.05).

    Example:
        >>> counts = [EventCount(9, 32), EventCount(1, 32)], [EventCount(1, 31), EventCount(1, 31)]
        >>> result = hierarchical_signals(["Skin"] * 2, ["Rash", "Itch"], *counts, rng=np.random.default_rng(1))
        >>> list(result.table["p_more"].round(1))
        [0.9, 0.2]

    Reference:
        Berry SM, Berry DA. Biometrics 2004;60:418-426.
    """
    plan = sampling or Sampling()
    if plan.chains < 2 or plan.warm_up < 100 or plan.draws < 200:
        raise AnalysisError.must(
            "sampling", "have 2 chains, 100 warm-up and 200 draws at least", plan, fix="Take the default."
        )
    if not len(soc) == len(term) == len(active) == len(control) > 0 or len(set(term)) != len(term):
        raise AnalysisError.must(
            "soc, term, active and control",
            "have one entry for each term, each term once",
            [len(soc), len(term), len(active), len(control)],
            fix="Give one row per term.",
        )
    classes, of_class = np.unique(list(soc), return_inverse=True)
    counts = np.array(
        [(a.events, a.participants, c.events, c.participants) for a, c in zip(active, control, strict=True)]
    )
    theta = _sample(counts.T.astype(float), of_class, classes.size, plan, rng)
    rhats = np.array([r_hat(theta[:, :, at]) for at in range(len(term))])
    if rhats.max() > _LARGEST_R_HAT:
        raise AnalysisError.must(
            "sampling",
            f"be long enough for R-hat up to {_LARGEST_R_HAT}",
            f"{rhats.max():.2f}",
            where=str(term[int(rhats.argmax())]),
            fix="Double warm_up and draws.",
        )
    flat = theta.reshape(-1, len(term))
    lower, middle, upper = np.exp(np.quantile(flat, [0.025, 0.5, 0.975], axis=0))
    table = pd.DataFrame(
        {
            "soc": list(soc),
            "term": list(term),
            "active": [str(count) for count in active],
            "control": [str(count) for count in control],
            "p_more": (flat > 0).mean(axis=0),
            "p_no_effect": (flat == 0).mean(axis=0),
            "odds_ratio": middle,
            "lower": lower,
            "upper": upper,
            "r_hat": rhats,
            "effective_draws": [effective_sample_size(theta[:, :, at]) for at in range(len(term))],
        }
    )
    return HierarchicalSignals(table, plan.chains * plan.draws)


@dataclass
class _State:
    """The chains' current values; all chains move together, as rows."""

    gamma: _Terms
    theta: _Terms
    gamma_variance: Float[np.ndarray, "chains 1"]
    theta_variance: _Chains
    gamma_mean: _Chains
    theta_mean: _Chains
    no_effect: _Chains
    gamma_top: Float[np.ndarray, "chains 2"]
    theta_top: Float[np.ndarray, "chains 2"]
    mixing: Float[np.ndarray, "chains 2"] = field(default_factory=lambda: np.full((1, 2), 2.0))


def _sample(
    counts: Float[np.ndarray, "4 terms"],
    of_class: Int[np.ndarray, " terms"],
    classes: int,
    plan: Sampling,
    rng: np.random.Generator,
) -> Float[np.ndarray, "chains draws terms"]:
    """Run the chains and return the draws of theta."""
    x1, n1, x0, n0 = counts
    start = np.log((x0 + 0.5) / (n0 - x0 + 0.5))
    effect = np.log((x1 + 0.5) / (n1 - x1 + 0.5)) - start
    # Spread of the two logits, which sets the size of the steps.
    step0 = np.sqrt(1 / (x0 + 0.5) + 1 / (n0 - x0 + 0.5))
    step1 = np.sqrt(step0**2 + 1 / (x1 + 0.5) + 1 / (n1 - x1 + 0.5))
    shape = (plan.chains, classes)
    state = _State(
        gamma=start + rng.normal(size=(plan.chains, x1.size)) * step0,
        theta=effect + rng.normal(size=(plan.chains, x1.size)) * step1,
        gamma_variance=np.ones((plan.chains, 1)),
        theta_variance=np.ones(shape),
        gamma_mean=np.full(shape, start.mean()),
        theta_mean=np.zeros(shape),
        no_effect=rng.uniform(0.2, 0.8, size=shape),
        gamma_top=np.tile([start.mean(), 1.0], (plan.chains, 1)),
        theta_top=np.tile([0.0, 1.0], (plan.chains, 1)),
        mixing=1 + rng.exponential(size=(plan.chains, 2)),
    )
    kept = np.empty((plan.chains, plan.draws, x1.size))
    for draw in range(plan.warm_up + plan.draws):
        _move_gamma(state, counts, of_class, step0, rng)
        _move_theta(state, counts, of_class, (effect, step1), rng)
        _draw_classes(state, of_class, classes, rng)
        _draw_top(state, rng)
        if draw >= plan.warm_up:
            kept[:, draw - plan.warm_up] = state.theta
    return kept


def _log_binomial(x: np.ndarray, n: np.ndarray, logit: _Terms) -> _Terms:
    """Return the binomial log-likelihood up to a constant, safe for large logits."""
    return np.asarray(x * logit - n * np.logaddexp(0.0, logit))


def _move_gamma(
    state: _State, counts: np.ndarray, of_class: np.ndarray, step: np.ndarray, rng: np.random.Generator
) -> None:
    """Move every term's control logit by a random walk."""
    x1, n1, x0, n0 = counts
    mean, variance = state.gamma_mean[:, of_class], state.gamma_variance

    def target(gamma: _Terms) -> _Terms:
        likelihood = _log_binomial(x0, n0, gamma) + _log_binomial(x1, n1, gamma + state.theta)
        return np.asarray(likelihood - (gamma - mean) ** 2 / (2 * variance))

    proposal = state.gamma + 1.5 * step * rng.normal(size=state.gamma.shape)
    accept = np.log(rng.uniform(size=proposal.shape)) < target(proposal) - target(state.gamma)
    state.gamma = np.where(accept, proposal, state.gamma)


def _move_theta(
    state: _State,
    counts: np.ndarray,
    of_class: np.ndarray,
    guess: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> None:
    """Move every term's log odds ratio: between 0 and the rest half of the time, by a random walk otherwise."""
    x1, n1 = counts[0], counts[1]
    effect, step = guess
    mean, variance = state.theta_mean[:, of_class], state.theta_variance[:, of_class]
    weight = state.no_effect[:, of_class]

    def slab(theta: _Terms) -> _Terms:
        """Return the log of the prior's continuous part."""
        return np.asarray(np.log1p(-weight) - (theta - mean) ** 2 / (2 * variance) - np.log(2 * np.pi * variance) / 2)

    def likelihood(theta: _Terms) -> _Terms:
        return _log_binomial(x1, n1, state.gamma + theta)

    def log_jump(theta: _Terms) -> _Terms:
        return np.asarray(-(((theta - effect) / step) ** 2) / 2 - np.log(step) - np.log(2 * np.pi) / 2)

    jump = rng.uniform(size=state.theta.shape) < 0.5
    at_zero = state.theta == 0
    fresh = effect + step * rng.normal(size=jump.shape)
    walked = state.theta + step * rng.normal(size=jump.shape)
    away = np.where(at_zero, fresh, state.theta)
    # Odds of leaving 0 for `away`, and their inverse for coming back: target and proposal density on both sides.
    leave = likelihood(away) + slab(away) - log_jump(away) - likelihood(np.zeros_like(away)) - np.log(weight)
    walk = likelihood(walked) + slab(walked) - likelihood(state.theta) - slab(state.theta)
    log_ratio = np.where(jump, np.where(at_zero, leave, -leave), np.where(at_zero, -np.inf, walk))
    proposal = np.where(jump, np.where(at_zero, fresh, 0.0), walked)
    accept = np.log(rng.uniform(size=jump.shape)) < log_ratio
    state.theta = np.where(accept, proposal, state.theta)


def _draw_classes(state: _State, of_class: np.ndarray, classes: int, rng: np.random.Generator) -> None:
    """Draw the class means, variances and mixing probabilities from their full conditionals."""
    member = np.eye(classes)[of_class]
    size = member.sum(axis=0)
    state.gamma_mean = _normal_mean(state.gamma @ member, size, state.gamma_variance, state.gamma_top, rng)
    squares = ((state.gamma - state.gamma_mean[:, of_class]) ** 2).sum(axis=1, keepdims=True)
    state.gamma_variance = _inverse_gamma(3 + of_class.size / 2, 1 + squares / 2, rng)
    effect = (state.theta != 0).astype(float)
    number = effect @ member
    state.theta_mean = _normal_mean(state.theta @ member, number, state.theta_variance, state.theta_top, rng)
    squares = (effect * (state.theta - state.theta_mean[:, of_class]) ** 2) @ member
    state.theta_variance = _inverse_gamma(3 + number / 2, 1 + squares / 2, rng)
    drawn = rng.beta(state.mixing[:, :1] + size - number, state.mixing[:, 1:] + number)
    # A beta draw may round to 0 or 1, whose logarithms would stop the chain.
    state.no_effect = np.clip(drawn, 1e-12, 1 - 1e-12)


def _draw_top(state: _State, rng: np.random.Generator) -> None:
    """Draw what the classes share: the means' mean and variance, and the mixing probability's parameters."""
    for means, top in ((state.gamma_mean, state.gamma_top), (state.theta_mean, state.theta_top)):
        classes = means.shape[1]
        precision = classes / top[:, 1] + 1 / 10
        top[:, 0] = means.sum(axis=1) / top[:, 1] / precision + rng.normal(size=len(top)) / np.sqrt(precision)
        squares = ((means - top[:, :1]) ** 2).sum(axis=1)
        top[:, 1] = _inverse_gamma(3 + classes / 2, 1 + squares / 2, rng)
    for side, logs in ((0, np.log(state.no_effect)), (1, np.log1p(-state.no_effect))):
        _move_mixing(state, side, logs.sum(axis=1), rng)


def _move_mixing(state: _State, side: int, logs: np.ndarray, rng: np.random.Generator) -> None:
    """Move one parameter of the mixing probability's beta on the log scale of its excess over 1."""
    classes = state.no_effect.shape[1]
    now, other = state.mixing[:, side], state.mixing[:, 1 - side]
    proposal = 1 + (now - 1) * np.exp(rng.normal(size=now.size))

    def target(a: np.ndarray) -> np.ndarray:
        normalizer = gammaln(a + other) - gammaln(a) - gammaln(other)
        return np.asarray(classes * normalizer + a * logs - a + np.log(a - 1))

    accept = np.log(rng.uniform(size=now.size)) < target(proposal) - target(now)
    state.mixing[:, side] = np.where(accept, proposal, now)


def _normal_mean(
    total: _Chains, number: np.ndarray, variance: np.ndarray, top: np.ndarray, rng: np.random.Generator
) -> _Chains:
    precision = number / variance + 1 / top[:, 1:]
    mean = (total / variance + top[:, :1] / top[:, 1:]) / precision
    return np.asarray(mean + rng.normal(size=mean.shape) / np.sqrt(precision))


def _inverse_gamma(shape: np.ndarray | float, rate: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(rate / rng.gamma(shape, size=np.shape(rate)))
