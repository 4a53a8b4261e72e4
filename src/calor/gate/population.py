"""Whom a gate lets in: candidates by their own long-term marker, integrated over its distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.special import log_ndtr, ndtr

from calor.gate.gates import CandidateGate
from calor.protocol.gate_beliefs import MarkerWindow
from calor.simulate.marker import Marker

NODES = np.linspace(-6.0, 6.0, 121)
"""Long-term marker of a candidate, in SDs between persons from their median."""
DENSITY = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()
Nodes = Float[np.ndarray, " node"]


def marker(window: MarkerWindow) -> Marker:
    """Return the window's marker as the simulator draws it."""
    return Marker(window.median, window.log_sd, window.icc)


@dataclass(frozen=True, eq=False)
class Admitted:
    """Those who pass a gate.

    Attributes:
        gate: The gate.
        marker: The marker in its window.
        passes: Probability to pass at each of `NODES`.

    Reference:
        Galton F. Regression towards mediocrity. Journal of the Anthropological Institute 1886;15:246-263.

    >>> post_infarction = MarkerWindow(
    ...     id="month", days=(30, 90), median=1.43, log_sd=1.134, icc=0.62, outcome_trials=("cantos",)
    ... )
    >>> once = admitted(CandidateGate("month", 2.0, 1), post_infarction)
    >>> round(once.share, 3), round(once.retest_mean, 2), round(once.expected_fall, 2)
    (0.384, 2.88, 0.35)
    """

    gate: CandidateGate
    marker: Marker
    passes: Nodes

    @property
    def share(self) -> float:
        """Share of candidates who pass."""
        return float(DENSITY @ self.passes)

    @cached_property
    def weights(self) -> Nodes:
        """Distribution of the long-term marker among those who pass."""
        kept = DENSITY * self.passes
        return np.asarray(kept / kept.sum())

    @property
    def tests_per_candidate(self) -> float:
        """Tests that a candidate takes, who leaves after the first that fails."""
        if self.gate.tests == 0:
            return 0.0
        once = self.passes ** (1 / self.gate.tests)
        return float(sum(DENSITY @ once**k for k in range(self.gate.tests)))

    @property
    def entry_mean(self) -> float:
        """Geometric mean of a test at entry among those who pass."""
        level, error = self._level, self.marker.error
        if self.gate.tests == 0:
            return float(np.exp(self.weights @ level))
        short = (math.log(self.gate.cutoff) - level) / error
        above = level + error * np.exp(-(short**2) / 2 - math.log(2 * math.pi) / 2 - log_ndtr(-short))
        return float(np.exp(self.weights @ above))

    @property
    def retest_mean(self) -> float:
        """Geometric mean of another test of those who pass, with nobody treated."""
        return float(np.exp(self.weights @ self._level))

    @property
    def expected_fall(self) -> float:
        """Fall from entry to retest that selection alone makes, 0 to 1."""
        return 1 - self.retest_mean / self.entry_mean

    @property
    def _level(self) -> Nodes:
        return np.asarray(math.log(self.marker.median) + self.marker.between * NODES)


def admitted(gate: CandidateGate, window: MarkerWindow) -> Admitted:
    """Return whom a gate lets in."""
    own = marker(window)
    if gate.tests == 0:
        return Admitted(gate, own, np.ones_like(NODES))
    level = math.log(own.median) + own.between * NODES
    once = ndtr((level - math.log(gate.cutoff)) / own.error)
    return Admitted(gate, own, np.asarray(once**gate.tests))


def true_positives(weights: Nodes, least: float, reference: Marker) -> float:
    """Return the share whose long-term marker in the reference window is at least `least`.

    Args:
        weights: Distribution of the long-term marker over `NODES`.
        least: In the biomarker's unit.
        reference: Marker of the reference window.

    >>> round(true_positives(DENSITY, 1.43, Marker(1.43, 1.134, 0.62)), 6)
    0.5
    """
    return float(weights @ _above(math.log(least / reference.median) / reference.between))


def _above(bound: float) -> Nodes:
    """Return which share of each node's neighborhood lies above a bound, so that sums are smooth in it."""
    step = NODES[1] - NODES[0]
    return np.asarray(np.clip((NODES - bound) / step + 0.5, 0.0, 1.0))
