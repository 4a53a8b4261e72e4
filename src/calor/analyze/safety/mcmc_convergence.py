"""Convergence of Markov chains: split R-hat and effective sample size."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.errors import AnalysisError


def r_hat(draws: Float[np.ndarray, "chains draws"]) -> float:
    """Return the split R-hat of one quantity; near 1 when the chains agree with each other and with themselves.

    Each chain is cut in halves, so that a drift shows too. Chains that never move, all at one value, agree: 1.

    Args:
        draws: Draws after warm-up, one row per chain.

    Raises:
        AnalysisError: A draw is not finite, or a chain has fewer than four.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> r_hat(rng.normal(size=(4, 1000))) < 1.01
        True

    Reference:
        Gelman A, et al. Bayesian Data Analysis, 3rd ed., 2013, section 11.4.
    """
    halves = _split(draws)
    n = halves.shape[1]
    within = halves.var(axis=1, ddof=1).mean()
    between = n * halves.mean(axis=1).var(ddof=1)
    if within == 0:
        return 1.0 if between == 0 else float("inf")
    return float(np.sqrt(((n - 1) / n * within + between / n) / within))


def effective_sample_size(draws: Float[np.ndarray, "chains draws"]) -> float:
    """Return how many independent draws the chains are worth for a mean.

    Autocorrelations are summed in pairs while the pairs stay positive and falling.

    Args:
        draws: Draws after warm-up, one row per chain.

    Raises:
        AnalysisError: A draw is not finite, or a chain has fewer than four.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> 3000 < effective_sample_size(rng.normal(size=(4, 1000))) <= 5000
        True

    Reference:
        Geyer CJ. Stat Sci 1992;7:473-483. Gelman A, et al. Bayesian Data Analysis, 3rd ed., 2013, section 11.5.
    """
    halves = _split(draws)
    chains, n = halves.shape
    centered = halves - halves.mean(axis=1, keepdims=True)
    size = 2 ** int(np.ceil(np.log2(2 * n)))
    spectrum = np.fft.rfft(centered, size, axis=1)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum), size, axis=1)[:, :n].mean(axis=0) / n
    within = covariance[0] * n / (n - 1)
    total = within * (n - 1) / n + halves.mean(axis=1).var(ddof=1)
    if total == 0:
        return float(chains * n)
    correlation = 1 - (within - covariance * n / (n - 1)) / total
    correlation[0] = 1.0
    pairs = correlation[: n - n % 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0)
    pairs = np.minimum.accumulate(pairs[: negative[0]] if negative.size else pairs)
    # No claim beyond the logarithmic bonus that antithetic chains may have.
    return float(min(chains * n / (2 * pairs.sum() - 1), chains * n * np.log10(chains * n)))


def _split(draws: Float[np.ndarray, "chains draws"]) -> Float[np.ndarray, "halves half"]:
    if draws.ndim != 2 or len(draws) < 1 or draws.shape[1] < 4 or not np.isfinite(draws).all():
        got = f"shape {draws.shape}"
        raise AnalysisError.must("draws", "be finite, at least four of each chain", got, fix="Draw more.")
    half = draws.shape[1] // 2
    return np.asarray(draws[:, : 2 * half].reshape(-1, half), dtype=float)
