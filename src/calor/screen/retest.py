"""How repeatable the gate's biomarker is in these records, and how far the selected fall on retest without any drug."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from calor.errors import ScreenError
from calor.records.records import rows
from calor.screen.criteria import biomarker_gate
from calor.screen.criteria.results import days, results
from calor.screen.decide import index_events
from calor.screen.facts import Facts
from calor.screen.rules import Rules
from calor.screen.what_if import Setting, under


@dataclass(frozen=True)
class Retest:
    """Repeatability on the logarithmic scale.

    Attributes:
        candidates: Candidates with at least two tests that count.
        tests: Their tests.
        icc: Intraclass correlation of one test, one-way random effects.
        interval: Its 95 % confidence interval.
        again: Share whose second test passes among those whose first did.
        expected_fall: Fall of the geometric mean, 0-1, that the correlation predicts for those who pass at first.
        observed_fall: The same as seen.
    """

    candidates: int
    tests: int
    icc: float
    interval: tuple[float, float]
    again: float
    expected_fall: float
    observed_fall: float

    def __str__(self) -> str:
        icc, low, high = (round(value, 2) + 0.0 for value in (self.icc, *self.interval))  # no minus before nothing
        return (
            f"Intraclass correlation {icc:.2f} (95 % CI {low:.2f} to {high:.2f}; {self.candidates:,} candidates, "
            f"{self.tests:,} tests); of those who pass once, {100 * self.again:.0f} % pass again and the geometric "
            f"mean falls by {100 * self.observed_fall:.0f} % (expected from the correlation: "
            f"{100 * self.expected_fall:.0f} %)"
        )


def retest(facts: Facts, rules: Rules, setting: Setting | None = None) -> Retest:
    """Estimate repeatability from the records' own repeated tests.

    Tests are those that count for the gate in time, assay and unit; what it sets aside as acute phase is left out.

    Args:
        facts: Staged records.
        rules: Of the screen.
        setting: Another gate, as for a what-if.

    Raises:
        ScreenError: The protocol has no gate, or the records hold too few repeated tests above zero.

    Reference:
        Shrout, Fleiss. Psychological Bulletin 1979: ICC(1,1) and its interval. With unequal numbers of tests the mean
        number is Donner's n0. Expected value on retest: Galton's regression to the mean.

    >>> from calor.screen.example import example_facts, example_rules
    >>> retest(example_facts(), example_rules()).candidates
    3
    """
    moved = under(rules, setting or Setting())
    rules, gate, rule = moved.rules, moved.gate, moved.gated
    timing = biomarker_gate.opens(index_events(facts, rules), facts.drugs, rules, gate, rule)
    table = days(results(facts, rules), up=gate.comparator in {">=", ">"})
    here = table.filter((table.role == rule.lab) & (table.counted_value > 0)).inner_join(timing, "person_id")
    timed = here.filter(here.day.between(here.opens, here.closes))
    tests = rows(timed.select("person_id", "day", value=timed.counted_value)).sort_values(["person_id", "day"])
    repeated = tests[tests.groupby("person_id")["day"].transform("size") >= 2]
    if repeated["person_id"].nunique() < 3:
        fix = "More records are needed to say how repeatable the test is."
        got = f"{repeated['person_id'].nunique()} candidates"
        raise ScreenError.must("records", "hold repeated tests of three candidates or more", got, fix=fix)
    logs = repeated.assign(log=np.log(repeated["value"].astype(float)))
    icc, interval = _icc(logs)
    first, second = (logs.groupby("person_id")["log"].nth(n).to_numpy() for n in (0, 1))
    passed = gate_passes(np.exp(first), rules)
    if not passed.any():
        raise ScreenError.must("records", "hold a test that passes the gate", "none", fix="Lower the cut-off.")
    expected = (1 - icc) * (first[passed].mean() - first.mean())
    observed = first[passed].mean() - second[passed].mean()
    again = float(gate_passes(np.exp(second[passed]), rules).mean())
    falls = (float(1 - np.exp(-expected)), float(1 - np.exp(-observed)))
    return Retest(logs["person_id"].nunique(), len(logs), icc, interval, again, *falls)


def gate_passes(values: np.ndarray, rules: Rules) -> np.ndarray:
    """Tell which values pass the gate's cut-off; a logarithm taken and undone must not move a value across it.

    >>> from calor.screen.example import example_rules
    >>> gate_passes(np.array([1.9, 2.0]), example_rules()).tolist()
    [False, True]
    """
    return np.array([rules.gate is not None and rules.gate.passes(round(float(v), 9)) for v in values], dtype=bool)


def _icc(logs: pd.DataFrame) -> tuple[float, tuple[float, float]]:
    """Return ICC(1,1) and its 95 % interval from a one-way analysis of variance."""
    groups = logs.groupby("person_id")["log"]
    sizes, means = groups.size().to_numpy(), groups.mean().to_numpy()
    n, total = len(sizes), sizes.sum()
    mean_size = (total - (sizes**2).sum() / total) / (n - 1)
    between = (sizes * (means - logs["log"].mean()) ** 2).sum() / (n - 1)
    within = ((logs["log"] - groups.transform("mean")) ** 2).sum() / (total - n)
    if within <= 0:
        raise ScreenError.must("tests", "differ within candidates", "copies", fix="Look for duplicated results.")
    f = between / within
    low, high = f / special.fdtri(n - 1, total - n, 0.975), f * special.fdtri(total - n, n - 1, 0.975)
    icc, *ends = ((r - 1) / (r + mean_size - 1) for r in (f, low, high))
    return float(icc), (float(ends[0]), float(ends[1]))
