"""Compile the rules to one expression over the staged tables: one row per candidate, three answers per criterion.

No window functions and no as-of joins: groups and maxima alone run on every engine. Rows of one day or one end are
collapsed before a maximum picks among them, so that no tie is left to the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import ibis
from ibis.expr import types as ir

from calor.errors import ScreenError
from calor.protocol.screening import AgeCriterion, GateCriterion, LatestLabCriterion, ScreeningCriterion
from calor.screen.criteria import (
    age,
    alive,
    biomarker_gate,
    drug_absent,
    drug_covered,
    event_absent,
    latest_lab,
    recent_infarction,
)
from calor.screen.criteria.answer import NO_DAY, NO_NUMBER, Answer, yes
from calor.screen.criteria.results import days, results
from calor.screen.facts import Facts
from calor.screen.rules import Rules

PARTS = ("met", "value", "day", "row", "distance", "changes")


def decide(facts: Facts, rules: Rules) -> ir.Table:
    """Return the expression of every answer.

    Columns: `person_id`, `status` (eligible, ineligible, undetermined), `index_day`; for each criterion
    `<id>__met` and the other parts of `Answer`; for the gate `gate_tests` (that pass) and `gate_fell`.

    >>> from calor.records.records import rows
    >>> from calor.screen.example import example_facts, example_rules
    >>> answers = rows(decide(example_facts(), example_rules())).set_index("person_id")
    >>> answers["status"].sort_index().tolist()
    ['eligible', 'ineligible', 'ineligible', 'ineligible', 'ineligible']
    """
    index = index_events(facts, rules)
    table = _beside(index, [facts.people, *_counted(facts, rules, index)])
    answers = {rule.id: _answer(table, rule, facts, rules) for rule in rules.screening.criteria}
    columns = {f"{i}__{part}": getattr(a, part) for i, a in answers.items() for part in PARTS}
    gate = rules.gate_rule
    if gate is not None:
        for name in ("tests", "fell"):
            columns[f"gate_{name}"] = ibis.coalesce(table[f"{gate.id}__{name}"], 0).cast("int64")
    table = table.select("person_id", "index_day", death_day=table.death_day, **columns)
    return table.mutate(status=_status([table[f"{i}__met"] for i in answers]))


def _status(met: list[ir.BooleanValue]) -> ir.StringValue:
    """Combine by Kleene: any criterion not met decides, then any undetermined."""
    failed = ibis.or_(*(yes(~m) for m in met))
    unknown = ibis.or_(*(m.isnull() for m in met))
    return ibis.cases((failed, "ineligible"), (unknown, "undetermined"), else_="eligible")


def index_events(facts: Facts, rules: Rules) -> ir.Table:
    """Return the day and row of each candidate's latest infarction.

    >>> from calor.records.records import rows
    >>> from calor.screen.example import example_facts, example_rules
    >>> rows(index_events(example_facts(), example_rules()))["index_day"].unique().tolist()
    [20513]
    """
    events = facts.events
    infarctions = events.filter((events.role == rules.screening.infarction) & (events.start <= rules.today))
    by_day = infarctions.group_by("person_id", "start").agg(row_id=infarctions.row_id.min())
    return by_day.group_by("person_id").agg(index_day=by_day.start.max(), index_row=by_day.row_id.argmax(by_day.start))


def _counted(facts: Facts, rules: Rules, index: ir.Table) -> Iterator[ir.Table]:
    """Yield one table per source: each candidate once, all criteria's counts side by side."""
    of_kind = {kind: [r for r in rules.screening.criteria if r.kind == kind] for kind in KINDS}
    seen = facts.events.filter(facts.events.start <= rules.today)
    events = seen.group_by("person_id", "role", "stop").agg(row_id=seen.row_id.min())
    yield from _grouped(events, event_absent, of_kind["event_absent"], rules.today)
    taken = facts.drugs.filter(facts.drugs.start <= rules.today)
    drugs = taken.group_by("person_id", "role", "certain", "stop").agg(
        row_id=taken.row_id.min(), start=taken.start.max()
    )
    yield from _grouped(drugs, drug_covered, of_kind["drug_covered"], rules.today)
    yield from _grouped(drugs, drug_absent, of_kind["drug_absent"], rules.today)
    gate, rule = rules.gate, rules.gate_rule
    if not of_kind["latest_lab"] and rule is None:
        return
    found = results(facts, rules)
    gated = [name for name in (rule.lab, rule.stand_in) if name] if rule is not None else []
    longest = max((r.within_days for r in of_kind["latest_lab"] if isinstance(r, LatestLabCriterion)), default=0)
    asked = found.filter(found.role.isin(gated) | (found.day >= rules.today - longest))  # grouping is what costs
    lab_days = days(asked, up=gate is None or gate.comparator in {">=", ">"})
    yield from _grouped(lab_days, latest_lab, of_kind["latest_lab"], rules.today)
    if rule is not None and gate is not None:
        timing = biomarker_gate.opens(index, facts.drugs, rules, gate, rule)
        tests = biomarker_gate.tests_in_time(lab_days, timing, rule)
        counted = biomarker_gate.counts(tests, rule, gate.comparator, gate.cutoff)
        yield counted.rename({f"{rule.id}__{name}": name for name in biomarker_gate.COUNTED})
        yield timing


KINDS = ("event_absent", "drug_covered", "drug_absent", "latest_lab")


def _grouped(table: ir.Table, module: ModuleType, wanted: list[ScreeningCriterion], today: int) -> Iterator[ir.Table]:
    columns = {
        f"{rule.id}__{name}": value for rule in wanted for name, value in module.counts(table, rule, today).items()
    }
    if columns:
        yield table.group_by("person_id").agg(**columns)


def _beside(index: ir.Table, parts: list[ir.Table]) -> ir.Table:
    """Join what was counted to each candidate, in one chain: a query within a query for each would cost ibis more."""
    table, names = index, list(index.columns)
    for number, part in enumerate(parts):
        table = table.left_join(part, "person_id", rname=f"{{name}}_of_{number}")
        names += [name for name in part.columns if name != "person_id"]
    return table.select(*names)


def _answer(table: ir.Table, rule: ScreeningCriterion, facts: Facts, rules: Rules) -> Answer:
    """Answer one criterion; where the site's vocabulary holds nothing for its set, nobody can tell."""
    named = (getattr(rule, key, None) for key in ("event", "drug", "lab"))
    if any(name in facts.absent for name in named):
        return Answer(ibis.null("boolean"), NO_NUMBER, NO_DAY, NO_DAY, NO_NUMBER, NO_DAY)
    if isinstance(rule, AgeCriterion):
        return age.answer(table, rule, rules.as_of)
    if isinstance(rule, GateCriterion):
        if rules.gate is None:
            raise ScreenError.must("protocol", "have a gate", "none", fix="Declare [gate].")
        return biomarker_gate.answer(table, rule, rules.gate, rules.today)
    return MODULES[rule.kind].answer(table, rule, rules.today)  # type: ignore[no-any-return]


MODULES: dict[str, ModuleType] = {
    "recent_infarction": recent_infarction,
    "alive": alive,
    "drug_covered": drug_covered,
    "drug_absent": drug_absent,
    "event_absent": event_absent,
    "latest_lab": latest_lab,
}
"""The criteria that answer from the day of screening alone."""
