"""The declared events of special interest: groups of terms, their incidence, and the time to the first event."""

from __future__ import annotations

import pandas as pd

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen
from calor.analyze.declared.adverse_events import GRADES, SEVERITIES
from calor.analyze.declared.records import (
    SUBJECT,
    Datasets,
    arm_labels,
    compared,
    endpoint_rows,
    everyone_compared,
    of_kind,
    participants,
)
from calor.analyze.declared.time_at_risk import at_risk_rule, time_at_risk
from calor.analyze.declared.time_axis import numbers_at_risk
from calor.analyze.estimate import format_p
from calor.analyze.finding import Finding
from calor.analyze.safety.adverse_events import AdverseEventColumns
from calor.analyze.safety.events_of_interest import events_of_interest
from calor.analyze.survival.kaplan_meier import kaplan_meier
from calor.protocol import Protocol
from calor.protocol.analyses import EventsOfInterestAnalysis
from calor.protocol.endpoints import AdverseEventEndpoint


def declared_events_of_interest(protocol: Protocol, analysis: EventsOfInterestAnalysis, datasets: Datasets) -> Finding:
    """Tabulate the groups of events that the protocol names.

    Raises:
        AnalysisError: As in `events_of_interest`, or an arm has no participant.
    """
    estimand = protocol.estimand(analysis.estimand)
    arms = arm_labels(protocol, estimand.treatment)
    population = protocol.analysis_set(analysis.set)
    people = everyone_compared(participants(datasets, population, arms, actual=True), arms)
    endpoint = of_kind(protocol.endpoint(estimand.endpoint), AdverseEventEndpoint)
    people = people.assign(TRTDURD=time_at_risk(people, endpoint.after_last_dose_days))
    events = endpoint_rows(protocol, datasets, endpoint)
    severity, order = GRADES if "AETOXGR" in events else SEVERITIES
    found = events_of_interest(
        events[events[SUBJECT].isin(people[SUBJECT])],
        people,
        {group.label: group.terms for group in analysis.groups},
        columns=AdverseEventColumns(severity=severity),
        severity_order=order,
        level=analysis.level,
    )
    incidence = _in_order(found.table.rename(columns={"term": "group"}).drop(columns=["soc", "level"]), arms)
    differences = _differences(incidence, arms, analysis.level)
    first_events, late = _within(found.first_events, people)
    curves, at_risk = _curves(first_events, arms, analysis.level)
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method="incidence with exact limits",
        estimand=estimand.label,
        population=population.label,
        arms=arms,
        sentences=_sentences(differences),
        tables={
            "incidence": incidence,
            "differences": differences,
            "curves": curves,
            "at_risk": at_risk,
            "groups": pd.DataFrame([{"group": g.label, "terms": "; ".join(g.terms)} for g in analysis.groups]),
        },
        notes=(
            *(f"{group}: no participant with {', '.join(terms)}." for group, terms in found.unmatched.items() if terms),
            *(
                f"{group}: {n} first events began after the time at risk; the curve leaves them out."
                for group, n in late
            ),
            at_risk_rule(endpoint.after_last_dose_days),
            "The groups were named in the protocol; their p-values are not adjusted for each other.",
        ),
    )


def _in_order(table: pd.DataFrame, arms: tuple[str, ...]) -> pd.DataFrame:
    """Put the arms in the protocol's order within each group and category."""
    place = {arm: i for i, arm in enumerate(arms)}
    ordered = table.sort_values("arm", key=lambda arm: arm.map(place), kind="stable")
    groups = {group: i for i, group in enumerate(dict.fromkeys(table["group"]))}
    return ordered.sort_values("group", key=lambda g: g.map(groups), kind="stable").reset_index(drop=True)


def _differences(incidence: pd.DataFrame, arms: tuple[str, ...], level: float) -> pd.DataFrame:
    """Compare each group between every active arm and control; differences as proportions."""
    everyone = incidence[incidence["by"] == "all"].to_dict("records")
    found = {(r["group"], r["arm"]): EventCount(int(r["participants"]), int(r["n"])) for r in everyone}
    rows = []
    for group in dict.fromkeys(incidence["group"]):
        counts = {arm: found[group, arm] for arm in arms}
        for active in arms[1:]:
            estimate = miettinen_nurminen(counts[active], counts[arms[0]], level=level).estimate
            rows.append(
                {
                    "group": group,
                    "arm": active,
                    "comparison": compared(active, arms[0]),
                    "active": str(counts[active]),
                    "control": str(counts[arms[0]]),
                    "difference": estimate.estimate,
                    "lower": estimate.lower,
                    "upper": estimate.upper,
                    "p_value": fisher_exact(counts[active], counts[arms[0]]).p_minlike,
                }
            )
    return pd.DataFrame(rows)


def _within(first_events: pd.DataFrame, people: pd.DataFrame) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...]]:
    """Censor at the end of the time at risk who had a first event only later, and count them by group."""
    limit = first_events["participant"].map(people.set_index(SUBJECT)["TRTDURD"])
    late = first_events["event"] & (first_events["days"] > limit)
    kept = first_events.assign(days=first_events["days"].where(~late, limit), event=first_events["event"] & ~late)
    counts = first_events.loc[late, "group"].value_counts(sort=False)
    return kept, tuple((str(group), int(n)) for group, n in counts.items())


def _curves(first_events: pd.DataFrame, arms: tuple[str, ...], level: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cumulative curve of each group that anybody had, and the numbers at risk beneath it."""
    curves, at_risk = [], []
    for group, rows in first_events.groupby("group", sort=False):
        if not rows["event"].any():
            continue
        table = rows.reset_index(drop=True)
        estimated = kaplan_meier(table, time="days", event="event", arm="arm", arms=arms, level=level)
        curves.append(estimated.to_frame().assign(group=group))
        at_risk.append(numbers_at_risk(estimated, float(table["days"].max())).assign(group=group))
    if not curves:
        return pd.DataFrame(columns=["group"]), pd.DataFrame(columns=["group"])
    return pd.concat(curves, ignore_index=True), pd.concat(at_risk, ignore_index=True)


def _sentences(differences: pd.DataFrame) -> tuple[str, ...]:
    return tuple(
        f"{row['comparison']}, {row['group']}: {row['active'].replace('/', ' of ')} v "
        f"{row['control'].replace('/', ' of ')}, difference {100 * row['difference']:.1f} percentage points "
        f"(CI {100 * row['lower']:.1f} to {100 * row['upper']:.1f}; {format_p(row['p_value'])})"
        for row in differences.to_dict("records")
    )
