"""What the reconstruction of IVORY assumes because it is not published, each with its reason.

The same list stands in docs/methods/ivory-reconstruction.md; a test keeps the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass

NOT_PUBLISHED = "not published"


@dataclass(frozen=True)
class Assumption:
    """One choice behind the synthetic participants.

    Attributes:
        what: What had to be chosen.
        value: The choice.
        reason: Why this one.
        source: Where it comes from, or "not published".
    """

    what: str
    value: str
    reason: str
    source: str = NOT_PUBLISHED

    def __str__(self) -> str:
        return f"{self.what}: {self.value}. {self.reason} ({self.source})"


ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        "Participants",
        "All synthetic",
        "Participant-level data of IVORY are not public; only summaries are matched.",
    ),
    Assumption(
        "Primary model",
        "ANCOVA of follow-up TBRmax on arm and baseline, 60 participants, 57 degrees of freedom",
        "The published interval and p-value fit a t with 57 degrees of freedom; the covariates are not stated.",
        "AHA 2024 abstract 4144964 (interval and p-value)",
    ),
    Assumption(
        "Slope of follow-up on baseline TBRmax",
        "0.5 (index vessel and active slices)",
        "The published summaries do not identify it; 0.5 lies amid the 0.35 to 0.76 of plausible spreads.",
    ),
    Assumption(
        "Placebo mean at day 61",
        "2.221 (index vessel), 2.234 (active slices), at the mean baseline",
        "They are what the published percentages -7.7 % and -8.3 % imply.",
        "AHA 2024 abstract 4144964 (percentages)",
    ),
    Assumption(
        "Growth of the effect with baseline hs-CRP",
        "-0.137 for each unit of log hs-CRP, in a model with hs-CRP alone",
        "The effect is reported to sit mostly in inflamed patients; this slope brings it to nil near 3 mg/L.",
    ),
    Assumption(
        "Growth of the effect with baseline TBRmax",
        "-0.431 for each unit of TBRmax, in a model with TBRmax alone",
        "As for hs-CRP; the effect is then nil near a TBRmax of 1.9.",
    ),
    Assumption(
        "Participants without a second scan",
        "2 placebo, 1 aldesleukin; withdrew, lost to follow-up, adverse event",
        "31 + 32 were randomized and 29 + 31 completed; who left and why is not published.",
        "AHA 2024 abstract 4144964 (numbers)",
    ),
    Assumption(
        "Active slices",
        "All 60 completers have some; their baseline mean exceeds that of the index vessel by 0.1 or more",
        "How many have active slices is not published; slices chosen for TBR >= 2 lie above the mean.",
    ),
    Assumption(
        "Index vessel and other regions",
        "Ascending aorta in about 60 %; the other arteries lie 0.04 or more below it at baseline",
        "The index vessel is the artery with the highest baseline TBRmax; per-vessel values are not published.",
    ),
    Assumption(
        "Definition of quartiles",
        "Both values beside a quartile equal the published one",
        "The definition is not stated; so built, the usual definitions agree.",
    ),
    Assumption(
        "Least and greatest hs-CRP, troponin and LDL cholesterol",
        "hs-CRP 2.0 to 118 mg/L, troponin 4 to 12,400 ng/L, LDL cholesterol 0.8 to 4.3 mmol/L",
        "Only quartiles are published; the least hs-CRP is the entry criterion.",
    ),
    Assumption(
        "Time of the published hs-CRP",
        "At screening, during the index admission",
        "A median of 8 to 10 mg/L is that of the acute phase.",
    ),
    Assumption(
        "Correlations at baseline",
        "age with GRACE 0.7; hs-CRP with TBRmax 0.25, troponin 0.3, BMI 0.2, IL-6 0.6; troponin with TBRmax 0.3",
        "Troponin and TBRmax correlate after infarction (r = 0.43 with peak troponin); the others are modest guesses.",
        "Joshi 2015, doi 10.1161/JAHA.115.001956 (troponin)",
    ),
    Assumption(
        "Courses of hs-CRP, IL-6 and troponin",
        "The acute phase decays by e in 12 days (hs-CRP, IL-6) or 4 days (troponin) to a steady level",
        "Post-infarction hs-CRP falls to a median of 1.4 mg/L within a month; IVORY's own course is not published.",
        "Otago cohort (median at 28 days)",
    ),
    Assumption(
        "Effect on hs-CRP and IL-6",
        "A rise on day 5 (factor 1.8 and 1.3), 0.8 to 0.9 of placebo by day 61",
        "Interleukin 2 given daily raises acute-phase proteins; the later effect is a guess.",
    ),
    Assumption(
        "Effect on regulatory T cells",
        "+75 % on day 5, +20 to 30 % under weekly doses",
        "1.5 million IU daily for five days raised them by about 75 % in LILACS; the weekly phase is a guess.",
        "LILACS 2022, doi 10.1056/EVIDoa2100009 (day 5)",
    ),
    Assumption(
        "Effect on eosinophils",
        "Factor 2.2 on day 5, 1.8 to 1.9 under weekly doses",
        "Interleukin 2 raises eosinophils through interleukin 5; IVORY's counts are not published.",
    ),
    Assumption(
        "Limits of normal of eosinophils",
        "0.02 to 0.5 x 10^9/L",
        "The laboratory's limits are not published; these are usual for adults.",
    ),
    Assumption(
        "Groups of events of interest, limit for harm, prior of event rates",
        "As the protocol of the reconstruction marks them",
        "None is published; they show how a board's charter would state them.",
    ),
    Assumption(
        "Limit of detection of hs-CRP",
        "0.2 mg/L; values below it stand as <0.2 without a number",
        "The assay is not published; 0.2 is a common limit.",
    ),
    Assumption(
        "Recurrent infarction",
        "3 of 27 under placebo, 0 of 28 under aldesleukin, on random days after day 75",
        "55 were followed; 0 and about 11 % are published, the counts and days are not.",
        "Royal Papworth and CCTU, January 2026 (55; 0 and 11 %)",
    ),
    Assumption(
        "Major adverse cardiovascular events",
        "Beside the infarctions 2 unplanned revascularizations in each arm; no death",
        "Only a trend to fewer events is reported.",
    ),
    Assumption(
        "Follow-up of the other participants",
        "None of the 8 who were not followed has a row in ADTTE",
        "Follow-up was a study of its own that needed consent; without it there are no data.",
    ),
    Assumption(
        "Hazard ratio of recurrent infarction when drawn at random",
        "0.5",
        "No events in one arm estimate no ratio; a halving is a cautious guess.",
    ),
    Assumption(
        "Adverse events",
        "Injection-site reactions in 26 of 32 v 5 of 31, three fifths of all episodes, 96 % mild; serious 1 v 2",
        "Reported as mostly mild injection-site reactions; counts are not published. In DILfrequency 464 of 694 "
        "events were at the injection site.",
        "DILfrequency, JCI Insight (share)",
    ),
    Assumption(
        "Doses",
        "Everyone started; 52 received all 12, 8 missed 1 to 4 and were scanned, 3 left the trial",
        "Exposure is not published.",
    ),
    Assumption(
        "Per-protocol set",
        "Both scans and at least 10 of 12 doses",
        "No definition is published.",
    ),
    Assumption(
        "Dates, sites and visit days",
        "Randomized from September 2020 to November 2022; 70 % at one site; visits within the protocol's windows",
        "The registry gives August 2020 to January 2023 for the whole trial; the windows are not published.",
        "NCT04241601 (start and end)",
    ),
    Assumption(
        "Distributions",
        "Bounded normal on the scale of the value, or of its logarithm for hs-CRP, troponin and LDL cholesterol",
        "The usual shapes; only means, standard deviations and quartiles are published.",
    ),
)
