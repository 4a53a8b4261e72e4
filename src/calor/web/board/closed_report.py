"""The closed report: safety by coded arms, limits for harm, and the looks; for the board's closed session."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from calor.analyze import declared
from calor.analyze.declared.records import Datasets
from calor.errors import CalorError
from calor.monitor.declared_harm import declared_harm_limits, harm_rules
from calor.monitor.declared_looks import declared_looks, without_beside
from calor.protocol.protocol import Protocol
from calor.report.section import Section
from calor.report.sections import KINDS
from calor.report.table import Column, Table
from calor.web.board.coding import coded_protocol, names
from calor.web.board.cut import Whole
from calor.web.board.visits import completeness


def closed_report(cut: Whole, looks: Sequence[Whole]) -> tuple[Section, ...]:
    """Compose the report's sections.

    Args:
        cut: The cut that is reported.
        looks: The cuts that were made for the planned looks, in order, this one included.
    """
    protocol = cut.shown.protocol
    sections = list(_tried("harm", "Limits for harm", lambda: _harm(protocol, cut))) if harm_rules(protocol) else []
    sections += _tried("looks", "Looks at efficacy", lambda: _looks(protocol, looks))
    sections += [_progress(cut), _alerts(cut)]
    for name in ("baseline", *(each.id for each in protocol.analyses if each.role == "safety")):
        sections += _tried(name, _label(protocol, name), lambda name=name: analysis_section(cut, name))  # type: ignore[misc]
    return tuple(sections)


def analysis_section(cut: Whole, name: str) -> Section:
    """Return one declared analysis by coded arms, as the report shows it.

    Args:
        cut: The cut.
        name: The analysis.

    Raises:
        CalorError: The data do not support it yet.
    """
    coded, datasets = coded_protocol(cut.shown.protocol), cut.coded_datasets
    protocol = _with_measured_baseline(coded, cut) if name == "baseline" else coded
    missing = [need for need in declared.needs(protocol, name) if need not in datasets]
    if missing:
        told = f"No {', '.join(missing).upper()} yet: what it needs is not captured here."
        return Section(_anchor(name), _label(protocol, name), told)
    try:
        return _section(protocol, name, datasets)
    except CalorError as error:
        made = _section(without_beside(protocol, name), name, datasets)
        return replace(made, notes=(*made.notes, f"Without what would stand beside it: {error}"))


def _section(protocol: Protocol, name: str, datasets: Datasets) -> Section:
    finding = declared.run(protocol, name, datasets)
    return KINDS[finding.kind].section(finding)


def _label(protocol: Protocol, name: str) -> str:
    return name.capitalize() if name in declared.DESCRIPTIVE else protocol.analysis(name).label


def _anchor(name: str) -> str:
    return name.lower().replace("_", "-")


def _tried(name: str, title: str, make: Callable[[], Section]) -> Iterator[Section]:
    """Yield a section, or why there is none: a board that sees nothing must know that it is nothing."""
    try:
        yield make()
    except CalorError as error:
        yield Section(_anchor(name), title, "This cannot be said yet.", notes=(str(error),))


def _with_measured_baseline(coded: Protocol, cut: Whole) -> Protocol:
    """Name what the captured data hold at baseline: each biomarker with two values an arm, and the stratum."""
    adsl = cut.coded_datasets["adsl"].frame
    measured = [
        name for name in (f"{biomarker.paramcd[:6]}BL" for biomarker in coded.biomarkers)
        if name in adsl and (adsl.groupby("TRT01P")[name].count() > 1).all() and adsl[name].std() > 0
    ]  # fmt: skip
    strata = ("STRATAR",) if len(set(adsl["STRATAR"])) > 1 else ()
    table = coded.baseline.model_copy(update={"continuous": tuple(measured), "categorical": strata})
    return coded.model_copy(update={"baseline": table})


def _letters(cut: Whole) -> list[str]:
    return names(len(set(cut.coded.values()) | set(names(2))))


def _progress(cut: Whole) -> Section:
    adsl = cut.coded_datasets["adsl"].frame
    letters = _letters(cut)
    arms = [adsl[adsl["TRT01P"] == letter] for letter in letters]
    steps: dict[str, list[Any]] = {
        "Randomized": [len(arm) for arm in arms],
        "Treated": [int((arm["SAFFL"] == "Y").sum()) for arm in arms],
        "In follow-up": [int((arm["EOSSTT"] == "ONGOING").sum()) for arm in arms],
        "Completed": [int((arm["EOSSTT"] == "COMPLETED").sum()) for arm in arms],
        "Withdrawn": [int((arm["EOSSTT"] == "DISCONTINUED").sum()) for arm in arms],
        "Visits held of those due": [_held(cut, letter) for letter in letters],
    }
    rows = pd.DataFrame([{"what": what, **dict(zip(letters, told, strict=True))} for what, told in steps.items()])
    columns = [Column("what", ""), *(Column(letter, letter, align="right") for letter in letters)]
    table = Table.from_frame(rows, name="progress-arms", title="Participants by coded arm.", columns=columns)
    sizes = ", ".join(f"{letter} {len(arm)}" for letter, arm in zip(letters, arms, strict=True))
    return Section("progress", "Participants", f"{len(adsl)} were randomized: {sizes}.", tables=(table,))


def _held(cut: Whole, letter: str) -> str:
    table = completeness([row for row in cut.shown.visits if cut.coded[row["participant"]] == letter])
    return "none" if table.empty else f"{int(table['held'].sum())}/{int(table['due'].sum())}"


def _alerts(cut: Whole) -> Section:
    """List all alerts by coded arm; the neutral text that the sites got stands for its finding, which is here."""
    found = [row for row in cut.shown.alerts if row["rule"] != "review"] + cut.alerts
    if not found:
        return Section("alerts-arms", "Alerts", "The safety rules raised no alert.")
    rows = pd.DataFrame(found).sort_values("on", ascending=False, kind="stable")
    rows = rows.assign(arm=[cut.coded.get(who, "").removeprefix("Arm ") for who in rows["participant"]])
    letters = _letters(cut)
    counts = ", ".join(f"{letter} {int((rows['arm'] == letter[-1]).sum())}" for letter in letters)
    columns = [
        Column("participant", "Participant", missing=""), Column("arm", "Arm"), Column("text", "Alert"),
        Column("on", "On", align="right"),
    ]  # fmt: skip
    table = Table.from_frame(
        rows, name="alerts-by-arm", title="What the safety rules found, by coded arm.", columns=columns,
        note="With what is withheld from blinded people.",
    )  # fmt: skip
    other = int((rows["arm"] == "").sum())
    counts += f", the whole trial {other}" if other else ""
    return Section("alerts-arms", "Alerts", f"{len(rows)} alerts were raised: {counts}.", tables=(table,))


def _harm(protocol: Protocol, cut: Whole) -> Section:
    """Set each arm's count beside the limit, so that the table does not tell which arm the rule is about."""
    found = declared_harm_limits(protocol, cut.named_datasets)
    judged = found.tables["looks"]
    coded, letters = coded_protocol(protocol), _letters(cut)
    by_letter = {arm.label: _counted_on(coded, arm.id, cut) for arm in coded.arms}
    tables = []
    for limit, rule in harm_rules(protocol):
        rows = judged[judged["limit_id"] == limit.id].reset_index(drop=True)
        counts = {letter: by_letter[letter] for letter in letters}
        told = {letter: counts[letter][counts[letter]["limit_id"] == limit.id]["events"].array for letter in letters}
        columns = [
            Column("look", "Look"), Column("participants", "Participants of an arm", align="right"),
            Column("limit", "Stop at", align="right", missing="no count"),
            *(Column(letter, f"With event, {letter}", align="right", missing="not reached") for letter in letters),
            Column("verdict", "By the rule"),
        ]  # fmt: skip
        tables.append(
            Table.from_frame(
                rows.assign(**told), name=f"harm-{_anchor(limit.id)}", title=f"{limit.text}.", columns=columns,
                note=f"Acceptable: {100 * rule.acceptable:g} %. Limits: {rows['method'].iloc[0]}.",
            )
        )  # fmt: skip
    reached = judged[judged["verdict"] == "stop"]
    ids = list(dict.fromkeys(reached["limit_id"]))
    if not ids:
        return Section("harm", "Limits for harm", "No limit for harm is reached.", tables=tuple(tables))
    actions = [f"{limit.text}: limit reached. {limit.action}." for limit, _ in harm_rules(protocol) if limit.id in ids]
    return Section("harm", "Limits for harm", " ".join(actions), tables=tuple(tables))


