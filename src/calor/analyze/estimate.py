"""One estimate with its uncertainty, and the participants it leaves out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from numbers import Real
from typing import Literal

import pandas as pd

from calor.analyze.drawable import Drawable
from calor.errors import AnalysisError

Scale = Literal["difference", "ratio", "proportion", "rate", "slope", "time"]


@dataclass(frozen=True)
class Exclusion:
    """How many participants an analysis left out, and why."""

    reason: str
    participants: int


@dataclass(frozen=True)
class Estimate(Drawable):
    """One number with its interval.

    Attributes:
        label: What it is an estimate of, in the protocol's words.
        estimate: Point estimate on `scale`.
        se: Standard error (of the logarithm, for a ratio); None when the method has none (exact and profile methods).
        lower: Lower confidence limit; may be minus infinity.
        upper: Upper confidence limit; may be infinity.
        level: Confidence level, 0 to 1.
        p_value: Two-sided p-value of no effect; None when nothing is tested.
        df: Degrees of freedom of the reference t or F; None for normal and exact methods.
        scale: What kind of number it is.
        method: The method's name as a paper would print it.
        n: Participants used.
        excluded: Participants left out, with reasons.
    """

    label: str
    estimate: float
    lower: float
    upper: float
    level: float
    scale: Scale
    method: str
    n: int
    se: float | None = None
    p_value: float | None = None
    df: float | None = None
    excluded: tuple[Exclusion, ...] = ()

    def __str__(self) -> str:
        p = "" if self.p_value is None else f"; {format_p(self.p_value)}"
        return (
            f"{self.label}: {self.estimate:.3f} ({self.level * 100:.3g} % CI {self.lower:.3f} to {self.upper:.3f}{p}; "
            f"{self.method}, n = {self.n})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the estimate as a table with one row."""
        fields = asdict(self)
        fields["excluded"] = "; ".join(f"{e.participants} {e.reason}" for e in self.excluded)
        return pd.DataFrame([fields])


def format_p(p_value: float) -> str:
    """Write a p-value as a paper prints it.

    >>> format_p(0.0153), format_p(0.00004), format_p(0.2449)
    ('p = 0.015', 'p < 0.001', 'p = 0.245')
    """
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def check_level(level: float) -> None:
    """Refuse a confidence level outside 0 to 1.

    >>> check_level(0.95)

    Raises:
        AnalysisError: `level` is not strictly between 0 and 1.
    """
    _check_share("level", level, "Give 0.95 for a 95 % interval.")


def check_alpha(alpha: float, name: str = "alpha") -> None:
    """Refuse a level of significance outside 0 to 1.

    >>> check_alpha(0.05)

    Raises:
        AnalysisError: `alpha` is not strictly between 0 and 1.
    """
    _check_share(name, alpha, "Give 0.05 for 5 %.")


def _check_share(name: str, value: object, fix: str) -> None:
    if not (isinstance(value, Real) and 0 < float(value) < 1):
        raise AnalysisError.must(name, "lie between 0 and 1", value, fix=fix)
