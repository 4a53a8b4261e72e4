"""The parameters in which SAS writes each structure: variances, correlations, and a range for spatial ones."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.special import expit

# Structures that are linear in SAS's parameters: covariances themselves.
LINEAR = ("unstructured", "compound symmetry", "Toeplitz", "random-effects")


def natural_bend(
    structure: str, parameters: Float[np.ndarray, " parameter"], *, visits: int, units: int
) -> Float[np.ndarray, " parameter"]:
    """Give second over first derivative of each natural parameter in the parameter that is fitted.

    It turns second derivatives of the covariance into those in variances and correlations.

    Args:
        structure: Name of a structure that is not linear in its natural parameters.
        parameters: Fitted parameters, one group after the other.
        visits: Number of visits.
        units: Number of groups with a covariance of their own.

    >>> natural_bend("autoregressive", np.array([0.3, 0.0]), visits=4, units=1).tolist()
    [2.0, -0.0]
    """
    scales = visits if structure.startswith("heterogeneous") else 1
    own = parameters.reshape(units, -1)
    inner = own[:, scales:]
    if structure == "heterogeneous compound symmetry":
        bend = 1.0 - 2.0 * expit(inner)
    elif structure.startswith("spatial"):
        # The range r of exp(-d / r), or of exp(-d^2 / r^2): a power of -1 / log(rho).
        rho = expit(inner)
        rate, power = np.log(rho), 1.0 if structure == "spatial exponential" else 0.5
        bend = -rho - (power + 1.0) * (1.0 - rho) / rate
    else:
        bend = -3.0 * inner / (1.0 + inner**2)
    return np.hstack([np.full((units, scales), 2.0), bend]).reshape(-1)
