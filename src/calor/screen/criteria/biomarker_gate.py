"""Serial biomarker persistence: the protocol's gate on tests that count."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis.expr import types as ir

from calor.protocol.biomarkers import COMPARE, Comparator, Gate
from calor.protocol.screening import GateCriterion
from calor.screen.criteria.answer import NO_DAY, Answer, number, three, yes
from calor.screen.rules import Rules


def opens(index: ir.Table, drugs: ir.Table, rules: Rules, gate: Gate, rule: GateCriterion) -> ir.Table:
    """Return from when to when a candidate's tests count; who never began the run-in drug has no such time.

    >>> from calor.records.records import plain_rows
    >>> from calor.screen.decide import index_events
    >>> from calor.screen.example import example_facts, example_rules
    >>> facts, rules = example_facts(), example_rules()
    >>> timing = opens(index_events(facts, rules), facts.drugs, rules, rules.gate, rules.gate_rule)
    >>> plain_rows(timing.order_by("person_id"))[0]  # 28 days of statin after the infarction, until a year after it
    {'person_id': 1, 'closes': 20878, 'opens': 20541}
    """
    anchor = index.index_day if gate.window_from == "infarction" else ibis.literal(rules.today, "int64")
    table = index.select("person_id", "index_day", opens=anchor + gate.window[0], closes=anchor + gate.window[1])
    if rule.run_in_drug is None:
        return table.drop("index_day")
    taken = drugs.filter((drugs.role == rule.run_in_drug) & (drugs.start <= rules.today))
    since = taken.inner_join(table, "person_id").filter(ibis._.start >= ibis._.index_day)
    first = since.group_by("person_id").agg(first=since.start.min())
    joined = table.inner_join(first, "person_id")
    later = ibis.greatest(joined.opens, joined.first + rule.run_in_days)
    return joined.select("person_id", "closes", opens=later)


def tests_in_time(days: ir.Table, timing: ir.Table, rule: GateCriterion) -> ir.Table:
    """Return the days with results of the assay or its stand-in, while a candidate's tests count.

    >>> from calor.screen.criteria.results import days, results
    >>> from calor.records.records import plain_rows
    >>> from calor.screen.decide import index_events
    >>> from calor.screen.example import example_facts, example_rules
    >>> facts, rules = example_facts(), example_rules()
    >>> timing = opens(index_events(facts, rules), facts.drugs, rules, rules.gate, rules.gate_rule)
    >>> tests = tests_in_time(days(results(facts, rules), up=True), timing, rules.gate_rule)
    >>> len(plain_rows(tests))
    7
    """
    here = days.filter(days.role.isin([name for name in (rule.lab, rule.stand_in) if name]))
    table = here.inner_join(timing, "person_id").filter(ibis._.day.between(ibis._.opens, ibis._.closes))
    return table.mutate(lab=table.role == rule.lab)


def counts(
    table: ir.Table,
    rule: GateCriterion,
    comparator: Comparator,
    cutoff: float | ir.FloatingColumn,
    by: tuple[str, ...] = ("person_id",),
) -> ir.Table:
    """Count, per candidate, tests that pass, tests that do not, and days on which a test perhaps passed.

    Args:
        table: Tests in time.
        rule: The criterion.
        comparator: Of the gate.
        cutoff: Of the gate; a column where it differs by row, as in a what-if.
        by: What is counted for.

    >>> from calor.screen.criteria.results import days, results
    >>> from calor.records.records import plain_rows
    >>> from calor.screen.decide import index_events
    >>> from calor.screen.example import example_facts, example_rules
    >>> facts, rules = example_facts(), example_rules()
    >>> timing = opens(index_events(facts, rules), facts.drugs, rules, rules.gate, rules.gate_rule)
    >>> tests = tests_in_time(days(results(facts, rules), up=True), timing, rules.gate_rule)
    >>> found = counts(tests, rules.gate_rule, ">=", 2.0).order_by("person_id")
    >>> [(row["person_id"], row["tests"], row["fell"]) for row in plain_rows(found)]
    [(1, 2, 0), (2, 1, 1), (3, 1, 0), (4, 2, 0)]
    """
    falls = ~COMPARE[comparator](table.falls_edge, cutoff)
    passes = COMPARE[comparator](table.passes_edge, cutoff)
    table = table.mutate(falls=yes(falls), passes=~yes(falls) & yes(passes))
    if rule.pattern == "last":
        table = _since_the_last_that_fell(table, by)
    good, bad = table.lab & table.passes, table.lab & table.falls
    perhaps, other = table.lab & ~table.falls, ~table.lab & ~table.falls
    read = good | bad
    return table.group_by(*by).agg(
        tests=good.sum(),
        first=table.day.min(where=good),
        last=table.day.max(where=good),
        fell=bad.sum(),
        possible=perhaps.sum(),
        possible_first=table.day.min(where=perhaps),
        possible_last=table.day.max(where=perhaps),
        own=table.lab.sum(),
        other=other.sum(),
        other_first=table.day.min(where=other),
        other_last=table.day.max(where=other),
        day=table.day.max(where=read),
        value=ibis.coalesce(table.counted_value, 0.0).argmax(table.day, where=read),
        row=ibis.coalesce(table.counted_row, 0).argmax(table.day, where=read),
    )


def _since_the_last_that_fell(table: ir.Table, by: tuple[str, ...]) -> ir.Table:
    """Keep, of each candidate, the last test that did not pass and all after it."""
    bad = table.filter(table.falls & table.lab)
    last = bad.group_by(*by).agg(last_fell=bad.day.max())
    joined = table.left_join(last, list(by)).drop(*(f"{name}_right" for name in by))
    return joined.filter((joined.last_fell.isnull()) | (joined.day >= joined.last_fell))


def answer(table: ir.Table, rule: GateCriterion, gate: Gate, today: int) -> Answer:
    """Answer from the counts; what was set aside, or the stand-in assay alone, makes it undetermined at most.

    >>> from calor.screen.criteria.results import days, results
    >>> from calor.records.records import plain_rows
    >>> from calor.screen.decide import index_events
    >>> from calor.screen.example import example_facts, example_rules
    >>> facts, rules = example_facts(), example_rules()
    >>> timing = opens(index_events(facts, rules), facts.drugs, rules, rules.gate, rules.gate_rule)
    >>> tests = tests_in_time(days(results(facts, rules), up=True), timing, rules.gate_rule)
    >>> named = {f"inflamed__{name}": name for name in COUNTED}
    >>> table = counts(tests, rules.gate_rule, ">=", 2.0).rename(named).inner_join(timing, "person_id")
    >>> found = answer(table.filter(table.person_id == 2), rules.gate_rule, rules.gate, rules.today)
    >>> plain_rows(table.filter(table.person_id == 2).select(**found._asdict()))
    [{'met': False, 'value': 1.2, 'day': 20605, 'row': 4, 'distance': -0.8, 'changes': 20634}]
    """
    column = {name: table[f"{rule.id}__{name}"] for name in COUNTED}
    met, could = decided(column, rule, gate.tests, interval(gate))
    day, row = column["day"], column["row"].nullif(0)
    value = number(ibis.cases((day.notnull(), column["value"]), else_=None))
    passing = _until_a_test_leaves(column, rule, gate, today)
    changes = ibis.cases((met, passing), else_=_when_one_more_would_do(table, column, rule, gate, today))
    return Answer(three(met, ~met & ~could), value, day, row, value - gate.cutoff, changes)


def decided(
    column: Mapping[str, ir.Value], rule: GateCriterion, k: int | ir.Value, span: int | ir.Value
) -> tuple[ir.BooleanValue, ir.BooleanValue]:
    """Return whether the gate is met, and whether it could be.

    Args:
        column: What was counted.
        rule: The criterion.
        k: Passing tests that are asked for.
        span: Fewest days between the first and the last of them.

    >>> from calor.screen.criteria.results import days, results
    >>> from calor.records.records import plain_rows
    >>> from calor.screen.decide import index_events
    >>> from calor.screen.example import example_facts, example_rules
    >>> facts, rules = example_facts(), example_rules()
    >>> timing = opens(index_events(facts, rules), facts.drugs, rules, rules.gate, rules.gate_rule)
    >>> tests = tests_in_time(days(results(facts, rules), up=True), timing, rules.gate_rule)
    >>> counted = counts(tests, rules.gate_rule, ">=", 2.0)
    >>> met, could = decided({name: counted[name] for name in COUNTED}, rules.gate_rule, k=2, span=28)
    >>> [row["met"] for row in plain_rows(counted.select("person_id", met=met).order_by("person_id"))]
    [True, False, False, True]
    """
    met = _enough(column["tests"], column["first"], column["last"], k, span)
    could = _enough(column["possible"], column["possible_first"], column["possible_last"], k, span)
    stand_in = _enough(column["other"], column["other_first"], column["other_last"], k, span)
    could = could | (yes(column["own"] == 0) & stand_in)
    if rule.pattern == "all":
        unspoilt = yes(column["fell"] == 0)
        met, could = met & unspoilt, could & unspoilt
    return met, could


COUNTED = (
    "tests", "first", "last", "fell", "possible", "possible_first", "possible_last",
    "own", "other", "other_first", "other_last", "day", "value", "row",
)  # fmt: skip


def interval(gate: Gate) -> int:
    """Return the fewest days between the first and the last test; one test has none.

    >>> from calor.screen.example import example_rules
    >>> interval(example_rules().gate)
    28
    """
    return gate.least_interval_days if gate.tests > 1 else 0


def _enough(
    tests: ir.Value, first: ir.Value, last: ir.Value, k: int | ir.Value, span: int | ir.Value
) -> ir.BooleanValue:
    return yes((tests >= k) & (last - first >= span))


def _until_a_test_leaves(column: dict[str, ir.Value], rule: GateCriterion, gate: Gate, today: int) -> ir.Value:
    """Return the first day on which a gate that is met can cease to be; null where its window stands still."""
    if gate.window_from == "infarction":
        return NO_DAY
    if rule.pattern != "any" and gate.window[1] < 0:
        return ibis.literal(today + 1, "int64")  # a test that does not pass can enter the window
    return (column["first"] - gate.window[0] + 1).cast("int64")


def _when_one_more_would_do(
    table: ir.Table, column: dict[str, ir.Value], rule: GateCriterion, gate: Gate, today: int
) -> ir.Value:
    """Return the first day on which further passing tests, one a day, would complete the gate; null if they cannot."""
    tests = ibis.coalesce(column["tests"], 0)
    now = ibis.greatest(ibis.literal(today, "int64"), table.opens, ibis.coalesce(column["last"], 0) + 1)
    missing = ibis.greatest(gate.tests - tests, 1)
    first = ibis.coalesce(column["first"], now)
    done = ibis.greatest(now + missing - 1, first + interval(gate))
    possible = table.opens.notnull() & (done <= table.closes)
    if rule.pattern == "all":
        possible = possible & (ibis.coalesce(column["fell"], 0) == 0)
    return ibis.cases((possible, done), else_=NO_DAY)