def _counted_on(coded: Protocol, arm: str, cut: Whole) -> pd.DataFrame:
    """Count by the protocol's rules as if they were about one coded arm."""
    limits = tuple(
        limit if limit.harm is None else limit.model_copy(update={"harm": limit.harm.model_copy(update={"arm": arm})})
        for limit in coded.safety_limits
    )
    about = coded.model_copy(update={"safety_limits": limits})
    return declared_harm_limits(about, cut.coded_datasets).tables["looks"]


def _looks(protocol: Protocol, looks: Sequence[Whole]) -> Section:
    if protocol.looks is None:
        return Section("looks", "Looks at efficacy", "The protocol plans no look at efficacy before the end.")
    found = declared_looks(protocol, [cut.named_datasets for cut in looks])
    rows = found.to_frame()
    rows = rows.assign(
        planned=100 * rows["planned_fraction"],
        observed=100 * rows["fraction"].astype(float),
        size=rows["z"].astype(float).abs(),
    )
    columns = [
        Column("look", "Look"), Column("planned", "Planned information, %", digits=0, align="right"),
        Column("information", f"{found.unit.capitalize()} seen", digits=0, align="right", missing="to come"),
        Column("observed", "Information, %", digits=1, align="right", missing="to come"),
        Column("size", "|z|", digits=3, align="right", missing="to come"),
        Column("efficacy_bound", "Bound", digits=3, align="right", missing="to come"),
        Column("decision", "What happens"),
    ]  # fmt: skip
    table = Table.from_frame(
        rows, name="looks-table", title="Each planned look against its bound.", columns=columns,
        note=f"Planned: {found.planned_information:.0f} {found.unit}. Bounds follow the information observed. The sign "
        "of z is left out, since it would tell which arm is which.",
    )  # fmt: skip
    return Section("looks", "Looks at efficacy", f"{found}.", tables=(table,))
