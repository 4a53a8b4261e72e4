"""Fractional polynomials: which powers of a biomarker describe the endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import chi2

from calor.analyze.benefit.interaction import transform
from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Exclusion, check_alpha
from calor.errors import AnalysisError

POWERS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)
Powers = tuple[float, ...]


@dataclass(frozen=True)
class FractionalPolynomials(Drawable):
    """Deviance of every fractional polynomial of one biomarker.

    Attributes:
        null: Deviance without the biomarker.
        first: Deviance by power, one term.
        second: Deviance by pair of powers, two terms; equal powers mean x^p and x^p log x.
        selected: Powers that the closed test procedure selects; empty for no biomarker.
        n: Participants used.
    """

    null: float
    first: dict[Powers, float]
    second: dict[Powers, float]
    selected: Powers
    biomarker: str
    n: int
    excluded: tuple[Exclusion, ...]

    @property
    def best_first(self) -> Powers:
        """Power with the least deviance."""
        return min(self.first, key=self.first.__getitem__)

    @property
    def best_second(self) -> Powers:
        """Pair of powers with the least deviance."""
        return min(self.second, key=self.second.__getitem__)

    def __str__(self) -> str:
        def show(powers: Powers) -> str:
            return ", ".join(f"{p:g}" for p in powers) or "none"

        return (
            f"Fractional polynomials of {self.biomarker}: best power {show(self.best_first)}, best pair "
            f"{show(self.best_second)}; selected {show(self.selected)}, n = {self.n}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return powers and deviance, one row per polynomial."""
        rows = {(): self.null, **self.first, **self.second}
        return pd.DataFrame({"powers": list(rows), "deviance": list(rows.values())})


def fractional_polynomials(
    table: pd.DataFrame, comparison: Comparison, *, biomarker: str, alpha: float = 0.05
) -> FractionalPolynomials:
    """Fit every fractional polynomial of a biomarker, adjusting for arm and covariates.

    The closed test procedure compares the best pair with nothing (4 df), with a line (3 df) and with the best power
    (2 df), and stops at the first that is not rejected.

    Args:
        table: One row per participant.
        comparison: Arms, endpoint and covariates (without the biomarker).
        biomarker: Positive numeric column.
        alpha: Level of each test of the procedure.

    Raises:
        AnalysisError: A biomarker that is not positive, or what `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> table = pd.DataFrame({"arm": ["p", "a"] * 200, "crp": np.exp(rng.normal(2, 1, 400))})
        >>> table["tbr"] = 2 + 0.3 * np.log(table.crp) + rng.normal(0, 0.2, 400)
        >>> fractional_polynomials(table, Comparison("tbr", "arm", ("p", "a")), biomarker="crp").selected
        (0.0,)

    Reference:
        Royston and Altman, Applied Statistics 1994; Royston and Sauerbrei, Multivariable Model-Building, 2008,
        section 4.10.
    """
    check_alpha(alpha)
    cases = complete_cases(table, comparison, extra=[biomarker])
    x = scaled(cases, biomarker)
    fixed = np.hstack([np.ones((cases.n, 1)), cases.indicators, cases.adjustment])

    def deviance_of(powers: Powers) -> float:
        return deviance(np.hstack([fixed, fp_terms(x, powers)]), cases.response)

    first, second = all_deviances(1, deviance_of), all_deviances(2, deviance_of)
    terms = ["(intercept)", *cases.arm_names, *cases.adjustment_names]
    null = deviance(least_squares(fixed, cases.response, terms).design, cases.response)
    selected = _closed_test(null, first, second, alpha)
    return FractionalPolynomials(null, first, second, selected, biomarker, cases.n, cases.excluded)


def fp_terms(x: Float[np.ndarray, " n"], powers: Sequence[float]) -> Float[np.ndarray, "n m"]:
    """Return x to each power, the logarithm for 0, multiplied by log x once more for each repetition.

    >>> fp_terms(np.array([1.0, np.e]), [1, 1]).round(3).tolist()
    [[1.0, 0.0], [2.718, 2.718]]
    """
    columns: list[Float[np.ndarray, " n"]] = []
    for j, p in enumerate(powers):
        repeats = list(powers[:j]).count(p)
        base = np.log(x) if p == 0 else x**p
        columns.append(base * np.log(x) ** repeats)
    return np.column_stack(columns)


def all_deviances(degree: int, deviance_of: Callable[[Powers], float]) -> dict[Powers, float]:
    """Return the deviance of every polynomial with `degree` terms.

    Example:
        >>> len(all_deviances(2, lambda powers: 0.0))
        36
    """
    return {powers: deviance_of(powers) for powers in combinations_with_replacement(POWERS, degree)}


def deviance(design: Float[np.ndarray, "n p"], response: Float[np.ndarray, " n"]) -> float:
    """Return minus twice the maximized Gaussian log likelihood, n (1 + log(2 pi RSS / n)).

    Example:
        >>> round(deviance(np.ones((2, 1)), np.array([-1.0, 1.0])), 3)
        5.676
    """
    unit = design / np.linalg.norm(design, axis=0)
    residuals = response - unit @ np.linalg.lstsq(unit, response, rcond=None)[0]
    n = len(response)
    return float(n * (1 + np.log(2 * np.pi * (residuals @ residuals) / n)))


def scaled(cases: CompleteCases, biomarker: str) -> Float[np.ndarray, " n"]:
    """Return the biomarker divided by its geometric mean: the same polynomials, better conditioned."""
    logs = transform(cases.extra[biomarker], biomarker, "log")
    if np.ptp(logs) == 0:
        raise AnalysisError.must(biomarker, "vary", "one value", fix="Check the column.")
    return np.asarray(np.exp(logs - logs.mean()))


def _closed_test(null: float, first: dict[Powers, float], second: dict[Powers, float], alpha: float) -> Powers:
    best_first, best_second = min(first, key=first.__getitem__), min(second, key=second.__getitem__)
    least = second[best_second]
    steps: list[tuple[float, int, Powers]] = [
        (null, 4, ()),
        (first[(1.0,)], 3, (1.0,)),
        (first[best_first], 2, best_first),
    ]
    for other, df, powers in steps:
        if chi2.sf(other - least, df) >= alpha:
            return powers
    return best_second
