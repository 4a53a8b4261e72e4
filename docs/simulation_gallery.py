"""Draw the figures of docs/methods/simulate.md: python docs/simulation_gallery.py."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd

from calor.design import GroupSequential, spending
from calor.design.inverse_normal import InverseNormal
from calor.simulate import parts, selection
from calor.simulate.cohort import Cohort, Site
from calor.simulate.enrichment import Enrichment
from calor.simulate.participants import participants
from calor.simulate.simulate import simulate

IMAGES = Path(__file__).parent / "images"
POPULATIONS = {"biomarker-positive": ["pos"], "full population": ["pos", "neg"]}
COLORS = ["#d1495b", "#4a5a6a", "#009e73"]
TRIALS = 20_000


def design(rule: selection.Selection) -> Enrichment:
    test = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025)))
    return Enrichment(test, [150, 300], POPULATIONS, rule)


def save(table: pd.DataFrame, x: str, y: str, title: str, subtitle: str, name: str) -> None:
    lines = alt.Chart(table, width=420, height=220).mark_line(point=True)
    chart = lines.encode(
        x=alt.X("x:Q", title=x),
        y=alt.Y("y:Q", title=y),
        color=alt.Color("what:N", title=None, scale=alt.Scale(range=COLORS)),
        strokeDash=alt.StrokeDash("what:N", title=None),
    )
    chart.properties(title=alt.Title(title, subtitle=subtitle, anchor="start")).save(IMAGES / f"{name}.svg")


def power_by_prevalence() -> None:
    rows = []
    for share in np.linspace(0.1, 0.9, 9):
        truth = parts.survival(["pos", "neg"], [share, 1 - share], [0.65, 0.95])
        run = simulate(design(selection.best()), truth, trials=TRIALS)
        rows += [(share, rate.value, name) for name, rate in run.power.items()]
        rows.append((share, run.power_any.value, "any"))
    title = "Power rises with the share of biomarker-positive, who give most of it"
    subtitle = "Hazard ratio 0.65 and 0.95; 300 events, two stages; 20,000 trials a point (SE < 0.004)"
    table = pd.DataFrame(rows, columns=["x", "y", "what"])
    save(table, "Share biomarker-positive", "Power", title, subtitle, "power_by_prevalence")


def selection_probabilities() -> None:
    rows = []
    for ratio in np.linspace(0.6, 1.2, 7):
        truth = parts.survival(["pos", "neg"], [0.4, 0.6], [0.65, ratio])
        run = simulate(design(selection.best()), truth, trials=TRIALS)
        rows += [(ratio, looks[1].value, name) for name, looks in run.followed_at.items()]
    title = "The less the biomarker-negative benefit, the more often the trial goes on without them"
    subtitle = "Share of all trials that follow each population in stage 2; positive: hazard ratio 0.65, share 0.4"
    table = pd.DataFrame(rows, columns=["x", "y", "what"])
    save(table, "Hazard ratio in the biomarker-negative", "Share of trials", title, subtitle, "selection_probabilities")


def accrual_fan() -> None:
    sites = [Site(6.0, opens_month=float(m), ramp_months=6.0) for m in range(8)]
    cohort = Cohort(["all"], sites, 600, 0.01, [0.8], shares=[1.0])
    months = np.arange(1.0, 25.0)
    counts = [np.searchsorted(participants(cohort, trial=t)["entry_month"], months) for t in range(200)]
    rows = []
    for percent in (5, 50, 95):
        line = np.percentile(counts, percent, axis=0)
        rows += [(month, count, f"{percent}th percentile") for month, count in zip(months, line, strict=True)]
    title = "Eight sites that open month by month fill 600 places in about 19 months"
    subtitle = (
        "Participants enrolled by month: 200 simulated trials, 6 candidates a month and site, ramp-up of 6 months"
    )
    table = pd.DataFrame(rows, columns=["x", "y", "what"])
    save(table, "Month", "Participants", title, subtitle, "accrual_fan")


if __name__ == "__main__":
    power_by_prevalence()
    selection_probabilities()
    accrual_fan()
