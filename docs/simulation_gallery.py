"""Draw the figures of docs/methods/simulate.md: python docs/simulation_gallery.py."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
from scipy.stats import norm

from calor.design import GroupSequential, spending
from calor.design.inverse_normal import InverseNormal
from calor.protocol.biomarkers import Gate
from calor.simulate import effect_shape, parts, selection
from calor.simulate.cohort import Cohort, Site
from calor.simulate.enrichment import Enrichment
from calor.simulate.marker import Marker, Screening
from calor.simulate.participants import participants
from calor.simulate.trials import simulate

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


def gated(median: float, cut: float, tests: int, icc: float = 0.62) -> Cohort:
    """Candidates screened by a gate on a marker whose true value, not its test, decides who benefits."""
    gate = Gate(
        biomarker="hs_crp", cutoff=cut, comparator=">=", tests=tests, least_interval_days=28 * (tests - 1),
        window=(0, 60), window_from="infarction",
    )  # fmt: skip
    effect = effect_shape.logistic(2.0, low=1.0, high=0.55, steepness=3.0)
    return Cohort(
        ["negative", "positive"],
        [Site(150.0)],
        900,
        0.02,
        effect,
        marker=Marker(median, 1.134, icc),
        screening=Screening.of(gate),
        dropout_hazard=(0.002, 0.002),
    )


def gate_power(truth: Cohort, trials: int) -> tuple[float, float]:
    test = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025)))
    run = simulate(Enrichment(test, [125, 250], {"positive": ["positive"]}, selection.everyone()), truth, trials=trials)
    return run.power_any.value, run.screened.value


def power_by_cutoff() -> None:
    rows = []
    kinds = {"one test": (1, 0.62), "two tests, 28 days apart": (2, 0.62), "one test without noise": (1, 1.0)}
    for cut in (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0):
        for kind, (tests, icc) in kinds.items():
            rows.append((cut, gate_power(gated(1.43, cut, tests, icc), 6_000)[0], kind))
    title = "A noisy gate needs a higher cut-off, or a second test, for the power of an exact one"
    subtitle = "Hazard ratio falls from 1 to 0.55 about a true marker of 2; 250 events, two looks; 6,000 trials a point"
    table = pd.DataFrame(rows, columns=["x", "y", "what"])
    save(table, "Cut-off of the gate (mg/L)", "Power", title, subtitle, "power_by_cutoff")


def power_by_prevalence_and_cutoff() -> None:
    rows = []
    for share in (0.2, 0.3, 0.4, 0.5, 0.6):
        median = 2.0 * np.exp(1.134 * np.sqrt(0.62) * norm.ppf(share))
        for cut in (1.0, 1.5, 2.0, 3.0, 4.0):
            power, screened = gate_power(gated(median, cut, 1), 3_000)
            rows.append((f"{share:.0%}", f"{cut:g}", power, f"{power:.2f}\n{screened:,.0f}"))
    table = pd.DataFrame(rows, columns=["share", "cut", "power", "text"])
    cells = alt.Chart(table, width=420, height=260).encode(
        x=alt.X("share:N", title="Share of candidates whose true marker is at least 2", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("cut:N", title="Cut-off of the gate (mg/L)", sort="descending"),
    )
    squares = cells.mark_rect().encode(
        color=alt.Color("power:Q", title="Power", scale=alt.Scale(range=["#f7f3ef", "#d1495b"]))
    )
    words = cells.mark_text(lineBreak="\n", fontSize=10, color="#222222").encode(text="text:N")
    title = "The rarer the high marker, the higher the cut-off that power asks for, and the longer the screening"
    subtitle = "Power, and candidates screened, of a gate with one noisy test; 250 events; 3,000 trials a cell"
    chart = (squares + words).properties(title=alt.Title(title, subtitle=subtitle, anchor="start", fontSize=12))
    chart.save(IMAGES / "power_by_prevalence_and_cutoff.svg")


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
    power_by_cutoff()
    power_by_prevalence_and_cutoff()
    selection_probabilities()
    accrual_fan()
