"""Two samples of one endpoint, checked."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.analyze.columns import is_finite
from calor.errors import AnalysisError


def check_samples(active: Float[np.ndarray, " a"], control: Float[np.ndarray, " c"]) -> None:
    """Refuse samples of fewer than two values, with gaps, or of one value throughout.

    Raises:
        AnalysisError: As it says.

    >>> check_samples(np.array([1.0, 2.0]), np.array([2.0, 2.0]))
    """
    for name, values in (("active", active), ("control", control)):
        usable = is_finite(values)
        if len(values) < 2 or not usable.all():
            got = f"{len(values)} values, {int(usable.sum())} finite"
            raise AnalysisError.must(name, "hold at least two values, all finite", got, fix="Drop the missing values.")
    if np.ptp(np.concatenate([active, control])) == 0:
        raise AnalysisError.must("active", "differ somewhere from control", "all values tied", fix="Check the column.")
