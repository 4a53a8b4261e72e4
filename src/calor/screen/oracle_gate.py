"""The oracle's reading of the gate: one test per day, counted as a person would count them."""

from __future__ import annotations

from datetime import date, timedelta

from calor.protocol.biomarkers import Gate
from calor.protocol.screening import GateCriterion
from calor.screen.oracle_chart import Chart, Event, OracleAnswer, Result, whole


def answer_gate(chart: Chart, rule: GateCriterion, gate: Gate, today: date, index: Event) -> OracleAnswer:
    """Answer the gate for one person, test by test.

    >>> from calor.screen.example import example_rules
    >>> results = [Result("hscrp", n, date(2026, 4 + n, 1), value, value, value) for n, value in [(1, 3.1), (2, 2.4)]]
    >>> index = Event("mi", 1, date(2026, 1, 1), date(2026, 1, 1))
    >>> chart = Chart({"person_id": 1}, [], [index], [], results)
    >>> rules = example_rules()
    >>> without_run_in = rules.gate_rule.model_copy(update={"run_in_drug": None})
    >>> found = answer_gate(chart, without_run_in, rules.gate, rules.as_of, index)
    >>> found.met, found.value, found.day.isoformat()
    (True, 2.4, '2026-06-01')
    """
    anchor = index.start if gate.window_from == "infarction" else today
    opens, closes = anchor + timedelta(gate.window[0]), anchor + timedelta(gate.window[1])
    if rule.run_in_drug is not None:
        began = [d.start for d in chart.drugs if d.role == rule.run_in_drug and d.start >= index.start]
        if not began:
            return OracleAnswer(False)
        opens = max(opens, min(began) + timedelta(rule.run_in_days))
    timed = [r for r in chart.results if opens <= r.day <= closes]
    tests = _tests([r for r in timed if r.role == rule.lab], chart.events, gate)
    other = _tests([r for r in timed if r.role == rule.stand_in], chart.events, gate)
    if rule.pattern == "last":
        fell = max((day for day, (state, *_) in tests.items() if state is False), default=date.min)
        tests = {day: test for day, test in tests.items() if day >= fell}
        other = {day: test for day, test in other.items() if day >= fell}
    passed = sorted(day for day, (state, *_) in tests.items() if state is True)
    perhaps = sorted(day for day, (state, *_) in tests.items() if state is not False)
    instead = sorted(day for day, (state, *_) in other.items() if state is not False)
    met: bool | None = _enough(passed, gate)
    could = _enough(perhaps, gate) or (not tests and _enough(instead, gate))
    spoilt = rule.pattern == "all" and any(state is False for state, *_ in tests.values())
    if spoilt:
        met, could = False, False
    if not met and could:
        met = None
    read = [day for day, (state, *_) in tests.items() if state is not None]
    changes = None if met or spoilt else _completed(passed, gate, max(today, opens), closes)
    if met and gate.window_from == "randomization":
        enters = rule.pattern != "any" and gate.window[1] < 0
        changes = today + timedelta(1) if enters else passed[0] + timedelta(1 - gate.window[0])
    if not read:
        return OracleAnswer(met, changes=changes)
    _, value, row = tests[max(read)]
    return OracleAnswer(met, value, max(read), row, value - gate.cutoff, changes)


def _enough(days: list[date], gate: Gate) -> bool:
    apart = gate.least_interval_days if gate.tests > 1 else 0
    return len(days) >= gate.tests and (days[-1] - days[0]).days >= apart


def _completed(passed: list[date], gate: Gate, earliest: date, closes: date) -> date | None:
    """Add passing tests, one a day from the earliest day, until the gate is complete."""
    days, day = list(passed), earliest
    if passed:
        day = max(day, passed[-1] + timedelta(1))
    while day <= closes:
        if _enough([*days, day], gate):
            return day
        if len(days) < gate.tests - 1:
            days.append(day)
        day += timedelta(1)
    return None


def _tests(results: list[Result], events: list[Event], gate: Gate) -> dict[date, tuple[bool | None, float, int | None]]:
    """Make one test of each day's results: passed, not, or perhaps; with its value and row."""
    tests: dict[date, tuple[bool | None, float, int | None]] = {}
    for day in {result.day for result in results}:
        todays = [r for r in results if r.day == day]
        states = {r: _state(r, events, gate) for r in todays}
        state = False if False in states.values() else True if True in states.values() else None
        read = [r for r in todays if _counts(r, events, gate) and r.value is not None]
        worst = (min if gate.comparator in {">=", ">"} else max)(
            (r.value for r in read if r.value is not None), default=0.0
        )
        tests[day] = (state, worst, min((r.row for r in read), default=None))
    return tests


def _state(result: Result, events: list[Event], gate: Gate) -> bool | None:
    if _is_set_aside(result, events, gate):
        return None
    state = whole(result, gate.passes)
    return state if state is False or _counts(result, events, gate) else None


def _counts(result: Result, events: list[Event], gate: Gate) -> bool:
    """Say whether a result surely counts: it can be read and is surely not set aside."""
    acute = any(rule.above is not None and result.high > rule.above for rule in gate.set_aside)
    return result.value is not None and not acute and not _is_set_aside(result, events, gate)


def _is_set_aside(result: Result, events: list[Event], gate: Gate) -> bool:
    for rule in gate.set_aside:
        if rule.above is not None and result.low > rule.above:
            return True
        near = timedelta(rule.days or 0)
        if rule.within_days_of is not None and any(
            event.role == rule.within_days_of and event.start - near <= result.day <= event.stop + near
            for event in events
        ):
            return True
    return False
