"""The open report: how the trial goes, pooled over arms; for the board's open session and the sponsor."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from calor.analyze.safety.adverse_events import AdverseEventColumns, adverse_events
from calor.report.figure import Figure
from calor.report.figures.recruitment import recruitment
from calor.report.section import Section
from calor.report.table import Column, Table
from calor.web.board.cut import Shown
from calor.web.board.pooled_baseline import pooled_baseline
from calor.web.board.visits import completeness
from calor.web.calendar import DONE, MISSED, OUTSIDE

_POOLED = "All participants"
_GRADES = ("1", "2", "3", "4", "5")


def open_report(cut: Shown) -> tuple[Section, ...]:
    """Compose the report's sections; nothing in them depends on an arm."""
    return (
        _recruitment(cut),
        _baseline(cut),
        _visits(cut),
        _events(cut),
        _alerts(cut),
        _departures(cut),
        _queries(cut),
    )


def _recruitment(cut: Shown) -> Section:
    adsl = cut.datasets["adsl"].frame
    recent = adsl["RANDDT"] > pd.Timestamp(cut.cutoff) - pd.Timedelta(weeks=4)
    rows = [
        {
            "site": site, "n": len(here), "recent": int(recent[here.index].sum()),
            **{status: int((here["EOSSTT"] == status).sum()) for status in ("ONGOING", "COMPLETED", "DISCONTINUED")},
        }
        for site, here in adsl.groupby("SITEID")
    ]  # fmt: skip
    columns = [
        Column("site", "Site"), Column("n", "Randomized", align="right"),
        Column("recent", "Last four weeks", align="right"), Column("ONGOING", "In follow-up", align="right"),
        Column("COMPLETED", "Completed", align="right"), Column("DISCONTINUED", "Withdrawn", align="right"),
    ]  # fmt: skip
    table = Table.from_frame(
        pd.DataFrame(rows), name="recruitment-sites", title="Participants by site.", columns=columns
    )
    return Section(
        "recruitment", "Recruitment",
        f"{len(adsl)} of {cut.protocol.trial.planned_size} planned participants were randomized by {cut.cutoff}, "
        f"{int(recent.sum())} of them in the last four weeks.",
        figures=_accrual(cut), tables=(table,),
    )  # fmt: skip


def _accrual(cut: Shown) -> tuple[Figure, ...]:
    """Draw recruitment beside the plan, where the protocol states one."""
    if cut.plan is None:
        return ()
    days = [day.date() for day in cut.datasets["adsl"].frame["RANDDT"]]
    return (
        recruitment(
            days, planned=cut.plan, today=cut.cutoff, name="accrual",
            title=f"{len(days)} of {cut.plan[2]} planned participants have been randomized.",
            caption=f"Up to {cut.cutoff}. Dashed: the even pace that the protocol plans.",
        ),
    )  # fmt: skip


def _baseline(cut: Shown) -> Section:
    table = pooled_baseline(cut.protocol, cut.datasets)
    columns = [
        Column("what", "Characteristic"), Column("n", "n", align="right"),
        Column("value", "Mean (SD), or %", align="right"),
        Column("quartiles", "Median (first to third quartile)", align="right", missing=""),
    ]  # fmt: skip
    made = Table.from_frame(table, name="baseline-pooled", title="Participants at baseline.", columns=columns)
    return Section("baseline", "Who takes part", "All arms together.", tables=(made,))


def _visits(cut: Shown) -> Section:
    table = completeness(cut.visits)
    due, held = int(table["due"].sum()), int(table["held"].sum())
    columns = [
        Column("visit", "Visit"), Column("due", "Due", align="right"), Column(DONE, "In its window", align="right"),
        Column(OUTSIDE, "Outside it", align="right"), Column(MISSED, "Did not take place", align="right"),
        Column("open", "Not recorded", align="right"),
        Column("percent", "Complete, %", digits=0, align="right", missing="none due"),
    ]  # fmt: skip
    made = Table.from_frame(
        table, name="visits-pooled", title="Visits whose window had closed, or that took place.", columns=columns
    )
    said = f"{held} of {due} visits due took place." if due else "No visit was due yet."
    return Section("visits", "Follow-up", said, tables=(made,))


def _events(cut: Shown) -> Section:
    adsl, adae = (cut.datasets[name].frame for name in ("adsl", "adae"))
    treated = adsl[adsl["SAFFL"] == "Y"].assign(TRT01A=_POOLED)
    if treated.empty:
        return Section("events", "Adverse events", "Nobody has been treated yet.")
    own = adae[adae["USUBJID"].isin(treated["USUBJID"])].assign(TRTA=_POOLED)
    found = adverse_events(
        own, treated, columns=AdverseEventColumns(severity="AETOXGR"), severity_order=_GRADES
    ).to_frame()  # fmt: skip
    return Section(
        "events", "Adverse events", _said(found),
        tables=(_overview(found), *_terms(found), *_serious(adae)),
        notes=("Since the first dose; a participant counts once in a row, at the worst grade.", *cut.notes),
    )  # fmt: skip


