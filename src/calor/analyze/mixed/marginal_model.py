"""Fit a linear model whose measurements are correlated within participants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.covariance.derivatives import Covariance
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.analyze.mixed.patterns import Patterns, patterns
from calor.analyze.mixed.restricted_likelihood import Likelihood, Method, differentiate, minus_log_likelihood
from calor.errors import AnalysisError

STEPS = 200
HALVINGS = 40
# The Newton decrement is the log likelihood still to be gained; 1e-13 leaves estimates within 1e-6 of their SE.
GAIN = 1e-13
# A covariance parameter (on log or correlation scale) with an information this small has run off to a boundary.
INFORMATION = 1e-4


@dataclass(frozen=True)
class MarginalFit:
    """A fitted linear model with correlated measurements.

    Attributes:
        data: What was fitted.
        method: REML or ML.
        structure: Name of the covariance structure.
        coefficients: Fixed effects.
        vcov: Their model-based covariance.
        parameters: Covariance parameters at the optimum.
        covariance: Covariance matrix of each unit.
        log_likelihood: Log (restricted) likelihood.
        patterns: Cross-products by pattern.
        optimum: Likelihood and derivatives at the optimum.
    """

    data: Longitudinal
    method: Method
    structure: str
    coefficients: Float[np.ndarray, " coefficient"]
    vcov: Float[np.ndarray, "coefficient coefficient"]
    parameters: Float[np.ndarray, " parameter"]
    covariance: Float[np.ndarray, "unit occasion occasion"]
    log_likelihood: float
    patterns: Patterns
    optimum: Likelihood

    def to_names(
        self, matrix: Float[np.ndarray, "*any coefficient coefficient"]
    ) -> Float[np.ndarray, "*any coefficient coefficient"]:
        """Take a covariance of the orthonormal design's coefficients to the named ones."""
        back = self.patterns.to_names
        return np.asarray(back @ matrix @ back.T)

    @property
    def vcov_gradient(self) -> Float[np.ndarray, "parameter coefficient coefficient"]:
        """Derivative of the coefficients' covariance in each covariance parameter."""
        best = self.optimum
        return self.to_names(best.phi @ best.gamma[:, :-1, :-1] @ best.phi)


def fit_marginal_model(data: Longitudinal, covariance: Covariance, *, method: Method = "REML") -> MarginalFit:
    """Maximize the (restricted) likelihood by Newton's method with exact derivatives.

    Where the Hessian is not positive definite the step uses the expected information instead (Fisher scoring), and
    any step that does not raise the likelihood is halved.

    Args:
        data: Measurements and design.
        covariance: Structure of the covariance, with parameters to start from.
        method: Restricted (REML) or full (ML) maximum likelihood.

    Raises:
        AnalysisError: The likelihood has no maximum inside the structure's range.

    >>> from calor.analyze.mixed.covariance.structures import visit_covariance
    >>> y = np.array([1.0, 2.0, 4.0, 3.0, 2.0, 6.0, 1.0, 5.0])
    >>> who, when = np.arange(8) // 2, np.arange(8) % 2
    >>> data = Longitudinal(y, np.eye(2)[when], ("first", "second"), who, when, np.zeros(4, dtype=int), np.ones(8))
    >>> fit = fit_marginal_model(data, visit_covariance("unstructured", data))
    >>> fit.coefficients.round(6).tolist(), fit.covariance[0].round(4).tolist()
    ([2.0, 4.0], [[2.0, -0.3333], [-0.3333, 3.3333]])

    Reference: Lindstrom and Bates, Journal of the American Statistical Association 1988.
    """
    grouped = patterns(data)
    parameters, best = _maximize(grouped, covariance, method)
    return assemble(data, grouped, covariance.name, method, parameters, best)


def assemble(
    data: Longitudinal,
    grouped: Patterns,
    structure: str,
    method: Method,
    parameters: Float[np.ndarray, " parameter"],
    best: Likelihood,
) -> MarginalFit:
    """Name the coefficients of a likelihood at given covariance parameters."""
    back = grouped.to_names
    return MarginalFit(
        data=data,
        method=method,
        structure=structure,
        coefficients=grouped.origin + back @ best.coefficient,
        vcov=back @ best.phi @ back.T,
        parameters=parameters,
        covariance=best.covariance.value,
        log_likelihood=-best.value,
        patterns=grouped,
        optimum=best,
    )


def _maximize(
    data: Patterns, covariance: Covariance, method: Method
) -> tuple[Float[np.ndarray, " parameter"], Likelihood]:
    """Search the covariance parameters of greatest likelihood."""
    parameters = covariance.start
    shape = covariance.at(parameters)
    value = minus_log_likelihood(data, shape, method)
    if value is None:
        raise _failure(covariance.name, "the starting covariance is not positive definite")
    for _ in range(STEPS):
        here = differentiate(data, shape, value, method)
        step, gain = _direction(here, covariance.name)
        if gain < GAIN:
            return parameters, _check_interior(here, covariance.name)
        length = min(1.0, 4.0 / float(np.abs(step).max()))
        for _ in range(HALVINGS):
            trial = parameters + length * step
            # A step too long may overflow; it is halved like any other that does not help.
            with np.errstate(over="ignore", invalid="ignore"):
                shape = covariance.at(trial)
                value = minus_log_likelihood(data, shape, method)
            # Rounding of the likelihood itself must not stop the last steps.
            if value is not None and value.value <= here.value - 1e-4 * length * gain + 1e-11 * abs(here.value):
                break
            length /= 2.0
        else:
            raise _failure(covariance.name, "no step raised the likelihood")
        parameters = trial
    raise _failure(covariance.name, f"the likelihood still rose after {STEPS} steps")


def _direction(here: Likelihood, structure: str) -> tuple[Float[np.ndarray, " parameter"], float]:
    """Give the Newton step, or the scoring step where the likelihood is not concave, and the gain it promises."""
    for curvature in (here.hessian, here.expected):
        try:
            triangle = np.linalg.cholesky(curvature)
        except np.linalg.LinAlgError:
            continue
        whitened = np.linalg.solve(triangle, here.gradient)
        return -np.linalg.solve(triangle.T, whitened), float(whitened @ whitened)
    raise _failure(structure, "the data carry no information on some covariance parameter")


def _check_interior(best: Likelihood, structure: str) -> Likelihood:
    """Refuse an optimum at the edge of the structure's range, where no standard error can be trusted."""
    if float(np.linalg.eigvalsh(best.hessian)[0]) < INFORMATION:
        raise _failure(structure, "a variance goes to zero or a correlation to one")
    return best


def _failure(structure: str, reason: str) -> AnalysisError:
    """Say that the fit did not converge, and what to do."""
    return AnalysisError(
        f"The {structure} covariance could not be estimated: {reason}. "
        "Declare a structure with fewer parameters (heterogeneous Toeplitz, compound symmetry), join sparse visits, "
        "or check the data for visits with the same value in everyone."
    )
