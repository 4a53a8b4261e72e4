"""The map that keeps a correlation between -1 and 1 while its parameter roams the real line."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def correlation(
    parameter: Float[np.ndarray, "*any"],
) -> tuple[Float[np.ndarray, "*any"], Float[np.ndarray, "*any"], Float[np.ndarray, "*any"]]:
    """Map real parameters to correlations, with first and second derivative.

    The correlation is x / sqrt(1 + x^2). Second-order Kenward-Roger standard errors depend on this choice.

    >>> [float(part) for part in correlation(np.array(0.0))]
    [0.0, 1.0, -0.0]
    """
    square = 1.0 + parameter * parameter
    return parameter / np.sqrt(square), square**-1.5, -3.0 * parameter * square**-2.5
