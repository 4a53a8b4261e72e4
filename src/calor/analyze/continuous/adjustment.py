"""Columns that a linear analysis adjusts for: each says something of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from calor.errors import AnalysisError

_DEPENDENT = 1e-10  # share of a column that must not be explained by those before it


def indicators(column: pd.Series, name: str) -> tuple[Float[np.ndarray, "n levels"], list[str]]:
    """Return one column for each level of a factor but the first, and their names.

    Raises:
        AnalysisError: There is one level only.

    >>> indicators(pd.Series(["F", "M", "F"]), "sex")[1]
    ['sex=M']
    """
    levels = sorted(column.unique())
    if len(levels) < 2:
        raise AnalysisError.must(name, "have at least two levels", len(levels), fix="Leave the factor out.")
    matrix = (column.to_numpy()[:, None] == np.array(levels[1:], dtype=object)).astype(float)
    return matrix, [f"{name}={level}" for level in levels[1:]]


def check_adjustment(arm: Int[np.ndarray, " n"], adjustment: Float[np.ndarray, "n k"], names: Sequence[str]) -> None:
    """Refuse a covariate or level that the arms and those before it determine.

    Raises:
        AnalysisError: As it says.
    """
    known = np.column_stack([np.ones(len(arm)), arm[:, None] == np.arange(1, arm.max() + 1)])
    basis = np.linalg.qr(known)[0]
    for name, column in zip(names, adjustment.T, strict=True):
        rest = column - basis @ (basis.T @ column)
        size = float(np.linalg.norm(rest))
        if size <= _DEPENDENT * float(np.linalg.norm(column)):
            raise AnalysisError.must(
                "covariates", "be linearly independent", f"{name}, which the other terms determine",
                fix="Leave out a column that is constant or a combination of others.",
            )  # fmt: skip
        basis = np.column_stack([basis, rest / size])
