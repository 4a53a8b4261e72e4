"""`calor design DIR`: the protocol's looks as bounds, size, dates and operating characteristics."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from calor.design.declared import (
    declared_design,
    declared_planning,
    declared_populations,
    declared_size,
    declared_stratum,
)
from calor.design.expected_events import expected_events
from calor.design.group_sequential import GroupSequential
from calor.design.planned_populations import PopulationTable
from calor.design.size_table import SizeTable
from calor.protocol.looks import EventsPlanning
from calor.report.figure import Figure
from calor.report.figures.curves import curves
from calor.trial.atomic import whole_folder
from calor.trial.lock import only_writer
from calor.trial.provenance import file_hash, provenance
from calor.trial.trial import Trial

POINTS = 60


@dataclass(frozen=True)
class DesignOutcome:
    """The declared design, its size under the planning assumptions, its populations if several, and its files."""

    design: GroupSequential
    size: SizeTable
    populations: PopulationTable | None
    folder: Path

    def __str__(self) -> str:
        several = "" if self.populations is None else f"\n\n{self.populations}"
        return f"{self.design}\n\n{self.size}{several}"


def design_trial(trial: Trial) -> DesignOutcome:
    """Compute the declared design and write tables and figures to results/design.

    Raises:
        DesignError: The protocol declares no looks, states no planning assumptions, or they admit no such trial.
    """
    design = declared_design(trial.protocol)
    size = declared_size(trial.protocol, design)
    populations = declared_populations(trial.protocol, design)
    made_of = provenance({"protocol": file_hash(trial.folder / "protocol.toml")})
    figures = [_bounds(design), _power(design, size), *_projections(trial, size)]
    target = trial.results / "design"
    with only_writer(trial.results), whole_folder(target) as aside:
        looks, chances = size.to_frame(), _power_table(design, size)
        several = [] if populations is None else [("populations", populations.to_frame())]
        for name, table in (("looks", looks), ("power", chances), *several):
            table.to_csv(aside / f"{name}.csv", index=False)
            table.to_parquet(aside / f"{name}.parquet", index=False)
        for figure in figures:
            figure.save(aside / f"{figure.name}.svg")
            figure.save(aside / f"{figure.name}.png")
        content = {
            "design": str(design),
            "table": str(size),
            "looks": json.loads(looks.to_json(orient="records", double_precision=15)),
            **({} if populations is None else {"populations": str(populations)}),
            "planning": declared_planning(trial.protocol).model_dump(),
            "provenance": asdict(made_of),
        }
        (aside / "design.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
    return DesignOutcome(design, size, populations, target)


def _bounds(design: GroupSequential) -> Figure:
    information = 100 * design.information_fractions
    rows = [("efficacy", x, z) for x, z in zip(information, design.efficacy_bounds, strict=True) if np.isfinite(z)]
    low = [("futility", x, z) for x, z in zip(information, design.futility_bounds, strict=True) if np.isfinite(z)]
    drawn = rows + (low if len(low) > 1 else [])
    table = pd.DataFrame(drawn, columns=["series", "x", "y"])
    marks = table.assign(label=[f"{z:.3f}" for z in table["y"]])
    if len(rows) == 1:  # a single look has no line, its point must still be drawn
        table = pd.concat([table, table])
    return curves(
        table,
        series=list(dict.fromkeys(table["series"])),
        marks=marks,
        name="bounds",
        title="Bounds on z at each look.",
        caption=f"{design}.",
        axes=("Information (% of planned)", "z"),
    )


def _power_table(design: GroupSequential, size: SizeTable) -> pd.DataFrame:
    """Return the probability of rejecting by each look, over effects from none to twice the assumed one.

    Drift is proportional to the effect: to the logarithm of a ratio, to a difference as it is.
    """
    assumed = size.crossing.drift
    rows = []
    for share in np.linspace(0, 2, POINTS + 1):
        efficacy = np.cumsum(design.crossing(share * assumed).efficacy)
        effect = _effect(size, share)
        rows += [{"effect": effect, "look": k + 1, "rejected_by": p} for k, p in enumerate(efficacy)]
    return pd.DataFrame(rows)


def _effect(size: SizeTable, share: float) -> float:
    if "ratio" in size.measure:
        return float(size.null * (size.effect / size.null) ** share)
    return float(size.null + share * (size.effect - size.null))


def _power(design: GroupSequential, size: SizeTable) -> Figure:
    table = _power_table(design, size)
    last = len(design.information_fractions)
    names = {k: f"by look {k}" if k < last else "at any look" for k in range(1, last + 1)}
    shown = [k for k in names if k > last - 4]
    rows = table[table["look"].isin(shown)].sort_values(["look", "effect"])
    lines = pd.DataFrame({"series": rows["look"].map(names), "x": rows["effect"], "y": 100 * rows["rejected_by"]})
    mark = pd.DataFrame({"x": [size.effect], "y": [100 * size.power], "label": [f"{100 * size.power:.1f} %"]})
    return curves(
        lines,
        series=[names[k] for k in reversed(shown)],
        marks=mark,
        name="power",
        title=f"Power against the {size.measure}.",
        caption=f"{size.title}. Marked: the effect assumed.",
        axes=(f"{size.measure[:1].upper()}{size.measure[1:]}", "Power (%)"),
    )


def _projections(trial: Trial, size: SizeTable) -> list[Figure]:
    """Draw events and participants over calendar time, where the endpoint has a calendar."""
    assumed = declared_planning(trial.protocol)
    if not isinstance(assumed, EventsPlanning) or size.times is None or size.events is None:
        return []
    stratum = declared_stratum(assumed, size.total)
    ratio = size.participants[-1][1] / size.participants[-1][0]
    months = np.linspace(0, size.times[-1], POINTS + 1)
    caption = "Expected under the planning assumptions."
    events = [0.0, *(float(expected_events([stratum], float(t), float(ratio)).sum()) for t in months[1:])]
    enrolled = stratum.accrual.enrolled(months)
    looks = pd.DataFrame(
        {"x": size.times, "y": size.events, "label": [f"look {k + 1}" for k in range(len(size.times))]}
    )
    return [
        curves(
            pd.DataFrame({"series": label, "x": months, "y": counts}),
            series=[label],
            marks=marks,
            name=label,
            title=f"Expected {label} over calendar time.",
            caption=caption,
            axes=("Months from the first randomization", f"{label[:1].upper()}{label[1:]}"),
        )
        for label, counts, marks in (("events", events, looks), ("participants", enrolled, None))
    ]
