"""A noisy continuous biomarker and the gate that screens on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import ndtr

from calor.errors import SimulationError
from calor.protocol.biomarkers import Gate
from calor.simulate.whole_number import check_whole_number


@dataclass(frozen=True)
class Marker:
    """A lognormal marker that varies between persons, within a person, and by assay.

    Attributes:
        median: Of single tests, in the marker's unit.
        log_sd: SD of the logarithm of single tests, persons and days together, without assay error.
        icc: Share of that variance which is between persons (intraclass correlation of the logarithm).
        assay_log_sd: SD of the assay's error on the log scale, about its coefficient of variation.

    >>> hs_crp = Marker(median=1.43, log_sd=1.134, icc=0.62)
    >>> round(hs_crp.share_at_least(2.0), 3)
    0.384

    Reference: Glynn RJ et al. Clinical Chemistry 2009;55:305-312 (within-person variation of hs-CRP).
    """

    median: float
    log_sd: float
    icc: float
    assay_log_sd: float = 0.0

    def __post_init__(self) -> None:
        for name in ("median", "log_sd"):
            if not 0 < getattr(self, name) < math.inf:
                raise SimulationError.must(name, "be positive", getattr(self, name), fix="Give hs-CRP's 1.43, 1.134.")
        if not 0 <= self.icc <= 1 or not 0 <= self.assay_log_sd < math.inf:
            got = (self.icc, self.assay_log_sd)
            rule = "lie between 0 and 1, and `assay_log_sd` be zero or above"
            raise SimulationError.must("icc", rule, got, fix="Give 0.62 and 0.05.")

    @property
    def between(self) -> float:
        """SD between persons of the true long-term log marker."""
        return self.log_sd * math.sqrt(self.icc)

    @property
    def error(self) -> float:
        """SD of one test about the person's true log marker."""
        return math.sqrt(self.log_sd**2 * (1 - self.icc) + self.assay_log_sd**2)

    def share_at_least(self, cut: float) -> float:
        """Return the share of persons whose single test is at least `cut`.

        Raises:
            SimulationError: A cut-off that is not positive.

        >>> round(Marker(2.0, 1.0, 0.5).share_at_least(2.0), 3)
        0.5
        """
        if not 0 < cut < math.inf:
            raise SimulationError.must("cut", "be positive", cut, fix="Give 2.0 for 2 mg/L.")
        return float(ndtr(math.log(self.median / cut) / math.hypot(self.between, self.error)))

    def tests(self, persons: int, tests: int, rng: np.random.Generator) -> Float[np.ndarray, "person test"]:
        """Draw tests of persons, each about the person's own true value.

        >>> Marker(2.0, 1.0, 0.5).tests(3, 2, np.random.default_rng(1)).shape
        (3, 2)
        """
        true = rng.normal(math.log(self.median), self.between, (persons, 1))
        return np.asarray(np.exp(true + rng.normal(0.0, self.error, (persons, tests))))


@dataclass(frozen=True)
class Screening:
    """The gate's screening: candidates are tested one or more times within a window after infarction.

    A candidate is in the highest part all of whose tests reach its cut-off. Who cannot have the last test within the
    window fails the screen.

    Attributes:
        cuts: Rising cut-offs that divide the full population into parts, lowest part first.
        tests: Number of tests, all of which must reach the cut-off.
        interval_days: From one test to the next.
        presents_within_days: First tests are spread evenly from infarction to this day.
        window_days: Day after infarction by which the last test must be done.
        enrolls: Parts that may enter, by number from 0 (lowest); None for all.
        set_aside_above: A test above this is acute phase and does not count; who has one fails the screen.

    >>> Screening([2.0], tests=2, interval_days=28, presents_within_days=14, window_days=42).parts
    2
    """

    cuts: Sequence[float]
    tests: int = 1
    interval_days: float = 0.0
    presents_within_days: float = 0.0
    window_days: float = math.inf
    enrolls: Sequence[int] | None = None
    set_aside_above: float = math.inf

    def __post_init__(self) -> None:
        cuts = np.array(self.cuts, dtype=float)
        if cuts.size == 0 or np.any(cuts <= 0) or np.any(np.diff(cuts) <= 0) or not np.all(np.isfinite(cuts)):
            raise SimulationError.must("cuts", "be positive and rise", list(self.cuts), fix="Give [2.0] for 2 mg/L.")
        check_whole_number("tests", self.tests, 1, fix="Give 2 for a confirmed marker.")
        days = (self.interval_days, self.presents_within_days, self.window_days)
        if not all(d >= 0 for d in days) or self.needs_days > self.window_days:
            fix = "Widen the window, or test less often."
            raise SimulationError.must("window_days", "leave time for every test", days, fix=fix)
        if self.enrolls is not None and (not self.enrolls or not set(self.enrolls) <= set(range(self.parts))):
            rule = f"name parts from 0 to {self.parts - 1}"
            raise SimulationError.must("enrolls", rule, list(self.enrolls), fix="Give [1].")
        if not self.set_aside_above > cuts[-1]:
            got = self.set_aside_above
            raise SimulationError.must("set_aside_above", "exceed the cut-offs", got, fix="Leave it out.")

    @classmethod
    def of(cls, gate: Gate, *, presents_within_days: float = 0.0) -> Screening:
        """Return the screening that a protocol's gate makes; who does not pass it does not enter.

        Args:
            gate: As the protocol writes it.
            presents_within_days: First tests are spread evenly over so many days from the start of the gate's window.

        Raises:
            SimulationError: A gate for low values, or one that sets values aside for events, which are not simulated.

        >>> gate = Gate(biomarker="hs_crp", cutoff=2, comparator=">=", window=(0, 14), window_from="infarction")
        >>> Screening.of(gate, presents_within_days=14).window_days
        14.0
        """
        if gate.comparator not in (">", ">="):
            fix = "Turn the marker round."
            raise SimulationError.must("gate.comparator", "ask for high values", gate.comparator, fix=fix)
        if any(rule.above is None for rule in gate.set_aside):
            reasons = [rule.reason for rule in gate.set_aside if rule.above is None]
            fix = "Simulate the gate without it."
            raise SimulationError.must("gate.set_aside", "name values, as events are not simulated", reasons, fix=fix)
        first, last = gate.window
        return cls(
            [gate.cutoff],
            tests=gate.tests,
            interval_days=float(gate.least_interval_days),
            presents_within_days=presents_within_days,
            window_days=float(last - first),
            enrolls=[1],
            set_aside_above=min((rule.above for rule in gate.set_aside if rule.above is not None), default=math.inf),
        )

    @property
    def parts(self) -> int:
        """Number of parts."""
        return len(self.cuts) + 1

    def classified(
        self, marker: Marker, candidates: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, " candidate"], Int[np.ndarray, " candidate"]]:
        """Draw candidates: true logarithm of the marker and part by the tests, of those whose tests count.

        >>> true, part = Screening([2.0]).classified(Marker(2.0, 1.0, 0.5), 1000, np.random.default_rng(1))
        >>> bool(true[part == 1].mean() > true[part == 0].mean())
        True
        """
        true = rng.normal(math.log(marker.median), marker.between, candidates)
        tests = true[:, None] + rng.normal(0.0, marker.error, (candidates, self.tests))
        counts = tests.max(axis=1) <= np.log(self.set_aside_above)
        return true[counts], np.searchsorted(np.log(self.cuts), tests[counts].min(axis=1), side="right")

    @property
    def needs_days(self) -> float:
        """Days from the first test to the last."""
        return (self.tests - 1) * self.interval_days
