"""One chain of a hierarchical binomial model whose differences are a mixture of zero and a normal.

Cell j of group b: x0 ~ Bin(n0, g), x1 ~ Bin(n1, g + d) on the logit scale; g ~ N(mu_b, s2); d is 0 with probability
pi_b, otherwise N(m_b, v_b). Group means have normal hyperpriors N(0, 10) with inverse gamma (3, 1) variances; pi_b is
beta(a, b) with a - 1 and b - 1 exponential(1).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True)
def _log_binomial(x: float, n: float, logit: float) -> float:
    """Return the binomial log-likelihood up to a constant, safe for large logits."""
    if logit > 0:
        return x * logit - n * (logit + math.log1p(math.exp(-logit)))
    return x * logit - n * math.log1p(math.exp(logit))


@njit(cache=True)
def _log_normal(x: float, mean: float, variance: float) -> float:
    """Return the normal log-density up to the constant that all densities share."""
    return -((x - mean) ** 2) / (2.0 * variance) - 0.5 * math.log(variance)


@njit(cache=True)
def _inverse_gamma(rng: np.random.Generator, shape: float, rate: float) -> float:
    return rate / rng.standard_gamma(shape)


@njit(cache=True)
def _guess(x: float, n: float) -> tuple[float, float]:
    """Return a normal guess of a logit: center and variance, wider than the likelihood to be safe as a proposal."""
    return math.log((x + 0.5) / (n - x + 0.5)), 1.5 * (1.0 / (x + 0.5) + 1.0 / (n - x + 0.5))


@njit(cache=True)
def _switch(
    cell: np.ndarray, g: float, d: float, base: np.ndarray, slab: np.ndarray, pi: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Propose to switch d between zero and not, redrawing g with it from guesses of the likelihood alone."""
    x1, n1, x0, n0 = cell
    center0, variance0 = _guess(x0, n0)
    center1, variance1 = _guess(x1, n1)
    both, variance_both = _guess(x0 + x1, n0 + n1)
    if d == 0.0:
        g_zero, g_not = g, center0 + math.sqrt(variance0) * rng.standard_normal()
        logit = center1 + math.sqrt(variance1) * rng.standard_normal()
        d_not = logit - g_not
    else:
        g_zero, g_not, d_not = both + math.sqrt(variance_both) * rng.standard_normal(), g, d
        logit = g + d
    at_zero = _log_binomial(x0, n0, g_zero) + _log_binomial(x1, n1, g_zero) + _log_normal(g_zero, base[0], base[1])
    at_zero += math.log(pi) - _log_normal(g_zero, both, variance_both)
    elsewhere = _log_binomial(x0, n0, g_not) + _log_binomial(x1, n1, logit) + _log_normal(g_not, base[0], base[1])
    elsewhere += math.log1p(-pi) + _log_normal(d_not, slab[0], slab[1])
    elsewhere -= _log_normal(g_not, center0, variance0) + _log_normal(logit, center1, variance1)
    # The factors of sqrt(2 pi) that the log-densities leave out cancel on each side.
    gain = elsewhere - at_zero if d == 0.0 else at_zero - elsewhere
    if math.log(rng.random()) < gain:
        return (g_not, d_not) if d == 0.0 else (g_zero, 0.0)
    return g, d


@njit(cache=True)
def _walk(
    cell: np.ndarray, g: float, d: float, base: np.ndarray, slab: np.ndarray, rng: np.random.Generator
) -> tuple[float, float]:
    """Move g, then d where it is not zero, by random walks as wide as the likelihood."""
    x1, n1, x0, n0 = cell
    _, variance0 = _guess(x0, n0)
    _, variance1 = _guess(x1, n1)
    new = g + math.sqrt(variance0) * rng.standard_normal()
    gain = _log_binomial(x0, n0, new) + _log_binomial(x1, n1, new + d) + _log_normal(new, base[0], base[1])
    gain -= _log_binomial(x0, n0, g) + _log_binomial(x1, n1, g + d) + _log_normal(g, base[0], base[1])
    if math.log(rng.random()) < gain:
        g = new
    if d != 0.0:
        new = d + 1.5 * math.sqrt(variance1) * rng.standard_normal()
        gain = _log_binomial(x1, n1, g + new) + _log_normal(new, slab[0], slab[1])
        gain -= _log_binomial(x1, n1, g + d) + _log_normal(d, slab[0], slab[1])
        if math.log(rng.random()) < gain:
            d = new
    return g, d


@njit(cache=True)
def _mean_given(total: float, number: float, variance: float, top: np.ndarray, rng: np.random.Generator) -> float:
    """Draw a group mean given its members' total and the distribution of group means."""
    precision = number / variance + 1.0 / top[1]
    return float((total / variance + top[0] / top[1]) / precision + rng.standard_normal() / math.sqrt(precision))


@njit(cache=True)
def _draw_top(means: np.ndarray, top: np.ndarray, rng: np.random.Generator) -> None:
    """Draw mean and variance of the group means, in place."""
    precision = means.size / top[1] + 0.1
    top[0] = means.sum() / top[1] / precision + rng.standard_normal() / math.sqrt(precision)
    top[1] = _inverse_gamma(rng, 3.0 + means.size / 2.0, 1.0 + ((means - top[0]) ** 2).sum() / 2.0)


