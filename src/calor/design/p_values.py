"""Stage-wise p-values, checked at the door."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from calor.errors import DesignError

_SMALLEST = 1e-300


def checked_p_values(
    p_values: Sequence[float] | Float[np.ndarray, " stage"], stages: int
) -> Float[np.ndarray, " stage"]:
    """Return stage-wise p-values as an array kept off 0 and 1, whose normal scores are infinite.

    Raises:
        DesignError: None or too many, or one outside 0 to 1.

    >>> checked_p_values([0.1, 0.2], 3)
    array([0.1, 0.2])
    """
    p = np.array(p_values, dtype=float)
    if p.ndim != 1 or not 1 <= p.size <= stages or not np.all((p >= 0) & (p <= 1)):
        raise DesignError.must(
            "p_values",
            f"be 1 to {stages} numbers between 0 and 1",
            np.asarray(p_values).tolist(),
            fix="Give one p-value per stage done.",
        )
    return np.asarray(np.clip(p, _SMALLEST, 1.0 - 1e-16))
