"""Adjust random draws so that their summaries equal given ones exactly, and keep what else they are like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from calor.errors import SimulationError


def with_mean_sd(draws: Float[np.ndarray, " n"], mean: float, sd: float, decimals: int) -> Float[np.ndarray, " n"]:
    """Shift, scale and round draws to a mean and standard deviation.

    Rounding moves the mean; single values are nudged by one unit of the last decimal, those nearest to the next unit
    first, until the total is right to that unit.

    Args:
        draws: Values with the shape wanted.
        mean: Mean of the result.
        sd: Standard deviation (n - 1) of the result, before rounding.
        decimals: Decimals of the result.

    Returns:
        The adjusted values, in the order of the draws.

    Raises:
        SimulationError: There are fewer than three draws, or they do not vary.

    >>> with_mean_sd(np.array([0.3, -1.2, 0.8, 2.0]), 2.39, 0.28, 2).mean().round(3)
    np.float64(2.39)
    """
    spread = np.std(draws, ddof=1) if len(draws) > 2 else 0.0
    if spread <= 0:
        raise SimulationError.must("draws", "be three or more that vary", len(draws), fix="Draw more.")
    unit = 10.0**-decimals
    wanted = ((draws - draws.mean()) / spread * sd + mean) / unit
    units = np.round(wanted)
    short = round(mean * len(draws) / unit - units.sum())
    nearest = np.argsort((units - wanted) * np.sign(short), kind="stable")[: abs(short)]
    units[nearest] += np.sign(short)
    adjusted: Float[np.ndarray, " n"] = np.round(units * unit, decimals)
    return adjusted


def with_ranks(
    draws: Float[np.ndarray, " n"], ranks: Mapping[int, float], decimals: int, *, log: bool = False
) -> Float[np.ndarray, " n"]:
    """Map draws, order kept, so that the values at given ranks are given values.

    Between the ranks the map is linear (on the logarithm where `log`). A quartile that lies between two ranks is fixed
    by giving both its value: then every definition of the quartile agrees.

    Args:
        draws: Values with the order wanted.
        ranks: Value at each rank; ranks count from 1, and 1 and n must be among them.
        decimals: Decimals of the result.
        log: Map the logarithm.

    Returns:
        The mapped values, in the order of the draws.

    Raises:
        SimulationError: The ranks lack an end, or the values decrease.

    >>> with_ranks(np.array([0.1, 2.0, 0.4, -1.0, 0.2]), {1: 34, 3: 55, 5: 75}, 0)
    array([53., 75., 57., 34., 55.])
    """
    at = np.array(sorted(ranks))
    values = np.array([ranks[int(rank)] for rank in at], dtype="float64")
    if at[0] != 1 or at[-1] != len(draws) or np.any(np.diff(values) < 0) or (log and values[0] <= 0):
        raise SimulationError.must(
            "ranks", f"run from 1 to {len(draws)} with values that do not decrease", dict(ranks), fix="Give both ends."
        )
    order = np.argsort(draws, kind="stable")
    knots = draws[order][at - 1]
    targets = np.log(values) if log else values
    mapped = np.interp(draws, knots, targets)
    out: Float[np.ndarray, " n"] = np.round(np.exp(mapped) if log else mapped, decimals)
    out[order[at - 1]] = values
    return out


def residuals_with(
    draws: Float[np.ndarray, " n"],
    design: Float[np.ndarray, "n p"],
    sum_of_squares: float,
    extra: Float[np.ndarray, "n q"] | None = None,
    cross_products: Float[np.ndarray, " q"] | None = None,
) -> Float[np.ndarray, " n"]:
    """Make residuals that a regression on `design` leaves exactly, with a given sum of squares.

    Args:
        draws: Values with the shape wanted.
        design: Columns of the regression; the result is orthogonal to each.
        sum_of_squares: Of the result.
        extra: Further columns, whose products with the result are given: so a model with them has given coefficients.
        cross_products: Those products.

    Returns:
        The residuals.

    Raises:
        SimulationError: The cross products alone need more than the sum of squares.

    >>> x = np.column_stack([np.ones(5), [0.0, 0.0, 1.0, 1.0, 1.0]])
    >>> e = residuals_with(np.array([0.3, -1.2, 0.8, 2.0, 0.1]), x, 4.0)
    >>> np.abs(x.T @ e).max() < 1e-12, round(float(e @ e), 9)
    (np.True_, 4.0)
    """
    fixed = np.zeros(len(draws))
    columns = design
    if extra is not None and cross_products is not None:
        left = extra - design @ np.linalg.lstsq(design, extra, rcond=None)[0]
        fixed = left @ np.linalg.solve(left.T @ left, cross_products)
        columns = np.column_stack([design, extra])
    free = draws - columns @ np.linalg.lstsq(columns, draws, rcond=None)[0]
    rest = sum_of_squares - fixed @ fixed
    if rest <= 0:
        raise SimulationError.must(
            "sum_of_squares", f"exceed {fixed @ fixed:.3g}", f"{sum_of_squares:.3g}", fix="Lower the cross products."
        )
    residuals: Float[np.ndarray, " n"] = fixed + free * np.sqrt(rest / (free @ free))
    return residuals