def _said(found: pd.DataFrame) -> str:
    whole = found[found["level"] == "any"].set_index("by")
    any_event, serious = whole.loc["all"], whole.loc["serious"]
    return (
        f"{any_event['participants']} of {any_event['n']} treated participants had an adverse event, "
        f"{serious['participants']} a serious one."
    )


_COUNTS = [
    Column("participants", "Participants", align="right"), Column("percent", "%", digits=1, align="right"),
    Column("percent_lower", "CI, lower", digits=1, align="right"),
    Column("percent_upper", "CI, upper", digits=1, align="right"), Column("events", "Events", align="right"),
]  # fmt: skip


def _overview(found: pd.DataFrame) -> Table:
    words = {"all": "Any event", "serious": "Serious", "severity": "Worst grade {}", "relation": "{}"}
    rows = found[found["level"] == "any"]
    labels = [words[by].format(str(what).capitalize()) for by, what in zip(rows["by"], rows["category"], strict=True)]
    return Table.from_frame(
        rows.assign(what=labels), name="events-overview", title="Participants with adverse events, arms pooled.",
        columns=[Column("what", ""), *_COUNTS], note="Exact 95 % intervals.",
    )  # fmt: skip


def _terms(found: pd.DataFrame) -> tuple[Table, ...]:
    rows = found[(found["level"] == "term") & (found["by"] == "all")]
    if rows.empty:
        return ()
    ordered = rows.sort_values(["participants", "term"], ascending=[False, True], kind="stable")
    return (
        Table.from_frame(
            ordered, name="events-terms", title="Adverse events by term, arms pooled.",
            columns=[Column("term", "Term"), *_COUNTS],
        ),
    )  # fmt: skip


def _serious(adae: pd.DataFrame) -> tuple[Table, ...]:
    rows = adae[adae["AESER"] == "Y"].sort_values(["ASTDT", "USUBJID"], kind="stable")
    if rows.empty:
        return ()
    told = rows.assign(related=rows["AEREL"].str.lower(), outcome=rows["AEOUT"].str.lower())
    columns = [
        Column("USUBJID", "Participant"), Column("AETERM", "Event"), Column("AETOXGR", "Grade", align="right"),
        Column("ASTDY", "Day", digits=0, align="right"), Column("related", "Relation"), Column("outcome", "Outcome"),
    ]  # fmt: skip
    return (Table.from_frame(told, name="events-serious", title="Serious events, one by one.", columns=columns),)


def _alerts(cut: Shown) -> Section:
    if not cut.alerts:
        return Section("alerts", "Alerts", "The safety rules raised no alert.")
    waiting = sum(not row["taken_up"] for row in cut.alerts)
    rows = pd.DataFrame(cut.alerts).assign(state=["taken up" if r["taken_up"] else "waits" for r in cut.alerts])
    columns = [
        Column("participant", "Participant"), Column("text", "Alert"), Column("on", "On", align="right"),
        Column("state", "State", align="right"),
    ]  # fmt: skip
    table = Table.from_frame(
        rows.iloc[::-1], name="alerts-list", title="What the safety rules found.", columns=columns,
        note="What could reveal an arm stands in the closed report; here it is one neutral text.",
    )  # fmt: skip
    return Section(
        "alerts", "Alerts", f"{len(rows)} alerts were raised; {waiting} wait to be taken up.", tables=(table,)
    )


def _departures(cut: Shown) -> Section:
    rows = [row for row in cut.visits if row["status"] in (OUTSIDE, MISSED)]
    adsl = cut.datasets["adsl"].frame
    left = int((adsl["EOSSTT"] == "DISCONTINUED").sum())
    said = (
        f"{len(rows)} visits departed from the protocol; {left} participants withdrew; "
        f"{cut.unblindings} were unblinded in an emergency."
    )
    if not rows:
        return Section("departures", "Departures from the protocol", said)
    columns = [
        Column("participant", "Participant"), Column("visit", "Visit"), Column("status", "What"),
        Column("reason", "Reason"),
    ]  # fmt: skip
    table = Table.from_frame(
        pd.DataFrame(rows), name="departures-list", title="Visits outside their window or not held.", columns=columns
    )
    return Section("departures", "Departures from the protocol", said, tables=(table,))


def _queries(cut: Shown) -> Section:
    counts = Counter(row["status"] for row in cut.queries)
    told = ", ".join(f"{counts[name]} {name}" for name in ("open", "answered", "closed"))
    return Section("queries", "Queries", f"{len(cut.queries)} asked: {told}." if cut.queries else "None was asked.")
