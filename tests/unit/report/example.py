"""A made-up report in the shape of IVORY: every figure, tables long and short, and text that tries to break out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from calor.report.document import Document
from calor.report.figure import Figure
from calor.report.figures.adverse_events import adverse_events
from calor.report.figures.consort import consort
from calor.report.figures.course import course
from calor.report.figures.forest import forest
from calor.report.figures.interaction import interaction
from calor.report.figures.kaplan_meier import kaplan_meier
from calor.report.figures.paired import paired
from calor.report.section import Section
from calor.report.table import Column, Table

PLACEBO, ALDESLEUKIN = ARMS = ("Placebo", "Aldesleukin")
HOSTILE = "<script>alert('x')</script> & \"withdrew\""
DIFFERENCE = "Difference in TBRmax (aldesleukin − placebo)"
TERMS = (
    ("Injection-site reaction", 3, 19),
    ("Pyrexia", 1, 6),
    ("Nausea", 2, 4),
    ("Fatigue", 4, 5),
    ("Eosinophilia, transient, seen at a scheduled visit only", 0, 3),
    ("Headache", 3, 2),
    ("Dizziness", 2, 2),
    ("Chest pain, non-cardiac", 4, 2),
)


def consort_example() -> Figure:
    rows: list[tuple[str, str, int, str]] = [
        ("screened", "", 412, ""),
        ("excluded", "", 349, ""),
        ("excluded", "", 188, "hs-CRP below 2 mg/L"),
        ("excluded", "", 96, "Declined to take part"),
        ("excluded", "", 65, HOSTILE),
        ("randomized", "", 63, ""),
    ]
    counts = {PLACEBO: (31, 31, 0, 1, 1, 29, 2), ALDESLEUKIN: (32, 31, 1, 0, 2, 31, 1)}
    for arm, (allocated, received, refused, lost, stopped, analyzed, left_out) in counts.items():
        rows += [
            ("allocated", arm, allocated, ""),
            ("received", arm, received, ""),
            ("not received", arm, refused, ""),
            ("lost", arm, lost, ""),
            ("discontinued", arm, stopped, ""),
            ("discontinued", arm, stopped, "Adverse event"),
            ("analyzed", arm, analyzed, ""),
            ("not analyzed", arm, left_out, ""),
            ("not analyzed", arm, left_out, "Follow-up scan missing or not gradable"),
        ]
    return consort(
        pd.DataFrame(rows, columns=["stage", "arm", "count", "reason"]),
        arms=ARMS,
        name="consort",
        title="Of 63 randomized participants, 60 had both scans and were analyzed.",
        caption="Full analysis set; data cut-off 2024-06-30.",
    )


def forest_example() -> Figure:
    nan = float("nan")
    rows = [
        ("", "Everyone", 60, -0.171, -0.308, -0.034, ""),
        ("Baseline hs-CRP", "2 mg/L or more", 31, -0.262, -0.455, -0.069, "0.041"),
        ("Baseline hs-CRP", "below 2 mg/L", 29, -0.072, -0.268, 0.124, "0.041"),
        ("Age", "65 years or more", 22, -0.15, -0.38, 0.08, "0.62"),
        ("Age", "below 65 years", 38, -0.18, -0.35, -0.01, "0.62"),
        ("Index event", "ST-elevation infarction", 58, -0.168, -0.31, -0.026, "not estimable"),
        ("Index event", "Infarction without ST elevation " + HOSTILE, 2, nan, nan, nan, "not estimable"),
    ]
    columns = ["group", "label", "n", "estimate", "lower", "upper", "p_interaction"]
    return forest(
        pd.DataFrame(rows, columns=columns),
        name="subgroups",
        title="Aldesleukin lowered arterial inflammation, more so where baseline hs-CRP was at least 2 mg/L.",
        caption="n = 60 (29 placebo, 31 aldesleukin); ANCOVA of TBRmax on arm and baseline; treatment-policy estimand.",
        axis=f"{DIFFERENCE}, ratio without unit",
        favours=("aldesleukin better", "placebo better"),
        heading="Difference (95 % CI)",
    )


def events_example() -> Figure:
    nan, inf = float("nan"), float("inf")
    rows = [
        ("Firth-penalized Cox", "3/27 v 0/28", 0.13, 0.0009, 1.21, None),
        ("Cox", "3/27 v 0/28", nan, nan, nan, "not estimable"),
        ("Exact rate ratio", "3/27 v 0/28", 0.4, 0.0, inf, None),
    ]
    return forest(
        pd.DataFrame(rows, columns=["label", "n", "estimate", "lower", "upper", "words"]),
        name="hazard-ratios",
        title="The hazard ratio of recurrent infarction is uncertain: no event in one arm.",
        caption="n = 55 followed for two years; profile-likelihood interval; treatment-policy estimand.",
        axis="Hazard ratio (no unit, log scale)",
        favours=("aldesleukin better", "placebo better"),
        scale="ratio",
    )


def interaction_example() -> Figure:
    rng = np.random.default_rng(7)
    baseline = np.geomspace(0.4, 30, 61)
    effect = -0.17 - 0.09 * np.log(baseline / 2.4)
    half = 2 * 0.068 * np.sqrt(1 + 0.5 * np.log(baseline / 2.4) ** 2)
    curve = pd.DataFrame({"baseline": baseline, "effect": effect, "lower": effect - half, "upper": effect + half})
    curve["percentile"] = ""
    for percentile, value in (("10th", 0.9), ("25th", 1.4), ("50th", 2.4), ("75th", 5.1), ("90th", 11.0)):
        curve.loc[np.abs(np.log(curve["baseline"] / value)).idxmin(), "percentile"] = percentile
    people = pd.DataFrame(
        {
            "arm": [PLACEBO] * 29 + [ALDESLEUKIN] * 31,
            "baseline": np.clip(np.exp(rng.normal(0.9, 0.9, 60)), 0.4, 30),
        }
    )
    return interaction(
        curve,
        people,
        arms=ARMS,
        name="interaction-hscrp",
        title="The effect of aldesleukin grew with baseline hs-CRP.",
        caption="n = 60; ANCOVA with arm by log hs-CRP interaction, p = 0.041; pointwise 95 % band; treatment-policy.",
        axes=("Baseline hs-CRP (mg/L, log scale)", DIFFERENCE),
        log=True,
    )


def paired_example() -> Figure:
    rng = np.random.default_rng(7)
    baseline = np.r_[rng.normal(2.39, 0.28, 31), rng.normal(2.26, 0.27, 32)]
    followup = 0.55 * baseline + np.r_[np.full(31, 1.02), np.full(32, 0.86)] + rng.normal(0, 0.2, 63)
    table = pd.DataFrame({"arm": [PLACEBO] * 31 + [ALDESLEUKIN] * 32, "baseline": baseline, "followup": followup})
    table.loc[[0, 1, 40], "followup"] = np.nan
    return paired(
        table,
        table.dropna().groupby("arm").mean().reset_index(),
        arms=ARMS,
        name="paired-tbr",
        title="TBRmax fell on average in both arms, and further on aldesleukin.",
        caption="n = 60 with both scans; a thin line is a participant, the thick line the mean.",
        axis="Index-vessel TBRmax (ratio, no unit)",
        visits=("Baseline", "Day 57"),
    )


def kaplan_meier_example() -> Figure:
    rng = np.random.default_rng(1)
    nan = float("nan")
    steps = [(0, 0, nan, nan), (2.1, 0.037, 0.005, 0.24), (7.4, 0.075, 0.02, 0.29), (15.2, 0.113, 0.04, 0.32)]
    rows = [(PLACEBO, *step, False) for step in steps]
    rows += [(PLACEBO, time, 0.113, 0.04, 0.32, True) for time in (*np.sort(rng.uniform(16, 24, 20)), 24)]
    rows += [(ALDESLEUKIN, 0, 0, nan, nan, False)]
    rows += [(ALDESLEUKIN, time, 0, nan, nan, True) for time in (*np.sort(rng.uniform(14, 24, 26)), 24)]
    at_risk = pd.DataFrame(
        [
            (arm, time, count)
            for arm, counts in ((PLACEBO, (27, 26, 25, 25, 14)), (ALDESLEUKIN, (28, 28, 28, 27, 16)))
            for time, count in zip((0, 6, 12, 18, 24), counts, strict=True)
        ],
        columns=["arm", "time", "at_risk"],
    )
    return kaplan_meier(
        pd.DataFrame(rows, columns=["arm", "time", "estimate", "lower", "upper", "censored"]),
        at_risk,
        arms=ARMS,
        name="recurrent-infarction",
        title="No treated participant had another infarction in two years, against three of 27 on placebo.",
        caption="n = 55 followed; Kaplan-Meier with log-log 95 % band; no band without an event; treatment-policy.",
        axes=("Months from randomization", "Recurrent infarction (% of participants)"),
        top=0.4,
    )


def adverse_events_example() -> Figure:
    differences = []
    for term, control, active in TERMS:
        difference = active / 32 - control / 31
        half = 0.02 + 1.96 * np.sqrt(control * (31 - control) / 31**3 + active * (32 - active) / 32**3)
        differences.append((term, ALDESLEUKIN, difference, difference - half, difference + half))
    incidence = [(t, arm, share) for t, c, a in TERMS for arm, share in ((PLACEBO, c / 31), (ALDESLEUKIN, a / 32))]
    return adverse_events(
        pd.DataFrame(incidence, columns=["term", "arm", "incidence"]),
        pd.DataFrame(differences, columns=["term", "arm", "difference", "lower", "upper"]),
        arms=ARMS,
        name="adverse-events",
        title="Injection-site reactions were more frequent on aldesleukin; no other term clearly was.",
        caption="Safety set, n = 63; terms in at least 5 % of an arm; Miettinen-Nurminen 95 % CI.",
    )


def course_example() -> Figure:
    placebo = (6.1, 4.9, 3.8, 3.4, 3.1, 3.1)
    active = (6.0, 11.4, 5.4, 3.6, 2.6, 2.3)
    days, measured = (0, 5, 12, 26, 54, 90), (31, 31, 30, 30, 29, 29)
    rows = [
        (arm, day, value, value * 0.8, value * 1.26, n)
        for arm, series in ((PLACEBO, placebo), (ALDESLEUKIN, active))
        for day, value, n in zip(days, series, measured, strict=True)
    ]
    return course(
        pd.DataFrame(rows, columns=["arm", "time", "estimate", "lower", "upper", "n"]),
        arms=ARMS,
        name="course-hscrp",
        title="hs-CRP rose during the daily doses and then fell below placebo.",
        caption="n = 63; geometric mean with 95 % CI at each visit.",
        axes=("Days from randomization", "hs-CRP (mg/L, log scale)"),
        log=True,
    )


FIGURES: tuple[Callable[[], Figure], ...] = (
    consort_example,
    forest_example,
    events_example,
    interaction_example,
    paired_example,
    kaplan_meier_example,
    adverse_events_example,
    course_example,
)


def baseline_table() -> Table:
    rows = [
        ("Age, years", "61.4 (9.8)", "60.9 (10.2)", 0),
        ("Women", "6 (19 %)", "7 (22 %)", 0),
        ("hs-CRP, mg/L", "2.9 (1.6 to 6.0)", "2.5 (1.4 to 5.1)", 0),
        ("at least 2 mg/L", "17 (55 %)", "16 (50 %)", 1),
        ("Index-vessel TBRmax", "2.39 (0.28)", "2.26 (0.27)", 0),
        ("Interleukin-6, ng/L", None, "3.1 (2.2 to 4.8)", 0),
    ]
    return Table.from_frame(
        pd.DataFrame(rows, columns=["what", "placebo", "active", "indent"]),
        name="baseline",
        title="The arms were alike at baseline, but for a lower TBRmax on aldesleukin.",
        columns=[
            Column("what", "Characteristic"),
            Column("placebo", "Placebo (n = 31)", align="right", missing="not measured"),
            Column("active", "Aldesleukin (n = 32)", align="right", missing="not measured"),
        ],
        note="Mean (SD), median (quartiles) or count (%).",
        indent="indent",
    )


def long_table() -> Table:
    rows = [
        (f"{term}, grade {grade}", control, active, 100 * (active / 32 - control / 31))
        for term, control, active in TERMS
        for grade in range(1, 8)
    ]
    return Table.from_frame(
        pd.DataFrame(rows, columns=["term", "control", "active", "difference"]),
        name="adverse-events-by-grade",
        title="Adverse events by term and grade.",
        columns=[
            Column("term", "Term"),
            Column("control", "Placebo, participants", align="right"),
            Column("active", "Aldesleukin, participants", align="right"),
            Column("difference", "Difference, percentage points", digits=1, align="right"),
        ],
        note="Safety set, n = 63.",
    )


def document() -> Document:
    """Compose the whole example."""
    flow, subgroups, hazards, by_crp, tbr, recurrence, harms, crp = (example() for example in FIGURES)
    return Document(
        title="IVORY: low-dose aldesleukin after acute coronary syndrome",
        subtitle="Trial report, data cut-off 2024-06-30",
        headline="Aldesleukin lowered index-vessel TBRmax by 0.171 against placebo (7.7 %; 95 % CI 0.034 to 0.308; "
        "p = 0.015; ANCOVA, n = 60).",
        banner="Synthetic participants: a reconstruction whose summaries equal the published ones.",
        sections=(
            Section(
                "participants", "Participants", "63 were randomized and 60 analyzed.", (flow,), (baseline_table(),)
            ),
            Section("primary", "Primary endpoint", "Arterial inflammation was lower on aldesleukin.", (tbr, subgroups)),
            Section("who-benefits", "Who benefits", "The effect grew with inflammation.", (by_crp, crp)),
            Section(
                "events",
                "Cardiovascular events",
                "Three infarctions recurred on placebo and none on aldesleukin.",
                (recurrence, hazards),
                notes=("The protocol names the exact test as primary; the hazard ratio is supportive.",),
            ),
            Section("safety", "Safety", "Mostly mild injection-site reactions.", (harms,), (long_table(),)),
            Section("provenance", "Provenance", HOSTILE),
        ),
        footer="Calor 0.1.0; seed 1; sha256 4f0c2e…",
    )


FOUR_ARMS = ("Placebo", "Aldesleukin 1.5 million IU", "Aldesleukin 3 million IU", "Supercalifragilisticimab")


def crowded_document() -> Document:
    """Compose figures of four arms with long names, long terms and many visits."""
    rng = np.random.default_rng(3)
    flow = [("screened", "", 123_456, ""), ("excluded", "", 111_456, ""), ("excluded", "", 111_456, HOSTILE)]
    flow += [("randomized", "", 12_000, "")]
    for arm in FOUR_ARMS:
        flow += [("allocated", arm, 3_000, ""), ("lost", arm, 12, ""), ("lost", arm, 12, "Withdrew consent to contact")]
        flow += [("analyzed", arm, 2_988, "")]
    days = (1, 2, 3, 4, 5, 12, 19, 26, 54, 90)
    visits = pd.DataFrame(
        [
            (arm, day, 5 - 0.3 * index, 4 - 0.3 * index, 6.0, 2_988)
            for index, arm in enumerate(FOUR_ARMS)
            for day in days
        ],
        columns=["arm", "time", "estimate", "lower", "upper", "n"],
    )
    curve = visits.assign(time=visits["time"] - 1, estimate=visits["time"] / 200, lower=0.0, upper=0.6, censored=False)
    at_risk = curve.rename(columns={"n": "at_risk"})
    terms = ("Injection-site reaction", "Gastrointestinal haemorrhage of unknown origin " * 3)
    incidence = pd.DataFrame(
        [(term, arm, 0.1) for term in terms for arm in FOUR_ARMS], columns=["term", "arm", "incidence"]
    )
    differences = pd.DataFrame(
        [(term, arm, 0.01, -0.02, 0.04) for term in terms for arm in FOUR_ARMS[1:]],
        columns=["term", "arm", "difference", "lower", "upper"],
    )
    people = pd.DataFrame(
        {"arm": np.repeat(FOUR_ARMS, 25), "baseline": rng.normal(2.3, 0.2, 100), "followup": rng.normal(2.2, 0.2, 100)}
    )
    people.loc[::10, "followup"] = np.nan
    effect = pd.DataFrame({"baseline": [1.8, 2.8], "effect": [0.1, -0.3], "lower": [-0.1, -0.5], "upper": [0.3, -0.1]})
    axes = ("Days from randomization", "A quantity with a name so long that its axis cannot hold it on a line (mg/L)")
    words = {"title": "Four arms.", "caption": "n = 12,000."}
    subgroups = pd.DataFrame(
        {"label": ["Participants with diabetes mellitus treated with insulin or another injected medicine"]}
    ).assign(group="Diabetes mellitus at the time of the index infarction, by treatment", n=12_000, estimate=-12345.678,
             lower=-23456.789, upper=-1234.567, p_interaction="0.041")  # fmt: skip
    stages = ["stage", "arm", "count", "reason"]
    figures = (
        consort(pd.DataFrame(flow, columns=stages), arms=FOUR_ARMS, name="consort", **words),
        course(visits, arms=FOUR_ARMS, name="course", axes=axes, **words),
        kaplan_meier(curve, at_risk, arms=FOUR_ARMS, name="events", axes=axes, **words),
        adverse_events(incidence, differences, arms=FOUR_ARMS, name="harms", **words),
        paired(people, people.dropna().groupby("arm").mean().reset_index(), arms=FOUR_ARMS, name="tbr", axis=axes[1],
               **words),
        interaction(effect, people, arms=FOUR_ARMS, name="effect", axes=(axes[1], axes[1]), **words),
        forest(subgroups, name="subgroups", axis=axes[1], favours=("better", "worse"), **words),
    )  # fmt: skip
    return Document("Four arms", "Crowded", "", (Section("all", "All", "Four arms.", figures),))
