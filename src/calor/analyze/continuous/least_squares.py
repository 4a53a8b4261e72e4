"""Ordinary least squares with the standard errors that trials report.

statsmodels has HC0 to HC3 only; HC4, the cluster-robust CR2 and its Bell-McCaffrey degrees of freedom for any contrast
are written here, on one QR decomposition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy.linalg import qr
from scipy.special import fdtrc, stdtr, stdtrit

from calor.analyze.columns import is_finite
from calor.errors import AnalysisError
from calor.kernels.least_squares import qr_fit

Robust = Literal["model", "HC0", "HC1", "HC2", "HC3", "HC4", "CR2"]


@dataclass(frozen=True)
class Contrast:
    """One linear combination of coefficients with its t reference."""

    estimate: float
    se: float
    df: float

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no effect."""
        return float(2 * stdtr(self.df, -abs(self.estimate) / self.se))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the confidence limits at `level`."""
        half = float(stdtrit(self.df, 0.5 + level / 2)) * self.se
        return self.estimate - half, self.estimate + half


@dataclass(frozen=True)
class FTest:
    """A joint test of several coefficients."""

    f: float
    df1: int
    df2: int
    p_value: float


@dataclass(frozen=True)
class LeastSquares:
    """A least-squares fit: y = X b + e.

    Attributes:
        names: One name per column of the design.
        design: X.
        coefficients: b.
        residuals: y - X b.
        basis: Q of X = Q R.
        inverse: The inverse of R, so that the unscaled covariance is `inverse @ inverse.T`.
    """

    names: tuple[str, ...]
    design: Float[np.ndarray, "n p"]
    coefficients: Float[np.ndarray, " p"]
    residuals: Float[np.ndarray, " n"]
    basis: Float[np.ndarray, "n p"]
    inverse: Float[np.ndarray, "p p"]

    @property
    def df(self) -> int:
        """Residual degrees of freedom."""
        return int(self.design.shape[0] - self.design.shape[1])

    @property
    def rss(self) -> float:
        """Residual sum of squares."""
        return float(self.residuals @ self.residuals)

    @property
    def sd(self) -> float:
        """Residual standard deviation."""
        return float(np.sqrt(self.rss / self.df))

    @property
    def leverage(self) -> Float[np.ndarray, " n"]:
        """Diagonal of the hat matrix."""
        return np.asarray(np.einsum("ij,ij->i", self.basis, self.basis))

    def contrast(
        self,
        weights: Float[np.ndarray, " p"],
        robust: Robust = "model",
        cluster: Shaped[np.ndarray, " n"] | None = None,
    ) -> Contrast:
        """Estimate `weights @ coefficients` with its standard error and degrees of freedom.

        Args:
            weights: One weight per coefficient.
            robust: "model" for equal variances, HC0-HC4 with n - p degrees of freedom, or CR2 with Satterthwaite's.
            cluster: Cluster of each row, for CR2 only; every row its own when None.
        """
        direction = self.inverse.T @ weights
        estimate = float(weights @ self.coefficients)
        if robust == "model":
            return Contrast(estimate, self.sd * float(np.linalg.norm(direction)), float(self.df))
        if robust == "CR2":
            variance, df = _bell_mccaffrey(self, direction, cluster)
            return Contrast(estimate, float(np.sqrt(variance)), df)
        influence = self.basis @ direction
        variance = float(np.sum((influence * self.residuals) ** 2 * _inflation(self, robust)))
        return Contrast(estimate, float(np.sqrt(variance)), float(self.df))

    def coefficient(self, name: str, robust: Robust = "model") -> Contrast:
        """Return the contrast that picks one coefficient by name."""
        weights = np.zeros(len(self.names))
        weights[self.names.index(name)] = 1.0
        return self.contrast(weights, robust)

    def covariance(self) -> Float[np.ndarray, "p p"]:
        """Return the covariance of the coefficients under equal variances."""
        return np.asarray(self.sd**2 * self.inverse @ self.inverse.T)


def least_squares(
    design: Float[np.ndarray, "n p"], response: Float[np.ndarray, " n"], names: Sequence[str]
) -> LeastSquares:
    """Fit a linear model by least squares.

    Raises:
        AnalysisError: Shapes differ, a value is not finite, columns are linearly dependent, no residual degree of
            freedom is left, or the fit leaves no residual (a constant response).

    Example:
        >>> X = np.column_stack([np.ones(4), [0.0, 1.0, 0.0, 1.0]])
        >>> fit = least_squares(X, np.array([1.0, 2.0, 2.0, 4.0]), ["intercept", "treated"])
        >>> round(fit.coefficient("treated").estimate, 6)
        1.5

    Reference:
        Golub and Van Loan, Matrix Computations, 2013, section 5.3.
    """
    n, p = design.shape
    if len(response) != n or len(names) != p:
        got = f"{len(response)} responses and {len(names)} names for {n} rows and {p} columns"
        raise AnalysisError.must("design", "have a row for each response and a column for each name", got, fix="Align.")
    if not (is_finite(design).all() and is_finite(response).all()):
        raise AnalysisError.must("design", "be finite, as must the response", "another value", fix="Drop these rows.")
    if n <= p:
        rule = "hold more participants than the model has coefficients"
        raise AnalysisError.must("table", rule, f"{n} for {p}", fix="Drop covariates.")
    _refuse_dependent(design, names)
    x, y = np.ascontiguousarray(design, dtype=float), np.ascontiguousarray(response, dtype=float)
    coefficients, residuals, basis, inverse = qr_fit(x, y)
    spread = float(np.ptp(response))
    if np.linalg.norm(residuals) <= 1e-12 * max(1.0, float(np.abs(response).max())) * np.sqrt(n):
        got = "all values tied" if spread == 0 else "a response that the model predicts without error"
        raise AnalysisError.must("response", "vary about its fitted values", got, fix="Check the response column.")
    return LeastSquares(tuple(names), design, coefficients, residuals, basis, inverse)


def f_test(full: LeastSquares, reduced: LeastSquares) -> FTest:
    """Compare two nested fits of one response.

    Example:
        >>> y, X = np.array([1.0, 2.0, 2.0, 4.0]), np.column_stack([np.ones(4), [0.0, 1.0, 0.0, 1.0]])
        >>> f_test(least_squares(X, y, ["1", "x"]), least_squares(X[:, :1], y, ["1"])).f
        1.8...
    """
    df1 = reduced.df - full.df
    f = (reduced.rss - full.rss) / df1 / (full.rss / full.df)
    return FTest(f, df1, full.df, float(fdtrc(df1, full.df, f)))


def check_robust(robust: str) -> None:
    """Refuse the name of a standard error that does not exist."""
    if robust not in get_args(Robust):
        raise AnalysisError.must("se", f"be one of {', '.join(get_args(Robust))}", repr(robust), fix="Use 'HC3'.")


def _refuse_dependent(design: Float[np.ndarray, "n p"], names: Sequence[str]) -> None:
    scale = np.linalg.norm(design, axis=0)
    if np.any(scale == 0):
        culprits = [name for name, size in zip(names, scale, strict=True) if size == 0]
    else:
        upper, order = qr(design / scale, mode="r", pivoting=True)
        small = np.abs(np.diag(upper)) < 1e-10
        culprits = [names[j] for j in sorted(order[small])]
    if culprits:
        raise AnalysisError.must(
            "covariates",
            "be linearly independent",
            f"{', '.join(culprits)}, which the other terms determine",
            fix="Leave out a column that is constant or a combination of others.",
        )


def _inflation(fit: LeastSquares, robust: Robust) -> Float[np.ndarray, " n"] | float:
    """Factor on each squared residual; Long and Ervin 2000, Cribari-Neto 2004 (HC4)."""
    n, p = fit.design.shape
    if robust == "HC0":
        return 1.0
    if robust == "HC1":
        return float(n / (n - p))
    h = fit.leverage
    if np.any(h > 1 - 1e-10):
        got = f"{robust} although one participant has leverage 1"
        raise AnalysisError.must("se", "suit the data", got, fix="Use 'model'.")
    power = {"HC2": 1.0, "HC3": 2.0}.get(robust)
    return np.asarray((1 - h) ** -(np.minimum(4.0, n * h / p) if power is None else power))


def _bell_mccaffrey(
    fit: LeastSquares, direction: Float[np.ndarray, " p"], cluster: Shaped[np.ndarray, " n"] | None
) -> tuple[float, float]:
    """CR2 variance of a contrast and its Satterthwaite df; Bell and McCaffrey 2002, Pustejovsky and Tipton 2018.

    The df need the Gram matrix of the cluster scores under equal variances, diag(d) - U U'. Its square is summed
    without forming it, so that memory grows with n and not with n squared.
    """
    groups = _groups(np.arange(fit.design.shape[0]) if cluster is None else cluster)
    variance, scores, sizes = 0.0, [], []
    for rows in groups:
        q = fit.basis[rows]
        a = _inverse_root(np.eye(len(rows)) - q @ q.T) @ (q @ direction)
        variance += float(a @ fit.residuals[rows]) ** 2
        scores.append(q.T @ a)
        sizes.append(float(a @ a))
    u, d = np.array(scores), np.array(sizes)
    own = np.einsum("ij,ij->i", u, u)
    squares = float(d @ d - 2 * d @ own + np.sum((u.T @ u) ** 2))
    return variance, float((d.sum() - own.sum()) ** 2 / squares)


def _groups(cluster: Shaped[np.ndarray, " n"]) -> list[Int[np.ndarray, " rows"]]:
    values, codes = np.unique(cluster, return_inverse=True)
    if len(values) < 2:
        raise AnalysisError.must("cluster", "have at least two values", len(values), fix="Use se='HC3' instead.")
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])


def _inverse_root(matrix: Float[np.ndarray, "m m"]) -> Float[np.ndarray, "m m"]:
    values, vectors = np.linalg.eigh(matrix)
    keep = values > 1e-10
    return np.asarray((vectors[:, keep] / np.sqrt(values[keep])) @ vectors[:, keep].T)