@njit(cache=True)
def _move_mixing(mixing: np.ndarray, side: int, logs: float, groups: int, rng: np.random.Generator) -> None:
    """Move one parameter of the beta on the log scale of its excess over 1, in place."""
    now, other = mixing[side], mixing[1 - side]
    new = 1.0 + (now - 1.0) * math.exp(rng.standard_normal())
    gain = groups * (math.lgamma(new + other) - math.lgamma(new) - math.lgamma(now + other) + math.lgamma(now))
    gain += (new - now) * (logs - 1.0) + math.log(new - 1.0) - math.log(now - 1.0)
    if math.log(rng.random()) < gain:
        mixing[side] = new


@njit(cache=True)
def _draw_groups(
    g: np.ndarray,
    d: np.ndarray,
    group: np.ndarray,
    base: np.ndarray,
    slab: np.ndarray,
    tops: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw each group's means and variances in place; return how many cells it has and how many differ from zero."""
    groups = base.shape[0]
    totals, counts, squares = np.zeros((groups, 2)), np.zeros((groups, 2)), np.zeros((groups, 2))
    for j in range(g.size):
        totals[group[j], 0] += g[j]
        totals[group[j], 1] += d[j]
        counts[group[j], 0] += 1.0
        if d[j] != 0.0:
            counts[group[j], 1] += 1.0
    for b in range(groups):
        base[b, 0] = _mean_given(totals[b, 0], counts[b, 0], base[b, 1], tops[0], rng)
        slab[b, 0] = _mean_given(totals[b, 1], counts[b, 1], slab[b, 1], tops[1], rng)
    for j in range(g.size):
        squares[group[j], 0] += (g[j] - base[group[j], 0]) ** 2
        if d[j] != 0.0:
            squares[group[j], 1] += (d[j] - slab[group[j], 0]) ** 2
    base[:, 1] = _inverse_gamma(rng, 3.0 + g.size / 2.0, 1.0 + squares[:, 0].sum() / 2.0)
    for b in range(groups):
        slab[b, 1] = _inverse_gamma(rng, 3.0 + counts[b, 1] / 2.0, 1.0 + squares[b, 1] / 2.0)
    return counts


@njit(cache=True)
def _draw_shares(pi: np.ndarray, mixing: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> None:
    """Draw each group's share of zeros and the beta they come from, in place."""
    logs, logs_rest = 0.0, 0.0
    for b in range(pi.size):
        share = rng.beta(mixing[0] + counts[b, 0] - counts[b, 1], mixing[1] + counts[b, 1])
        # A beta draw may round to 0 or 1, whose logarithms would stop the chain.
        pi[b] = min(max(share, 1e-12), 1.0 - 1e-12)
        logs += math.log(pi[b])
        logs_rest += math.log1p(-pi[b])
    _move_mixing(mixing, 0, logs, pi.size, rng)
    _move_mixing(mixing, 1, logs_rest, pi.size, rng)


@njit(cache=True)
def sample_chain(
    cells: np.ndarray, group: np.ndarray, groups: int, warm_up: int, kept: np.ndarray, rng: np.random.Generator
) -> None:
    """Fill `kept` (draws by cells) with draws of the differences, after `warm_up` draws thrown away.

    `cells` has one row (x1, n1, x0, n0) per cell and `group` the cell's group from 0.
    """
    size = cells.shape[0]
    g, d = np.empty(size), np.empty(size)
    for j in range(size):
        center0, variance0 = _guess(cells[j, 2], cells[j, 3])
        center1, variance1 = _guess(cells[j, 0], cells[j, 1])
        g[j] = center0 + math.sqrt(variance0) * rng.standard_normal()
        d[j] = center1 - g[j] + math.sqrt(variance1) * rng.standard_normal()
    # Mean and variance of g (one variance for all groups) and of d in each group, then of the group means.
    base, slab = np.ones((groups, 2)), np.ones((groups, 2))
    base[:, 0], slab[:, 0] = g.mean(), 0.0
    tops = np.array([[g.mean(), 1.0], [0.0, 1.0]])
    pi = np.full(groups, 0.5)
    mixing = np.array([1.0 + rng.standard_exponential(), 1.0 + rng.standard_exponential()])
    for draw in range(warm_up + kept.shape[0]):
        for j in range(size):
            b = group[j]
            g[j], d[j] = _switch(cells[j], g[j], d[j], base[b], slab[b], pi[b], rng)
            g[j], d[j] = _walk(cells[j], g[j], d[j], base[b], slab[b], rng)
        counts = _draw_groups(g, d, group, base, slab, tops, rng)
        _draw_shares(pi, mixing, counts, rng)
        _draw_top(base[:, 0], tops[0], rng)
        _draw_top(slab[:, 0], tops[1], rng)
        if draw >= warm_up:
            kept[draw - warm_up] = d
