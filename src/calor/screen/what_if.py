"""What if the gate were another: eligible per month, screen failures, completeness, in one pass of the staged rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr import types as ir

from calor.errors import ScreenError
from calor.protocol.biomarkers import Comparator, Gate
from calor.protocol.screening import GateCriterion
from calor.records.records import in_query, rows
from calor.screen.criteria import biomarker_gate
from calor.screen.criteria.answer import three
from calor.screen.criteria.results import days, results
from calor.screen.decide import index_events
from calor.screen.facts import Facts
from calor.screen.rules import EPOCH, Rules
from calor.screen.screened import Screened

MONTH_DAYS = 365.25 / 12
_SETTINGS = {"setting": pa.int64(), "cutoff": pa.float64(), "k": pa.int64(), "span": pa.int64()}


@dataclass(frozen=True)
class Setting:
    """A candidate gate: what is moved; None stays as the protocol has it.

    Attributes:
        cutoff: Of the gate, in its unit; in the unit given by `Rules.also` for another analyte.
        tests: Passing tests that the gate asks for.
        least_interval_days: Fewest days between the first and the last of them.
        days: Fewest and most days since the infarction.
        window: First and last day on which a test counts, from the gate's anchor.
        comparator: Of the gate.
        lab: Concept set of another analyte, one of `Rules.also`; it has no stand-in, and no value is acute phase.
    """

    cutoff: float | None = None
    tests: int | None = None
    least_interval_days: int | None = None
    days: tuple[int, int] | None = None
    window: tuple[int, int] | None = None
    comparator: Comparator | None = None
    lab: str | None = None


@dataclass(frozen=True)
class Moved:
    """The rules under a setting, and the setting in full."""

    rules: Rules
    gate: Gate
    gated: GateCriterion
    days: tuple[int, int]

    @property
    def query(self) -> tuple[str, str, tuple[int, int]]:
        """What settings must share to be judged in one query."""
        return (self.gated.lab, self.gate.comparator, self.gate.window)


def what_if(facts: Facts, screened: Screened, settings: Sequence[Setting]) -> pd.DataFrame:
    """Judge candidate gates and windows on the staged rows; the records are not read again.

    Args:
        facts: Staged records.
        screened: Their screen under the protocol; the answers to all other criteria are taken from it.
        settings: What to move.

    Returns:
        One row per setting, in order. The setting: `lab`, `comparator`, `cutoff`, `tests`, `least_interval_days`,
        `opens`, `closes` (the tests' window), `first_day`, `last_day` (days since the infarction). The counts:
        `candidates` (in that window who meet everything but the gate), `eligible`, `undetermined`. And
        `eligible_per_month`, the eligible divided by the months that the window spans (in a steady state, as many
        become eligible each month); `completeness`, the share of `candidates` whose tests suffice to answer;
        `screen_failures`, the share of those that do not pass. Shares of nobody are NaN.

    Raises:
        ScreenError: There is no setting, the protocol has no gate or window to move, or an analyte was not staged.

    >>> from calor.screen.example import example_facts, example_screen
    >>> grid = what_if(example_facts(), example_screen(), [Setting(), Setting(tests=1), Setting(cutoff=3)])
    >>> grid["eligible"].tolist()
    [1, 3, 0]
    """
    moved = [under(screened.rules, setting) for setting in settings]
    if not moved:
        raise ScreenError.must("settings", "hold a setting", "none", fix="Give one; Setting() is the protocol's own.")
    others = _others(screened)
    verdicts = _verdicts(facts, moved, others.index[others != 0])
    index_day = pd.Series(screened.answers["index_day"].to_numpy(), screened.answers["person_id"])
    since = screened.rules.today - np.array([day.toordinal() - EPOCH for day in index_day])
    return pd.DataFrame([_counted(verdicts.get(i), m, others, since) for i, m in enumerate(moved)])


def under(rules: Rules, setting: Setting) -> Moved:
    """Return the rules under a setting.

    Raises:
        ScreenError: The protocol has no gate or window to move, or the analyte is not staged.

    >>> from calor.screen.example import example_rules
    >>> under(example_rules(), Setting(cutoff=3)).gate.cutoff
    3
    """
    gate, gated = rules.gate, rules.gate_rule
    window = next((rule for rule in rules.screening.criteria if rule.kind == "recent_infarction"), None)
    if gate is None or gated is None or window is None:
        fix = "Declare a biomarker_gate and a recent_infarction criterion."
        raise ScreenError.must("protocol", "have a gate and a window to move", "none", fix=fix)
    names = ("cutoff", "tests", "least_interval_days", "window", "comparator")
    changes = {name: getattr(setting, name) for name in names}
    gate = gate.model_copy(update={name: value for name, value in changes.items() if value is not None})
    if setting.lab not in {None, gated.lab}:
        if setting.lab not in rules.also:
            fix = "Name it, with its unit, in Rules(also=...) before the records are staged."
            raise ScreenError.must("lab", "be staged", repr(setting.lab), fix=fix)
        gated = gated.model_copy(update={"lab": setting.lab, "stand_in": None})
        gate = gate.model_copy(update={"set_aside": tuple(kind for kind in gate.set_aside if kind.above is None)})
    criteria = tuple(gated if rule.id == gated.id else rule for rule in rules.screening.criteria)
    screening = rules.screening.model_copy(update={"criteria": criteria})
    asked = replace(rules, gate=gate, screening=screening)
    return Moved(asked, gate, gated, setting.days or window.days)


def _others(screened: Screened) -> pd.Series[int]:
    """Return each candidate's answer to all criteria but gate and window: 1 met, 0 not met, -1 undetermined."""
    moving = {"recent_infarction", "biomarker_gate"}
    kept = [j for j, rule in enumerate(screened.rules.screening.criteria) if rule.kind not in moving]
    met = screened.met[:, kept]
    answer = np.where((met == 0).any(axis=1), 0, met.min(axis=1, initial=1))
    return pd.Series(answer.astype(int), screened.answers["person_id"])


def _verdicts(facts: Facts, moved: list[Moved], persons: pd.Index) -> dict[int, pd.DataFrame]:
    """Return, by setting, the gate's answer for each of these persons who has a test while it counts."""
    numbered = sorted(enumerate(moved), key=lambda pair: pair[1].query)
    among = in_query(pd.DataFrame({"person_id": persons.to_numpy(dtype="int64")}), {"person_id": pa.int64()})
    parts = [_judged(facts, dict(group), among) for _, group in groupby(numbered, key=lambda pair: pair[1].query)]
    found = rows(ibis.union(*parts) if len(parts) > 1 else parts[0])
    return {int(str(i)): part for i, part in found.groupby("setting")}


def _judged(facts: Facts, moved: Mapping[int, Moved], among: ir.Table) -> ir.Table:
    """Judge settings that differ in cut-off, number of tests and interval alone: every test meets every setting."""
    one = next(iter(moved.values()))
    rules, gate, gated = one.rules, one.gate, one.gated
    grid = [(i, m.gate.cutoff, m.gate.tests, biomarker_gate.interval(m.gate)) for i, m in moved.items()]
    table = days(results(facts, rules), up=gate.comparator in {">=", ">"})
    timing = biomarker_gate.opens(index_events(facts, rules), facts.drugs, rules, gate, gated)
    tests = biomarker_gate.tests_in_time(table, timing, gated).semi_join(among, "person_id")
    settings = in_query(pd.DataFrame(grid, columns=list(_SETTINGS)), _SETTINGS)
    every = tests.cross_join(settings)
    by = ("person_id", "setting", "k", "span")
    counted = biomarker_gate.counts(every, gated, gate.comparator, every.cutoff, by)
    column = {name: counted[name] for name in biomarker_gate.COUNTED}
    met, could = biomarker_gate.decided(column, gated, counted.k, counted.span)
    answered = (counted.fell > 0) & (counted.tests + counted.fell >= counted.k)
    return counted.select("person_id", "setting", met=three(met, ~met & ~could), answered=met | answered)


def _counted(
    verdicts: pd.DataFrame | None, moved: Moved, others: pd.Series[int], since: np.ndarray
) -> dict[str, object]:
    met, answered = np.zeros(len(others), dtype=int), np.zeros(len(others), dtype=bool)
    if verdicts is not None:
        at = others.index.get_indexer(pd.Index(verdicts["person_id"]))
        met[at] = verdicts["met"].astype("Int8").fillna(-1)
        answered[at] = verdicts["answered"].fillna(value=False)
    gate, (first, last) = moved.gate, moved.days
    inside = (since >= first) & (since <= last)
    fits = inside & (others == 1).to_numpy()
    eligible, unknown = fits & (met == 1), inside & (others != 0).to_numpy() & (met != 0)
    complete = int((fits & answered).sum())
    return {
        "lab": moved.gated.lab,
        "comparator": gate.comparator,
        "cutoff": gate.cutoff,
        "tests": gate.tests,
        "least_interval_days": gate.least_interval_days,
        "opens": gate.window[0],
        "closes": gate.window[1],
        "first_day": first,
        "last_day": last,
        "candidates": int(fits.sum()),
        "eligible": int(eligible.sum()),
        "undetermined": int((unknown & ~eligible).sum()),
        "eligible_per_month": float(eligible.sum() / ((last - first + 1) / MONTH_DAYS)),
        "completeness": complete / fits.sum() if fits.any() else np.nan,
        "screen_failures": float((fits & answered & (met != 1)).sum() / complete) if complete else np.nan,
    }
