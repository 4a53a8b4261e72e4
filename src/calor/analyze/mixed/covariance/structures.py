"""The covariance structures by name, made ready for the data at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.covariance.ante_dependence import ante_dependence
from calor.analyze.mixed.covariance.autoregressive import autoregressive
from calor.analyze.mixed.covariance.by_group import by_group
from calor.analyze.mixed.covariance.compound_symmetry import compound_symmetry
from calor.analyze.mixed.covariance.derivatives import Covariance, Parametrized
from calor.analyze.mixed.covariance.random_effects import random_effects
from calor.analyze.mixed.covariance.scale import scaled
from calor.analyze.mixed.covariance.spatial import distances, spatial
from calor.analyze.mixed.covariance.toeplitz import toeplitz
from calor.analyze.mixed.covariance.unstructured import unstructured
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.errors import AnalysisError

VisitStructure = Literal[
    "unstructured",
    "compound symmetry",
    "heterogeneous compound symmetry",
    "Toeplitz",
    "heterogeneous Toeplitz",
    "autoregressive",
    "heterogeneous autoregressive",
    "ante-dependence",
    "heterogeneous ante-dependence",
]
SpatialStructure = Literal["spatial exponential", "spatial Gaussian"]
Structure = VisitStructure | SpatialStructure

# name -> correlation, and whether each visit has its own variance
_VISIT: dict[str, tuple[Callable[[int], tuple[Parametrized, int]], bool]] = {
    "unstructured": (unstructured, True),
    "compound symmetry": (compound_symmetry, False),
    "heterogeneous compound symmetry": (compound_symmetry, True),
    "Toeplitz": (toeplitz, False),
    "heterogeneous Toeplitz": (toeplitz, True),
    "autoregressive": (autoregressive, False),
    "heterogeneous autoregressive": (autoregressive, True),
    "ante-dependence": (ante_dependence, False),
    "heterogeneous ante-dependence": (ante_dependence, True),
}


def visit_covariance(structure: VisitStructure, data: Longitudinal) -> Covariance:
    """Make a structure over scheduled visits, one copy for each unit of the data.

    Args:
        structure: Name of the structure.
        data: Measurements; the least-squares residuals give the variances to start from.

    Raises:
        AnalysisError: Unknown name, or two visits that no participant of a unit has both of.

    >>> data = Longitudinal(np.array([1.0, 2.0, 4.0, 3.0]), np.ones((4, 1)), ("mean",), np.array([0, 0, 1, 1]),
    ...                     np.array([0, 1, 0, 1]), np.zeros(2, dtype=int), np.ones(4))
    >>> visit_covariance("autoregressive", data).start.size
    2

    Reference: Littell, Pendergast and Natarajan, Statistics in Medicine 2000.
    """
    if structure not in _VISIT:
        raise AnalysisError.must(
            "covariance", "name a structure", structure, fix="Give one of: " + ", ".join(sorted(_VISIT)) + "."
        )
    visits, units = data.occasions, int(data.unit.max()) + 1
    if visits < 2 and structure != "unstructured":
        raise AnalysisError.must(
            "covariance", 'be "unstructured" when there is a single visit', structure, fix="Name it so, or use ANCOVA."
        )
    _check_pairs(structure, data)
    correlate, each_visit = _VISIT[structure]
    inner, count = correlate(visits)
    build = scaled(inner, visits, each_visit=each_visit)
    half_log = 0.5 * np.log(residual_variances(data))
    scales = half_log if each_visit else np.array([half_log.mean()])
    # Compound symmetry starts from no correlation too: logit(1 / visits).
    rest = np.full(count, -np.log(visits - 1.0) if correlate is compound_symmetry else 0.0)
    start = np.tile(np.concatenate([scales, rest]), units)
    return Covariance(structure, start, by_group(build, units) if units > 1 else build)


def spatial_covariance(
    structure: SpatialStructure, data: Longitudinal, coordinates: Float[np.ndarray, "unit occasion axis"]
) -> Covariance:
    """Make a structure over measured distances between visits.

    Args:
        structure: "spatial exponential" or "spatial Gaussian".
        data: Measurements; each distinct set of coordinates is a unit.
        coordinates: Where each unit's occasions lie, such as days.

    Raises:
        AnalysisError: Unknown name, or all visits in one place.

    >>> data = Longitudinal(np.array([1.0, 2.0, 4.0, 3.0]), np.ones((4, 1)), ("mean",), np.array([0, 0, 1, 1]),
    ...                     np.array([0, 1, 0, 1]), np.zeros(2, dtype=int), np.ones(4))
    >>> ready = spatial_covariance("spatial exponential", data, np.array([[[0.0], [3.0]]]))
    >>> round(float(ready.at(ready.start).value[0, 0, 1] / ready.at(ready.start).value[0, 0, 0]), 6)
    0.5
    """
    if structure not in get_args(SpatialStructure):
        raise AnalysisError.must(
            "covariance", "name a spatial structure", structure, fix="Give spatial exponential or spatial Gaussian."
        )
    apart = distances(coordinates)
    power = apart if structure == "spatial exponential" else apart**2
    if not float(power.max()) > 0.0:
        raise AnalysisError.must("coordinates", "set visits apart", "all in one place", fix="Give each visit its day.")
    typical = float(np.median(power[power > 0]))
    rho = 0.5 ** (1.0 / typical)
    inner, _ = spatial(power)
    half_log = 0.5 * np.log(residual_variances(data)).mean()
    start = np.array([half_log, np.log(rho) - np.log1p(-rho)])
    return Covariance(structure, start, scaled(inner, data.occasions, each_visit=False))


def random_effects_covariance(data: Longitudinal, design: Float[np.ndarray, "unit occasion effect"]) -> Covariance:
    """Make the covariance of correlated random effects plus independent error.

    Args:
        data: Measurements; each distinct random-effects design is a unit.
        design: Random-effects design of each unit.

    >>> data = Longitudinal(np.array([1.0, 2.0, 4.0, 3.0]), np.ones((4, 1)), ("mean",), np.array([0, 0, 1, 1]),
    ...                     np.array([0, 1, 0, 1]), np.zeros(2, dtype=int), np.ones(4))
    >>> random_effects_covariance(data, np.ones((1, 2, 1))).start.size
    2
    """
    variance = float(residual_variances(data).mean())
    effects = design.shape[-1]
    square = (design**2).mean(axis=(0, 1))
    # Half of the variance between participants, shared among the effects, half within.
    log_sd = 0.5 * np.log(variance / (2.0 * effects * square))
    start = np.concatenate([log_sd, np.zeros(effects * (effects - 1) // 2), [0.5 * np.log(variance / 2.0)]])
    return Covariance("random-effects", start, random_effects(design))


def residual_variances(data: Longitudinal) -> Float[np.ndarray, " occasion"]:
    """Estimate each occasion's variance from least-squares residuals."""
    coefficients, *_ = np.linalg.lstsq(data.design, data.response, rcond=None)
    square = (data.response - data.design @ coefficients) ** 2
    count = np.bincount(data.occasion, minlength=data.occasions)
    variances = np.bincount(data.occasion, square, minlength=data.occasions) / np.maximum(count, 1)
    floor = 1e-12 * float(data.response.var())
    if not (variances > floor).all():
        raise AnalysisError.must(
            "response",
            "vary around the model at each occasion",
            f"no spread at occasion {int(np.argmin(variances)) + 1}",
            fix="Leave that visit out, or drop covariates that reproduce the response.",
        )
    return variances


def _check_pairs(structure: str, data: Longitudinal) -> None:
    """Refuse an unstructured covariance for two visits that nobody has both of."""
    if structure != "unstructured":
        return
    seen = np.zeros((data.unit.size, data.occasions))
    seen[data.participant, data.occasion] = 1.0
    for unit in range(int(data.unit.max()) + 1):
        own = seen[data.unit == unit]
        never = np.argwhere(own.T @ own < 1.0)
        if never.size:
            one, other = never[0] + 1
            raise AnalysisError.must(
                "covariance",
                "be estimable from participants who have both visits",
                f"none with occasions {one} and {other}",
                fix="Declare a structure with fewer parameters, such as autoregressive, or leave a visit out.",
            )
