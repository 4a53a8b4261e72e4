"""Laboratory results as intervals, and their days.

A result is the interval in which the true value lies: a number is a point, `<0.2` is [0, 0.2), and a result that
cannot be read (no number, negative, no unit or a strange one) is everything. What can be said of the interval can be
said of the result; the rest is undetermined.
"""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis.expr import types as ir

from calor.records.records import in_query
from calor.screen.criteria.latest_lab import NOT_READ
from calor.screen.facts import Facts
from calor.screen.rules import Rules

ENDLESS = 1e300
JUST = 1e-9
"""How far an open end lies from its number; results are rounded to as much, so that 0.2 mg/dL is exactly 2.0 mg/L."""

OPERATORS = {4171756: "<", 4171754: "<=", 4171755: ">=", 4172704: ">"}
SIGN = r"^\s*([<>]=?)\s*[0-9]"
CENSORED = r"^\s*([<>]=?)\s*([0-9]+(\.[0-9]+)?)\s*$"
"""A text that stands for a number that is not there may hold no more: a unit in it could be another."""


def results(facts: Facts, rules: Rules) -> ir.Table:
    """Return each staged result up to today with `value`, `low`, `high`, `usable` and, for the gate, `set_aside`.

    >>> from calor.records.records import plain_rows
    >>> from calor.screen.example import example_facts, example_rules
    >>> found = results(example_facts(), example_rules()).order_by("row_id")
    >>> plain_rows(found["person_id", "value", "low", "high", "counted"])[0]
    {'person_id': 1, 'value': 3.1, 'low': 3.1, 'high': 3.1, 'counted': True}
    """
    labs = facts.labs
    schema = {"role": pa.string(), "unit_concept_id": pa.int64(), "unit_text": pa.string(), "factor": pa.float64()}
    factors = in_query(facts.factors, schema)
    labs = labs.filter(labs.day <= rules.today).left_join(factors, ["role", "unit_concept_id", "unit_text"])
    recorded = ibis.cases(*((labs.operator_concept_id == i, sign) for i, sign in OPERATORS.items()), else_=None)
    written = ibis.cases((labs.text != "", labs.text.re_extract(SIGN, 1).nullif("")), else_=None)
    sign = ibis.coalesce(recorded, written, "=")
    amount = ibis.coalesce(labs.number, labs.text.re_extract(CENSORED, 2).nullif("").cast("float64")) * labs.factor
    read = labs.select("person_id", "role", "day", "row_id", sign=sign, amount=_rounded(amount))
    usable = ibis.coalesce(read.amount.between(0, ENDLESS), ibis.literal(False))
    low = ibis.cases(
        (~usable, 0.0), (read.sign == ">", read.amount + JUST), (read.sign.isin(("=", ">=")), read.amount), else_=0.0
    )
    high = ibis.cases(
        (~usable, ENDLESS),
        (read.sign == "<", read.amount - JUST),
        (read.sign.isin(("=", "<=")), read.amount),
        else_=ENDLESS,
    )
    value = ibis.cases((usable, read.amount), else_=ibis.null("float64"))
    table = read.select("person_id", "role", "day", "row_id", value=value, low=low, high=high, usable=usable)
    return _set_aside(table, facts, rules)


def days(table: ir.Table, *, up: bool) -> ir.Table:
    """Return one row per candidate, set and day.

    Args:
        table: Results as intervals.
        up: Whether the gate asks for high values: then a day's lowest result is the least favorable.

    >>> from calor.records.records import plain_rows
    >>> from calor.screen.example import example_facts, example_rules
    >>> found = days(results(example_facts(), example_rules()), up=True).order_by("person_id", "day")
    >>> [(row["person_id"], row["day"], row["passes_edge"]) for row in plain_rows(found)[:2]]
    [(1, 20574, 3.1), (1, 20605, 2.4)]
    """
    counted = table.counted
    falls = table.high.min(where=~table.set_aside) if up else table.low.max(where=~table.set_aside)
    passes = table.low.max(where=counted) if up else table.high.min(where=counted)
    return table.group_by("person_id", "role", "day").agg(
        row_id=table.row_id.min(),
        low_min=table.low.min(),
        low_max=table.low.max(),
        high_min=table.high.min(),
        high_max=table.high.max(),
        value_min=ibis.coalesce(table.value.min(), NOT_READ),
        value_max=ibis.coalesce(table.value.max(), NOT_READ),
        falls_edge=falls,
        passes_edge=passes,
        counted_row=table.row_id.min(where=counted),
        counted_value=table.value.min(where=counted) if up else table.value.max(where=counted),
    )


def _set_aside(table: ir.Table, facts: Facts, rules: Rules) -> ir.Table:
    """Mark results that the gate sets aside (acute-phase values, those around an event) and those that count for it."""
    rule, gate = rules.gate_rule, rules.gate
    nothing = ibis.literal(False)
    if rule is None or gate is None:
        return table.mutate(set_aside=nothing, counted=table.usable)
    gated = table.role.isin([name for name in (rule.lab, rule.stand_in) if name])
    above = min((kind.above for kind in gate.set_aside if kind.above is not None), default=ENDLESS)
    table = table.mutate(set_aside=gated & (table.low > above), gated=gated)
    seen = facts.events.filter(facts.events.start <= rules.today)
    for kind in gate.set_aside:
        if kind.within_days_of is not None:
            near = _near(table.filter(table.gated), seen, kind.within_days_of, kind.days or 0)
            joined = table.left_join(near, [table.person_id == near.near_person, table.day == near.near_day])
            aside = joined.set_aside | (joined.gated & joined.near_day.notnull())
            table = joined.mutate(set_aside=aside).drop("near_person", "near_day")
    return table.mutate(counted=table.usable & ~table.set_aside & (table.high <= above))


def _near(gated: ir.Table, events: ir.Table, role: str, within: int) -> ir.Table:
    """Return the persons and days with a result within some days of an event (ids of rows may be missing or twice)."""
    event = events.filter(events.role == role).select("person_id", "start", "stop")
    pairs = gated.inner_join(event, "person_id")
    close = pairs.filter((pairs.day >= pairs.start - within) & (pairs.day <= pairs.stop + within))
    return close.select(near_person=close.person_id, near_day=close.day).distinct()


def _rounded(amount: ir.FloatingValue) -> ir.FloatingValue:
    return amount.round(9)
