"""The uniform draws that every method takes: two for each participant."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.errors import EnrollError


def checked_draws(draws: Float[np.ndarray, "participant 2"], participants: int) -> Float[np.ndarray, "participant 2"]:
    """Return the draws as floats once there are two in [0, 1) for each participant.

    Raises:
        EnrollError: There are more or fewer, or one lies outside.

    Example:
        >>> checked_draws([[0.5, 0.1]], 1)
        array([[0.5, 0.1]])
    """
    draws = np.asarray(draws, dtype=float)
    if draws.shape != (participants, 2) or not ((draws >= 0) & (draws < 1)).all():
        rule = f"hold two draws in [0, 1) for each of {participants} participants"
        raise EnrollError.must("draws", rule, f"shape {draws.shape}", fix="Give rng.random((n, 2)).")
    return draws
